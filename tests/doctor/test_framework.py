"""TensorFlow and Keras: what is said of devices, and of what does not load or train."""

import sys

import keras
import pytest
import tensorflow as tf

from brave_tf.doctor import framework, nvidia
from brave_tf.doctor.train_step import train_step

CARD = "NVIDIA A100-SXM4-80GB, 81920 MiB, 80000 MiB, 550.54.15"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver's program that prints what it is told to, or fails."""

    def install(script):
        program = tmp_path / nvidia.PROGRAM
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    monkeypatch.setattr(nvidia, "_PCI", tmp_path / "no devices")
    return install


def test_a_step_is_trained():
    check = framework._train_step(tf)
    assert (check.status, check.name) == ("ok", "a tiny train step") and check.seconds > 0
    assert check.found.startswith("loss ") and check.found.endswith("on one CPU")


def test_a_step_that_fails_is_a_problem(monkeypatch):
    def fail(*args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor[Op:Conv3D]")

    monkeypatch.setattr("brave_tf.method.brave.Brave.fit", fail)
    check = framework._train_step(tf)
    assert check.status == "problem" and check.found == "failed (ResourceExhaustedError: OOM when allocating tensor)"
    assert "memory" in check.fix


def test_weights_that_stay_are_a_problem(monkeypatch):
    monkeypatch.setattr("brave_tf.lars.LARS.update_step", lambda *args, **kwargs: None)
    with pytest.raises(ValueError, match="the weights stayed as they were"):
        train_step()


@pytest.mark.parametrize(
    "error", [ImportError("undefined symbol: x"), SystemError("ABI"), OSError(8, "Exec format error")]
)
def test_a_tensorflow_that_does_not_load_is_a_problem(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(framework.quiet, "load_tensorflow", fail)
    (check,) = framework.look_at_tensorflow()
    assert (check.name, check.status) == ("TensorFlow", "problem")
    assert check.found.startswith(f"does not load ({type(error).__name__}: ") and "AVX" in check.fix
    assert check.found.endswith("nothing is known of: Keras, GPU, TPU, a tiny train step")


def test_keras_on_another_backend_is_a_problem(monkeypatch):
    assert framework._keras().status == "ok"
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    check = framework._keras()
    assert check.status == "problem" and "computes with jax" in check.found and "KERAS_BACKEND=tensorflow" in check.fix


def test_keras_that_does_not_load_is_a_problem(monkeypatch):
    # As where its backend is set to one that is not installed.
    monkeypatch.setitem(sys.modules, "keras", None)
    check = framework._keras()
    assert check.status == "problem" and "does not load (ModuleNotFoundError" in check.found
    assert "KERAS_BACKEND=tensorflow" in check.fix


def test_keras_with_channels_first_is_a_problem(monkeypatch):
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")
    check = framework._keras()
    assert check.status == "problem" and "channels_last" in check.fix


def test_no_card(driver, monkeypatch):
    monkeypatch.setenv("PATH", "")
    check = framework._gpus(tf)
    assert (check.status, check.found) == ("ok", "none; TensorFlow computes on the CPU")


def test_a_card_that_tensorflow_does_not_see_is_told(driver, monkeypatch):
    driver(f"echo '{CARD}'")
    check = framework._gpus(tf)
    assert check.status == "note"
    assert "though there is NVIDIA A100-SXM4-80GB, 81920 MiB, 80000 MiB free, driver 550.54.15" in check.found
    assert check.fix
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert framework._gpus(tf).fix == "CUDA_VISIBLE_DEVICES=-1 hides them: unset CUDA_VISIBLE_DEVICES"


@pytest.mark.parametrize("script", ["echo 'has failed because it could not communicate' >&2; exit 9", "echo; exit 0"])
def test_a_card_without_a_driver_is_found_on_the_bus(driver, monkeypatch, tmp_path, script):
    driver(script)
    for name, vendor, kind in (("0", "0x10de", "0x030200"), ("1", "0x10de", "0x040300"), ("2", "0x8086", "0x030000")):
        (tmp_path / "bus" / name).mkdir(parents=True)
        (tmp_path / "bus" / name / "vendor").write_text(f"{vendor}\n")
        (tmp_path / "bus" / name / "class").write_text(f"{kind}\n")
    monkeypatch.setattr(nvidia, "_PCI", tmp_path / "bus")
    assert nvidia.cards() == (["a card without a driver that answers"], False)
    assert "install NVIDIA's driver" in framework._gpus(tf).fix


def test_a_driver_that_hangs_is_left(driver, monkeypatch):
    driver("exec sleep 60")
    monkeypatch.setattr(nvidia, "LIMIT_SECONDS", 0.2)
    assert nvidia.cards() == ([], False)


@pytest.mark.parametrize(
    ("visible", "has_driver", "has_cuda", "libraries", "words"),
    [
        ("", True, True, True, "CUDA_VISIBLE_DEVICES= hides them"),
        ("-1", True, True, True, "CUDA_VISIBLE_DEVICES=-1 hides them"),
        ("0,1", False, True, True, "install NVIDIA's driver"),
        (None, True, False, True, 'processors alone: pip install "tensorflow[and-cuda]==2.21.0"'),
        (None, True, True, False, 'libraries of CUDA are missing: pip install "tensorflow[and-cuda]==2.21.0"'),
        (None, True, True, True, "compare the driver with what TensorFlow 2.21.0 needs"),
    ],
)
def test_why_cards_are_not_seen(monkeypatch, visible, has_driver, has_cuda, libraries, words):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(nvidia, "installed", lambda name: "9.1" if libraries else None)
    assert words in nvidia.why_unseen(has_driver, has_cuda, "2.21.0")


def test_cards_that_tensorflow_sees(driver, monkeypatch):
    driver(f"echo '{CARD}'")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["card"] if kind == "GPU" else [])
    details = {"device_name": "NVIDIA A100-SXM4-80GB", "compute_capability": (8, 0)}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    check = framework._gpus(tf)
    seen, told = check.found.split("; ")
    assert check.status == "ok"
    assert seen == "TensorFlow sees 1: NVIDIA A100-SXM4-80GB (compute capability 8.0)"
    assert told.startswith("the driver tells of NVIDIA A100-SXM4-80GB, 81920 MiB, ")


def test_tpus(monkeypatch, tmp_path):
    monkeypatch.delenv("TPU_NAME", raising=False)
    assert (framework._tpus(tf).status, framework._tpus(tf).found) == ("ok", "none")
    monkeypatch.setattr(framework, "TPU_DEVICE", tmp_path)
    assert framework._tpus(tf).status == "note" and "tensorflow-tpu" in framework._tpus(tf).fix
    monkeypatch.setenv("TPU_NAME", "secret")
    assert "secret" not in framework._tpus(tf).found
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["core"] * 8)
    assert framework._tpus(tf).found == "TensorFlow sees 8 cores"
