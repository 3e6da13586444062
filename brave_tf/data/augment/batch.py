"""The augmentation of an experiment's batches: what its model runs on the device."""

from typing import Any

import keras
import tensorflow as tf

from brave_tf.config import Config, Modality, VideoViewConfig
from brave_tf.config.values import from_dict, to_dict
from brave_tf.data.augment.apply import apply_to, to_unit
from brave_tf.modalities import NARROW


@keras.saving.register_keras_serializable("brave_tf")
class AugmentedViews:
    """From a batch of `brave_tf.data.pretraining_dataset` to the views that the networks take.

    A batch holds

    - `narrow`: [B, T, H, W, 3], uint8, or float32 in [0, 1];
    - `broad`: by modality, `rgb` [B, K, T, H, W, 3] like `narrow`, `flow` [B, K, T, H, W, 2], uint8 as it is stored, or
      float32 in [-1, 1], `audio` [B, S, M] log-mel;
    - `augment`: sampled augmentation parameters of the visual views, then uint8 or float32 in 0 to 255; without it the
      views are only scaled, if they are uint8.

    Args:
        config: the experiment: a `Config`, or the dictionary that `brave_tf.config.values.to_dict` made of one.
    """

    gives_floats = True
    """What is uint8 has not been through it."""

    def __init__(self, config: Config | dict[str, Any]):
        self.config = config if isinstance(config, Config) else from_dict(config)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The views: visual ones float32, RGB in [0, 1] and flow in [-1, 1]."""
        parameters = batch.get("augment", {})
        narrow = _prepare(batch["narrow"], parameters.get("narrow"), self.config.narrow)
        broad = dict(batch["broad"])
        for modality, view in self.config.broad.visual.items():
            broad[modality] = _prepare_views(broad[modality], parameters.get(modality), view, modality)
        return {"narrow": narrow, "broad": broad}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"config": to_dict(self.config)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AugmentedViews":
        """Makes the augmentation that `get_config` describes."""
        return cls(**config)


def _prepare(frames: Any, parameters: Any, view: VideoViewConfig, modality: Modality = NARROW) -> Any:
    if parameters is not None:
        return apply_to(modality, frames, parameters, view.augment)
    return to_unit(frames, modality) if frames.dtype == tf.uint8 else frames


def _prepare_views(views: Any, parameters: Any, view: VideoViewConfig, modality: Modality) -> Any:
    merged = tf.reshape(views, (-1, *views.shape[2:]))
    if parameters is not None:
        parameters = {name: tf.reshape(value, (-1, *value.shape[2:])) for name, value in parameters.items()}
    return tf.reshape(_prepare(merged, parameters, view, modality), (-1, *views.shape[1:]))
