"""Released JAX checkpoints to Keras models, and back.

Calling the package converts a checkpoint: `brave_tf.convert("v-a-tsm50", "converted")` is `brave_tf.commands.convert`.
"""

from typing import TYPE_CHECKING

from brave_tf.lazy import make_callable, public_names

if TYPE_CHECKING:
    from brave_tf.convert.checkpoint import convert_checkpoint as convert_checkpoint
    from brave_tf.convert.haiku import from_haiku as from_haiku
    from brave_tf.convert.haiku import to_haiku as to_haiku
    from brave_tf.convert.pickles import read_checkpoint as read_checkpoint

# Names of checkpoints must not cost the start of TensorFlow.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "convert_checkpoint": "checkpoint",
        "from_haiku": "haiku",
        "read_checkpoint": "pickles",
        "to_haiku": "haiku",
    },
)
make_callable(__name__)
