"""Records written without TensorFlow: byte for byte what TensorFlow writes."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from brave_tf.config import SOURCE_FPS
from brave_tf.data.record_frame import frame, framed_bytes
from brave_tf.preparation.media import Clip
from brave_tf.preparation.record_writer import build
from brave_tf.preparation.sequence_example import serialize

TEXTS = st.text(max_size=200)
VALUES = st.one_of(
    *(
        st.lists(each, min_size=1, max_size=5)
        for each in (TEXTS, st.binary(max_size=300), st.floats(width=32), st.integers(-(2**63), 2**63 - 1))
    )
)


def fill(feature, values):
    if isinstance(values[0], str):
        feature.bytes_list.value.extend(value.encode() for value in values)
    elif isinstance(values[0], bytes):
        feature.bytes_list.value.extend(values)
    elif isinstance(values[0], float):
        feature.float_list.value.extend(values)
    else:
        feature.int64_list.value.extend(values)


def by_tensorflow(context, feature_lists):
    example = tf.train.SequenceExample()
    for key, values in context.items():
        fill(example.context.feature[key], values)
    for key, steps in feature_lists.items():
        example.feature_lists.feature_list[key].SetInParent()
        for values in steps:
            fill(example.feature_lists.feature_list[key].feature.add(), values)
    return example.SerializeToString(deterministic=True)


@given(
    st.dictionaries(TEXTS, VALUES, max_size=5),
    st.dictionaries(TEXTS, st.lists(VALUES, min_size=1, max_size=3), max_size=3),
)
def test_the_bytes_are_those_of_tensorflow(context, feature_lists):
    assert b"".join(serialize(context, feature_lists)) == by_tensorflow(context, feature_lists)


def test_a_clip_is_written_as_tensorflow_writes_it():
    samples = np.sin(np.arange(32_000)).astype(np.float32)
    clip = Clip(1.2, 3.2, [bytes([number]) * 300 for number in range(50)], 256, 340, samples)
    record = build(
        clip,
        clip_id=5 * 2**20 + 1,
        source="chats/häuschen.mp4",
        audio_rate_hz=16_000,
        labels={"label": ("miau", "wau"), "fold": "3", "group": ()},
        label_indices=(7, 130),
        flow=[b"png", b"other"],
        flow_stride=25,
    )
    times = [round((1.2 + number / SOURCE_FPS) * 1e6) for number in range(50)]
    context = {
        "clip/media_id": ["chats/häuschen.mp4"],
        "clip/index": [5 * 2**20 + 1],
        "clip/start/timestamp": [1_200_000],
        "clip/end/timestamp": [3_200_000],
        "clip/label/string": ["miau", "wau"],
        "clip/label/index": [7, 130],
        "label/fold": ["3"],
        "image/format": ["JPEG"],
        "image/frame_rate": [25.0],
        "image/channels": [3],
        "image/height": [256],
        "image/width": [340],
        "FORWARD_FLOW/image/format": ["PNG"],
        "FORWARD_FLOW/image/frame_rate": [1.0],
        "FORWARD_FLOW/image/channels": [2],
        "WAVEFORM/feature/sample_rate": [16_000.0],
        "WAVEFORM/feature/num_samples": [32_000],
    }
    lists = {
        "image/encoded": [[jpeg] for jpeg in clip.frames],
        "image/timestamp": [[time] for time in times],
        "FORWARD_FLOW/image/encoded": [[b"png"], [b"other"]],
        "FORWARD_FLOW/image/timestamp": [[times[0]], [times[25]]],
        "WAVEFORM/feature/floats": [samples.tolist()],
    }
    assert b"".join(record) == by_tensorflow(context, lists)


def test_a_file_of_records_is_what_tensorflow_writes(tmp_path):
    payloads = [[b""], [b"one"], [b"in", b"", b"pieces" * 1000]]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for pieces in payloads:
            writer.write(b"".join(pieces))
    ours = [b"".join(frame(pieces)) for pieces in payloads]
    assert b"".join(ours) == (tmp_path / "theirs").read_bytes()
    assert [len(each) for each in ours] == [framed_bytes(sum(map(len, pieces))) for pieces in payloads]
