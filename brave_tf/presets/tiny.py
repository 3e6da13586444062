"""Experiments that run on a laptop in minutes."""

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
        optimizer=OptimizerConfig(peak_learning_rate=1.0, warmup_steps=30),
        evaluation=EvaluationConfig(
            frames=8, step=6, size=48, shorter_side=54, epochs=3, windows=3, crops=3, audio_seconds=2.0, svm_c=1e-2
        ),
        steps=600,
        batch_size=48,
        checkpoint_every=100,
        log_every=10,
        monitor=MonitorConfig(probe_every=100, probe_clips=200),
    )
    return Preset(config, source="this library", data="any videos")


TINY = (
    _tiny("tiny-va", BroadConfig(audio=_AUDIO)),
    _tiny("tiny-v", BroadConfig(rgb=_RGB)),
    _tiny("tiny-f", BroadConfig(flow=_FLOW)),
    _tiny("tiny-fa", BroadConfig(flow=_FLOW, audio=_AUDIO)),
)
"""Sound, RGB, optical flow, and optical flow with sound as the broad views."""
