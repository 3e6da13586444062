"""What an encoder makes of a handful of clips: how like each other their moments are, and its map as colours."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from brave_tf.data.augment import to_unit
from brave_tf.data.dataset import Dataset
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.embedding.clip_jobs import ClipReader
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.vectors import WindowEmbedder
from brave_tf.embedding.windows import Window
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError, reason_of
from brave_tf.evaluation.request import check_fit
from brave_tf.inspection.components import Components
from brave_tf.inspection.display import as_colors, as_pictures, even_places, full_speed
from brave_tf.modalities import MODALITIES
from brave_tf.pages.inspect_content import EncoderFacts, Frames, SeenClip

MOST_WINDOWS = 24
"""Of a clip, evenly over it."""
_FRAME_SHARE = 0.35
"""Of the grey frame that shines through the colours of the map."""


@dataclasses.dataclass(frozen=True)
class Glance:
    """What the encoder made of one clip.

    Attributes:
        windows: [n, 2] seconds of the clip from which to which each window reaches.
        embeddings: [n, D] of the windows.
        seconds: [t] seconds of the clip of the moments of the middle window that are shown.
        frames: [t, H, W, 3] uint8 of these moments; None without a map.
        maps: [t, H', W', D] of them.
    """

    windows: npt.NDArray[np.floating]
    embeddings: npt.NDArray[np.floating]
    seconds: Sequence[float] = ()
    frames: Frames | None = None
    maps: npt.NDArray[np.floating] | None = None


class Sight:
    """An encoder that looks at clips of a dataset.

    Args:
        encoder: the encoder.
        dataset: where the clips are.

    Raises:
        UserError: the dataset lacks what the encoder embeds, or holds it at another rate.
    """

    def __init__(self, encoder: Encoder, dataset: Dataset):
        check_fit(encoder, dataset)
        self._encoder, self._dataset = encoder, dataset
        self._view = encoder.card.input_view
        self._facts = MODALITIES[self._view.modality]
        self._clips = dataset.clips()
        self._row = {clip_id: row for row, clip_id in enumerate(self._clips["clip_id"].to_pylist())}
        grid = Grid.of(self._view)
        self._embed = WindowEmbedder(encoder, grid)
        self._embed_densely: WindowEmbedder | None = None
        self.without_map = "Of sound no map is shown." if self._facts.is_sound else ""
        if not self._facts.is_sound:
            try:
                self._embed_densely = WindowEmbedder(encoder, grid, dense=True)
            except UserError:
                self.without_map = "This encoder keeps its map to itself, or has none, so that none is shown."

    def look(self, clip_id: int) -> Glance | str:
        """What the encoder makes of a clip; or why it cannot see it."""
        row = self._row[clip_id]
        grid = self._grid(row)
        begin = float(self._clips["start_seconds"][row].as_py())
        middle = len(grid.starts(self._units(row))) // 2
        spans, parts = [], []
        moments: tuple[Any, Any, Any] = [], None, None
        try:
            windows = enumerate(ClipReader(self._dataset, self._view, grid).windows(row))
            while batch := list(itertools.islice(windows, self._embed.batch_size)):
                parts.append(self._embed.windows([window for _, window in batch]))
                for number, window in batch:
                    spans.append((window.start - begin, window.end - begin))
                    if number == middle:
                        moments = self._moments(window, grid, spans[-1][0])
        except (DamagedRecordError, tf.errors.OpError) as error:
            return reason_of(error)
        return Glance(np.array(spans), np.concatenate(parts), *moments)

    def seen(self, glances: Sequence[Glance | str]) -> tuple[EncoderFacts, list[SeenClip]]:
        """What is shown of all clips: colours and similarities mean the same in each."""
        whole = [each for each in glances if isinstance(each, Glance)]
        maps = [each.maps for each in whole if each.maps is not None]
        components = Components.of(maps) if maps else None
        mean = np.mean(np.concatenate([each.embeddings for each in whole]), axis=0) if whole else 0.0
        card = self._encoder.card
        facts = EncoderFacts(
            path=str(self._encoder.path),
            tower=card.tower,
            modality=card.modality,
            embedding_size=self._encoder.embedding_size,
            steps=card.steps,
            map_places=None if components is None else (maps[0].shape[1], maps[0].shape[2]),
            explained=0.0 if components is None else components.explained,
            remark=self.without_map,
        )
        return facts, [_seen(each, components, mean) for each in glances]

    def _grid(self, row: int) -> Grid:
        """Windows of the encoder's length, as many as `MOST_WINDOWS` where the clip is long enough."""
        usual = Grid.of(self._view)
        stride = -(-(self._units(row) - usual.length) // (MOST_WINDOWS - 1))
        return dataclasses.replace(usual, stride=max(stride, 1))

    def _units(self, row: int) -> int:
        """How long a clip is in what the grid counts."""
        column = self._facts.column if self._facts.is_sound else "frames"
        count = int(self._clips[column][row].as_py())
        return count if self._facts.is_sound else -(-count // self._view.view.step)

    def _moments(
        self, window: Window, grid: Grid, begin: float
    ) -> tuple[list[float], Frames | None, npt.NDArray[np.floating] | None]:
        if self._embed_densely is None:
            return [], None, None
        maps = self._embed_densely(window.clip[np.newaxis]).maps
        assert maps is not None
        moments = maps[0]
        places = even_places(len(moments))
        # Of a network that halves time, a moment stands for several frames: the middle one is shown.
        frames = np.floor((places + 0.5) * len(window.clip) / len(moments)).astype(np.int64)
        values = to_unit(tf.constant(window.clip[frames]), self._view.modality).numpy()
        directed = self._facts.is_directed
        pictures = as_colors(values, full_speed(values)) if directed else as_pictures(values)[0]
        seconds = begin + frames * grid.unit_seconds
        return seconds.tolist(), pictures, moments[places]


def _seen(glance: Glance | str, components: Components | None, mean: npt.NDArray[np.floating] | float) -> SeenClip:
    if isinstance(glance, str):
        return SeenClip(unseen=glance)
    colors = None
    if components is not None and glance.maps is not None and glance.frames is not None:
        colors = _blended(glance.frames, components.colors(glance.maps))
    return SeenClip(
        windows=glance.windows,
        similarity=_cosines(glance.embeddings - mean),
        seconds=glance.seconds,
        frames=glance.frames,
        colors=colors,
    )


def _cosines(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-12)
    return np.asarray(unit @ unit.T)


def _blended(frames: Frames, colors: npt.NDArray[np.floating]) -> Frames:
    """Colours [t, H', W', 3] in [0, 1] over the grey frames [t, H, W, 3], each over its part of the frame."""
    height, width = frames.shape[1:3]
    rows, columns = np.arange(height) * colors.shape[1] // height, np.arange(width) * colors.shape[2] // width
    large = colors[:, rows][:, :, columns]
    gray = frames.mean(axis=-1, keepdims=True) / 255
    return np.round(255 * (_FRAME_SHARE * gray + (1 - _FRAME_SHARE) * large)).astype(np.uint8)
