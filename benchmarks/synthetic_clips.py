"""A dataset of synthetic clips, as large as real ones: moving textures of 256x340 pixels, 250 frames, with sound."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from PIL import Image

from brave_tf.data.dataset import CLIPS_FILE, CLIPS_PER_SOURCE, INFO_FILE

HEIGHT, WIDTH, FRAMES = 256, 340, 250
AUDIO_RATE_HZ, SECONDS = 16_000, 10
ROUGHNESS, QUALITY = 1.7, 92
"""Spectrum 1 / frequency^ROUGHNESS and JPEG quality; together about 15 kB a frame, as Kinetics has them."""
FLOW_STRIDE = 4
FLOW = {"shorter_side": 128, "stride": FLOW_STRIDE}
FLOW_PICTURES = len(range(0, FRAMES, FLOW_STRIDE))
HEADER_BYTES, FOOTER_BYTES = 12, 4
"""Of a record in a TFRecord file."""
SHARD = "train-00000-of-00001.tfrecord"


def write_clips(folder: Path, clips: int, broad_size: int | None = None, *, flow: bool = False) -> None:
    """Writes a dataset of the form that `brave-tf prepare` writes; every call the same one.

    Args:
        folder: where to, empty.
        clips: how many, 4.4 MB each.
        broad_size: shorter side of small frames beside the others, in pixels; None for none.
        flow: whether there is optical flow, of the default size and stride.
    """
    folder.mkdir()
    generator = np.random.default_rng(0)
    rows, offset = [], 0
    with tf.io.TFRecordWriter(str(folder / SHARD)) as writer:
        for number in range(clips):
            payload = _record(generator, broad_size, flow)
            writer.write(payload)
            place = {"shard": SHARD, "offset": offset + HEADER_BYTES, "length": len(payload)}
            counts = {
                "frames": FRAMES,
                "samples": AUDIO_RATE_HZ * SECONDS,
                "flow_frames": len(range(0, FRAMES, FLOW_STRIDE)),
            }
            times = {"start_seconds": 0.0, "end_seconds": float(SECONDS)}
            identity = {"clip_id": number * CLIPS_PER_SOURCE, "split": "train", "source": f"{number}.mp4"}
            rows.append({**identity, **place, **times, **counts})
            offset += HEADER_BYTES + len(payload) + FOOTER_BYTES
    pq.write_table(pa.Table.from_pylist(rows), folder / CLIPS_FILE)
    info: dict[str, Any] = {"format_version": 1, "audio_rate_hz": AUDIO_RATE_HZ, "splits": {"train": {}}, "labels": {}}
    origin = {"sources": clips, "settings": {}, "ignored": {}, "split_rule": "", "quarantined": []}
    media = {"broad_size": broad_size, "flow": FLOW if flow else None, "fingerprint": "synthetic"}
    (folder / INFO_FILE).write_text(json.dumps({**info, **origin, **media}))


def _record(generator: np.random.Generator, broad_size: int | None, flow: bool) -> bytes:
    example = tf.train.SequenceExample()
    pictures = {"image/encoded": _frames(generator)}
    if broad_size:
        from brave_tf.preparation.small_frames import small_frames

        pictures["SMALL/image/encoded"] = small_frames(pictures["image/encoded"], broad_size)
    if flow:
        pictures["FORWARD_FLOW/image/encoded"] = [_flow_picture(generator)] * FLOW_PICTURES
        example.context.feature["FORWARD_FLOW/image/frame_rate"].float_list.value.append(25 / FLOW_STRIDE)
    for key, images in pictures.items():
        for image in images:
            example.feature_lists.feature_list[key].feature.add().bytes_list.value.append(image)
    sound = generator.normal(0.0, 0.1, AUDIO_RATE_HZ * SECONDS).astype(np.float32)
    example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature.add().float_list.value.extend(sound)
    return bytes(example.SerializeToString())


def _frames(generator: np.random.Generator) -> list[bytes]:
    """The JPEGs of a texture that the camera passes over in a slow loop."""
    texture = _texture(generator, 512)
    turns = np.linspace(0, 2 * np.pi, FRAMES) + generator.uniform(0, 2 * np.pi)
    tops = ((512 - HEIGHT) / 2 * (1 + np.sin(turns))).astype(int)
    lefts = ((512 - WIDTH) / 2 * (1 + np.cos(turns))).astype(int)
    pictures = (texture[top : top + HEIGHT, left : left + WIDTH] for top, left in zip(tops, lefts, strict=True))
    return [tf.io.encode_jpeg(picture, quality=QUALITY).numpy() for picture in pictures]


def _flow_picture(generator: np.random.Generator) -> bytes:
    data = io.BytesIO()
    Image.fromarray(_texture(generator, 170)[:128, :, :2], "LA").save(data, "PNG")
    return data.getvalue()


def _texture(generator: np.random.Generator, side: int) -> np.ndarray:
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequencies[0, 0] = 1.0
    phases = generator.normal(size=(3, side, side)) + 1j * generator.normal(size=(3, side, side))
    planes = np.fft.ifft2(phases / frequencies**ROUGHNESS).real
    planes /= planes.std(axis=(1, 2), keepdims=True)
    colors = 128 + 45 * (0.7 * planes[:1] + 0.3 * planes)
    return np.clip(colors, 0, 255).astype(np.uint8).transpose(1, 2, 0)
