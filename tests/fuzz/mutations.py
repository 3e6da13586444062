"""Damage to media files: the mutant of a number is the same whenever it is made from the same seeds."""

import contextlib
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np

from tests.fuzz.seeds import TEXTS
from tests.preparation.media_files import with_other_times

SEED = 18
"""Of all mutants."""
EXTENSIONS = (".mp4", ".mkv", ".ts", ".wav", ".mp3", ".gif", ".avi", ".flac", ".txt", "")
"""What renamed files end in; two of them are no media."""

FIELDS = (
    # ISO media: times, tables, sizes of pictures, rates of sound, fragments
    *(b"mvhd", b"tkhd", b"mdhd", b"elst", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"avc1", b"mp4a", b"esds"),
    *(b"moov", b"trak", b"mdat", b"trun", b"tfhd", b"tfdt", b"avcC", b"pasp"),
    # Matroska: scale, duration, sizes, rates, channels
    *(b"\x2a\xd7\xb1", b"\x44\x89", b"\x23\xe3\x83", b"\xb0\x82", b"\xba\x82", b"\xb5\x88", b"\x9f\x81", b"\xa3"),
    # RIFF
    *(b"RIFF", b"fmt ", b"data", b"avih", b"strh", b"strf", b"LIST", b"idx1", b"00dc"),
    # transport and program streams, GIF, FLAC, Ogg, FLV, MP3, ASF
    *(b"\x47\x40", b"\x47\x41", b"\x00\x00\x01", b"GIF89a", b"\x21\xf9\x04", b"fLaC", b"OggS", b"OpusHead"),
    *(
        b"FLV",
        b"onMetaData",
        b"Xing",
        b"ID3",
        b"\xff\xf3",
        b"\xa1\xdc\xab\x8c",
        b"\x91\x07\xdc\xb7",
        b"\x40\x9e\x69\xf8",
    ),
)
"""What stands before the numbers of headers."""
REACH_BYTES = 48
"""How far behind it they are."""
EXTREMES = (0, 1, 2, 127, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
FORMATS = (">B", ">H", "<H", ">I", "<I", ">Q", "<Q", ">f", "<d", ">d")

Mutation = Callable[[np.random.Generator, bytes, bytes], bytes]
"""Makes other bytes of those of a seed; gets those of another seed, too."""


def _span(random: np.random.Generator, content: bytes) -> tuple[int, int]:
    """A piece of the content, mostly a short one: first byte, and the byte after the last."""
    longest = max(int(len(content) * random.random() ** 3), 1)
    start = int(random.integers(len(content)))
    return start, min(start + longest, len(content))


def flip_bytes(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return _flipped(random, content, len(content))


def flip_head(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return _flipped(random, content, min(len(content), 1024))


def flip_tail(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return _flipped(random, content[::-1], min(len(content), 2048))[::-1]


def _flipped(random: np.random.Generator, content: bytes, within: int) -> bytes:
    changed = bytearray(content)
    for place in random.integers(within, size=int(2 ** random.uniform(0, 6))):
        changed[place] ^= int(random.integers(1, 256)) if random.random() < 0.5 else 1 << int(random.integers(8))
    return bytes(changed)


def cut_end(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return content[: random.integers(len(content))]


def cut_start(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return content[_span(random, content)[1] :]


def cut_middle(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    start, stop = _span(random, content)
    return content[:start] + content[stop:]


def repeat_chunk(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    start, stop = _span(random, content)
    return content[:start] + content[start:stop] * int(2 ** random.uniform(1, 5)) + content[stop:]


def zero_chunk(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    start, stop = _span(random, content)
    return content[:start] + bytes(stop - start) + content[stop:]


def swap_chunks(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    first, second, third = sorted(random.integers(len(content) + 1, size=3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def extreme_numbers(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    changed = bytearray(content)
    known = [field for field in FIELDS if field in content]
    for _ in range(int(random.integers(1, 4))):
        after = 0
        if known:
            field = known[random.integers(len(known))]
            after = content.find(field, content.find(field) + 1) if random.random() < 0.3 else content.find(field)
            after = max(after, 0) + len(field)
        form = FORMATS[random.integers(len(FORMATS))]
        number = EXTREMES[random.integers(len(EXTREMES))]
        if form[1] in "fd":
            written = struct.pack(form, [float(number), 1e30, -1.0, float("nan"), float("inf")][random.integers(5)])
        else:
            written = struct.pack(form, number % 256 ** struct.calcsize(form))
        place = after + int(random.integers(REACH_BYTES))
        changed[place : place + len(written)] = written
    return bytes(changed)


def splice(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return content[: random.integers(len(content) + 1)] + other[random.integers(len(other)) :]


def join(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    return content + (other if random.random() < 0.5 else content)


def nothing(random: np.random.Generator, content: bytes, other: bytes) -> bytes:
    """What is renamed need not be damaged."""
    return content


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bytes, flip_head, flip_tail, extreme_numbers, extreme_numbers, extreme_numbers),
    *(cut_end, cut_start, cut_middle, repeat_chunk, zero_chunk, swap_chunks, splice, join, nothing),
)
TEXT_SHARE, RENAMED_SHARE, TWICE_SHARE, OTHER_TIMES_SHARE = 0.04, 0.1, 0.2, 0.4
WITH_OTHER_TIMES = frozenset(["cuts.mp4", "film.mkv", "film.mp4", "film.ts"])
CONTAINERS_OF_OTHER_TIMES = (".mkv", ".ts", ".mp4")


def write_mutant(folder: Path, number: int, seeds: Mapping[str, Path]) -> Path:
    """Writes the mutant of a number; its name tells of which seed it was made, and how."""
    random = np.random.default_rng([SEED, number])
    kinds = sorted(TEXTS) if random.random() < TEXT_SHARE else sorted(seeds.keys() - TEXTS)
    name, other = kinds[random.integers(len(kinds))], sorted(seeds)[random.integers(len(seeds))]
    stem, dot, extension = name.rpartition(".")
    if random.random() < OTHER_TIMES_SHARE and name in WITH_OTHER_TIMES:
        target = folder / f"{number:05d}-{stem}-other_times{CONTAINERS_OF_OTHER_TIMES[random.integers(3)]}"
        _write_other_times(random, seeds[name], target)
        return target
    content = seeds[name].read_bytes()
    done = []
    for _ in range(2 if random.random() < TWICE_SHARE else 1):
        mutation = MUTATIONS[random.integers(len(MUTATIONS))]
        content = mutation(random, content, seeds[other].read_bytes()) or b"\0"
        done.append(mutation.__name__)
    ending = dot + extension
    if random.random() < RENAMED_SHARE or nothing.__name__ in done:
        ending = EXTENSIONS[random.integers(len(EXTENSIONS))]
    target = folder / f"{number:05d}-{stem}-{extension}-{'-'.join(done)}{ending}"
    target.write_bytes(content)
    return target


def _write_other_times(random: np.random.Generator, source: Path, target: Path) -> None:
    """The same packets, of which the clocks jump, run fast or slowly, or go back and forth."""

    def change() -> Callable[[float], float]:
        at, by, rate = random.uniform(0, 1.2), 10.0 ** random.uniform(-1, 10), 10.0 ** random.uniform(-3, 6)
        by *= -1 if random.random() < 0.2 else 1
        return [
            lambda seconds: seconds,
            lambda seconds: seconds + by,
            lambda seconds: seconds + by * (seconds >= at),
            lambda seconds: seconds + by * (int(seconds * 20) % 7 == 3),
            lambda seconds: seconds * rate,
        ][random.integers(5)]

    picture, sound, in_order = change(), change(), random.random() < 0.7
    # What a container cannot hold ends the file there.
    with contextlib.suppress(av.error.FFmpegError, OverflowError):
        with_other_times(source, target, picture=picture, sound=sound, in_order=in_order)
    if not target.exists():
        target.write_bytes(source.read_bytes())
