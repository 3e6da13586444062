"""The attentive probe: a learned query attends to the places of frozen dense maps.

Reference:
    Bardes et al., Revisiting feature prediction for learning visual representations from video (2024), and the class
    `AttentiveClassifier` of its code (facebookresearch/jepa).
"""

import math

import keras
import numpy as np
import tensorflow as tf

from brave_tf.evaluation.attentive_pooling import AttentivePooling, normalised, weight_initializer
from brave_tf.evaluation.attentive_training import AttentiveTraining
from brave_tf.evaluation.feature_rows import FeatureRows
from brave_tf.evaluation.folds import Fold, held_out
from brave_tf.evaluation.frozen import EncoderFeatures
from brave_tf.evaluation.protocols.attentive import Attentive
from brave_tf.evaluation.regularisation import Choice
from brave_tf.evaluation.scores import Answers, mean_average_precision, top
from brave_tf.progress import Advance

LEAST_STEPS = 150
"""Of few clips there are more passes."""
HELD_BYTES = 1 << 30
"""Maps that are held in memory; more are read from where they are kept, a batch at a time."""
BATCH_CLIPS = 64


def attentive_answers(
    protocol: Attentive, features: EncoderFeatures, seed: int, advance: Advance
) -> tuple[list[Answers], list[Choice]]:
    """What the probe answers on every fold, and what each fold chose; see `FrozenProtocol.encoder_answers`."""
    probe, answers, choices = AttentiveProbe(protocol, features, seed), [], []
    for fold in features.folds:
        choice, (rate, decay) = _choose(probe, protocol.grid, fold, advance)
        weights = probe.trained(fold.train, rate, decay)
        answers.append(features.by_video(probe.decisions(weights, features.test(fold.test)), fold.test))
        choices.append(choice)
        advance()
    return answers, choices


class AttentiveProbe:
    """Trains probes on the maps of an encoder; all of them begin with the same weights.

    Args:
        protocol: its settings.
        features: the maps.
        seed: decides the weights at the start, the order of the clips, and which window of a clip is seen.
    """

    def __init__(self, protocol: Attentive, features: EncoderFeatures, seed: int):
        assert features.channels is not None, "received embeddings; expected maps"
        self.features, self._protocol, self._seed, self._channels = features, protocol, seed, features.channels
        self._joins, self._several = protocol.join_windows == "concat", features.clips.labels.ndim > 1
        windows, size = features.test(features.folds[0].test).shape[1:]
        shape = (windows, size // self._channels, self._channels)
        self._training = AttentiveTraining(self._model(shape), shape, self._joins, self._several)

    def trained(self, rows: np.ndarray, rate: float, decay: float) -> list[tf.Tensor]:
        """The weights of a probe that was trained on some clips."""
        maps, labels = self.features.train(rows), self.features.clips.labels[rows]
        size = min(self._protocol.batch_size, len(rows))
        per_epoch = len(rows) // size
        epochs = max(self._protocol.epochs, math.ceil(LEAST_STEPS / per_epoch))
        rates = rate * 0.5 * (1 + np.cos(np.pi * np.arange(epochs * per_epoch) / (epochs * per_epoch)))
        order, window = self._draws(len(rows), maps.shape[1], epochs, size)
        if math.prod(maps.shape) * np.dtype(np.float32).itemsize <= HELD_BYTES:
            return self._training.weights([(self._shaped(np.asarray(maps)), labels, order, window, rates)], decay)
        places = np.arange(size)[None]
        batches = (
            (self._shaped(maps.of_clips(rows)), labels[rows], places, window[step : step + 1], rates[step : step + 1])
            for step, rows in enumerate(order)
        )
        return self._training.weights(batches, decay)

    def decisions(self, weights: list[tf.Tensor], maps: FeatureRows) -> np.ndarray:
        """[N, classes] probabilities for maps [N, V, places * D], averaged over the windows unless they are joined."""
        found = []
        for start in range(0, len(maps), BATCH_CLIPS):
            clips = self._shaped(maps.part(start, start + BATCH_CLIPS))
            windows = clips if self._joins else clips.reshape(-1, 1, *clips.shape[2:])
            values = self._training.probabilities(weights, windows)
            found.append(values.reshape(len(clips), -1, values.shape[-1]).mean(axis=1))
        return np.concatenate(found)

    def score(self, weights: list[tf.Tensor], rows: np.ndarray) -> float:
        """How well a probe answers to training clips that did not train it."""
        decisions = self.decisions(weights, self.features.train(rows))
        return (mean_average_precision if self._several else top)(self.features.by_video(decisions, rows))

    def _draws(self, clips: int, windows: int, epochs: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """[steps, B] the clips of every step, and which window of each is seen."""
        generators = [np.random.default_rng([self._seed, epoch]) for epoch in range(epochs)]
        used = clips // size * size
        order = [generator.permutation(clips)[:used].reshape(-1, size) for generator in generators]
        window = [generator.integers(0, windows, (used // size, size)) for generator in generators]
        return np.concatenate(order), np.concatenate(window)

    def _shaped(self, maps: np.ndarray) -> np.ndarray:
        """[B, V, places * D] -> [B, V, places, D], normalised."""
        return normalised(maps.reshape(*maps.shape[:2], -1, self._channels))

    def _model(self, shape: tuple[int, ...]) -> keras.Model:
        maps = keras.Input(shape if self._joins else (1, *shape[1:]))
        pooled = AttentivePooling(self._protocol.heads, self._seed)(maps)
        classes = self.features.clips.classes
        initializer = weight_initializer(self._seed, "classes", shape[-1])
        last = keras.layers.Dense(classes, kernel_initializer=initializer)
        return keras.Model(maps, last(pooled))


def _choose(
    probe: AttentiveProbe, grid: list[tuple[float, float]], fold: Fold, advance: Advance
) -> tuple[Choice, tuple[float, float]]:
    """The learning rate and weight decay that do best on a part of a fold's training videos."""
    parts = held_out(fold.train, probe.features.clips) if len(grid) > 1 else None
    if parts is None:
        advance(len(grid))
        return Choice(fold, _words(grid[0])), grid[0]
    scores = {}
    for settings in grid:
        scores[settings] = probe.score(probe.trained(parts[0], *settings), parts[1])
        advance()
    best = max(scores, key=lambda settings: scores[settings])
    return Choice(fold, _words(best), {_words(each): score for each, score in scores.items()}), best


def _words(settings: tuple[float, float]) -> str:
    return " and ".join(f"{each:g}" for each in settings)
