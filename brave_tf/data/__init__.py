"""Media files to records, records to views."""

from typing import TYPE_CHECKING

from brave_tf.lazy import loader

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

# Reading media must not cost the start of TensorFlow, so nothing is imported before it is used.
__getattr__ = loader(__name__, _HOMES)
