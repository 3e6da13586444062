"""Variables that are told, and all others, which are not."""

import os

import pytest

from brave_tf.doctor import variables


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    monkeypatch.setattr(os, "environ", {"HF_TOKEN": "secret", "AWS_SECRET_ACCESS_KEY": "secret"})


def test_nothing_of_other_variables_is_told():
    values, named = variables.look_at_variables()
    assert (values.found, named.found) == ("none that matters", "none that matters")


def test_what_is_told(monkeypatch):
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "4")
    monkeypatch.setitem(os.environ, "XLA_FLAGS", "--x" * 100)
    monkeypatch.setitem(os.environ, "HTTPS_PROXY", "http://me:secret@proxy")
    monkeypatch.setitem(os.environ, "TF_CONFIG", "secret")
    values, named = variables.look_at_variables()
    assert values.found.endswith(", OMP_NUM_THREADS=4") and len(values.found) < 150
    assert named.found == "TF_CONFIG, HTTPS_PROXY"
    assert "secret" not in values.found


def test_the_other_keras_is_told(monkeypatch):
    monkeypatch.setitem(os.environ, "TF_USE_LEGACY_KERAS", "1")
    check = list(variables.look_at_variables())[-1]
    assert check.status == "note" and check.fix == "unset TF_USE_LEGACY_KERAS"
