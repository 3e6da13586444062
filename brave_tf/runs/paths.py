"""What is called what in a run directory."""

from collections.abc import Mapping
from pathlib import Path

from brave_tf.modalities import MODALITIES, Tower
from brave_tf.storage import is_remote

CONFIG_FILE = "config.json"
SUMMARY_FILE = "summary.json"
METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"
DIAGNOSIS_FILE = "diagnosis.json"
"""Why a run was stopped; only there if it was, and until it goes on."""
LOG_ID_FILE = "log_id.json"
"""The run's name at services that show metrics; only there if it is sent to one."""
LOCK_FILE = ".lock"
"""Locked by the process that trains."""
ENCODER_FILE = "encoder.keras"
TOWER_FILES: Mapping[Tower, str] = {
    "narrow": ENCODER_FILE,
    **{name: record.tower_file for name, record in MODALITIES.items()},
}
"""Files of a finished run, by tower."""
CHECKPOINT_FOLDER = "checkpoints"
CHECKPOINT_CONTENT = "variables"
"""What the files in the directory of a checkpoint begin with."""
CHECKPOINT_INDEX = f"{CHECKPOINT_CONTENT}.index"
"""The file that is written last where a directory cannot get its name when it is whole: on storage elsewhere."""
_STEP = "step-"


def checkpoint_path(run: Path, step: int) -> Path:
    """The directory of the checkpoint of a step, `RUN/checkpoints/step-00000100`."""
    return run / CHECKPOINT_FOLDER / f"{_STEP}{step:08d}"


def checkpoint_step(path: Path) -> int | None:
    """The step in the name of a checkpoint's directory, with or without its zeros; None if it is no such name."""
    number = path.name.removeprefix(_STEP)
    return int(number) if path.name.startswith(_STEP) and number.isdecimal() else None


def checkpoint_steps(run: Path) -> list[int]:
    """Steps of which a run has a checkpoint, oldest first."""
    folder = run / CHECKPOINT_FOLDER
    found = [(checkpoint_step(path), path) for path in (folder.iterdir() if folder.is_dir() else [])]
    return sorted(step for step, path in found if step is not None and not is_cut_off(path))


def is_cut_off(checkpoint: Path) -> bool:
    """Whether a checkpoint's directory was still being written, or removed, when that was interrupted."""
    return is_remote(checkpoint) and not (checkpoint / CHECKPOINT_INDEX).exists()
