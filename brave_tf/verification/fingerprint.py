"""What a clip looks and sounds like, in some hundred bits that survive another encoder, size or loudness.

Three kinds of bits, so that clips before one background, which look alike, are told apart by what moves, and by what is
heard. Each is made of averages over large areas and long times, in which the noise of an encoder disappears.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SAMPLED_FRAMES = 8
LEAST_SIDE, LEAST_PIXELS = 16, 9
"""Pixels of the shorter side of a sampled frame: to how many it may be made smaller, and fewer than which are none."""
APPEARANCE_BITS = 64
"""Of the mean picture, 8 rows of 9 areas: whether each is brighter than the next one."""
MOTION_BITS = 64 * (SAMPLED_FRAMES - 1)
"""From each sampled frame to the next, 8 x 8 areas: whether each changes more than they do on average."""
BANDS, MOMENTS, WINDOWS, WINDOW_SECONDS = 17, 16, 8, 0.064
SOUND_BITS = (BANDS - 1) * (MOMENTS - 1)
"""Whether the step in loudness from a band to the next is larger than a moment before (Haitsma and Kalker 2002)."""
LOWEST_HZ, HIGHEST_HZ = 150.0, 3500.0
LEAST_CONTRAST, LEAST_MOTION = 2.0, 0.5
"""Grey levels, 0 to 255: the spread of the mean picture, and its mean change. What has less is noise."""
LEAST_LOUDNESS = 1e-4
"""Root mean square of samples in [-1, 1]."""
SILENCE = 0.02
"""Share of the loudest sample. Softer beginnings and ends are left away: silence round a sound tells nothing."""
BITS = APPEARANCE_BITS + MOTION_BITS + SOUND_BITS

Bits = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """The bits of one clip.

    Attributes:
        bits: [BITS / 8] uint8, packed: appearance, motion, sound.
        has_appearance: whether its picture tells it from another one: it is not black, say.
        has_motion: whether anything moves.
        has_sound: whether anything is heard.
    """

    bits: Bits
    has_appearance: bool = False
    has_motion: bool = False
    has_sound: bool = False


def sampled(count: int) -> list[int]:
    """Numbers of the frames of a clip that its fingerprint is made of."""
    return [int((number + 0.5) * count / SAMPLED_FRAMES) for number in range(SAMPLED_FRAMES)] if count else []


def fingerprint(frames: Sequence[Pixels], samples: npt.NDArray[np.float32], rate_hz: int | None) -> Fingerprint:
    """The fingerprint of a clip.

    Args:
        frames: the sampled ones, [H, W, C]; none for no picture. Smaller ones than LEAST_PIXELS tell nothing.
        samples: [N], in [-1, 1].
        rate_hz: samples per second; None takes them for 16,000.
    """
    appearance, motion, sound = (np.zeros(count, bool) for count in (APPEARANCE_BITS, MOTION_BITS, SOUND_BITS))
    has_appearance = has_motion = has_sound = False
    if frames and min(frames[0].shape[:2]) >= LEAST_PIXELS:
        areas = np.stack([_areas(frame, 8, 9) for frame in frames])
        mean = areas.mean(axis=0)
        has_appearance = bool(mean.std() >= LEAST_CONTRAST)
        if has_appearance:
            appearance = (mean[:, 1:] > mean[:, :-1]).ravel()
        changes = np.abs(np.diff(np.stack([_areas(frame, 8, 8) for frame in frames]), axis=0))
        has_motion = bool(changes.mean() >= LEAST_MOTION)
        if has_motion:
            motion = (changes > changes.mean()).ravel()
    loudness = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    bands = _bands(samples, rate_hz or 16_000) if loudness >= LEAST_LOUDNESS else None
    if bands is not None:
        has_sound = True
        sound = (np.diff(np.diff(bands, axis=1), axis=0) > 0).ravel()
    packed = np.packbits(np.concatenate([appearance, motion, sound]))
    return Fingerprint(packed, has_appearance, has_motion, has_sound)


def _areas(frame: Pixels, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Mean grey levels of areas, [rows, columns]."""
    grey = frame.mean(axis=2)
    for axis, count in ((0, rows), (1, columns)):
        starts = np.arange(count) * grey.shape[axis] // count
        sizes = np.diff([*starts, grey.shape[axis]])
        sums = np.add.reduceat(grey, starts, axis=axis)
        grey = sums / (sizes[:, None] if axis == 0 else sizes[None, :])
    return grey


def _bands(samples: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float64] | None:
    """Logarithms of the energy in bands at moments spread over the clip, [MOMENTS, BANDS]; None if it is too short."""
    size = round(WINDOW_SECONDS * rate_hz)
    heard = np.flatnonzero(np.abs(samples) >= SILENCE * np.abs(samples).max())
    samples = samples[heard[0] : heard[-1] + 1]
    if samples.size < 2 * size:
        return None
    starts = np.linspace(0, samples.size - size, MOMENTS * WINDOWS).astype(int)
    windows = np.stack([samples[start : start + size] for start in starts]) * np.hanning(size)
    energy = np.square(np.abs(np.fft.rfft(windows, axis=1))).reshape(MOMENTS, WINDOWS, -1).mean(axis=1)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, 0.45 * rate_hz), BANDS + 1) * size / rate_hz
    starts = edges[:-1].astype(int)
    ends = np.maximum(edges[1:].astype(int), starts + 1)
    means = [energy[:, start:end].mean(axis=1) for start, end in zip(starts, ends, strict=True)]
    bands: npt.NDArray[np.float64] = np.log(np.stack(means, axis=1) + 1e-9)
    return bands
