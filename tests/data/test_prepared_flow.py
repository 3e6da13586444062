"""The optical flow that training is given is what `prepare` computed, at the frames of the view."""

import dataclasses

import av
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.commands import prepare
from brave_tf.config import AugmentConfig, BroadConfig, Config, VideoViewConfig
from brave_tf.data import sampling
from brave_tf.data.flow_code import FlowSettings
from brave_tf.data.placement import place_views
from brave_tf.data.read import RecordTable
from brave_tf.data.record_keys import FLOW_TIMES, FRAME_TIMES
from brave_tf.data.views import training_views
from brave_tf.preparation.tv_l1 import flow_pictures

SIDE, FRAMES = 32, 13
INSET = 8  # a crop of the whole picture becomes the square that leaves out a quarter of it on every side
WHOLE = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=(1.0, 1.0), flip=0.0, blur=0.0, color=0.0, grayscale=0.0)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A texture that moves by another distance from every frame to the next, 13 frames long."""
    rough = np.random.default_rng(0).uniform(0, 255, (SIDE // 4, SIDE // 4, 3)).astype(np.float32)
    texture = tf.image.resize(rough, (SIDE, SIDE), "bicubic").numpy().clip(0, 255).astype(np.uint8)
    folder = tmp_path_factory.mktemp("moving")
    with av.open(str(folder / "moving.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "8"})
        stream.height = stream.width = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            picture = np.roll(texture, (number % 3, number * (number + 1) // 8), (0, 1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return folder


def serialized_clip(video, out, stride):
    dataset = prepare(
        video, out, workers=1, split="train=1", audio_rate=0, flow=True, flow_size=SIDE, flow_stride=stride
    )
    return RecordTable.of(dataset, dataset.clips()).reader()(tf.constant(0, tf.int64))[0].numpy(), dataset.parser


def times(serialized, key):
    steps = tf.train.SequenceExample.FromString(serialized).feature_lists.feature_list[key].feature
    return np.array([step.int64_list.value[0] for step in steps])


@pytest.mark.parametrize(("stride", "step"), [(1, 1), (2, 2), (3, 6), (4, 4)])
def test_views_hold_the_stored_pictures_of_their_frames(video, tmp_path, stride, step):
    serialized, parser = serialized_clip(video, tmp_path / "d", stride)
    record = parser(tf.constant(serialized))
    frame_times, flow_times = times(serialized, FRAME_TIMES), times(serialized, FLOW_TIMES)
    assert len(frame_times) == FRAMES and len(flow_times) == -(-FRAMES // stride)
    # Each picture lies at the time of the frame that its displacement begins at.
    np.testing.assert_array_equal(flow_times, frame_times[::stride])

    computed = flow_pictures(record["frames"].numpy().tolist(), FlowSettings(SIDE, stride))
    assert record["flow"].numpy().tolist() == computed
    pictures = np.stack([tf.io.decode_png(png, channels=0).numpy() for png in computed])
    assert len({picture.tobytes() for picture in pictures}) > len(pictures) // 2, "the pictures tell frames apart"

    view = VideoViewConfig(frames=5, step=step, size=SIDE - 2 * INSET, views=3, augment=WHOLE)
    config = Config("test", BroadConfig(flow=view), dataclasses.replace(view, views=1))
    for example in range(4):
        seed = sampling.example_seed(5, tf.constant(example, tf.int64))
        placed = place_views(record, seed, config)
        given = training_views(record, seed, config)["broad"]["flow"].numpy()
        for place, crops in zip(placed.broad["flow"], given, strict=True):
            newest = np.searchsorted(flow_times, frame_times[place.frames.numpy()], side="right") - 1
            np.testing.assert_array_equal(crops, pictures[newest, INSET:-INSET, INSET:-INSET])
