"""Classifiers that gradient descent trains on frozen features: a linear layer with LARS, and one hidden layer."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.preprocessing import StandardScaler

from brave_tf.config import HeadConfig
from brave_tf.lars import LARS
from brave_tf.progress import Advance

ASKED_AT_ONCE = 4096


def head_decisions(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    classes: int,
    *,
    hidden: bool,
    config: HeadConfig,
    seed: int,
    advance: Advance,
) -> np.ndarray:
    """Trains a classifier on standardised frozen features, and asks it about others.

    Args:
        train: [E, N, D], E augmented samples of N clips.
        train_labels: [N] class indices, or [N, classes] of several labels.
        test: [N', V, D], V windows of N' clips.
        classes: number of classes.
        hidden: one hidden layer, trained with Adam (paper, section 4.2, AudioSet); else a linear layer, trained with
            LARS (Kinetics-600).
        config: sizes and rates.
        seed: decides the initial weights and the order of the features.
        advance: called after each epoch.

    Returns:
        [N', classes] probabilities, of each class for itself where there are several labels, averaged over the windows.
    """
    size = train.shape[-1]
    features = train.reshape(-1, size)
    scaler = StandardScaler().fit(features)
    batches = _Batches(features, train_labels, scaler, config.batch_size, seed)
    model = _model(size, classes, hidden, config, seed)
    several = train_labels.ndim > 1
    steps = config.epochs * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    model.compile(
        keras.optimizers.Adam(schedule) if hidden else LARS(schedule, weight_decay=config.weight_decay),
        keras.losses.BinaryCrossentropy(from_logits=True)
        if several
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: advance(1, f"loss {logs['loss']:.3f}"))
    model.fit(batches, epochs=config.epochs, shuffle=False, verbose=0, callbacks=[told])
    turn = tf.nn.sigmoid if several else tf.nn.softmax
    windows = test.shape[1]
    clips_at_once = max(ASKED_AT_ONCE // windows, 1)
    answers = []
    for start in range(0, len(test), clips_at_once):
        part = test[start : start + clips_at_once]
        asked = scaler.transform(part.reshape(-1, size)).astype(np.float32)
        answers.append(turn(model(asked, training=False)).numpy().reshape(len(part), windows, classes).mean(axis=1))
    return np.concatenate(answers)


def _model(size: int, classes: int, hidden: bool, config: HeadConfig, seed: int) -> keras.Model:
    inputs = keras.Input((size,))
    outputs = inputs
    if hidden:
        layer = keras.layers.Dense(
            config.hidden_size, activation="relu", kernel_initializer=keras.initializers.GlorotUniform(seed)
        )
        outputs = keras.layers.Dropout(config.dropout, seed=seed)(layer(outputs))
    last = keras.layers.Dense(classes, kernel_initializer=keras.initializers.GlorotUniform(seed + 1))
    return keras.Model(inputs, last(outputs))


class _Batches(keras.utils.PyDataset):
    """Standardised features with their labels; every epoch in another order, which its number and the seed decide."""

    def __init__(
        self, features: np.ndarray, labels: np.ndarray, scaler: StandardScaler, batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self._features, self._labels, self._scaler = features, labels, scaler
        self._size, self._seed, self._epoch = min(batch_size, len(features)), seed, 0
        self._order = self._permutation()

    def __len__(self) -> int:
        return len(self._features) // self._size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        # In rising order, because features may lie on disk.
        rows = np.sort(self._order[index * self._size : (index + 1) * self._size])
        scaled = self._scaler.transform(self._features[rows]).astype(np.float32)
        return scaled, self._labels[rows % len(self._labels)]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._permutation()

    def _permutation(self) -> np.ndarray:
        return np.random.default_rng([self._seed, self._epoch]).permutation(len(self._features))
