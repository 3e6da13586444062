"""Classifiers that gradient descent trains on frozen features."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.preprocessing import StandardScaler

from brave_tf.evaluation.feature_rows import FeatureRows, LabelRows
from brave_tf.evaluation.replicas import check_batch
from brave_tf.evaluation.standardisation import fitted_scaler
from brave_tf.progress import Advance

BATCH_WINDOWS = 4096


@dataclasses.dataclass(frozen=True)
class GradientDescent:
    """How a classifier on standardised features is trained.

    Attributes:
        epochs: passes over the features.
        batch_size: features per step.
        learning_rate: at the start; it falls to zero along a cosine.
        optimizer: learning-rate schedule -> optimizer.
        hidden: layers below the linear one.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Callable[[Any], keras.optimizers.Optimizer]
    hidden: Sequence[keras.layers.Layer] = ()

    def decisions(
        self,
        train: np.ndarray | FeatureRows,
        train_labels: np.ndarray | LabelRows,
        test: np.ndarray | FeatureRows,
        classes: int,
        seed: int,
        advance: Advance,
    ) -> np.ndarray:
        """Trains a classifier, and lets it decide about others.

        It trains under the strategy in scope. Of features that are on disk it holds a batch at a time.

        Args:
            train: [E, N, D], E augmented samples of N clips.
            train_labels: [N] class indices, or [N, classes] of several labels.
            test: [N', V, D], V windows of N' clips.
            classes: number of classes.
            seed: decides the initial weights of the linear layer and the order of the features.
            advance: called after each epoch.

        Returns:
            [N', classes] probabilities, of each class for itself where there are several labels, averaged over the
            windows.

        Raises:
            UserError: a batch cannot be divided among the replicas of the strategy.
        """
        features, several = FeatureRows.of(train), train_labels.ndim > 1
        size, scaler = features.shape[-1], fitted_scaler(features)
        batches = _Batches(features, train_labels, scaler, self.batch_size, seed)
        model = self._model(size, classes, seed)
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * len(batches))
        losses = keras.losses.BinaryCrossentropy if several else keras.losses.SparseCategoricalCrossentropy
        model.compile(self.optimizer(schedule), losses(from_logits=True))
        progress = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: advance(1, f"loss {logs['loss']:.3f}")
        )
        model.fit(batches, epochs=self.epochs, shuffle=False, verbose=0, callbacks=[progress])
        return _probabilities(model, scaler, FeatureRows.of(test), tf.nn.sigmoid if several else tf.nn.softmax)

    def _model(self, size: int, classes: int, seed: int) -> keras.Model:
        outputs = inputs = keras.Input((size,))
        for layer in self.hidden:
            outputs = layer(outputs)
        last = keras.layers.Dense(classes, kernel_initializer=keras.initializers.GlorotUniform(seed + 1))
        return keras.Model(inputs, last(outputs))


class BatchDropout(keras.layers.Dropout):
    """Dropout of units that depend on the batch, and not on how it is divided among replicas."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """See `keras.layers.Dropout`."""
        context = tf.distribute.get_replica_context()
        if not training or not self.rate or context is None or context.num_replicas_in_sync == 1:
            return super().call(inputs, training=training)
        share = tf.shape(inputs)[0]
        units = tf.ones([share * context.num_replicas_in_sync, inputs.shape[-1]])
        kept_units = keras.random.dropout(units, self.rate, seed=self.seed_generator)
        first = share * context.replica_id_in_sync_group
        return inputs * kept_units[first : first + share]


def _probabilities(
    model: keras.Model, scaler: StandardScaler, test: FeatureRows, of_logits: Callable[[Any], tf.Tensor]
) -> np.ndarray:
    windows, size = test.shape[1:]
    clips_at_once = max(BATCH_WINDOWS // windows, 1)
    means = []
    for start in range(0, len(test), clips_at_once):
        part = test.part(start, start + clips_at_once)
        scaled = scaler.transform(part.reshape(-1, size)).astype(np.float32)
        values = of_logits(model(scaled, training=False)).numpy()
        means.append(values.reshape(len(part), windows, -1).mean(axis=1))
    return np.concatenate(means)


class _Batches(keras.utils.PyDataset):
    """Standardised features with their labels; every epoch in another order, which its number and the seed decide."""

    def __init__(
        self, features: FeatureRows, labels: np.ndarray | LabelRows, scaler: StandardScaler, batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self._features, self._labels, self._scaler = features, labels, scaler
        self._count = features.shape[0] * features.shape[1]
        self._size, self._seed, self._epoch = min(batch_size, self._count), seed, 0
        check_batch(self._size, "features")
        self._order = self._permutation()

    def __len__(self) -> int:
        return self._count // self._size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        # In rising order, because features may lie on disk.
        rows = np.sort(self._order[index * self._size : (index + 1) * self._size])
        scaled = self._scaler.transform(self._features.samples(rows)).astype(np.float32)
        return scaled, self._labels[rows % len(self._labels)]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._permutation()

    def _permutation(self) -> np.ndarray:
        return np.random.default_rng([self._seed, self._epoch]).permutation(self._count)
