"""Networks: tensors in, features out."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.models.audio_resnet import AudioResNet as AudioResNet
    from brave_tf.models.heads import Head as Head
    from brave_tf.models.r3d import R3D as R3D
    from brave_tf.models.tsm_resnet import TSMResNet as TSMResNet

# Counting parameters must not cost the start of Keras.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "AudioResNet": "audio_resnet",
        "Head": "heads",
        "R3D": "r3d",
        "TSMResNet": "tsm_resnet",
    },
)
