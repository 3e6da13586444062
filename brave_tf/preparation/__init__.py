"""Media files to records: the only part that opens media."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.preparation.dataset_writer import write_dataset as write_dataset

# Importing the package costs nothing.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "write_dataset": "dataset_writer",
    },
)
