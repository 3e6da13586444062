"""Small real media files, written by FFmpeg through PyAV."""

import contextlib
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

PICTURE_CODECS = {
    ".webm": "libvpx",
    ".mpg": "mpeg1video",
    ".gif": "gif",
    ".avi": "mpeg4",
    ".wmv": "wmv2",
    ".mov": "mjpeg",
}
SOUND_CODECS = {
    ".wav": "pcm_s16le",
    ".ogg": "libopus",
    ".webm": "libopus",
    ".mpg": "mp2",
    ".avi": "libmp3lame",
    ".mp3": "libmp3lame",
    ".flac": "flac",
    ".wmv": "libmp3lame",
    ".mov": "pcm_s16be",
}
"""By extension; H.264 and AAC for the others."""


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
    in_order: bool = False,
    noise_seed: int | None = None,
) -> Path:
    """Writes grey frames that brighten and a steady tone; `size` is (height, width), None for no picture.

    `aspect` is the width of a pixel by its height. With `in_order`, pictures are stored in the order in which they are
    shown. With `noise_seed` they are coarse noise instead, so that there is more in the file than headers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        picture = None
        if size is not None:
            picture = container.add_stream(PICTURE_CODECS.get(path.suffix, "libx264"), rate=fps)
            picture.height, picture.width = size
            picture.pix_fmt = {".gif": "rgb8", ".mov": "yuvj420p"}.get(path.suffix, "yuv420p")
            if in_order:
                picture.codec_context.max_b_frames = 0
            if noise_seed is not None and picture.codec_context.name == "libx264":
                # With it, what comes out differs from run to run.
                picture.codec_context.options = {"x264-params": "no-mbtree=1"}
            if aspect is not None:
                picture.sample_aspect_ratio = Fraction(aspect)
        track = None
        if sound_hz is not None:
            # Opus knows no 44.1 kHz.
            sound_hz = 48_000 if path.suffix in (".webm", ".ogg") else sound_hz
            track = container.add_stream(SOUND_CODECS.get(path.suffix, "aac"), rate=sound_hz, layout=layout)
        if picture is not None:
            _add_picture(container, picture, round(seconds * fps), size, noise_seed)
        if track is not None:
            _add_sound(container, track, seconds, sound_hz, tone_hz)
    return path


def _add_picture(container, stream, frames, size, noise_seed):
    generator = None if noise_seed is None else np.random.default_rng(noise_seed)
    for number in range(frames):
        image = np.full((*size, 3), 40 + 160 * number // max(frames - 1, 1), np.uint8)
        if generator is not None:
            coarse = generator.integers(0, 256, (-(-size[0] // 8), -(-size[1] // 8), 3), np.uint8)
            image = coarse.repeat(8, axis=0).repeat(8, axis=1)[: size[0], : size[1]]
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


def with_other_times(
    source: Path,
    target: Path,
    *,
    picture: Callable[[float], float] = lambda seconds: seconds,
    sound: Callable[[float], float] = lambda seconds: seconds,
    in_order: bool = True,
) -> Path:
    """Writes the packets of a file under times that are functions of theirs, in seconds.

    Without `in_order` they stay where they are in the file.
    """
    return _mux({source: {"video": picture, "audio": sound}}, target, in_order)


def with_other_sound(picture: Path, sound: Path, target: Path) -> Path:
    """Writes the picture of one file with the sound of another."""
    return _mux({picture: {"video": lambda seconds: seconds}, sound: {"audio": lambda seconds: seconds}}, target)


def _mux(sources: dict[Path, dict[str, Callable[[float], float]]], target: Path, in_order: bool = True) -> Path:
    with contextlib.ExitStack() as stack:
        # Nothing in it that differs from run to run.
        written = stack.enter_context(av.open(str(target), "w", options={"fflags": "+bitexact"}))
        packets = []
        for source, changes in sources.items():
            given = stack.enter_context(av.open(str(source)))
            streams = {
                stream.index: (written.add_stream_from_template(stream), changes[stream.type])
                for stream in given.streams
                if stream.type in changes
            }
            for packet in given.demux():
                if packet.dts is None or packet.stream.index not in streams:
                    continue
                stream, change = streams[packet.stream.index]
                seconds = float(packet.dts * packet.time_base)
                moved = round((change(seconds) - seconds) / packet.time_base)
                packet.dts, packet.pts, packet.stream = packet.dts + moved * in_order, packet.pts + moved, stream
                packets.append(packet)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            written.mux(packet)
    return target


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    """Writes [N, channels] samples of any type that a WAV file can hold, under any declared rate."""
    kind = 3 if samples.dtype.kind == "f" else 1
    frame = samples.shape[1] * samples.itemsize
    header = struct.pack("<HHIIHH", kind, samples.shape[1], rate, rate * frame % 2**32, frame, 8 * samples.itemsize)
    data = samples.tobytes()
    chunks = b"WAVEfmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    return path
