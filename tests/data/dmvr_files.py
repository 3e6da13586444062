"""Small TFRecord shards as DeepMind's released code has them."""

from pathlib import Path

import numpy as np
import tensorflow as tf


def pictures(count, *, size=(48, 64), encode=tf.io.encode_jpeg):
    """Encoded grey frames that brighten, with a bright left half."""
    frames = np.zeros((count, *size, 3), np.uint8)
    for number in range(count):
        frames[number] = 30 + 100 * number // max(count - 1, 1)
        frames[number, :, : size[1] // 2] += 60
    return [encode(frame).numpy() for frame in frames]


def record(frames=30, samples=19_200, *, context=None, encoded=None):
    """A serialised `SequenceExample`; `context` maps keys to lists."""
    example = tf.train.SequenceExample()
    for picture in pictures(frames) if encoded is None else encoded:
        example.feature_lists.feature_list["image/encoded"].feature.add().bytes_list.value.append(picture)
    if samples:
        wave = np.sin(np.arange(samples) / 10).astype(np.float32)
        example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature.add().float_list.value.extend(wave)
    for key, values in (context or {}).items():
        feature = example.context.feature[key]
        kind = {int: feature.int64_list, float: feature.float_list, bytes: feature.bytes_list}[type(values[0])]
        kind.value.extend(values)
    return example.SerializeToString()


def write_shard(path: Path, records) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for serialized in records:
            writer.write(serialized)
    return path
