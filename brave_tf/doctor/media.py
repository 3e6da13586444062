"""PyAV and the FFmpeg in it: which codecs it decodes, and a file that is written and read as a proof."""

import io
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from brave_tf.doctor.check import Check, note, ok, problem
from brave_tf.errors import short_reason

GROUP = "media"
NAMES = ("PyAV", "video codecs", "sound codecs", "a tiny decode")
FIX = "install PyAV again: pip install --force-reinstall --no-deps av"
FRAMES, SIDE, FPS, SOUND_HZ = 5, 32, 25, 16_000
LARGEST_GREY_ERROR, LARGEST_SOUND_ERROR = 6.0, 0.01
"""How far from what was written may be what is read: greys are of 0 to 255, sound is of -1 to 1."""
VIDEO = {
    "h264": ["h264"],
    "hevc": ["hevc"],
    "av1": ["libdav1d", "libaom-av1"],  # the one called av1 needs hardware
    "vp9": ["vp9", "libvpx-vp9"],
    "mpeg4": ["mpeg4"],
    "mjpeg": ["mjpeg"],
}
SOUND = {
    "aac": ["aac"],
    "mp3": ["mp3float", "mp3"],
    "opus": ["opus", "libopus"],
    "vorbis": ["vorbis", "libvorbis"],
    "pcm": ["pcm_s16le"],
    "flac": ["flac"],
}
"""Codecs that people meet, and the decoders of FFmpeg that read each."""


def look_at_media() -> Iterator[Check]:
    """PyAV, its decoders, and a tiny file."""
    try:
        import av
    except Exception as error:  # what a broken library raises while it loads may be anything
        yield problem(GROUP, "PyAV", f"does not load ({type(error).__name__}: {short_reason(error)})", FIX)
        return
    libraries = ", ".join(
        f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavcodec", "libavformat")
    )
    release = getattr(av, "ffmpeg_version_info", "")  # not in all versions of PyAV
    yield ok(GROUP, "PyAV", f"{av.__version__} with FFmpeg {release} ({libraries})".replace("  ", " "))
    yield _codecs(av, "video codecs", VIDEO)
    yield _codecs(av, "sound codecs", SOUND)
    began = time.perf_counter()
    try:
        frames, samples = _decode()
    except Exception as error:
        yield problem(GROUP, "a tiny decode", f"failed ({type(error).__name__}: {short_reason(error)})", FIX)
        return
    seconds = time.perf_counter() - began
    yield ok(GROUP, "a tiny decode", f"{frames} frames and {samples} samples written, read and compared", seconds)


def _codecs(av: Any, name: str, wanted: dict[str, list[str]]) -> Check:
    missing = [codec for codec, decoders in wanted.items() if not any(_is_there(av, each) for each in decoders)]
    there = ", ".join(codec for codec in wanted if codec not in missing)
    if not missing:
        return ok(GROUP, name, there)
    fix = f"{FIX}; the wheels of the Python package index hold them all, those of other sources may not"
    return note(
        GROUP, name, f"no decoder for {', '.join(missing)}, so that such files are left out; there are {there}", fix
    )


def _is_there(av: Any, decoder: str) -> bool:
    try:
        av.codec.Codec(decoder, "r")
    except ValueError:  # UnknownCodecError is one
        return False
    return True


def _decode() -> tuple[int, int]:
    """Writes a file and reads it as `brave-tf prepare` does: how many frames and samples came back.

    Raises:
        ValueError: they are not what was written.
    """
    import numpy as np
    from PIL import Image

    from brave_tf.preparation.media import read_clips
    from brave_tf.preparation.media_settings import MediaSettings

    greys = np.linspace(40, 200, FRAMES).astype(np.uint8)
    wave = 0.5 * np.sin(np.arange(FRAMES * SOUND_HZ // FPS) * 2 * np.pi * 440 / SOUND_HZ)
    with tempfile.TemporaryDirectory(prefix="brave_tf-") as folder:
        file = Path(folder, "trial.mkv")
        _write(file, greys, (wave * 32767).astype(np.int16))
        (clip,) = read_clips(file, MediaSettings(audio_rate_hz=SOUND_HZ))
    seen = [float(np.asarray(Image.open(io.BytesIO(jpeg))).mean()) for jpeg in clip.frames]
    if len(seen) != FRAMES or np.abs(np.array(seen) - greys).max() > LARGEST_GREY_ERROR:
        raise ValueError(f"frames of the greys {greys.tolist()} came back as {[round(grey) for grey in seen]}")
    if clip.samples.shape != wave.shape or np.abs(clip.samples - wave).max() > LARGEST_SOUND_ERROR:
        raise ValueError(f"{wave.size} samples of a tone came back as {clip.samples.size} others")
    return len(seen), clip.samples.size


def _write(file: Path, greys: Any, samples: Any) -> None:
    """Writes a picture of each grey, and the samples, with encoders that every FFmpeg has."""
    import av
    import numpy as np

    with av.open(str(file), "w") as container:
        picture = container.add_stream("mpeg4", rate=FPS)
        picture.height, picture.width, picture.pix_fmt = SIDE, SIDE, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=SOUND_HZ, layout="mono")
        for grey in greys:
            image = np.full((SIDE, SIDE, 3), grey, np.uint8)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(picture.encode(None))
        sound = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = SOUND_HZ, 0, Fraction(1, SOUND_HZ)
        container.mux(track.encode(sound))
        container.mux(track.encode(None))
