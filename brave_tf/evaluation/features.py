"""Features of clips: augmented ones to train a classifier on, many windows of each clip to test it with."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import EvaluationInput, Modality
from brave_tf.data.dataset import Dataset
from brave_tf.data.evaluation_frames import as_shown
from brave_tf.data.pipeline import augmented_samples, windows_across_clips
from brave_tf.data.second_look import as_user_errors
from brave_tf.evaluation.feature_files import DAMAGED, Features, InMemory
from brave_tf.modalities import NARROW
from brave_tf.progress import Advance

BATCH_CLIPS = 16
"""Clips that one device embeds at once."""


class Embedder:
    """An encoder in evaluation mode, compiled once for each kind of clip: clips [B, ...] -> embeddings [B, D].

    Every device is given `batch_clips` clips, however many there are: what is missing is filled up, and its embeddings
    are dropped. So there is one graph with one shape, and an embedding depends neither on the clips beside it nor on
    the number of devices.

    Args:
        encoder: clips [B, ...] float32 -> embeddings.
        modality: what it embeds; stored pixels, uint8, are scaled for it.
        strategy: whose replicas share the work, each with the variables that it has there; None for one device.
        batch_clips: clips that one device embeds at once.
        is_gray: whether stored pixels lose their colours.
    """

    def __init__(
        self,
        encoder: Callable[..., Any],
        modality: Modality = NARROW,
        strategy: tf.distribute.Strategy | None = None,
        batch_clips: int = BATCH_CLIPS,
        is_gray: bool = False,
    ):
        self._batch_clips = batch_clips
        self._replicas = 1 if strategy is None else strategy.num_replicas_in_sync

        def scaled_and_embedded(clips: tf.Tensor) -> tf.Tensor:
            shown = as_shown(clips, modality, is_gray) if clips.dtype == tf.uint8 else clips
            return encoder(shown, training=False)

        def on_replicas(shares: Any) -> Any:
            return self._strategy.run(scaled_and_embedded, args=(shares,))

        self._strategy: Any = strategy
        self._graph: Any = tf.function(scaled_and_embedded if self._replicas == 1 else on_replicas, autograph=False)

    @property
    def batch_size(self) -> int:
        """Clips that all devices embed at once."""
        return self._batch_clips * self._replicas

    def __call__(self, clips: tf.Tensor) -> tf.Tensor:
        """Embeds clips of any number, as the input pipelines give them."""
        size = self.batch_size
        parts = [self._full_batch(clips[start : start + size]) for start in range(0, clips.shape[0], size)]
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)

    def _full_batch(self, clips: tf.Tensor) -> tf.Tensor:
        count = clips.shape[0]
        if count < self.batch_size:
            clips = tf.pad(clips, [[0, self.batch_size - count]] + [[0, 0]] * (clips.shape.rank - 1))
        if self._replicas == 1:
            return self._graph(clips)[:count]
        shares = tf.split(clips, self._replicas)
        values = self._strategy.experimental_distribute_values_from_function(
            lambda context: shares[context.replica_id_in_sync_group]
        )
        embeddings = self._strategy.experimental_local_results(self._graph(values))
        return tf.concat(embeddings, axis=0)[:count]


def augmented_features(
    embeds: Sequence[Embedder],
    dataset: Dataset,
    clips: pa.Table,
    input_view: EvaluationInput,
    seed: int,
    advance: Advance,
    into: Sequence[Features] | None = None,
) -> list[np.ndarray]:
    """Embeds `input_view.view.epochs` freshly augmented samples of every clip.

    Samples of damaged clips have the features `DAMAGED`.

    Args:
        embeds: the encoders; each sample is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        input_view: what the encoders are shown.
        seed: decides the windows, crops and colours.
        advance: called with the number of finished samples.
        into: where the features of each encoder go, and may be in part; by default into memory.

    Returns:
        For each encoder, [epochs, clips, D] float32.

    Reference:
        The paper, section 4.2: the pre-training augmentations without blur.
    """
    into = [InMemory() for _ in embeds] if into is None else into
    first, total = min(features.done for features in into), input_view.view.epochs * clips.num_rows
    if first < total:
        size = embeds[0].batch_size
        batches = augmented_samples(dataset, clips, input_view, seed, first).batch(size).prefetch(1)
        numbered = zip(range(first, total, size), batches, strict=True)
        _append(embeds, (_Batch.of_samples(samples, number) for number, samples in numbered), into, advance)
    return [features.array().reshape(input_view.view.epochs, clips.num_rows, -1) for features in into]


def window_features(
    embeds: Sequence[Embedder],
    dataset: Dataset,
    clips: pa.Table,
    input_view: EvaluationInput,
    advance: Advance,
    into: Sequence[Features] | None = None,
) -> list[np.ndarray]:
    """Embeds `windows` temporal windows times `crops` spatial crops of every clip.

    Batches are full: a batch holds windows of several clips, or of a part of one. Damaged clips have the features
    `DAMAGED`.

    Args:
        embeds: the encoders; each clip is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        input_view: what the encoders are shown.
        advance: called with the number of finished clips.
        into: where the features of each encoder go, and may be in part; by default into memory.

    Returns:
        For each encoder, [clips, windows * crops, D] float32.

    Reference:
        The paper, section 4.2: predictions averaged over 30 clips of a video.
    """
    into = [InMemory() for _ in embeds] if into is None else into
    first = min(features.done for features in into)
    if first < clips.num_rows:
        batches = windows_across_clips(dataset, clips, input_view, embeds[0].batch_size, first).prefetch(1)
        _append(embeds, (_Batch.of_windows(*batch) for batch in batches), into, advance)
    return [features.array() for features in into]


class _Batch(NamedTuple):
    """What is embedded at once.

    Attributes:
        clips: [B, ...] windows or samples.
        items: [B] number of the item that each belongs to, in rising order.
        places: [B, V] its places among the V windows of the item; [B, 0] of an item that is a single sample.
        damaged: [B] whether it stands for a clip that cannot be used.
    """

    clips: tf.Tensor
    items: np.ndarray
    places: np.ndarray
    damaged: np.ndarray

    @classmethod
    def of_samples(cls, samples: tf.Tensor, first: int) -> "_Batch":
        count = samples.shape[0]
        damaged = np.isnan(tf.reshape(samples, [count, -1])[:, 0].numpy())
        return cls(samples, np.arange(first, first + count), np.zeros((count, 0), bool), damaged)

    @classmethod
    def of_windows(cls, windows: tf.Tensor, clips: tf.Tensor, places: tf.Tensor) -> "_Batch":
        damaged = ~places.numpy().any(axis=1)
        # It takes every place of its clip.
        return cls(windows, clips.numpy(), places.numpy() | damaged[:, None], damaged)


def _append(embeds: Sequence[Embedder], batches: Iterable[_Batch], into: Sequence[Features], advance: Advance) -> None:
    """Embeds batches for those who do not have their items yet."""
    collectors = [_Collector(embed, features) for embed, features in zip(embeds, into, strict=True)]
    done = min(features.done for features in into)
    with as_user_errors():
        for batch in batches:
            for collector in collectors:
                collector.add(batch)
            before, done = done, min(features.done for features in into)
            if done > before:
                advance(done - before)


class _Collector:
    """Puts the embeddings of windows together to items, and hands those on that are whole."""

    def __init__(self, embed: Embedder, into: Features) -> None:
        self._embed, self._into = embed, into
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, batch: _Batch) -> None:
        """Embeds a batch, unless all of its items are there already."""
        wanted = batch.items >= self._into.done
        if not wanted.any():
            return
        embeddings = np.where(batch.damaged[:, None], DAMAGED, self._embed(batch.clips).numpy())[wanted]
        if not batch.places.shape[1]:
            self._into.append(embeddings)
            return
        self._parts.append((embeddings, batch.items[wanted], batch.places[wanted]))
        self._hand_on(batch.places.shape[1])

    def _hand_on(self, windows: int) -> None:
        embeddings, items, places = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        # Each place of an item is filled by one window, so that of a whole item all of them are.
        window, place = np.nonzero(places)
        in_order = window[np.lexsort((place, items[window]))]
        whole = len(in_order) // windows
        if not whole:
            return
        self._into.append(embeddings[in_order[: whole * windows]].reshape(whole, windows, -1))
        left = items >= self._into.done
        self._parts = [(embeddings[left], items[left], places[left])]
