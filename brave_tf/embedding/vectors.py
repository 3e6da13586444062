"""The encoder's vectors of windows, and its maps: batches of one shape, so that no vector depends on its neighbours."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from brave_tf.data.spectrogram import log_mel
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.windows import Window
from brave_tf.encoders.dense import dense_network
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError, reason_of
from brave_tf.evaluation.features import BATCH_CLIPS, Embedder
from brave_tf.modalities import MODALITIES

FIXED = (
    "leave out --window, or give the length of these clips; a file without a card is taken for an encoder of clips as "
    "the paper has them: brave_tf.as_encoder gives it another card"
)
"""What to do with an encoder of clips of one shape."""


class Vectors(NamedTuple):
    """What an encoder makes of clips.

    Attributes:
        embeddings: [n, D] float32.
        maps: [n, T', H', W', D] float32 that the encoder takes the mean of, of sound [n, S', M', D]; None if nobody
            asked.
    """

    embeddings: np.ndarray
    maps: np.ndarray | None


class WindowEmbedder:
    """An encoder for windows of one length.

    Args:
        encoder: the encoder.
        grid: where the windows lie.
        dense: whether the maps before the last pooling are wanted too.

    Attributes:
        batch_size: clips that are embedded at once: as many as in evaluation, or fewer of longer windows.

    Raises:
        UserError: maps are wanted of an encoder that has none, or it takes clips of another shape alone.

    Example:
        >>> embed = WindowEmbedder(encoder, Grid.of(encoder.card.input_view))
        >>> embed.windows(list(media_windows("video.mp4", encoder.card.input_view))).shape
        (9, 512)
    """

    def __init__(self, encoder: Encoder, grid: Grid, dense: bool = False) -> None:
        own = encoder.card.input_view
        encoder.check_takes(grid.input_view(own), FIXED)
        self._sound = grid.input_view(own).sound if MODALITIES[own.modality].is_sound else None
        self._encode: Any = dense_network(encoder, "--dense", "leave out --dense") if dense else encoder
        self._dense = dense
        self._map_shape: tuple[int, ...] = ()
        self.batch_size = max(BATCH_CLIPS * Grid.of(own).length // max(grid.length, Grid.of(own).length), 1)
        self._embed = Embedder(self._rows, own.modality, batch_clips=self.batch_size, is_gray=own.is_gray)

    def __call__(self, clips: np.ndarray) -> Vectors:
        """Embeds clips.

        Args:
            clips: [n, T, H, W, C] uint8 frames as they are stored, or [n, N] float32 sound, as `Window.clip`.

        Raises:
            UserError: there is too little memory for them.
        """
        try:
            rows = self._embed(tf.constant(clips)).numpy()
        except tf.errors.ResourceExhaustedError as error:
            raise UserError(
                f"the network does not fit into memory with {self.batch_size} windows of {clips.shape[1]:,} "
                f"{'samples' if self._sound else 'frames'} ({reason_of(error)}); give a smaller --window"
            ) from None
        if not self._dense:
            return Vectors(rows, None)
        size = int(np.prod(self._map_shape))
        return Vectors(rows[:, size:], rows[:, :size].reshape(-1, *self._map_shape))

    def windows(self, windows: Sequence[Window]) -> np.ndarray:
        """The embeddings of some windows, [n, D] float32."""
        return self(np.stack([window.clip for window in windows])).embeddings

    def _rows(self, clips: tf.Tensor, training: bool) -> tf.Tensor:
        """One row a clip: its map, if it is wanted, and its embedding."""
        if self._sound is not None:
            clips = log_mel(clips, self._sound)
        if not self._dense:
            return self._encode(clips, training=training)
        maps, embeddings = (tf.cast(each, tf.float32) for each in self._encode(clips, training=training))
        self._map_shape = tuple(maps.shape[1:])
        return tf.concat([tf.reshape(maps, [maps.shape[0], -1]), embeddings], axis=1)
