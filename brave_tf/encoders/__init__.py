"""What users keep: encoders, what they say about themselves, and where they are loaded from."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.encoders.card import EncoderCard as EncoderCard
    from brave_tf.encoders.encoder import Encoder as Encoder
    from brave_tf.encoders.foreign import as_encoder as as_encoder
    from brave_tf.encoders.loading import load_encoder as load_encoder

# Importing the package costs nothing.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "Encoder": "encoder",
        "EncoderCard": "card",
        "as_encoder": "foreign",
        "load_encoder": "loading",
    },
)
