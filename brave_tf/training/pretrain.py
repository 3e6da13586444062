"""One pre-training run, from datasets to an encoder."""

import contextlib
import dataclasses
import functools
import json
import math
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from brave_tf import __version__, presets
from brave_tf.config import Config
from brave_tf.config import values as config_values
from brave_tf.config.experiment import warmup_within
from brave_tf.config.values import differences, first_of, to_dict
from brave_tf.config.words import LoggerName
from brave_tf.data.pipeline import pretraining_dataset
from brave_tf.data.second_look import as_user_errors
from brave_tf.data.training_clips import TrainingClips
from brave_tf.encoders.card import card_of, weights_sha256
from brave_tf.encoders.encoder import save_towers
from brave_tf.errors import UserError
from brave_tf.method.brave import Brave
from brave_tf.progress import note, phase, silence, track
from brave_tf.runs.directory import EARLIER_STEPS, claimed, earlier_steps, finished_summary, last_loss, write_summary
from brave_tf.runs.metrics import DAMAGED, damage_until
from brave_tf.storage import as_path
from brave_tf.training.agreement import Agreement
from brave_tf.training.build import make_model
from brave_tf.training.callbacks import CheckpointWriter, FitSummary, MetricsWriter, ProgressReporter
from brave_tf.training.checkpoints import Checkpoints
from brave_tf.training.damage_watch import DamageWatch, check_usable, input_that_is_not_finite
from brave_tf.training.guard import HealthGuard
from brave_tf.training.interruption import StopOnSignal
from brave_tf.training.probe import KNNProbe, ProbeClips
from brave_tf.training.rank_watch import RankWatch
from brave_tf.training.run_logger import RunLogger, send_record
from brave_tf.training.services import usable_services
from brave_tf.training.strategy import check_strategy, is_chief, make_strategy, while_together


def run_pretraining(
    preset: str | Config,
    data: Sequence[str | Path],
    run: str | Path,
    *,
    strategy: str | tf.distribute.Strategy,
    settings: Sequence[str],
    log: Sequence[str] = (),
) -> dict[str, Any]:
    """Does what `brave_tf.commands.pretrain` documents; `settings` are all those that change the preset."""
    services = usable_services(log)
    usual = preset if isinstance(preset, Config) else presets.get(preset)
    config = config_values.override(usual, settings)
    if not data:
        raise UserError("received no data; expected a dataset that `brave-tf prepare` wrote, or several")
    run = as_path(run)
    if isinstance(strategy, str):
        strategy = make_strategy(strategy)
    check_strategy(config, strategy)
    if is_chief(strategy):
        for line in [*_about_learning_rate(usual, config), *_about_warmup(config)]:
            note(line)
    with while_together(strategy), contextlib.ExitStack() as stack:
        clips = TrainingClips.open(data, config)
        agreement = Agreement(strategy)
        _check_same(agreement, config, clips)
        claim = claimed(run, config, clips.fingerprints, data) if is_chief(strategy) else None
        check = stack.enter_context(claim) if claim is not None else lambda: None
        # The others wait here until the first has the directory.
        finished = agreement.text_of_chief(json.dumps(finished_summary(run) if is_chief(strategy) else None))
        pretraining = _Pretraining(config, data, clips, run, strategy, check, services)
        if json.loads(finished) is not None:
            pretraining.send_rest()
            return dict(json.loads(finished))
        return pretraining.complete()


def _check_same(agreement: Agreement, config: Config, clips: TrainingClips) -> None:
    mine = {"config": to_dict(config), "data": list(clips.fingerprints)}
    different = differences(json.loads(agreement.text_of_chief(json.dumps(mine))), mine)
    if agreement.any(bool(different)):
        which = f"differs from the first worker ({first_of(different)})" if different else "agrees, another does not"
        raise UserError(f"this worker {which}; run the same command on the same data on every worker")


@dataclasses.dataclass(frozen=True)
class _Pretraining:
    """A run whose directory is claimed; `check` is what `claimed` yields, `services` what its metrics are sent to."""

    config: Config
    data: Sequence[str | Path]
    clips: TrainingClips
    run: Path
    strategy: tf.distribute.Strategy
    check: Callable[[], None]
    services: Sequence[LoggerName]

    def complete(self) -> dict[str, Any]:
        """Trains to the last step and writes the encoder; returns the summary."""
        if self._writes:
            for line in [*self.clips.notes, *self.clips.remarks]:
                note(line)
        with phase("building the networks"), self.strategy.scope():
            model = make_model(self.config)
        metrics = MetricsWriter(self.run, self.config, self.check)

        def before_saving() -> None:
            self.check()
            metrics.flush()

        checkpoints = Checkpoints(self.run, model, self.config.keep_checkpoints, before_saving)
        stop = StopOnSignal(checkpoints.save)
        with stop.listening():
            with phase("looking for a checkpoint"):
                first_step = checkpoints.restore()
            if first_step < self.config.steps:
                history = self._fit(model, metrics, checkpoints, first_step, stop)
            else:
                # Stopped after its last checkpoint, before the encoder was written, or before it had tidied up.
                checkpoints.save()
                loss = last_loss(self.run) if self._writes else math.nan
                history = {"final_loss": loss, "clips_per_second": None, "seconds": 0.0}
                self.send_rest()
            with phase("writing the encoder"):
                summary = self._finish(model, history)
            # Nobody leaves before the first worker has written everything.
            return dict(json.loads(Agreement(self.strategy).text_of_chief(json.dumps(summary))))

    def send_rest(self) -> None:
        """Sends services what they have not got yet of a run that has nothing left to train."""
        for service in self.services if self._writes else []:
            send_record(service, self.run, self._told, self.config.steps)

    @property
    def _told(self) -> dict[str, Any]:
        """What services are told of the run: no names of files, which may tell more than somebody wants to publish."""
        return {**to_dict(self.config), "data_fingerprints": list(self.clips.fingerprints), "brave_tf": __version__}

    @property
    def _writes(self) -> bool:
        return is_chief(self.strategy)

    def _fit(
        self, model: Brave, metrics: MetricsWriter, checkpoints: Checkpoints, first_step: int, stop: StopOnSignal
    ) -> dict[str, Any]:
        config = self.config
        with phase("preparing the input"):
            check_usable(self.clips, config, first_step)
            batches = pretraining_dataset(self.clips, config, first_step=first_step, strategy=self.strategy)
        outcome = FitSummary(config.batch_size)
        with contextlib.ExitStack() as stack:
            command = _command(config, self.data, self.run)
            look = functools.partial(input_that_is_not_finite, self.clips, config)
            guard = HealthGuard(config.monitor, self.run, command, look)
            callbacks = [guard, RankWatch(config, self.run), DamageWatch(self.clips, config, self.run, command)]
            callbacks += self._probe()
            callbacks += [metrics, CheckpointWriter(checkpoints, config.checkpoint_every), outcome]
            # Whatever keeps a service, the last checkpoint is written before anybody waits for it.
            callbacks.append(keras.callbacks.LambdaCallback(on_train_end=lambda logs: checkpoints.save()))
            loggers = [RunLogger(service, self.run, metrics, self._told) for service in self.services]
            callbacks += [stack.enter_context(logger) for logger in loggers]
            if self._writes:
                title, start_up = f"pretrain {config.name}", "preparing the first step"
                advance = stack.enter_context(track(config.steps, title, done=first_step, start_up=start_up))
                callbacks.append(ProgressReporter(advance))
            else:
                stack.enter_context(silence())
            remaining = config.steps - first_step
            try:
                with as_user_errors():
                    model.fit(
                        batches, steps_per_epoch=remaining, shuffle=False, verbose=0, callbacks=[*callbacks, stop]
                    )
            except UserError:
                # Why it stops is the better line, should these fail too.
                with contextlib.suppress(UserError):
                    metrics.flush()
                raise
        return outcome.summary()

    def _probe(self) -> list[keras.callbacks.Callback]:
        monitor = self.config.monitor
        if not monitor.probe_every:
            return []
        clips = ProbeClips.choose(self.data, monitor.probe_clips, monitor.probe_label)
        return [] if clips is None else [KNNProbe(clips, self.config, monitor.probe_every)]

    def _finish(self, model: Brave, history: dict[str, Any]) -> dict[str, Any]:
        encoders: dict[Any, keras.Model] = {"narrow": model.encoder, **model.broad_encoders}
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
            summary[DAMAGED] = damage_until(self.run, self.config.steps)
            if earlier := earlier_steps(self.run):
                summary[EARLIER_STEPS] = earlier
            self.check()
            save_towers(encoders, cards, self.run)
            write_summary(self.run, summary)
        return summary


def _about_learning_rate(usual: Config, config: Config) -> list[str]:
    """What the linear rule would set for another batch size, if nobody has set a learning rate."""
    peak = usual.optimizer.peak_learning_rate
    if config.batch_size == usual.batch_size or config.optimizer.peak_learning_rate != peak:
        return []
    return [
        f"a batch of {config.batch_size} clips instead of {usual.batch_size}: the linear rule would --set "
        f"optimizer.peak_learning_rate={peak * config.batch_size / usual.batch_size:g} (docs/scaling.md)"
    ]


def _about_warmup(config: Config) -> list[str]:
    configured = config.optimizer.warmup_steps
    warmup = warmup_within(config.steps, configured)
    if warmup == configured:
        return []
    return [
        f"optimizer.warmup_steps={configured} is more than half of {config.steps:,} steps: the warm-up takes "
        f"{warmup:,}, a tenth of them"
    ]


def _command(config: Config, data: Sequence[str | Path], run: Path) -> str:
    """The command that repeats a run."""
    words = ["brave-tf", "pretrain", config.name]
    for path in data:
        words += ["--data", str(path)]
    changed = config_values.assignments(presets.get(config.name), config) if config.name in presets.names() else []
    return shlex.join([*words, "--run", str(run), *(["--set", *changed] if changed else [])])
