"""Learning-rate schedules."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("brave_tf")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to `peak`, then a cosine to 0 at `total_steps`, 0 beyond.

    Args:
        peak: learning rate at the end of the warm-up.
        warmup_steps: steps of warm-up; the first update has learning rate 0 when there is one.
        total_steps: steps of the whole run.

    Raises:
        ValueError: the warm-up is longer than the run.

    Reference:
        The paper, section 4.1: 5000 steps of warm-up, cosine decay.
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int):
        if not 0 <= warmup_steps <= total_steps:
            raise ValueError(
                f"received warmup_steps={warmup_steps}, total_steps={total_steps}; expected 0 <= warm-up <= total"
            )
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        """Learning rate of the update number `step`, counted from 0."""
        step = ops.cast(step, "float32")
        rising = self.peak * step / max(self.warmup_steps, 1)
        share = (step - self.warmup_steps) / max(self.total_steps - self.warmup_steps, 1)
        falling = self.peak * 0.5 * (1.0 + ops.cos(math.pi * ops.clip(share, 0.0, 1.0)))
        return ops.where(step < self.warmup_steps, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"peak": self.peak, "warmup_steps": self.warmup_steps, "total_steps": self.total_steps}
