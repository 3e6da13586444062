"""The six sounds of the demo's world: one timbre and rhythm for each kind of motion.

Pitch, tempo, phase and level are drawn anew for every clip, so what names the motion is the character of a sound and
not one frequency. Each sound goes on through the whole clip: two seconds from anywhere in it are enough to tell.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

SOUND_RATE_HZ = 24_000
"""Rate of the written sound; not the 16 kHz of prepared data, so that the demo resamples as with real media."""


def _cycles(seconds: Samples, rate_hz: float, rng: np.random.Generator) -> Samples:
    """Position in a rhythm of `rate_hz`, in cycles from a random start."""
    return np.asarray(rate_hz * seconds + rng.uniform(), np.float64)


def _tone(cycles: Samples, harmonics: tuple[float, ...]) -> Samples:
    """A periodic tone: `harmonics` are the amplitudes of its first, second, ... partial."""
    partials = [level * np.sin(2 * np.pi * (k + 1) * cycles) for k, level in enumerate(harmonics) if level]
    return np.asarray(np.sum(partials, axis=0), np.float64)


def _plucks(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    beats_hz = 4.0 * tempo
    since_pluck_seconds = (_cycles(seconds, beats_hz, rng) % 1.0) / beats_hz
    return _tone(330 * pitch * seconds, (1, 0.7, 0.5, 0.35, 0.25)) * np.exp(-14 * since_pluck_seconds)


def _siren(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    glide = np.abs(2 * (_cycles(seconds, 0.9 * tempo, rng) % 1.0) - 1)
    frequency_hz = 420 * pitch * 2 ** (1.5 * glide)
    return _tone(np.cumsum(frequency_hz) / SOUND_RATE_HZ, (1, 0.3))


def _whoosh(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    spectrum = np.fft.rfft(rng.standard_normal(seconds.size))
    frequency_hz = np.fft.rfftfreq(seconds.size, 1 / SOUND_RATE_HZ)
    spectrum[(frequency_hz < 900 * pitch) | (frequency_hz > 3_600 * pitch)] = 0
    swell = np.sin(np.pi * _cycles(seconds, 1.6 * tempo, rng)) ** 2
    return np.asarray(np.fft.irfft(spectrum, seconds.size) * (0.1 + swell), np.float64)


def _rattle(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    buzz = _tone(95 * pitch * seconds, tuple(1 / k for k in range(1, 21)))
    return buzz * (0.3 + (np.sin(2 * np.pi * _cycles(seconds, 13 * tempo, rng)) > 0))


def _warble(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    high = (_cycles(seconds, 2.5 * tempo, rng) % 1.0) < 0.5
    return _tone(np.cumsum(np.where(high, 1_150.0, 700.0) * pitch) / SOUND_RATE_HZ, (1, 0, 0.4, 0, 0.2))


def _chord(seconds: Samples, pitch: float, tempo: float, rng: np.random.Generator) -> Samples:
    del tempo  # the one sound without a rhythm, for the one motion that stands still
    notes = [_tone(520 * pitch * interval * seconds + rng.uniform(), (1, 0.15)) for interval in (1.0, 1.25, 1.5)]
    return np.asarray(np.sum(notes, axis=0), np.float64)


_SOUNDS: dict[str, Callable[[Samples, float, float, np.random.Generator], Samples]] = {
    "pan-sideways": _plucks,
    "pan-vertical": _siren,
    "zoom": _whoosh,
    "rotate": _rattle,
    "circle": _warble,
    "stay": _chord,
}


def draw_sound(motion: str, seconds: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The sound of one clip.

    Args:
        motion: a key of the world's motions, such as `"zoom"`.
        seconds: duration.
        rng: the clip's own source of pitch, tempo, phase, level and noise.

    Returns:
        [N] float32 in [-1, 1] at `SOUND_RATE_HZ`, root mean square 0.05 to 0.15.
    """
    time_seconds = np.arange(round(seconds * SOUND_RATE_HZ)) / SOUND_RATE_HZ
    pitch, tempo = 2 ** rng.uniform(-0.5, 0.5), 2 ** rng.uniform(-0.3, 0.3)
    sound = _SOUNDS[motion](time_seconds, pitch, tempo, rng)
    sound = sound / np.sqrt(np.mean(sound**2))
    hiss = rng.standard_normal(sound.size) * rng.uniform(0.02, 0.1)
    return np.asarray(np.clip((sound + hiss) * rng.uniform(0.05, 0.15), -1.0, 1.0), np.float32)
