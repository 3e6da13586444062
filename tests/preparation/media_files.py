"""Small real media files, written by FFmpeg through PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_media(
    path: Path,
    *,
    seconds: float = 2.0,
    fps: int = 25,
    size: tuple[int, int] | None = (48, 64),
    sound_hz: int | None = 16_000,
    layout: str = "mono",
    tone_hz: float = 440.0,
    options: dict[str, str] | None = None,
    aspect: int | None = None,
) -> Path:
    """Writes grey frames that brighten and a steady tone; `size` is (height, width), None for no picture.

    `aspect` is the width of a pixel by its height.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        picture = None
        if size is not None:
            codec = {".webm": "libvpx", ".mpg": "mpeg1video"}.get(path.suffix, "libx264")
            picture = container.add_stream(codec, rate=fps)
            picture.height, picture.width = size
            picture.pix_fmt = "yuv420p"
            if aspect is not None:
                picture.sample_aspect_ratio = Fraction(aspect)
        track = None
        if sound_hz is not None:
            # Opus knows no 44.1 kHz.
            sound_hz = 48_000 if path.suffix in (".webm", ".ogg") else sound_hz
            codec = {".wav": "pcm_s16le", ".ogg": "libopus", ".webm": "libopus", ".mpg": "mp2"}.get(path.suffix, "aac")
            track = container.add_stream(codec, rate=sound_hz, layout=layout)
        if picture is not None:
            _add_picture(container, picture, round(seconds * fps), size)
        if track is not None:
            _add_sound(container, track, seconds, sound_hz, tone_hz)
    return path


def _add_picture(container, stream, frames, size):
    for number in range(frames):
        image = np.full((*size, 3), 40 + 160 * number // max(frames - 1, 1), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    container.mux(stream.encode(None))


def _add_sound(container, stream, seconds, rate, tone_hz):
    wave = 0.4 * np.sin(2 * np.pi * tone_hz * np.arange(round(seconds * rate)) / rate)
    channels = stream.layout.nb_channels
    samples = np.repeat((wave * 32767).astype(np.int16)[:, None], channels, axis=1).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=stream.layout.name)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=stream.layout, rate=rate)
    fifo = av.AudioFifo()
    for converted in resampler.resample(frame):
        fifo.write(converted)
    while (piece := fifo.read(stream.codec_context.frame_size or 1024, partial=True)) is not None:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
