"""Every test runs on the CPU, with TensorFlow silent, and with two logical devices for those that ask."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before anything imports TensorFlow; programs that a test starts inherit it.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:
    # As many workers as cores: one thread each, or they wait for one another.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(variable, "1")

import hypothesis
import pytest

LOGICAL_CPUS = 2

# Traced graphs are millions of objects, and looking for garbage among them takes its time.
gc.set_threshold(200_000, 20, 50)

hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gate")

# A shell starts what it runs in the background with Ctrl-C ignored, and so would be what the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


TIERS = {"thorough": "--run-thorough", "slow": "--run-slow"}
"""Marks of tests that an everyday run leaves out, and the options that ask for them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for mark, option in TIERS.items():
        parser.addoption(option, action="store_true", help=f"also run the tests that are marked {mark}")
    parser.addoption(
        "--mutants", type=int, default=60, help="how many damaged media files tests/fuzz/test_media.py makes"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {mark: option for mark, option in TIERS.items() if not config.getoption(option)}
    for item in items:
        for mark, option in left_out.items():
            if mark in item.keywords:
                item.add_marker(pytest.mark.skip(reason=f"{mark}: give {option} to run it"))


def pytest_collection_finish(session: pytest.Session) -> None:
    # Hypothesis collects garbage before its first test: a minute, once there are graphs.
    hypothesis.given(hypothesis.strategies.none())(lambda value: None)()
    # TensorFlow fixes its devices on its first operation, which may be in a test that does not ask for two.
    if "tensorflow" in sys.modules or any(
        "two_replicas" in getattr(item, "fixturenames", ()) for item in session.items
    ):
        _split_cpu()


@pytest.fixture(scope="module", autouse=True)
def leave_no_garbage() -> Iterator[None]:
    """Frees the graphs of a module, and never looks again at what outlives it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def two_replicas() -> Any:
    """A `tf.distribute.MirroredStrategy` over two logical CPU devices.

    One for all tests of a process: every strategy counts its collective operations from zero, and TensorFlow takes
    those of two strategies for the same ones.
    """
    import tensorflow as tf

    names = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("CPU")]
    assert len(names) == LOGICAL_CPUS, "TensorFlow ran an operation while the tests were collected"
    return tf.distribute.MirroredStrategy(names)


@pytest.fixture(scope="module")
def one_unit() -> Iterator[None]:
    """Networks of depth 14 and 26 with one block, for all tests of a module: `tests.reduced.one_unit`."""
    from tests.reduced import one_unit

    with pytest.MonkeyPatch.context() as patch:
        one_unit(patch)
        yield


@pytest.fixture(scope="module")
def quick_verification() -> Iterator[None]:
    """Exports are verified in a process that has TensorFlow already, for all tests of a module."""
    from tests.programs import run_checker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brave_tf.export.verify._run_program", run_checker)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The developers' folder of real media beside the checkout; a user's machine does not have it."""
    folder = (Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the checkout: this test reads its real media")
    return folder


def _split_cpu() -> None:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * LOGICAL_CPUS)
