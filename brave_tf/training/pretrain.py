"""One pre-training run, from datasets to an encoder."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from brave_tf.config import Config
from brave_tf.data.pipeline import TrainingClips, pretraining_dataset
from brave_tf.files import write_json
from brave_tf.models.card import card_of, weights_sha256
from brave_tf.models.encoder import ENCODER_FILE, save_encoder, seeded_initialisation
from brave_tf.progress import note, track
from brave_tf.training.brave import Brave
from brave_tf.training.callbacks import CheckpointWriter, LossGuard, MetricsWriter, ProgressReporter
from brave_tf.training.interruption import StopOnInterrupt
from brave_tf.training.lars import LARS
from brave_tf.training.run_directory import (
    METRICS_FILE,
    SUMMARY_FILE,
    Checkpoints,
    claim,
    finished_summary,
    last_metrics,
    trim_metrics,
)
from brave_tf.training.schedules import WarmupCosine


def make_optimizer(config: Config) -> keras.optimizers.Optimizer:
    """The optimizer of an experiment, with warm-up and cosine decay over its steps."""
    settings = config.optimizer
    warmup = min(settings.warmup_steps, config.steps)
    schedule = WarmupCosine(settings.peak_learning_rate, warmup, config.steps)
    if settings.name == "adam":
        return keras.optimizers.Adam(schedule)
    return LARS(
        schedule,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        trust_coefficient=settings.trust_coefficient,
        predictor_multiplier=settings.predictor_multiplier,
        mask=settings.mask,
    )


def make_model(config: Config) -> Brave:
    """The model of an experiment, initialised from its seed and compiled."""
    with seeded_initialisation(config.seed):
        model = Brave(config)
    model.compile(optimizer=make_optimizer(config), jit_compile=config.jit_compile)
    return model


def pretrain(config: Config, data: Sequence[str | Path], run: str | Path) -> dict[str, Any]:
    """Trains an encoder, or goes on where the same run stopped.

    Writes checkpoints, `metrics.jsonl` and TensorBoard files while it runs, and at the end `encoder.keras` (loads with
    Keras alone) and `summary.json`.

    Args:
        config: the experiment.
        data: what `brave_tf.data.open_dataset` takes, once or several times.
        run: the run directory.

    Returns:
        The content of `summary.json`: `weights_sha256` (of the whole model), `steps`, `final_loss` (of the last batch),
        `clips_per_second`, `clips`, `left_out`, `notes` on the data and more.

    Raises:
        UserError: the data cannot serve this experiment, the run directory belongs to another one, or the loss became
            NaN or infinite.
    """
    run = Path(run)
    clips = TrainingClips.open(data, config)
    claim(run, config, clips.fingerprints)
    summary = finished_summary(run)
    if summary is not None:
        return summary

    for line in clips.notes:
        note(line)
    model = make_model(config)
    checkpoints = Checkpoints(run, model, config.keep_checkpoints)
    first_step = checkpoints.restore()
    trim_metrics(run / METRICS_FILE, first_step)
    if first_step < config.steps:
        history = _fit(model, clips, checkpoints, run, first_step)
    else:
        # Stopped after its last checkpoint, before the encoder was written.
        history = {"loss": last_metrics(run)["loss"], "clips_per_second": None, "seconds": 0.0}
    card = card_of(config, model.encoder, config.steps)
    save_encoder(model.encoder, card, run / ENCODER_FILE)
    summary = {
        "preset": config.name,
        "steps": config.steps,
        "final_loss": history["loss"],
        "clips_per_second": history["clips_per_second"],
        "seconds": history["seconds"],
        "weights_sha256": weights_sha256(model),
        "encoder_sha256": card.weights_sha256,
        "clips": clips.count,
        "left_out": clips.left_out,
        "notes": list(clips.notes),
    }
    write_json(run / SUMMARY_FILE, summary)
    return summary


def _fit(model: Brave, clips: TrainingClips, checkpoints: Checkpoints, run: Path, first_step: int) -> dict[str, Any]:
    config = model.config
    dataset = pretraining_dataset(clips, config, first_step=first_step)
    last = _LastBatch(config.batch_size)
    stop = StopOnInterrupt()
    with track(config.steps, f"pretrain {config.name}", done=first_step) as advance:
        callbacks = [
            LossGuard(),
            MetricsWriter(run, config.log_every, config.steps),
            CheckpointWriter(checkpoints, config.checkpoint_every),
            ProgressReporter(advance),
            last,
            stop,
        ]
        try:
            with stop.listening():
                remaining = config.steps - first_step
                model.fit(dataset, steps_per_epoch=remaining, shuffle=False, verbose=0, callbacks=callbacks)
        except KeyboardInterrupt:
            if checkpoints.step == first_step + last.steps:
                checkpoints.save()
            raise
    checkpoints.save()
    return {"loss": last.loss, "clips_per_second": last.clips_per_second, "seconds": last.seconds}


class _LastBatch(keras.callbacks.Callback):
    """Loss of the last batch, and clips per second of this process without the first step, which traces the graph."""

    def __init__(self, batch_size: int):
        super().__init__()
        self._batch_size = batch_size
        self.steps = 0
        self.loss = math.nan

    def on_train_begin(self, logs: Any = None) -> None:
        self._began = self._after_first = self._last = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        self.loss = float((logs or {})["loss"])
        self._last = time.monotonic()
        if self.steps == 1:
            self._after_first = self._last

    @property
    def seconds(self) -> float:
        return round(self._last - self._began, 3)

    @property
    def clips_per_second(self) -> float | None:
        if self.steps < 2:
            return None
        return round((self.steps - 1) * self._batch_size / (self._last - self._after_first), 3)
