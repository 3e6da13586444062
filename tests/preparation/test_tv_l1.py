"""Optical flow: its signs and size, what storing it costs, and that it is a pure function of the media."""

import io
import json
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data import records
from brave_tf.data.flow_code import LIMIT_SHARE, FlowSettings, store, to_pixels
from brave_tf.data.open import open_dataset
from brave_tf.data.pictures import decode, picture_shape
from brave_tf.data.read import RecordTable
from brave_tf.data.training_clips import TrainingClips
from brave_tf.errors import UserError
from brave_tf.preparation.media import MediaSettings, read_clips
from brave_tf.preparation.tv_l1 import flow_pictures
from brave_tf.presets import get
from tests.preparation.media_files import write_media

HEIGHT, WIDTH = 64, 80


def texture(size=160):
    noise = np.random.default_rng(0).normal(size=(size, size))
    spectrum = np.fft.fft2(noise) * np.exp(-((np.fft.fftfreq(size)[:, None] ** 2 + np.fft.fftfreq(size) ** 2) * 300))
    smooth = np.real(np.fft.ifft2(spectrum))
    return (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)


def moving(frames, right, down):
    """JPEGs of a texture that moves by so many pixels a frame."""
    pixels, jpegs = texture(), []
    for number in range(frames):
        top, left = 60 - down * number, 60 - right * number
        data = io.BytesIO()
        Image.fromarray(pixels[top : top + HEIGHT, left : left + WIDTH]).convert("RGB").save(data, "JPEG", quality=95)
        jpegs.append(data.getvalue())
    return jpegs


def decoded(png):
    height, width, _ = picture_shape(tf.constant(png)).numpy()
    return to_pixels(decode(tf.constant([png]), "flow", tf.constant([0, 0, height, width]))[0].numpy())


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-2, 0), (0, 1), (1, -2)])
def test_flow_is_the_movement_in_pixels_to_the_right_and_down(right, down):
    (png,) = flow_pictures(moving(2, right, down), FlowSettings(128, 4))
    flow = decoded(png)[8:-8, 8:-8]
    assert flow[..., 0].mean() == pytest.approx(right, abs=0.2)
    assert flow[..., 1].mean() == pytest.approx(down, abs=0.2)


def test_every_stride_th_frame_has_the_flow_to_the_next_frame():
    jpegs = moving(10, 1, 0)
    # Frame 4 to 5 is turned around; no other pair that counts is.
    jpegs[5:] = moving(10, 1, 0)[3:8]
    pictures = flow_pictures(jpegs, FlowSettings(64, 4))
    means = [decoded(png)[8:-8, 8:-8, 0].mean() for png in pictures]
    np.testing.assert_allclose(means, [1, -1, 1], atol=0.2)
    assert len(flow_pictures(jpegs, FlowSettings(64, 1))) == 10


def test_the_last_frame_has_the_flow_that_leads_to_it_and_a_single_one_none():
    pictures = flow_pictures(moving(5, 1, 0), FlowSettings(64, 4))
    assert len(pictures) == 2 and decoded(pictures[1])[8:-8, 8:-8, 0].mean() == pytest.approx(1, abs=0.2)
    (png,) = flow_pictures(moving(1, 1, 0), FlowSettings(64, 4))
    assert not np.any(decoded(png)) and decoded(png).shape == (64, 80, 2)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_repeated_frames_share_the_way_to_the_next_one_that_differs(stride):
    # 12.5 and 8.3 frames a second, in a stream of 25: two pixels in two frames, three in three.
    for repeated in (2, 3):
        jpegs = [jpeg for jpeg in moving(4, repeated, 0) for _ in range(repeated)]
        pictures = flow_pictures(jpegs, FlowSettings(64, stride))
        assert len(pictures) == -(-len(jpegs) // stride)
        for png in pictures:
            assert decoded(png)[8:-8, 8:-8, 0].mean() == pytest.approx(1, abs=0.15)


def test_slow_videos_repeat_frames_byte_for_byte(tmp_path):
    path = write_media(tmp_path / "slow.mp4", seconds=2, fps=5, sound_hz=None)
    (clip,) = read_clips(path, MediaSettings(audio_rate_hz=None))
    assert len(clip.frames) == 50 and len(set(clip.frames)) == 10


@pytest.mark.parametrize("motion", [(2, 0), (0, 1), (2, 2)])
def test_the_edges_of_a_picture_move_as_the_rest_does(motion):
    error = np.abs(decoded(flow_pictures(moving(2, *motion), FlowSettings(64, 4))[0]) - motion)
    assert max(edge.mean() for edge in (error[0], error[-1], error[:, 0], error[:, -1])) < 0.2


def test_pictures_are_made_smaller_and_displacements_with_them():
    png, _ = flow_pictures(moving(2, 2, 0), FlowSettings(32, 1))
    assert decoded(png).shape == (32, 40, 2)
    assert decoded(png)[4:-4, 4:-4, 0].mean() == pytest.approx(1, abs=0.2)


@given(value=st.floats(-1, 1), side=st.integers(16, 256))
def test_storing_costs_at_most_half_a_step(value, side):
    limit = LIMIT_SHARE * side
    flow = np.full((side, side + 1, 2), value * limit, np.float32)
    assert np.abs(to_pixels(store(flow)) - flow).max() <= limit / 254 * 1.001


def test_the_limit_is_20_pixels_of_256_and_what_is_beyond_is_cut():
    row = np.repeat(np.array([-30, -20, 0, 20, 30], np.float32), 60)
    flow = np.broadcast_to(row[None, :, None], (256, 300, 2))
    assert sorted(set(store(flow).ravel().tolist())) == [1, 128, 255]
    assert to_pixels(store(flow)).max() == pytest.approx(20.0)


def test_every_stored_value_decodes_as_it_is():
    values = np.random.default_rng(0).integers(0, 256, (17, 23, 2), np.uint8)
    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG")
    window = tf.constant([2, 3, 10, 12])
    found = tf.function(decode)(tf.constant([data.getvalue()] * 2), "flow", window)
    np.testing.assert_array_equal(found, [values[2:12, 3:15]] * 2)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(20):
        write_media(folder / f"{number:02d}.mp4", seconds=0.4, size=(32, 40), sound_hz=None)
    return folder


def test_prepared_flow_parses_back_and_does_not_depend_on_the_workers(videos, tmp_path):
    one, two = (
        prepare(videos, tmp_path / str(n), workers=n, split="train=1", flow=True, flow_size=24, flow_stride=3)
        for n in (1, 2)
    )
    assert one.flow == FlowSettings(24, 3) and one.info["splits"]["train"]["with_flow"] == 20
    for shard in one.path.glob("*.tfrecord"):
        assert shard.read_bytes() == (two.path / shard.name).read_bytes()
    clips = one.clips("train")
    assert clips["flow_frames"].to_pylist() == [4] * 20
    record = records.parse(RecordTable.of(one, clips).reader()(tf.constant(5, tf.int64))[0])
    assert record["flow"].shape == (4,) and int(record["flow_step"]) == 3 and record["frames"].shape == (10,)
    assert decoded(record["flow"][0].numpy()).shape == (24, 30, 2)


def test_datasets_without_flow_are_what_they_were(videos, tmp_path):
    dataset = prepare(videos, tmp_path / "d", workers=1, split="train=1")
    assert dataset.flow is None and "flow" not in dataset.info["settings"]
    assert (
        dataset.info["fingerprint"]
        != prepare(
            videos, tmp_path / "f", workers=1, split="train=1", flow=True, flow_size=16, flow_stride=5
        ).fingerprint
    )
    # Datasets from before there was flow do not say so.
    old = tmp_path / "old"
    shutil.copytree(dataset.path, old)
    info = json.loads((old / "dataset.json").read_text())
    del info["flow"]
    for split in info["splits"].values():
        del split["with_flow"]
    (old / "dataset.json").write_text(json.dumps(info))
    assert open_dataset(old).flow is None and TrainingClips.open(old, get("tiny-v")).count == 20
    assert main(["prepare", str(videos), "--out", str(old), "--split", "train=1", "--workers", "1"]) == 0


def test_experiments_with_flow_need_flow_at_their_rate(videos, tmp_path):
    plain = prepare(videos, tmp_path / "d", workers=1, split="train=1")
    with pytest.raises(UserError, match="holds no optical flow, which tiny-f needs; prepare it with --flow"):
        TrainingClips.open(plain.path, get("tiny-f"))
    sparse = prepare(videos, tmp_path / "s", workers=1, split="train=1", flow=True, flow_size=16, flow_stride=8)
    with pytest.raises(UserError, match=r"every 8th frame; tiny-f takes every 4th"):
        TrainingClips.open(sparse.path, get("tiny-f"))


@pytest.mark.parametrize(("size", "stride", "words"), [(8, 4, "--flow-size 8"), (64, 26, "--flow-stride 26")])
def test_sizes_and_strides_out_of_range_are_refused(videos, tmp_path, size, stride, words):
    with pytest.raises(UserError, match=f"received {words}; expected"):
        prepare(videos, tmp_path / "d", flow=True, flow_size=size, flow_stride=stride)


def test_settings_of_flow_without_flow_are_refused(videos, tmp_path, capsys):
    assert main(["prepare", str(videos), "--out", str(tmp_path / "d"), "--flow-size", "64"]) == 2
    assert "without --flow; add --flow" in capsys.readouterr().err and not (tmp_path / "d").exists()


def test_without_opencv_one_line_names_the_extra_before_anything_is_written(videos, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["prepare", str(videos), "--out", str(tmp_path / "d"), "--flow"]) == 1
    assert "pip install 'brave-tf[flow]'" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
