"""Small films that differ in what they show and how they sound, and datasets of them to damage."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from brave_tf.data.record_frame import frame

RATE_HZ = 16_000


def write_film(
    path: Path,
    seed: int,
    *,
    seconds: float = 1.2,
    size: tuple[int, int] = (48, 64),
    crf: int = 18,
    loudness: float = 0.3,
) -> Path:
    """A texture that the camera passes over, with a melody, both made of a seed alone; `crf` 18 is fine, 40 coarse."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=25, options={"crf": str(crf)})
        picture.height, picture.width, picture.pix_fmt = *size, "yuv420p"
        sound = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for image in _pictures(seed, round(seconds * 25), size):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(picture.encode(None))
        wave = (loudness * 32767 * _melody(seed, seconds)).astype(np.int16)[None]
        heard = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        fifo = av.AudioFifo()
        resampler = av.AudioResampler(format=sound.codec_context.format, layout="mono", rate=RATE_HZ)
        for piece in resampler.resample(heard):
            fifo.write(piece)
        while (piece := fifo.read(1024, partial=True)) is not None:
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    return path


def _pictures(seed, count, size):
    generator = np.random.default_rng(seed)
    height, width = size
    # The same picture at every size: waves of few cycles.
    waves = generator.uniform(-3, 3, (6, 2)), generator.uniform(0, 6.28, 6), generator.uniform(-12, 12, 6)
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    for number in range(count):
        value = sum(
            np.sin(6.28 * (along[0] * rows + along[1] * columns) + phase + speed * number / 25)
            for along, phase, speed in zip(*waves, strict=True)
        )
        grey = np.clip(128 + 40 * value, 0, 255).astype(np.uint8)
        yield np.repeat(grey[:, :, None], 3, axis=2)


def _melody(seed, seconds):
    generator = np.random.default_rng(1000 + seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    steps = np.minimum((time * 10).astype(int), int(seconds * 10))
    notes = generator.uniform(200, 3000, (3, int(seconds * 10) + 1))
    return sum(np.sin(6.28 * np.cumsum(note[steps]) / RATE_HZ) for note in notes) / 3


def rows_of(dataset: Path) -> list[dict]:
    return pq.read_table(dataset / "clips.parquet").to_pylist()


def edit_table(dataset: Path, change) -> None:
    """Rewrites the clip table with its rows changed in place."""
    table = pq.read_table(dataset / "clips.parquet")
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), dataset / "clips.parquet")


def edit_info(dataset: Path, change) -> None:
    info = json.loads((dataset / "dataset.json").read_text())
    change(info)
    (dataset / "dataset.json").write_text(json.dumps(info))


def edit_record(dataset: Path, number: int, change) -> None:
    """Rewrites the record of a row of the table, with good checksums, and puts right where the others lie."""
    rows = rows_of(dataset)
    row = rows[number]
    content = (dataset / row["shard"]).read_bytes()
    example = tf.train.SequenceExample.FromString(content[row["offset"] : row["offset"] + row["length"]])
    change(example)
    payload = example.SerializeToString()
    before, after = content[: row["offset"] - 12], content[row["offset"] + row["length"] + 4 :]
    (dataset / row["shard"]).write_bytes(before + b"".join(frame([payload])) + after)

    def moved(rows):
        for other in rows:
            if other["shard"] == row["shard"] and other["offset"] > row["offset"]:
                other["offset"] += len(payload) - row["length"]
        rows[number]["length"] = len(payload)

    edit_table(dataset, moved)


def flip(dataset: Path, number: int, place: int) -> None:
    """Changes a byte of a shard: `place` counts from the first of the payload of a row's record."""
    row = rows_of(dataset)[number]
    with open(dataset / row["shard"], "r+b") as stream:
        stream.seek(row["offset"] + place)
        byte = stream.read(1)[0]
        stream.seek(row["offset"] + place)
        stream.write(bytes([byte ^ 255]))
