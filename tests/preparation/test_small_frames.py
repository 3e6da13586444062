"""Small frames: their size, what they show, and that broad views are cut from them at the place of the full ones."""

import io

import av
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from brave_tf import prepare, presets
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset, sampling
from brave_tf.data.placement import place_views, scale_window, window
from brave_tf.data.read import RecordTable
from brave_tf.data.training_clips import TrainingClips
from brave_tf.data.views import training_views
from brave_tf.errors import UserError
from brave_tf.preparation.small_frames import small_frames

SETTINGS = ["batch_size=2", "narrow.size=32", "narrow.frames=4", "broad.rgb.frames=4", "broad.rgb.size=32", "seed=3"]
SMALL = "broad.rgb.decode=small"


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    texture = smooth_picture(128, 160)
    for number in range(3):
        with av.open(str(folder / f"{number}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "8"})
            stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
            for place in range(number, number + 15):
                picture = np.ascontiguousarray(texture[place : place + 96, place : place + 128])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
    return folder


@pytest.fixture(scope="module")
def dataset(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "d"
    return prepare(videos, out, workers=1, split="train=1", audio_rate=0, broad_size=48)


def smooth_picture(height, width):
    rough = np.random.default_rng(0).uniform(60, 190, (height // 16, width // 16, 3)).astype(np.float32)
    return tf.image.resize(rough, (height, width), "bicubic").numpy().clip(0, 255).astype(np.uint8)


def encode(pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=95)
    return data.getvalue()


@pytest.mark.parametrize(("side", "size"), [(128, (128, 170)), (100, (100, 133)), (300, (256, 340))])
def test_a_small_frame_is_the_frame_at_its_size(side, size):
    pixels = smooth_picture(256, 340)
    (jpeg,) = small_frames([encode(pixels)], side)
    small = tf.io.decode_jpeg(jpeg).numpy()
    assert small.shape == (*size, 3)
    expected = tf.image.resize(pixels, size, antialias=True)
    assert np.abs(small - expected).mean() < 3


def test_frames_that_repeat_are_made_once():
    first, second = encode(smooth_picture(64, 64)), encode(255 - smooth_picture(64, 64))
    small = small_frames([first, first, second], 32)
    assert small[0] is small[1] and small[1] != small[2]


def test_a_window_keeps_its_place_at_another_size():
    scaled = scale_window(tf.constant([10, 21, 100, 51]), tf.constant([200, 300]), tf.constant([100, 150]))
    assert scaled.numpy().tolist() == [5, 11, 50, 25]
    least = scale_window(tf.constant([199, 299, 1, 1]), tf.constant([200, 300]), tf.constant([20, 30]))
    assert least.numpy().tolist() == [19, 29, 1, 1]


def test_records_hold_them_and_datasets_without_are_what_they_were(videos, dataset, tmp_path):
    assert dataset.small_side == 48 and dataset.info["settings"]["broad_size"] == 48
    serialized, _ = RecordTable.of(dataset, dataset.clips()).reader()(tf.constant(0, tf.int64))
    record = dataset.parser(serialized)
    assert record["small_frames"].shape == record["frames"].shape == (15,)
    assert tf.io.decode_jpeg(record["small_frames"][0]).shape == (48, 64, 3)
    plain = prepare(videos, tmp_path / "d", workers=1, split="train=1", audio_rate=0)
    assert plain.small_side is None and "broad_size" not in plain.info["settings"]
    assert b"SMALL" not in next(plain.path.glob("*.tfrecord")).read_bytes()


def test_broad_views_are_cut_from_them_at_the_same_place(dataset):
    full = override(presets.get("tiny-v"), SETTINGS)
    small = override(full, [SMALL])
    serialized, _ = RecordTable.of(dataset, dataset.clips()).reader()(tf.constant(1, tf.int64))
    record = dataset.parser(serialized)
    for example in range(4):
        seed = sampling.example_seed(3, tf.constant(example, tf.int64))
        views, smaller = training_views(record, seed, full), training_views(record, seed, small)
        np.testing.assert_array_equal(views["narrow"], smaller["narrow"])
        assert smaller["broad"]["rgb"].shape == (1, 4, 32, 32, 3)
        difference = np.abs(views["broad"]["rgb"].numpy().astype(float) - smaller["broad"]["rgb"].numpy())
        assert 0 < difference.mean() < 4
        (place,) = place_views(record, seed, small).broad["rgb"]
        crop = scale_window(window(place, 96, 128, small.broad.rgb), tf.constant([96, 128]), tf.constant([48, 64]))
        frames = [tf.io.decode_and_crop_jpeg(record["small_frames"][n], crop) for n in place.frames.numpy()]
        expected = np.clip(np.round(tf.image.resize(tf.stack(frames), (32, 32)).numpy()), 0, 255)
        np.testing.assert_array_equal(smaller["broad"]["rgb"][0], expected)


@pytest.mark.thorough
def test_their_batches_follow_from_seed_and_step(dataset):
    config = override(presets.get("tiny-v"), [*SETTINGS, SMALL])
    first, second = (list(pretraining_dataset(dataset.path, config).take(3)) for _ in range(2))
    late = next(iter(pretraining_dataset(dataset.path, config, first_step=2)))
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)
    tf.nest.map_structure(np.testing.assert_array_equal, first[2], late)


def test_without_them_training_says_how_to_get_them(videos, tmp_path):
    plain = prepare(videos, tmp_path / "d", workers=1, split="train=1", audio_rate=0)
    with pytest.raises(UserError, match=r"no small frames, which broad.rgb.decode=small needs; prepare .*--broad-size"):
        TrainingClips.open(plain.path, override(presets.get("tiny-v"), [SMALL]))


@pytest.mark.parametrize(
    ("preset", "setting", "word"),
    [("tiny-v", "narrow.decode=small", "only broad"), ("tiny-f", "broad.flow.decode=small", "of video alone")],
)
def test_only_broad_rgb_views_are_small(preset, setting, word):
    with pytest.raises(UserError, match=word):
        override(presets.get(preset), [setting])


@pytest.mark.parametrize("size", [8, 300])
def test_a_size_that_makes_no_sense_is_refused(videos, tmp_path, size):
    with pytest.raises(UserError, match=f"--broad-size {size}; expected 16 to 256"):
        prepare(videos, tmp_path / "d", broad_size=size)
