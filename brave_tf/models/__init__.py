"""Networks: tensors in, features out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brave_tf.models.audio_resnet import AudioResNet
    from brave_tf.models.heads import Head
    from brave_tf.models.r3d import R3D
    from brave_tf.models.tsm_resnet import TSMResNet

_HOMES = {"AudioResNet": "audio_resnet", "Head": "heads", "R3D": "r3d", "TSMResNet": "tsm_resnet"}
__all__ = ["R3D", "AudioResNet", "Head", "TSMResNet"]


def __getattr__(name: str) -> Any:
    # Counting parameters must not cost the start of Keras, so nothing is imported before it is used.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
