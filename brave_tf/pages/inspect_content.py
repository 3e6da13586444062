"""What the page of `brave-tf inspect` tells, as plain data."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from brave_tf.config import Config, Modality
from brave_tf.modalities import Tower

Frames = npt.NDArray[np.uint8]
Kind = Literal["narrow", "broad"]


@dataclasses.dataclass(frozen=True)
class Window:
    """Where one view lies in its clip.

    Attributes:
        name: such as `broad view 2`.
        kind: which of the two sides it belongs to.
        pieces: (from, to) in seconds of the clip, in the order in which they are shown; a view that runs past the end
            goes on at the start of the clip, as another piece.
        frames: [T] seconds of the clip at which its frames lie; none for sound.
    """

    name: str
    kind: Kind
    pieces: Sequence[tuple[float, float]]
    frames: Sequence[float] = ()


@dataclasses.dataclass(frozen=True)
class VisualView:
    """A view made of frames, before and after augmentation; optical flow is already in colours.

    Attributes:
        window: where it lies in time.
        modality: what it shows.
        whole: [H, W, 3] uint8, the whole picture of its first frame.
        crop: (top, left, height, width) of the crop in `whole`, in pixels.
        seconds: [t] seconds of the clip of the frames that are shown, evenly spaced over the view.
        before: [t, H, W, 3] uint8, cut out and resized.
        after: [t, H, W, 3] uint8, as the network gets it.
        parameters: what was drawn for its augmentation, in words.
        shown_range: (value shown as black, value shown as white) of `after` if the network's values leave 0 to 1.
        full_speed: of optical flow: pixels per frame, at the strongest colour.
    """

    window: Window
    modality: Modality
    whole: Frames
    crop: tuple[int, int, int, int]
    seconds: Sequence[float]
    before: Frames
    after: Frames
    parameters: str
    shown_range: tuple[float, float] | None = None
    full_speed: float | None = None


@dataclasses.dataclass(frozen=True)
class SoundView:
    """The sound of a broad view.

    Attributes:
        window: where it lies in time.
        spectrogram: [S, M] log-mel, as the network gets it.
        seconds: how long it is.
        low_hz: lower edge of the lowest mel band.
        high_hz: upper edge of the highest.
        silent_seconds: at its end, where the sound is missing.
        waveform: [N] float32 in [-1, 1] to listen to; None for no player.
        rate_hz: samples per second of `waveform`.
    """

    window: Window
    spectrogram: npt.NDArray[np.floating]
    seconds: float
    low_hz: float
    high_hz: float
    silent_seconds: float = 0.0
    waveform: npt.NDArray[np.floating] | None = None
    rate_hz: int = 0


@dataclasses.dataclass(frozen=True)
class Draw:
    """All views of a clip, drawn once.

    Attributes:
        seed: of the run that draws them.
        narrow: the narrow view.
        broad: the visual broad views, K of each modality.
        sound: the broad view of sound, if the experiment has one.
    """

    seed: int
    narrow: VisualView
    broad: Sequence[VisualView]
    sound: SoundView | None

    @property
    def windows(self) -> list[Window]:
        """Of all views, the narrow one first."""
        sound = [self.sound.window] if self.sound else []
        return [self.narrow.window, *(view.window for view in self.broad), *sound]


@dataclasses.dataclass(frozen=True)
class EncoderFacts:
    """The encoder that looks at the clips.

    Attributes:
        path: where it is from.
        tower: which of its experiment it is.
        modality: what it embeds.
        embedding_size: D.
        steps: training steps behind it; 0 if there are none, or it does not say.
        map_places: (H', W') of its map; None without one.
        explained: share of the maps' variance that the colours show, in [0, 1].
        remark: what else is to be said; empty for nothing.
    """

    path: str
    tower: Tower
    modality: Modality
    embedding_size: int
    steps: int = 0
    map_places: tuple[int, int] | None = None
    explained: float = 0.0
    remark: str = ""


@dataclasses.dataclass(frozen=True)
class SeenClip:
    """What an encoder sees of one clip.

    Attributes:
        windows: [n, 2] seconds of the clip from which to which each window reaches.
        similarity: [n, n] cosines of the windows' embeddings without their mean over all clips, in [-1, 1].
        seconds: [t] seconds of the clip of the moments whose map is shown.
        frames: [t, H, W, 3] uint8 of these moments; None without a map.
        colors: [t, H, W, 3] uint8, the map as colours over them.
        unseen: why it cannot see the clip; then there is nothing else.
    """

    windows: npt.NDArray[np.floating] = dataclasses.field(default_factory=lambda: np.zeros((0, 2)))
    similarity: npt.NDArray[np.floating] = dataclasses.field(default_factory=lambda: np.zeros((0, 0)))
    seconds: Sequence[float] = ()
    frames: Frames | None = None
    colors: Frames | None = None
    unseen: str = ""


@dataclasses.dataclass(frozen=True)
class InspectedClip:
    """A clip and several draws of its views.

    Attributes:
        source: its media file.
        start_seconds: where in the file it begins.
        seconds: how long it is.
        example: number of the training example that shows it.
        draws: its views with the run's own seed first, then with others.
        seen: what an encoder sees of it, if one looks.
    """

    source: str
    start_seconds: float
    seconds: float
    example: int
    draws: Sequence[Draw]
    seen: SeenClip | None = None


@dataclasses.dataclass(frozen=True)
class InspectContent:
    """Everything on the page.

    Attributes:
        config: the experiment.
        clips: the clips that are shown.
        wanted: how many were asked for.
        split: the split they are from.
        usable: clips of the split that the experiment can use.
        left_out: clips that it cannot use, by reason.
        facts: (what, value) about the dataset.
        command: what makes the page again.
        encoder: the encoder that looks at the clips; None for none.
    """

    config: Config
    clips: Sequence[InspectedClip]
    wanted: int
    split: str
    usable: int
    left_out: dict[str, int]
    facts: Sequence[tuple[str, str]]
    command: str
    encoder: EncoderFacts | None = None

    def as_dict(self) -> dict[str, Any]:
        """All but pictures and sound as plain values."""
        plain: dict[str, Any] = _without_pictures(self)
        return plain


_PICTURES = ("spectrogram", "waveform")
"""Besides arrays of bytes."""


def _without_pictures(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        is_picture = {
            name: isinstance(part, np.ndarray) and (part.dtype == np.uint8 or name in _PICTURES)
            for name, part in parts.items()
        }
        return {name: _without_pictures(part) for name, part in parts.items() if not is_picture[name]}
    if isinstance(value, Mapping):
        return {name: _without_pictures(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_pictures(each) for each in value]
    return value.tolist() if isinstance(value, np.ndarray) else value
