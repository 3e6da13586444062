"""NVIDIA cards of this machine, whether or not TensorFlow sees them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from brave_tf.doctor.versions import installed

PROGRAM = "nvidia-smi"
LIMIT_SECONDS = 20.0
"""The driver may take seconds to wake cards up."""
_PCI, _VENDOR, _DISPLAY = Path("/sys/bus/pci/devices"), "0x10de", "0x03"
_LIBRARIES = ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")
"""What the extra and-cuda of TensorFlow installs, among others."""


def cards() -> tuple[list[str], bool]:
    """A line on each card, and whether the driver answers; without it there may be cards all the same."""
    told = _from_driver()
    if told:
        return told, True
    return _from_bus(), False


def why_unseen(has_driver: bool, has_cuda: bool, version: str) -> str:
    """What to do where TensorFlow sees none of the cards.

    Args:
        has_driver: whether the driver answers.
        has_cuda: whether this build of TensorFlow can use cards.
        version: of TensorFlow.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not visible.strip(" -1,"):
        return f"CUDA_VISIBLE_DEVICES={visible} hides them: unset CUDA_VISIBLE_DEVICES"
    if not has_driver:
        return f"install NVIDIA's driver, until {PROGRAM} lists the cards; start a container with --gpus all"
    command = f'pip install "tensorflow[and-cuda]=={version}"'
    if not has_cuda:
        return f"this build of TensorFlow computes on processors alone: {command}"
    if not any(installed(name) for name in _LIBRARIES):
        return f"the libraries of CUDA are missing: {command}"
    return (
        f"compare the driver with what TensorFlow {version} needs (https://www.tensorflow.org/install/pip), and see "
        "whether LD_LIBRARY_PATH leads to another CUDA"
    )


def _from_driver() -> list[str]:
    if shutil.which(PROGRAM) is None:
        return []
    query = [PROGRAM, "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [_line([word.strip() for word in line.split(",")]) for line in done.stdout.splitlines() if line.strip()]


def _line(words: Sequence[str]) -> str:
    if len(words) != 4:
        return ", ".join(words)
    name, there, free, driver = words
    return f"{name}, {there}, {free} free, driver {driver}"


def _from_bus() -> list[str]:
    """Cards that the system knows, by what they say of themselves when it starts."""
    found = []
    for device in sorted(_PCI.glob("*")):
        try:
            vendor, kind = ((device / name).read_text(encoding="ascii").strip() for name in ("vendor", "class"))
        except OSError:
            continue
        if vendor == _VENDOR and kind.startswith(_DISPLAY):
            found.append("a card without a driver that answers")
    return found
