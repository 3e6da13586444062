"""Released JAX checkpoints to Keras models, and back."""

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    # Names of checkpoints must not cost the start of TensorFlow.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
