"""One fine-tuning while it goes on: networks, optimizer, and how far it is."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf.data import sampling
from brave_tf.data.pipeline import shuffled_samples
from brave_tf.data.second_look import as_user_errors
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError, reason_of
from brave_tf.evaluation.features import Embedder, window_features
from brave_tf.evaluation.replicas import check_batch
from brave_tf.progress import Advance, note, phase

if TYPE_CHECKING:
    from brave_tf.evaluation.fine_tuning import FineTuning


class FineTuningRun:
    """Trains an encoder with a new layer on top, and lets it answer.

    Args:
        task: what to fine-tune on.
        encoder: the encoder, whose weights change.
        folder: where checkpoints are kept, so that the next one goes on from them; None keeps none.

    Raises:
        UserError: a batch cannot be divided among the replicas.
    """

    def __init__(self, task: "FineTuning", encoder: Encoder, folder: Path | None):
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
        """Trains to the last step and tests: see `FineTuning.decisions`."""
        task = self._task
        with phase("looking for a checkpoint"):
            manager = self._restored()
        first, last = int(self._finished_steps.numpy()), task.config.epochs * task.steps_per_epoch
        advance(first)
        with contextlib.ExitStack() as start_up:
            start_up.enter_context(phase("preparing the first step"))
            batches = iter(self._batches(first))
            train = tf.function(self._train, autograph=False, reduce_retracing=True)
            for step in range(first + 1, last + 1):
                with as_user_errors():
                    clips, labels, draws = next(batches)
                loss = float(train(clips, labels))
                self._note_damage(draws)
                self._finished_steps.assign(step)
                if manager is not None and (step == last or step % task.config.checkpoint_every == 0):
                    self._save(manager)
                start_up.close()
                advance(1, f"loss {loss:.3f}")
        shown = task.input_view
        embed = Embedder(self._probabilities, shown.modality, self._strategy, is_gray=shown.is_gray)
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
            raise unwritable(self._folder, error) from error
        return manager

    def _save(self, manager: tf.train.CheckpointManager) -> None:
        try:
            manager.save()
        except (OSError, tf.errors.OpError) as error:
            raise unwritable(Path(manager.directory), error) from error


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


def unwritable(folder: Path, error: Exception) -> UserError:
    """What is raised where the folder of a fine-tuning cannot be used."""
    return UserError(
        f"{folder} cannot be read or written ({reason_of(error)}); free some space, remove it if it is damaged, and "
        "run the same command again to go on"
    )
