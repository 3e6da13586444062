"""Features of clips: augmented ones to train a classifier on, many windows of each clip to test it with."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import EvaluationConfig
from brave_tf.data.dataset import Dataset
from brave_tf.data.pipeline import augmented_samples, clip_windows
from brave_tf.progress import Advance

Embed = Callable[[tf.Tensor], tf.Tensor]
"""Clips [B, T, H, W, 3] float32 in [0, 1] -> embeddings [B, D]."""

BATCH_CLIPS = 16


def augmented_features(
    embeds: Sequence[Embed], dataset: Dataset, clips: pa.Table, view: EvaluationConfig, seed: int, advance: Advance
) -> list[np.ndarray]:
    """Embeds `view.epochs` freshly augmented samples of every clip.

    Args:
        embeds: embedding functions; each sample is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        view: the protocol.
        seed: decides the windows, crops and colours.
        advance: called with the number of finished clips.

    Returns:
        For each embedding function, [epochs, clips, D] float32.

    Reference:
        The paper, section 4.2: the pre-training augmentations without blur.
    """
    vectors: list[list[np.ndarray]] = [[] for _ in embeds]
    for video in augmented_samples(dataset, clips, view, seed).batch(BATCH_CLIPS).prefetch(1):
        for collected, embed in zip(vectors, embeds, strict=True):
            collected.append(embed(video).numpy())
        advance(int(video.shape[0]))
    return [np.concatenate(found).reshape(view.epochs, clips.num_rows, -1) for found in vectors]


def window_features(
    embeds: Sequence[Embed], dataset: Dataset, clips: pa.Table, view: EvaluationConfig, advance: Advance
) -> list[np.ndarray]:
    """Embeds `view.windows` temporal windows times `view.crops` spatial crops of every clip.

    Args:
        embeds: embedding functions; each clip is decoded once for all of them.
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        view: the protocol.
        advance: called with the number of finished clips.

    Returns:
        For each embedding function, [clips, windows * crops, D] float32.

    Reference:
        The paper, section 4.2: predictions averaged over 30 clips of a video.
    """
    vectors: list[list[np.ndarray]] = [[] for _ in embeds]
    for windows in clip_windows(dataset, clips, view).prefetch(1):
        parts = [windows[start : start + BATCH_CLIPS] for start in range(0, windows.shape[0], BATCH_CLIPS)]
        for collected, embed in zip(vectors, embeds, strict=True):
            collected.append(np.concatenate([embed(part).numpy() for part in parts]))
        advance(1)
    return [np.stack(found) for found in vectors]
