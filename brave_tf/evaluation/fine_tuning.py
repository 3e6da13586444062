"""Fine-tuning: the whole network is trained with a new linear layer on top."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import EvaluationInput
from brave_tf.config.values import to_dict
from brave_tf.data import sampling
from brave_tf.data.dataset import Dataset
from brave_tf.data.pipeline import shuffled_samples
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError, reason_of
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import DAMAGED
from brave_tf.evaluation.features import Embedder, window_features
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.frozen import augmentation_of, origin_of
from brave_tf.evaluation.protocol import EncoderLike, Results
from brave_tf.evaluation.protocols.finetune import FineTune
from brave_tf.evaluation.replicas import check_batch
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.scores import Answers, by_video
from brave_tf.progress import Advance, note, track

DECISIONS_FILE = "decisions.npy"
DAMAGED_FILE = "damaged.npy"
"""Training clips that could not be used: [n] their numbers; absent where all could."""


def fine_tuned_results(
    protocol: FineTune,
    encoders: Sequence[EncoderLike],
    clips: LabelledClips,
    folds: Sequence[Fold],
    request: Request,
    cache: Path | None,
) -> Results:
    """What encoders answer after they were fine-tuned on each fold, under the strategy in scope.

    Args:
        protocol: rates and epochs.
        encoders: the encoders; afterwards they have their own weights again.
        clips: the labelled clips.
        folds: what to train and to test on.
        request: the settings.
        cache: where checkpoints and answers are kept, or None.

    Raises:
        UserError: an encoder cannot be trained, the cache cannot be written, or a batch cannot be divided among the
            replicas of the strategy.
    """
    began = time.monotonic()
    tasks = [
        FineTuning(
            clips.dataset,
            clips.table.take(fold.train),
            clips.labels[fold.train],
            clips.table.take(fold.test),
            clips.classes,
            request.input_view,
            protocol,
            request.seed,
        )
        for fold in folds
    ]
    decisions: list[list[np.ndarray]] = []
    damaged: set[int] = set()
    with track(len(encoders) * sum(task.units for task in tasks), "fine-tune") as advance:
        for encoder in encoders:
            if not isinstance(encoder, Encoder):
                raise UserError(f"received {encoder!r} to fine-tune; expected what `brave_tf.load_encoder` gives")
            decisions.append([])
            for fold, task in zip(folds, tasks, strict=True):
                folder = None if cache is None else cache / f"finetune-{_key(protocol, encoder, clips, fold, request)}"
                in_training: set[int] = set()
                decisions[-1].append(task.decisions(encoder, folder, advance, in_training))
                damaged |= set(fold.train[sorted(in_training)].tolist())
                damaged |= set(fold.test[decisions[-1][-1][:, 0] == DAMAGED].tolist())
    unusable = np.array(sorted(damaged), np.int64)
    answers = [
        [_answers(each, clips, fold, unusable) for each, fold in zip(of_encoder, folds, strict=True)]
        for of_encoder in decisions
    ]
    return Results(answers, {}, {"fine-tuning": time.monotonic() - began}, unusable.tolist())


def _answers(decisions: np.ndarray, clips: LabelledClips, fold: Fold, damaged: np.ndarray) -> Answers:
    rows = fold.without(damaged).test
    return by_video(decisions[np.isin(fold.test, rows)], clips.labels[rows], clips.videos[rows], rows)


def _key(protocol: FineTune, encoder: Encoder, clips: LabelledClips, fold: Fold, request: Request) -> str:
    ids = clips.table["clip_id"]
    about = {
        **origin_of(encoder, clips, request),
        "view": dataclasses.asdict(request.input_view.view),
        "finetune": {name: value for name, value in to_dict(protocol).items() if name != "checkpoint_every"},
        "augment": augmentation_of(request),
        "seed": request.seed,
        "train": ids.take(fold.train).to_pylist(),
        "test": ids.take(fold.test).to_pylist(),
        "labels": clips.labels[fold.train].astype(int).tolist(),
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class FineTuning:
    """What to fine-tune on.

    Attributes:
        dataset: where the clips are.
        train: rows of `Dataset.clips` to train on.
        labels: [N] class indices of those, or [N, classes] of several labels.
        test: rows to answer.
        classes: number of classes.
        input_view: what the encoder is shown.
        config: rates and epochs.
        seed: decides the new layer's weights, the order of the clips, and their augmentation.
    """

    dataset: Dataset
    train: pa.Table
    labels: np.ndarray
    test: pa.Table
    classes: int
    input_view: EvaluationInput
    config: FineTune
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which about every clip is seen once."""
        return max(self.train.num_rows // self.batch_size, 1)

    @property
    def units(self) -> int:
        """Units of progress: training steps and test clips."""
        return self.config.epochs * self.steps_per_epoch + self.test.num_rows

    @property
    def batch_size(self) -> int:
        """Clips per step."""
        return min(self.config.batch_size, self.train.num_rows)

    def decisions(
        self, encoder: Encoder, folder: Path | None, advance: Advance, damaged: set[int] | None = None
    ) -> np.ndarray:
        """Fine-tunes an encoder, tests it, and gives it back with the weights that it had.

        Args:
            encoder: the encoder, with variables that can be trained.
            folder: where to keep checkpoints and the result, so that an interrupted fine-tuning goes on; or None.
            advance: called with the number of finished steps and test clips.
            damaged: the numbers of training clips that could not be used, and were replaced, are added to it.

        Returns:
            [N', classes] probabilities, of each class for itself where there are several labels, averaged over the
            windows of a clip; `DAMAGED` for a clip that could not be used.

        Raises:
            UserError: the encoder cannot be trained, or the folder cannot be written.
        """
        damaged = set() if damaged is None else damaged
        if folder is not None and (folder / DECISIONS_FILE).is_file():
            advance(self.units)
            if (folder / DAMAGED_FILE).is_file():
                damaged |= set(np.load(folder / DAMAGED_FILE, allow_pickle=False).tolist())
            return np.asarray(np.load(folder / DECISIONS_FILE, allow_pickle=False))
        if not encoder.trainable_variables:
            raise UserError(f"{encoder.path} has no variables that can be trained; expected a run or a .keras file")
        before = [np.array(variable) for variable in encoder.variables]
        try:
            training = _Training(self, encoder, folder)
            decisions = training.complete(advance)
        finally:
            for variable, value in zip(encoder.variables, before, strict=True):
                variable.assign(value)
        damaged |= training.damaged
        if folder is not None:
            try:
                if training.damaged:
                    np.save(folder / DAMAGED_FILE, np.array(sorted(training.damaged)), allow_pickle=False)
                partial = folder / f".{DECISIONS_FILE}"
                np.save(partial, decisions, allow_pickle=False)
                partial.replace(folder / DECISIONS_FILE)
            except OSError as error:
                raise _unwritable(folder, error) from error
        return decisions


class _Training:
    """One fine-tuning: networks, optimizer, and how far it is."""

    def __init__(self, task: FineTuning, encoder: Encoder, folder: Path | None):
        check_batch(task.batch_size, "clips")
        self._task = task
        self._encoder = encoder
        config = task.config
        self._several = task.labels.ndim > 1
        self._strategy = tf.distribute.get_strategy()
        self._dropout_seeds = keras.random.SeedGenerator(task.seed)
        self._layer = keras.layers.Dense(
            task.classes, kernel_initializer=keras.initializers.GlorotUniform(task.seed), dtype="float32"
        )
        self._layer.build((None, encoder.embedding_size))
        if self._strategy.num_replicas_in_sync > 1:
            _normalise_together(encoder)
        # SavedModels hold TensorFlow's variables, Keras models Keras'.
        self._variables = [_plain(each) for each in [*encoder.trainable_variables, *self._layer.trainable_variables]]
        total = config.epochs * task.steps_per_epoch
        self._optimizer = keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(config.learning_rate, total),
            momentum=config.momentum,
            weight_decay=config.weight_decay or None,
        )
        self._optimizer.build(self._variables)
        self._finished_steps = tf.Variable(0, dtype=tf.int64)
        self._damaged = tf.Variable(tf.zeros([task.train.num_rows], tf.bool))
        self._folder = folder
        self._checkpoint = tf.train.Checkpoint(
            step=self._finished_steps,
            encoder=[_plain(each) for each in encoder.variables],
            layer=[_plain(each) for each in self._layer.variables],
            optimizer=[_plain(each) for each in self._optimizer.variables],
            dropout=[_plain(self._dropout_seeds.state)],
            damaged=self._damaged,
        )

    def complete(self, advance: Advance) -> np.ndarray:
        task = self._task
        manager = self._restored()
        first, last = int(self._finished_steps.numpy()), task.config.epochs * task.steps_per_epoch
        advance(first)
        batches = iter(self._batches(first))
        train = tf.function(self._train, autograph=False, reduce_retracing=True)
        for step in range(first + 1, last + 1):
            clips, labels, draws = next(batches)
            loss = float(train(clips, labels))
            self._note_damage(draws)
            self._finished_steps.assign(step)
            if manager is not None and (step == last or step % task.config.checkpoint_every == 0):
                self._save(manager)
            advance(1, f"loss {loss:.3f}")
        embed = Embedder(self._probabilities, task.input_view.modality, self._strategy)
        (answers,) = window_features([embed], task.dataset, task.test, task.input_view, advance)
        return np.asarray(answers.mean(axis=1))

    @property
    def damaged(self) -> set[int]:
        """Numbers of the training clips that could not be used so far."""
        return set(np.flatnonzero(self._damaged.numpy()).tolist())

    def _note_damage(self, draws: Any) -> None:
        """Remembers the clips that were passed over on the way to some draws."""
        count, seed = self._task.train.num_rows, self._task.seed
        for draw in np.concatenate([np.asarray(each) for each in self._strategy.experimental_local_results(draws)]):
            if draw >= sampling.STAND_IN:
                damaged = self._damaged.numpy()
                damaged[sampling.rows_before(int(draw), count, seed)] = True
                self._damaged.assign(damaged)

    def _batches(self, first_step: int) -> Any:
        task, replicas = self._task, self._strategy.num_replicas_in_sync
        size, first = task.batch_size, first_step * task.batch_size
        samples = shuffled_samples(task.dataset, task.train, task.labels, task.input_view, task.seed, first)
        batches = samples.batch(size // replicas, drop_remainder=True).prefetch(2 * replicas)
        # Each replica is given its share of the same batch, in order.
        return batches if replicas == 1 else self._strategy.distribute_datasets_from_function(lambda context: batches)

    def _train(self, clips: Any, labels: Any) -> tf.Tensor:
        # Drawn for the whole batch, so that what is dropped does not depend on the number of replicas.
        units = tf.ones([self._task.batch_size, self._encoder.embedding_size])
        kept_units = keras.random.dropout(units, self._task.config.dropout, seed=self._dropout_seeds)
        kept_units = tf.split(kept_units, self._strategy.num_replicas_in_sync)
        losses = self._strategy.run(self._train_replica, args=(clips, labels, kept_units))
        return self._strategy.reduce("sum", losses, axis=None)

    def _train_replica(self, clips: tf.Tensor, labels: tf.Tensor, kept_units: list[tf.Tensor]) -> tf.Tensor:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        with tf.GradientTape() as tape:
            logits = self._layer(self._encoder(clips, training=True) * tf.stack(kept_units)[replica])
            if self._several:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), logits)
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            # The gradients of the replicas, which have equal shares, are added up.
            loss = tf.reduce_mean(losses) / len(kept_units)
        self._optimizer.apply(tape.gradient(loss, self._variables), self._variables)
        return loss

    def _probabilities(self, clips: tf.Tensor, training: bool = False) -> tf.Tensor:
        logits = self._layer(self._encoder(clips, training=training))
        return tf.nn.sigmoid(logits) if self._several else tf.nn.softmax(logits)

    def _restored(self) -> tf.train.CheckpointManager | None:
        if self._folder is None:
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            manager = tf.train.CheckpointManager(self._checkpoint, str(self._folder), max_to_keep=1)
            manager.restore_or_initialize()
        except (OSError, tf.errors.OpError, ValueError) as error:
            raise _unwritable(self._folder, error) from error
        return manager

    def _save(self, manager: tf.train.CheckpointManager) -> None:
        try:
            manager.save()
        except (OSError, tf.errors.OpError) as error:
            raise _unwritable(Path(manager.directory), error) from error


def _normalise_together(encoder: Encoder) -> None:
    """Lets batch norm see the clips of all replicas, as the networks of this library do by themselves."""
    if encoder.model is None:
        note(f"{encoder.path} is a SavedModel: if it has batch norm, each replica normalises by its own clips")
        return
    for layer in encoder.model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


def _plain(variable: Any) -> tf.Variable:
    return variable.value if isinstance(variable, keras.Variable) else variable


def _unwritable(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"{folder} cannot be read or written ({reason_of(error)}); free some space, remove it if it is damaged, and "
        "run the same command again to go on"
    )
