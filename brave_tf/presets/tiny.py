"""Experiments that run on a laptop in minutes."""

import dataclasses

from brave_tf.config import (
    AudioViewConfig,
    AugmentConfig,
    BackboneConfig,
    BroadConfig,
    Config,
    EvaluationConfig,
    ModelConfig,
    MonitorConfig,
    OptimizerConfig,
    VideoViewConfig,
)
from brave_tf.presets.preset import Preset

_AUGMENT = AugmentConfig(crop_area=(0.5, 1.0), crop_aspect=(0.75, 1.33), blur=0.5, blur_sigma=(0.1, 1.0))
_FLOW_AUGMENT = AugmentConfig(crop_area=(0.5, 1.0), crop_aspect=(0.75, 1.33), blur=0.0, color=0.0, grayscale=0.0)
_BROAD_BACKBONE = BackboneConfig(depth=14, width=0.25)
_RGB = VideoViewConfig(frames=16, step=4, size=48, augment=_AUGMENT)
_FLOW = VideoViewConfig(frames=16, step=4, size=48, augment=_FLOW_AUGMENT)
_AUDIO = AudioViewConfig(seconds=2.0)
_OPTIMIZER = OptimizerConfig(peak_learning_rate=0.6, warmup_steps=30, predictor_multiplier=2.0)
"""docs/training-small.md tells what was tried, and what each of these did."""

_LIPS_SECONDS = 0.64
"""Of picture and of sound: a syllable or two, at every one of the 25 frames a second."""
_LIPS_AUGMENT = AugmentConfig(
    crop_area=(0.7, 1.0),
    crop_aspect=(0.9, 1.1),
    blur=0.0,
    color=0.5,
    brightness=0.08,
    saturation=0.2,
    contrast=0.2,
    hue=0.05,
)
"""Gentle: a mouth fills the picture already, and what tells sounds apart is small."""


def _tiny(name: str, broad: BroadConfig) -> Preset:
    config = Config(
        name=name,
        narrow=VideoViewConfig(frames=8, step=6, size=48, augment=_AUGMENT),
        broad=broad,
        model=ModelConfig(
            narrow=BackboneConfig(depth=26, width=0.25),
            rgb=_BROAD_BACKBONE,
            flow=_BROAD_BACKBONE,
            audio=_BROAD_BACKBONE,
            hidden_size=256,
            projection_size=64,
        ),
        optimizer=_OPTIMIZER,
        evaluation=EvaluationConfig(
            frames=8, step=6, size=48, shorter_side=54, epochs=3, windows=3, crops=3, audio_seconds=2.0, svm_c=1e-2
        ),
        steps=1200,
        batch_size=16,
        checkpoint_every=100,
        log_every=10,
        monitor=MonitorConfig(probe_every=100, probe_clips=200),
    )
    return Preset(config, source="this library", data="any videos")


def _lips() -> Preset:
    tiny = _tiny("tiny-lips", BroadConfig(audio=AudioViewConfig(seconds=_LIPS_SECONDS))).config
    config = dataclasses.replace(
        tiny,
        narrow=VideoViewConfig(frames=16, step=1, size=32, augment=_LIPS_AUGMENT),
        model=dataclasses.replace(tiny.model, narrow=BackboneConfig(depth=14, width=0.25)),
        evaluation=dataclasses.replace(
            tiny.evaluation,
            frames=16,
            step=1,
            size=32,
            shorter_side=36,
            windows=12,
            crops=1,
            audio_seconds=_LIPS_SECONDS,
        ),
        # Half the rate of the others, and three times the steps: docs/training-small.md.
        optimizer=dataclasses.replace(tiny.optimizer, peak_learning_rate=0.3),
        steps=4000,
    )
    return Preset(config, source="this library", data="mouths of one talker, with sound: examples/lips.py")


TINY = (
    _tiny("tiny-va", BroadConfig(audio=_AUDIO)),
    _tiny("tiny-v", BroadConfig(rgb=_RGB)),
    _tiny("tiny-f", BroadConfig(flow=_FLOW)),
    _tiny("tiny-fa", BroadConfig(flow=_FLOW, audio=_AUDIO)),
    _lips(),
)
"""Sound, RGB, optical flow, and optical flow with sound as the broad views; and sound for pictures of mouths."""
