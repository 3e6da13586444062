"""The rows of Tables 1 to 4, and the topics that the paper leaves to its appendix."""

import dataclasses

from brave_tf.config import AudioViewConfig, AugmentConfig, BackboneConfig, BroadConfig, ModelConfig, VideoViewConfig
from brave_tf.config.views import Sync
from brave_tf.presets.parts import (
    AUDIO,
    BROAD,
    BROAD_RC,
    FLOW,
    NARROW,
    RANDOM_CONVOLUTION,
    linear,
    several,
    visual,
    with_sound,
)
from brave_tf.presets.preset import Preset

_RC = BroadConfig(rgb=BROAD_RC)
_DEFAULT_SCORES = linear(65.1, 90.0, 67.4)
_BUDGET = "frames, rate and size of views of this extent are not given: the pixel budget of the other views is kept"
_TEN_SECONDS = VideoViewConfig(frames=64, step=4, size=112)
_FIVE_SECONDS_RC = VideoViewConfig(frames=64, step=2, size=112, augment=RANDOM_CONVOLUTION)
_SHORT_RC = VideoViewConfig(frames=16, step=2, size=224, augment=RANDOM_CONVOLUTION)
_SHORT_AUDIO = "a broad view of 1.3 s is as long as 16 frames at 12.5 fps, 1.28 s"

TABLE_1 = (
    visual(
        "table1-narrow10-broad10-rgb",
        "Table 1",
        linear(58.7, 80.0, 47.4),
        _RC,
        narrow=_TEN_SECONDS,
        choices=(_BUDGET,),
    ),
    visual(
        "table1-narrow1.3-broad1.3-rgb",
        "Table 1",
        linear(59.4, 88.1, 66.3),
        BroadConfig(rgb=_SHORT_RC),
        choices=(_BUDGET,),
    ),
    visual(
        "table1-narrow1.3-broad5-rgb",
        "Table 1",
        linear(61.4, 88.9, 65.1),
        BroadConfig(rgb=_FIVE_SECONDS_RC),
        choices=(_BUDGET,),
    ),
    visual("table1-narrow1.3-broad10-rgb", "Table 1", _DEFAULT_SCORES, _RC),
    *(
        with_sound(
            f"table1-narrow1.3-broad{name}-audio",
            "Table 1",
            scores,
            BroadConfig(audio=AudioViewConfig(seconds=seconds)),
            narrow=NARROW,
            steps=300_000,
            choices=(_SHORT_AUDIO,) if name == "1.3" else (),
        )
        for name, seconds, scores in (
            ("1.3", 1.28, linear(68.3, 92.2, 69.0)),
            ("5", 5.0, linear(67.5, 92.4, 69.9)),
            ("10", 10.0, linear(67.3, 92.6, 70.3)),
        )
    ),
)
"""How long the views are."""

TABLE_2 = (
    visual("table2-rgb", "Table 2", linear(61.3, 89.9, 67.7), BroadConfig(rgb=BROAD)),
    visual("table2-rgb-rc", "Table 2", _DEFAULT_SCORES, _RC),
    visual("table2-flow", "Table 2", linear(65.6, 91.1, 65.8), BroadConfig(flow=FLOW)),
)
"""What the broad view shows; rc is random convolution."""

TABLE_3 = (
    visual("table3-1-view", "Table 3", _DEFAULT_SCORES, _RC),
    visual("table3-2-views", "Table 3", linear(65.6, 91.7, 69.1), BroadConfig(rgb=several(BROAD_RC, 2))),
    visual("table3-3-views", "Table 3", linear(65.2, 91.5, 69.5), BroadConfig(rgb=several(BROAD_RC, 3))),
)
"""How many broad views."""

TABLE_4 = (
    visual("table4-unsynced", "Table 4", _DEFAULT_SCORES, _RC),
    visual(
        "table4-synced",
        "Table 4",
        linear(64.2, 86.2, 59.9),
        BroadConfig(rgb=dataclasses.replace(BROAD_RC, offset="aligned")),
    ),
)
"""Whether narrow and broad views start together."""

_NO_SCORES: dict[str, float] = {}
_APPENDIX = "section 4.3, details in the paper's appendix"
_NOT_GIVEN = "the paper's appendix has the details of this topic; the choices here are this library's"
_JITTERED = AugmentConfig(scale_jitter=(1.0, 1.25))


def _synced(name: str, offset: Sync, words: str) -> Preset:
    return with_sound(
        f"v-a-tsm50-audioset-{name}",
        "section 3.1, details in the paper's appendix",
        _NO_SCORES,
        BroadConfig(audio=dataclasses.replace(AUDIO, offset=offset)),
        choices=(_NOT_GIVEN, words),
    )


TOPICS = (
    visual("v-v-tsm50-k600", "Tables 1 to 4, the common row", _DEFAULT_SCORES, _RC),
    visual("v-f-tsm50-k600", "Table 2", linear(65.6, 91.1, 65.8), BroadConfig(flow=FLOW)),
    visual(
        "v-v-tsm50-k600-shared-backbone",
        _APPENDIX,
        _NO_SCORES,
        _RC,
        model=ModelConfig(share_backbone=True),
        choices=(_NOT_GIVEN, "one backbone for both views, heads of their own"),
    ),
    visual(
        "v-v-resnet50-k600-image",
        _APPENDIX,
        _NO_SCORES,
        _RC,
        narrow=VideoViewConfig(frames=1, step=1, size=224),
        backbone=BackboneConfig(shift=0.0),
        choices=(_NOT_GIVEN, "the narrow view is one frame, its network has no temporal shift: an image ResNet-50"),
    ),
    visual(
        "v-v-tsm50-k600-ema-target",
        "section 3.1, where the paper finds it unnecessary",
        _NO_SCORES,
        _RC,
        model=ModelConfig(target_momentum=0.99),
        choices=("the moving average keeps 0.99 a step", "batch norm of the target uses its own batch statistics"),
    ),
    visual(
        "v-v-tsm50-k600-scale-jitter",
        'section 4.1, "augmentations", numbers not given',
        _NO_SCORES,
        BroadConfig(rgb=dataclasses.replace(BROAD, augment=dataclasses.replace(_JITTERED, random_convolution=1.0))),
        narrow=dataclasses.replace(NARROW, augment=_JITTERED),
        choices=("a zoom by 1 to 1.25, as between shorter sides of 256 and 320 pixels",),
    ),
    _synced("synced-start", "aligned", "sound and narrow view start together, as in the rest of the paper"),
    _synced("synced-centre", "centered", "sound and narrow view have their middle in common"),
    _synced("unsynced", "independent", "the sound starts anywhere"),
)
"""Building blocks by themselves, and options of the method one at a time."""
