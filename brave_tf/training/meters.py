"""How a run uses the machine: speed, waiting for data, memory."""

import resource
import sys
import time

import keras
import tensorflow as tf

from brave_tf.training.input_clock import InputClock

GIB = 2**30


class Throughput:
    """Clips per second since it was made or restarted.

    Args:
        batch_size: clips per step, over all replicas.
    """

    def __init__(self, batch_size: int):
        self._batch_size = batch_size
        self.restart()

    def restart(self) -> None:
        """Begins anew."""
        self._steps = 0
        self._began = time.monotonic()

    def count(self) -> None:
        """One step is done."""
        self._steps += 1

    @property
    def seconds(self) -> float:
        """Time since it began, above 0."""
        return max(time.monotonic() - self._began, 1e-9)

    @property
    def clips(self) -> int:
        """Clips since it began, over all replicas."""
        return self._steps * self._batch_size

    @property
    def clips_per_second(self) -> float | None:
        """Over all replicas; None if no step was counted."""
        return self.clips / self.seconds if self._steps else None


class Meter:
    """Measures a model's training between one reading and the next.

    Args:
        model: a compiled model that is being fitted.
        batch_size: clips per step, over all replicas.
    """

    def __init__(self, model: keras.Model, batch_size: int):
        self._model = model
        self._throughput = Throughput(batch_size)
        self._devices = [
            device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices("GPU")
        ]
        self._local_share = _local_share(model.distribute_strategy)
        self._input = InputClock()
        self._first = True
        self._start()

    def count(self) -> None:
        """One step is done."""
        if self._first:
            self._input.first_batch_came()
            self._first = False
        self._throughput.count()

    def read(self) -> dict[str, float]:
        """What was measured since the last reading.

        Returns:
            `learning_rate`; `clips_per_second` over all replicas; `input_wait_share`, the part of the time that was
            spent waiting for batches, in [0, 1]; `input_cpu_seconds_per_clip`, what the input spent on one in
            processor time, if the system tells it; `memory_gib`, the most that this process has held so far;
            `device_memory_gib`, likewise on its fullest GPU, if it has one; `loss_scale` if the loss is scaled.
        """
        seconds = self._throughput.seconds
        optimizer = self._model.optimizer
        readings = {
            "learning_rate": float(optimizer.learning_rate),
            "clips_per_second": self._throughput.clips_per_second or 0.0,
            "input_wait_share": (self._waited() - self._waited_before) / seconds,
            "memory_gib": _peak_memory_bytes() / GIB,
        }
        clips, spent = self._throughput.clips, self._input.seconds
        if clips and spent is not None and self._spent_before is not None:
            readings["input_cpu_seconds_per_clip"] = (spent - self._spent_before) / (clips * self._local_share)
        if self._devices:
            peaks = [tf.config.experimental.get_memory_info(device)["peak"] for device in self._devices]
            readings["device_memory_gib"] = max(peaks) / GIB
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            readings["loss_scale"] = float(optimizer.dynamic_scale)
        self._start()
        return readings

    def _start(self) -> None:
        self._throughput.restart()
        self._waited_before = self._waited()
        self._spent_before = self._input.seconds

    def _waited(self) -> float:
        return float(getattr(self._model.train_function, "wait_seconds", 0.0))


def _local_share(strategy: tf.distribute.Strategy) -> float:
    """The share of a batch that this process makes itself."""
    replicas = strategy.num_replicas_in_sync
    return 1.0 if replicas == 1 else len(strategy.extended.worker_devices) / replicas


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
