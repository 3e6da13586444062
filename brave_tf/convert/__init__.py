"""Released JAX checkpoints to Keras models, and back."""

from typing import TYPE_CHECKING

from brave_tf.lazy import loader

if TYPE_CHECKING:
    from brave_tf.convert.checkpoint import convert_checkpoint
    from brave_tf.convert.haiku import from_haiku, to_haiku
    from brave_tf.convert.pickles import read_checkpoint

_HOMES = {
    "convert_checkpoint": "checkpoint",
    "from_haiku": "haiku",
    "read_checkpoint": "pickles",
    "to_haiku": "haiku",
}
__all__ = ["convert_checkpoint", "from_haiku", "read_checkpoint", "to_haiku"]

# Names of checkpoints must not cost the start of TensorFlow.
__getattr__ = loader(__name__, _HOMES)
