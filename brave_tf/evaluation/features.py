"""Features of clips: augmented ones to train a classifier on, many windows of each clip to test it with."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import EvaluationInput, Modality
from brave_tf.data.augment import to_unit
from brave_tf.data.dataset import Dataset
from brave_tf.data.pipeline import augmented_samples, clip_windows
from brave_tf.evaluation.feature_files import Features, InMemory
from brave_tf.modalities import NARROW
from brave_tf.progress import Advance

Embed = Callable[[tf.Tensor], tf.Tensor]
"""Clips as the input pipelines give them -> embeddings [B, D]."""

BATCH_CLIPS = 16


def graph_of(encoder: Callable[..., Any], modality: Modality = NARROW) -> Embed:
    """An encoder in evaluation mode, as a graph for clips of any number.

    Args:
        encoder: clips [B, ...] float32 -> embeddings.
        modality: what it embeds; stored pixels, uint8, are scaled for it.
    """
    graphs: dict[Any, Embed] = {}

    def scaled_and_embedded(clips: tf.Tensor) -> tf.Tensor:
        return encoder(to_unit(clips, modality) if clips.dtype == tf.uint8 else clips, training=False)

    def embed(clips: tf.Tensor) -> tf.Tensor:
        kind = tf.TensorSpec([None, *clips.shape[1:]], clips.dtype)
        if kind not in graphs:
            graphs[kind] = tf.function(scaled_and_embedded, input_signature=[kind], autograph=False)
        return graphs[kind](clips)

    return embed


def augmented_features(
    embeds: Sequence[Embed],
    dataset: Dataset,
    clips: pa.Table,
    input_view: EvaluationInput,
    seed: int,
    advance: Advance,
    into: Sequence[Features] | None = None,
) -> list[np.ndarray]:
    """Embeds `input_view.view.epochs` freshly augmented samples of every clip.

    Args:
        embeds: embedding functions; each sample is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        input_view: what the encoders are shown.
        seed: decides the windows, crops and colours.
        advance: called with the number of finished samples.
        into: where the features of each embedding function go, and may be in part; by default into memory.

    Returns:
        For each embedding function, [epochs, clips, D] float32.

    Reference:
        The paper, section 4.2: the pre-training augmentations without blur.
    """
    into = [InMemory() for _ in embeds] if into is None else into
    total = input_view.view.epochs * clips.num_rows
    first = min(features.done for features in into)
    if first < total:
        batches = augmented_samples(dataset, clips, input_view, seed, first).batch(BATCH_CLIPS).prefetch(1)
        sizes = (min(BATCH_CLIPS, total - start) for start in range(first, total, BATCH_CLIPS))
        _append(embeds, zip(batches, sizes, strict=True), into, first, advance)
    return [features.array().reshape(input_view.view.epochs, clips.num_rows, -1) for features in into]


def window_features(
    embeds: Sequence[Embed],
    dataset: Dataset,
    clips: pa.Table,
    input_view: EvaluationInput,
    advance: Advance,
    into: Sequence[Features] | None = None,
) -> list[np.ndarray]:
    """Embeds `windows` temporal windows times `crops` spatial crops of every clip.

    Args:
        embeds: embedding functions; each clip is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        input_view: what the encoders are shown.
        advance: called with the number of finished clips.
        into: where the features of each embedding function go, and may be in part; by default into memory.

    Returns:
        For each embedding function, [clips, windows * crops, D] float32.

    Reference:
        The paper, section 4.2: predictions averaged over 30 clips of a video.
    """
    into = [InMemory() for _ in embeds] if into is None else into
    first = min(features.done for features in into)
    if first < clips.num_rows:
        windows = clip_windows(dataset, clips, input_view, first).prefetch(1)
        _append([_of_windows(embed) for embed in embeds], ((each, 1) for each in windows), into, first, advance)
    return [features.array() for features in into]


def _of_windows(embed: Embed) -> Callable[[tuple[tf.Tensor, tf.Tensor]], tf.Tensor]:
    def embed_all(windows_and_places: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        windows, places = windows_and_places
        parts = [embed(windows[start : start + BATCH_CLIPS]) for start in range(0, windows.shape[0], BATCH_CLIPS)]
        return tf.gather(tf.concat(parts, axis=0), places)[None]

    return embed_all


def _append(
    embeds: Sequence[Callable[[Any], tf.Tensor]],
    batches: Iterable[tuple[Any, int]],
    into: Sequence[Features],
    first: int,
    advance: Advance,
) -> None:
    """Embeds batches of items, from item `first` on, for those who do not have them yet."""
    start = first
    for batch, count in batches:
        for embed, features in zip(embeds, into, strict=True):
            known = features.done - start
            if known < count:
                features.append(embed(batch).numpy()[max(known, 0) :])
        start += count
        advance(count)
