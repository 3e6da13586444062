"""One pre-training run, from datasets to an encoder."""

import contextlib
import dataclasses
import json
import math
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import Config
from brave_tf.config import values as config_values
from brave_tf.config.values import differences, to_dict
from brave_tf.data.pipeline import pretraining_dataset
from brave_tf.data.training_clips import TrainingClips
from brave_tf.encoders.card import card_of, weights_sha256
from brave_tf.encoders.encoder import save_towers, seeded_initialisation
from brave_tf.errors import UserError
from brave_tf.files import write_json
from brave_tf.lars import LARS
from brave_tf.method.brave import Brave
from brave_tf.modalities import Tower
from brave_tf.progress import note, track
from brave_tf.schedules import WarmupCosine
from brave_tf.training.agreement import Agreement
from brave_tf.training.callbacks import CheckpointWriter, MetricsWriter, ProgressReporter
from brave_tf.training.checkpoints import Checkpoints
from brave_tf.training.guard import HealthGuard
from brave_tf.training.interruption import StopOnSignal
from brave_tf.training.probe import KNNProbe, ProbeClips
from brave_tf.training.run_directory import claimed, finished_summary, last_metrics
from brave_tf.training.run_files import SUMMARY_FILE
from brave_tf.training.strategy import check_strategy, is_chief, make_strategy, while_together


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
    """The model of an experiment, initialised from its seed and compiled, under the current strategy."""
    with seeded_initialisation(config.seed):
        model = Brave(config)
    model.compile(optimizer=make_optimizer(config), jit_compile=config.jit_compile)
    return model


def pretrain(
    config: Config,
    data: Sequence[str | Path],
    run: str | Path,
    strategy: str | tf.distribute.Strategy = "auto",
) -> dict[str, Any]:
    """Trains an encoder, or goes on where the same run stopped.

    Writes checkpoints, `metrics.jsonl` and TensorBoard files while it runs, and at the end `encoder.keras` (the narrow
    backbone; loads with Keras alone), `broad_rgb.keras`, `broad_flow.keras` or `broad_audio.keras` beside it, and
    `summary.json`. With several workers each of them calls this; the first writes.

    Args:
        config: the experiment.
        data: what `brave_tf.data.open_dataset` takes, once or several times.
        run: the run directory.
        strategy: what to train under, or its name (`brave_tf.training.strategy.make_strategy`).

    Returns:
        The content of `summary.json`: `weights_sha256` (of the whole model), `steps`, `final_loss` (of the last batch),
        `clips_per_second`, `clips`, `left_out`, `notes` on the data and more.

    Raises:
        UserError: the data cannot serve this experiment, the run directory belongs to another one, the loss became NaN
            or infinite, the projections collapsed, a file cannot be written, or another worker was lost.
        KeyboardInterrupt: Ctrl-C was pressed; the run has saved itself.
        TerminatedError: SIGTERM came; the run has saved itself.
    """
    if isinstance(strategy, str):
        strategy = make_strategy(strategy)
    check_strategy(config, strategy)
    with while_together(strategy), contextlib.ExitStack() as stack:
        clips = TrainingClips.open(data, config)
        agreement = Agreement(strategy)
        _check_same(agreement, config, clips)
        if is_chief(strategy):
            stack.enter_context(claimed(Path(run), config, clips.fingerprints))
        # The others wait here until the first has the directory.
        finished = agreement.text_of_chief(json.dumps(finished_summary(Path(run)) if is_chief(strategy) else None))
        if json.loads(finished) is not None:
            return dict(json.loads(finished))
        return _Pretraining(config, data, clips, Path(run), strategy).complete()


def _check_same(agreement: Agreement, config: Config, clips: TrainingClips) -> None:
    mine = {"config": to_dict(config), "data": list(clips.fingerprints)}
    different = differences(json.loads(agreement.text_of_chief(json.dumps(mine))), mine)
    if agreement.any(bool(different)):
        which = f"differs from the first worker ({'; '.join(different)})" if different else "agrees, another does not"
        raise UserError(f"this worker {which}; run the same command on the same data on every worker")


@dataclasses.dataclass(frozen=True)
class _Pretraining:
    """A run whose directory is claimed."""

    config: Config
    data: Sequence[str | Path]
    clips: TrainingClips
    run: Path
    strategy: tf.distribute.Strategy

    def complete(self) -> dict[str, Any]:
        """Trains to the last step and writes the encoder; returns the summary."""
        if self._writes:
            for line in self.clips.notes:
                note(line)
        with self.strategy.scope():
            model = make_model(self.config)
        checkpoints = Checkpoints(self.run, model, self.config.keep_checkpoints)
        stop = StopOnSignal(checkpoints.save)
        with stop.listening():
            first_step = checkpoints.restore()
            if first_step < self.config.steps:
                history = self._fit(model, checkpoints, first_step, stop)
            else:
                # Stopped after its last checkpoint, before the encoder was written.
                loss = last_metrics(self.run)["loss"] if self._writes else math.nan
                history = {"final_loss": loss, "clips_per_second": None, "seconds": 0.0}
            summary = self._finish(model, history)
            # Nobody leaves before the first worker has written everything.
            return dict(json.loads(Agreement(self.strategy).text_of_chief(json.dumps(summary))))

    @property
    def _writes(self) -> bool:
        return is_chief(self.strategy)

    def _fit(self, model: Brave, checkpoints: Checkpoints, first_step: int, stop: StopOnSignal) -> dict[str, Any]:
        config = self.config
        batches = pretraining_dataset(self.clips, config, first_step=first_step, strategy=self.strategy)
        last = _LastBatch(config.batch_size)
        with contextlib.ExitStack() as stack:
            guard = HealthGuard(config.monitor, self.run, _command(config, self.data, self.run))
            callbacks = [guard, *self._probe(), MetricsWriter(self.run, config)]
            callbacks += [CheckpointWriter(checkpoints, config.checkpoint_every), last]
            if self._writes:
                advance = stack.enter_context(track(config.steps, f"pretrain {config.name}", done=first_step))
                callbacks.append(ProgressReporter(advance))
            remaining = config.steps - first_step
            model.fit(batches, steps_per_epoch=remaining, shuffle=False, verbose=0, callbacks=[*callbacks, stop])
        checkpoints.save()
        return {"final_loss": last.loss, "clips_per_second": last.clips_per_second, "seconds": last.seconds}

    def _probe(self) -> list[keras.callbacks.Callback]:
        monitor = self.config.monitor
        clips = ProbeClips.choose(self.data, monitor.probe_clips) if monitor.probe_every else None
        return [] if clips is None else [KNNProbe(clips, self.config, monitor.probe_every)]

    def _finish(self, model: Brave, history: dict[str, Any]) -> dict[str, Any]:
        encoders: dict[Tower, keras.Model] = {"narrow": model.encoder}
        encoders |= model.broad_encoders.items()
        cards = {tower: card_of(self.config, net, self.config.steps, tower) for tower, net in encoders.items()}
        summary = {
            "preset": self.config.name,
            "steps": self.config.steps,
            **history,
            "weights_sha256": weights_sha256(model),
            "encoder_sha256": cards["narrow"].weights_sha256,
            "clips": self.clips.count,
            "left_out": self.clips.left_out,
            "notes": list(self.clips.notes),
        }
        if self._writes:
            save_towers(encoders, cards, self.run)
            write_json(self.run / SUMMARY_FILE, summary)
        return summary


def _command(config: Config, data: Sequence[str | Path], run: Path) -> str:
    """The command that repeats a run."""
    words = ["brave-tf", "pretrain", config.name]
    for path in data:
        words += ["--data", str(path)]
    changed = config_values.assignments(presets.get(config.name), config) if config.name in presets.names() else []
    return shlex.join([*words, "--run", str(run), *(["--set", *changed] if changed else [])])


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
