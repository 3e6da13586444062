"""The rows of Table 5, the comparison with the state of the art."""

from brave_tf.config import BroadConfig
from brave_tf.presets.parts import (
    AUDIO,
    BROAD_RC,
    FLOW,
    KINETICS_400,
    KINETICS_600,
    R3D,
    TSM,
    WIDE,
    several,
    visual,
    with_sound,
)

_SOURCE = "Table 5"
_VVV = BroadConfig(rgb=several(BROAD_RC, 3))
_FFF = BroadConfig(flow=several(FLOW, 3))
_SCORES = ("UCF101 linear", "UCF101 fine-tuned", "HMDB51 linear", "HMDB51 fine-tuned", "Kinetics-600 linear")
_SOUND_SCORES = (*_SCORES, "ESC-50 linear", "AudioSet mAP")


def _visual(*values: float) -> dict[str, float]:
    return dict(zip(_SCORES, values, strict=True))


def _audible(*values: float) -> dict[str, float]:
    return dict(zip(_SOUND_SCORES, values, strict=True))


MAIN_RESULTS = (
    *(
        visual(f"{name}-{network}-{data}", _SOURCE, _visual(*values), broad, backbone=backbone, data=trained_on)
        for name, broad, network, backbone, data, trained_on, values in (
            ("v-vvv", _VVV, "r3d50", R3D, "k400", KINETICS_400, (90.6, 93.7, 65.1, 72.0, 66.5)),
            ("v-fff", _FFF, "r3d50", R3D, "k400", KINETICS_400, (92.0, 94.7, 67.5, 72.7, 66.7)),
            ("v-vvv", _VVV, "tsm50", TSM, "k600", KINETICS_600, (91.6, 94.1, 65.2, 73.1, 69.5)),
            ("v-fff", _FFF, "tsm50", TSM, "k600", KINETICS_600, (91.9, 94.7, 65.7, 74.0, 67.1)),
            ("v-vvv", _VVV, "r3d50", R3D, "k600", KINETICS_600, (91.9, 94.4, 67.6, 73.9, 69.1)),
            ("v-fff", _FFF, "r3d50", R3D, "k600", KINETICS_600, (92.7, 95.1, 68.9, 74.3, 68.1)),
        )
    ),
    with_sound(
        "v-a-tsm50-audioset", _SOURCE, _audible(93.4, 95.6, 69.1, 75.3, 71.1, 92.1, 36.4), BroadConfig(audio=AUDIO)
    ),
    with_sound(
        "v-fa-tsm50-audioset",
        _SOURCE,
        _audible(93.2, 95.8, 70.2, 76.9, 70.3, 92.6, 36.3),
        BroadConfig(flow=FLOW, audio=AUDIO),
    ),
    with_sound(
        "v-fa-tsm50x2-audioset",
        _SOURCE,
        _audible(92.8, 96.5, 70.6, 79.3, 70.5, 92.9, 36.4),
        BroadConfig(flow=FLOW, audio=AUDIO),
        backbone=WIDE,
    ),
)
"""Names say: narrow view, broad views (V video, F flow, A sound), narrow network, data."""
