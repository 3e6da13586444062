"""Pretrained backbones of KerasHub, such as VideoPrism, as encoders to compare with."""

import dataclasses
import re
from typing import Any

import keras
import numpy as np

from brave_tf.config import SOURCE_FPS, EvaluationConfig
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import KERAS_HUB, Encoder
from brave_tf.encoders.foreign import as_encoder
from brave_tf.encoders.hub_clients import asking_client, load_client, quiet_client
from brave_tf.errors import UserError, one_line, short_reason
from brave_tf.progress import note, phase

EXAMPLE = f"{KERAS_HUB}videoprism_public_v1_base"
SECONDS = 2.56
"""What the frames of a clip span at evaluation time, as they do for the paper's encoders."""
IMAGE_FRAMES = 16
"""Of a clip, for a backbone that takes pictures one by one."""
_PAPER = EvaluationConfig()
_PIXELS = "pixel_values"
_VISION = "vision_embeddings"
"""What VideoPrism calls its video and its embedding where it takes text too."""


def load_backbone(place: str) -> Encoder:
    """The encoder `keras-hub:NAME`.

    Args:
        place: NAME is what `keras_hub.models.Backbone.from_preset` takes: a preset such as `videoprism_public_v1_base`,
            a handle of Kaggle or the Hugging Face Hub, or a folder.

    Raises:
        UserError: KerasHub is not installed, it has no such preset or cannot fetch it, or the backbone takes neither
            videos nor pictures.
    """
    # Where such a name was a path meanwhile, it has lost a slash.
    name = re.sub(r"^(hf|kaggle|modelscope):/+", r"\1://", place.removeprefix(KERAS_HUB))
    if not name or ".." in name.split("/"):
        raise UserError(f"received {one_line(place)}; expected {KERAS_HUB}NAME, such as {EXAMPLE}")
    client = load_client("keras_hub", "keras-hub", place)
    expected = f"expected a backbone of KerasHub, such as {EXAMPLE}, or an internet connection to fetch it first"
    with phase(f"fetching {name}"), asking_client(f"{one_line(place)} cannot be loaded", expected):
        backbone = client.models.Backbone.from_preset(name)
    return backbone_encoder(backbone, place, *_scaling(client, name))


def _scaling(client: Any, name: str) -> tuple[Any, Any]:
    """How a preset's pixels are scaled: (scale, offset) of values 0 to 255."""
    try:
        with quiet_client():
            converter = client.layers.ImageConverter.from_preset(name)
    except Exception as error:  # of the many kinds that say that there is none
        note(f"{name} does not say how its pixels are scaled ({short_reason(error)}); taken to be in [0, 1]")
        return 1 / 255, None
    return (1.0 if converter.scale is None else converter.scale), converter.offset


def backbone_encoder(backbone: keras.Model, place: str, scale: Any = 1 / 255, offset: Any = None) -> Encoder:
    """An encoder of a backbone for videos [B, T, H, W, 3], or for pictures [B, H, W, 3], frame by frame.

    The embedding is the mean over all that the backbone gives: places, tokens and frames. At evaluation time it is
    shown as many frames as it takes, over `SECONDS`.

    Args:
        backbone: the network.
        place: what it is called.
        scale: what makes of pixels 0 to 255 what the backbone takes; one number, or one for each channel.
        offset: what is added then; None for nothing.

    Raises:
        UserError: it takes something else.
    """
    pixels, features = _ends(backbone, place)
    network = keras.Model(pixels, features, name="backbone")
    is_video = len(pixels.shape) == 5
    frames = pixels.shape[1] if is_video else None
    size = pixels.shape[-2] or _PAPER.size
    if pixels.shape[-1] != 3 or pixels.shape[-3] not in (None, size):
        raise _unsuitable(place, f"inputs {list(pixels.shape)}")
    frames = frames or IMAGE_FRAMES
    video = keras.Input((frames, size, size, 3), name="video")
    clips = _scaled(video, scale, offset)
    if is_video:
        embedding = _mean(network(clips))
    else:
        pictures = keras.ops.reshape(clips, (-1, size, size, 3))
        each = _mean(network(pictures))
        embedding = _mean(keras.ops.reshape(each, (-1, frames, each.shape[-1])))
    return as_encoder(keras.Model(video, embedding, name="keras_hub"), _card(backbone, frames, size, place), name=place)


def _ends(backbone: keras.Model, place: str) -> tuple[Any, Any]:
    """Where the pixels go in and the features come out."""
    pixels, features = backbone.input, backbone.output
    if isinstance(pixels, dict) and isinstance(features, dict) and _PIXELS in pixels and _VISION in features:
        return pixels[_PIXELS], features[_VISION]
    if isinstance(pixels, dict | list) or isinstance(features, dict | list) or len(pixels.shape) not in (4, 5):
        names = list(pixels) if isinstance(pixels, dict) else list(getattr(pixels, "shape", ()))
        raise _unsuitable(place, f"inputs {names}")
    return pixels, features


def _unsuitable(place: str, received: str) -> UserError:
    return UserError(
        f"{place} takes {received}; expected a backbone of videos [B, T, H, W, 3] or of pictures [B, H, W, 3]; wrap "
        "another kind with brave_tf.as_encoder"
    )


def _scaled(video: Any, scale: Any, offset: Any) -> Any:
    """Frames in [0, 1] as the backbone takes them."""
    factor = 255.0 * np.asarray(scale, np.float32)
    shift = np.zeros((), np.float32) if offset is None else np.asarray(offset, np.float32)
    if np.allclose(factor, 1.0) and not shift.any():
        return video
    return keras.layers.Rescaling(factor.tolist(), shift.tolist(), name="scaled")(video)


def _mean(features: Any) -> Any:
    """[B, ..., D] -> [B, D]."""
    if len(features.shape) == 2:
        return features
    return keras.layers.GlobalAveragePooling1D()(keras.layers.Reshape((-1, features.shape[-1]))(features))


def _card(backbone: keras.Model, frames: int, size: int, place: str) -> EncoderCard:
    view = dataclasses.replace(
        _PAPER,
        frames=frames,
        step=max(1, round(SECONDS * SOURCE_FPS / frames)),
        size=size,
        shorter_side=round(size * _PAPER.shorter_side / _PAPER.size),
    )
    return EncoderCard(network={"class": type(backbone).__name__}, view=view, preset=place)
