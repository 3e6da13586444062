"""Small honest media files of every common container and codec, and text files under media names: what is mutated."""

from pathlib import Path

import numpy as np

from tests.preparation.media_files import write_media, write_wav

SECONDS = 1.2
"""Length of every seed."""
SIZE = (32, 48)
NAMES = (
    "cuts.mp4",
    "film.mkv",
    "film.mp4",
    "film.ts",
    "film.webm",
    "films.avi",
    "films.flv",
    "films.mov",
    "films.mpg",
    "films.wmv",
    "picture.gif",
    "picture.mp4",
    "sound.flac",
    "sound.m4a",
    "sound.mp3",
    "sound.ogg",
    "sound.wav",
)
TEXTS = {
    "concat.mp4": b"ffconcat version 1.0\nfile film.mp4\n",
    "hls.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\nfilm.ts\n#EXT-X-ENDLIST\n",
    "plain.mp4": b"This is no film.\n" * 8,
    "session.mp4": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
}


def write_seeds(folder: Path) -> dict[str, Path]:
    """Writes all seeds, which are the same whenever they are written; media first, then texts."""
    paths = {}
    for number, name in enumerate(NAMES):
        # "cuts" is fragmented: its headers are spread over the file.
        options = {"fflags": "+bitexact"} | ({"movflags": "frag_keyframe+empty_moov"} if name == "cuts.mp4" else {})
        paths[name] = write_media(
            folder / name,
            seconds=SECONDS,
            size=None if name.startswith("sound") else SIZE,
            sound_hz=None if name.startswith("picture") else 16_000,
            layout="stereo" if number % 2 else "mono",
            options=options,
            noise_seed=number,
        )
    wave = np.sin(np.arange(round(SECONDS * 16_000)) / 6)
    paths["floats.wav"] = write_wav(folder / "floats.wav", (0.5 * wave[:, None]).astype(np.float32))
    for name, text in TEXTS.items():
        paths[name] = folder / name
        paths[name].write_bytes(text)
    return paths
