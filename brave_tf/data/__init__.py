"""Records to views, and views to batches."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.data.dataset import Dataset as Dataset
    from brave_tf.data.open import open_dataset as open_dataset
    from brave_tf.data.pipeline import pretraining_dataset as pretraining_dataset
    from brave_tf.data.training_clips import TrainingClips as TrainingClips

# Opening a dataset must not cost the start of TensorFlow.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "Dataset": "dataset",
        "TrainingClips": "training_clips",
        "open_dataset": "open",
        "pretraining_dataset": "pipeline",
    },
)
