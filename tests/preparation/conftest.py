"""What stands for Apache Beam in the tests that do without."""

import sys
import types

import pytest

from brave_tf.preparation import beam_pipeline, beam_steps


@pytest.fixture
def with_runner(monkeypatch):
    """Sets what runs the steps instead of a pipeline."""

    def set_runner(run):
        monkeypatch.setitem(sys.modules, "apache_beam", types.ModuleType("apache_beam"))
        monkeypatch.setattr(beam_pipeline, "_run", run)

    yield set_runner
    beam_steps.end_processes()
