"""Augmentation: parameters are drawn once per view, then applied to every frame of it."""

from brave_tf.data.augment.apply import apply, apply_one, apply_to, to_unit
from brave_tf.data.augment.host import apply_on_host
from brave_tf.data.augment.parameters import describe, sample

__all__ = ["apply", "apply_on_host", "apply_one", "apply_to", "describe", "sample", "to_unit"]
