"""Media files to records, records to views."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brave_tf.data.dataset import Dataset, open_dataset
    from brave_tf.data.pipeline import TrainingClips, pretraining_dataset
    from brave_tf.data.prepare import prepare

_HOMES = {
    "Dataset": "dataset",
    "open_dataset": "dataset",
    "TrainingClips": "pipeline",
    "pretraining_dataset": "pipeline",
    "prepare": "prepare",
}
__all__ = ["Dataset", "TrainingClips", "open_dataset", "prepare", "pretraining_dataset"]


def __getattr__(name: str) -> Any:
    # Reading media must not cost the start of TensorFlow, so nothing is imported before it is used.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
