"""Any bytes in the place of DMVR shards and of the index of them end in rows or in one line."""

import contextlib
import json
import os
from unittest import mock

import hypothesis
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from brave_tf.data.dmvr import KIND, summarise
from brave_tf.data.open import open_dataset
from brave_tf.data.record_frame import frame
from brave_tf.data.tfrecord_index import DamagedRecordError, index_shards
from brave_tf.errors import UserError
from tests.data.dmvr_files import record
from tests.fuzz.damage import edited, edits

CONTEXT = {
    "image/frame_rate": [25.0],
    "WAVEFORM/feature/sample_rate": [48_000.0],
    "clip/label/index": [3],
    "clip/label/text": [b"wave"],
    "clip/start/timestamp": [0],
    "clip/end/timestamp": [1_000_000],
}
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 6
"""Looks like one from outside; nothing here decodes it."""
HONEST = record(encoded=[JPEG, JPEG], samples=20, context=CONTEXT)
SHARD = b"".join(b"".join(frame([payload])) for payload in (HONEST, record(encoded=[JPEG], samples=0), HONEST))

KEYS = st.sampled_from([*CONTEXT, "image/encoded", "WAVEFORM/feature/floats", "clip/label/string", ""])
VALUES = {
    "bytes_list": st.lists(st.sampled_from([b"", b"\xff\xd8\xff", b"\xff\xfe", b"\n\0"]), max_size=3),
    "float_list": st.lists(st.floats(width=32), max_size=3),
    "int64_list": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
}
FEATURES = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind]))


@st.composite
def records(draw):
    """Records of the right keys with values of any kind."""
    example = tf.train.SequenceExample()
    for key, (kind, values) in draw(st.lists(st.tuples(KEYS, FEATURES), max_size=6)):
        getattr(example.context.feature[key], kind).value.extend(values)
    for key, (kind, values) in draw(st.lists(st.tuples(KEYS, FEATURES), max_size=6)):
        getattr(example.feature_lists.feature_list[key].feature.add(), kind).value.extend(values)
    return example.SerializeToString()


PAYLOADS = st.one_of(
    st.binary(max_size=60), records(), edits(st.binary(max_size=12)).map(lambda changes: edited(HONEST, changes))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shards")


@contextlib.contextmanager
def one_line():
    try:
        yield
    except UserError as error:
        assert str(error).isprintable() and len(str(error)) < 2000


@hypothesis.given(PAYLOADS)
@hypothesis.settings(max_examples=300)
def test_any_record(payload):
    with contextlib.suppress(DamagedRecordError):
        row = summarise(payload)
        assert row["frames"] + row["samples"] > 0
        json.dumps(row, allow_nan=False)


@hypothesis.given(edits(st.binary(max_size=20)))
def test_any_shard(folder, changes):
    shard = folder / "train-00000-of-00001.tfrecord"
    shard.write_bytes(edited(SHARD, changes))
    with one_line(), mock.patch.dict(os.environ, XDG_CACHE_HOME=str(folder / "none" / shard.name / "/dev/null")):
        index_shards([shard], KIND, summarise, "index")


@hypothesis.given(st.lists(PAYLOADS, min_size=1, max_size=4))
def test_any_dataset(folder, payloads):
    shard = folder / "train-00000-of-00001.tfrecord"
    shard.write_bytes(b"".join(b"".join(frame([payload])) for payload in payloads))
    with one_line(), mock.patch.dict(os.environ, XDG_CACHE_HOME="/dev/null"):
        dataset = open_dataset(folder)
        rows = dataset.clips().num_rows
        assert 0 < rows <= len(payloads) and rows + len(dataset.damaged()) == len(payloads)
