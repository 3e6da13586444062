"""Prepared datasets that are damaged afterwards, clip by clip."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from brave_tf.data import open_dataset
from brave_tf.data.record_frame import HEADER_BYTES, frame

FRAMES, SOUND = "image/encoded", "WAVEFORM/feature/floats"


def damaged_copy(dataset: Path, into: Path, damage: Mapping[int, str]) -> Path:
    """A copy of a dataset of which some clips, by their row in the clip table, are damaged as one of `KINDS`."""
    shutil.copytree(dataset, into)
    clips = open_dataset(into).clips().to_pylist()
    for row, kind in damage.items():
        shard = into / clips[row]["shard"]
        content = bytearray(shard.read_bytes())
        start, end = clips[row]["offset"], clips[row]["offset"] + clips[row]["length"]
        payload, has_checksum = KINDS[kind](bytes(content[start:end]))
        assert len(payload) == end - start
        if has_checksum:
            whole = b"".join(frame([payload]))
            content[start - HEADER_BYTES : start - HEADER_BYTES + len(whole)] = whole
        else:
            content[start:end] = payload
        shard.write_bytes(content)
    return into


def _values(payload, key):
    lists = tf.train.SequenceExample.FromString(payload).feature_lists.feature_list[key]
    return [value for step in lists.feature for value in getattr(step, step.WhichOneof("kind")).value]


def _pictures(payload):
    for picture in _values(payload, FRAMES):
        payload = payload.replace(picture, picture[:3] + bytes(len(picture) - 3))
    return payload, True


def _last_picture(payload):
    picture = _values(payload, FRAMES)[-1]
    place = payload.rindex(picture)
    return payload[:place] + picture[:3] + bytes(len(picture) - 3) + payload[place + len(picture) :], True


def _sound(payload):
    samples = np.array(_values(payload, SOUND), "<f4")
    place = payload.index(samples.tobytes())
    samples[len(samples) // 2] = np.nan
    return payload[:place] + samples.tobytes() + payload[place + samples.nbytes :], True


KINDS = {
    "pictures": _pictures,
    "last picture": _last_picture,
    "nan": _sound,
    "checksum": lambda payload: (payload[:-1] + bytes([payload[-1] ^ 1]), False),
    "no example": lambda payload: (b"\xff" * len(payload), True),
}
"""From the payload of a record to a damaged one of its length, and whether it gets a checksum that fits."""
