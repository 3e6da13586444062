"""What is said of extras."""

import importlib.metadata
import sys

import pytest

from brave_tf.doctor.extras import EXTRAS, look_at_extras
from tests.doctor.packages import write_metadata

FOR_DEVELOPERS = {"test", "test-tools", "backends", "dev", "docs", "notebooks"}


def extra(name):
    (check,) = [check for check in look_at_extras() if check.name == name]
    return check


def test_every_extra_of_the_library_is_told():
    offered = set(importlib.metadata.metadata("brave-tf").get_all("Provides-Extra"))
    assert offered - FOR_DEVELOPERS <= set(EXTRAS)
    assert {check.name for check in look_at_extras()} == offered - FOR_DEVELOPERS


def test_an_extra_that_is_there():
    pytest.importorskip("usearch")
    check = extra("search")
    assert check.status == "ok" and check.found.startswith("usearch ") and "--approximate" in check.found


class Refusal:
    """Lets nothing of a package be imported."""

    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == self.package:
            raise ImportError(f"{name} is blocked")


def test_an_extra_that_cannot_be_imported_is_missing(monkeypatch):
    pytest.importorskip("usearch")
    for name in [name for name in sys.modules if name.split(".")[0] == "usearch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Refusal("usearch"), *sys.meta_path])
    check = extra("search")
    assert check.status == "note" and check.found.startswith("missing (usearch); gives an index")
    assert check.fix == 'pip install "brave_tf[search]"'


def test_an_extra_that_is_hidden_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    assert extra("search").status == "note"


def test_an_extra_that_is_not_installed_is_missing(tmp_path, monkeypatch):
    write_metadata(tmp_path, "brave-tf", "0.1.0", ('Requires-Dist: no-such-package>=1; extra == "flow"',))
    monkeypatch.syspath_prepend(tmp_path)
    (check,) = look_at_extras()
    assert (check.name, check.status) == ("flow", "note") and "missing (no-such-package)" in check.found
    assert "remove other OpenCV packages first" in check.fix


def test_a_library_that_is_not_installed_has_no_extras(monkeypatch):
    monkeypatch.setattr("brave_tf.doctor.extras.DISTRIBUTION", "brave-tf-not-here")
    assert list(look_at_extras()) == []


def test_an_extra_that_is_too_old_is_told(tmp_path, monkeypatch):
    pytest.importorskip("usearch")
    write_metadata(tmp_path, "usearch", "1.0")
    monkeypatch.syspath_prepend(tmp_path)
    check = extra("search")
    assert (
        check.status == "note" and check.found.startswith("usearch is 1.0, expected >=") and "pip install" in check.fix
    )
