"""The clips of a prepared dataset as rows of a table."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.data.damage import read_record
from brave_tf.data.evaluation_views import evaluation_windows
from brave_tf.data.open import open_dataset
from brave_tf.data.pictures import stored_pictures
from brave_tf.data.read import RecordTable
from brave_tf.data.spectrogram import log_mel
from brave_tf.embedding import embed as embedding
from brave_tf.embedding.clip_jobs import ClipReader
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.table import read_table
from brave_tf.embedding.writer import RowWriter
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.inspection.moment_pictures import DatasetPictures
from tests.embedding.encoders import SIZE, VIEW, audio_encoder, video_encoder
from tests.preparation.media_files import write_media

ONE_WINDOW = dataclasses.replace(VIEW, windows=1, crops=1)


@pytest.fixture(scope="module")
def dataset(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("dataset") / "dataset"
    brave_tf.prepare(folder, out, clip_seconds=1.0, workers=0, split="train=1")
    return out


@pytest.mark.parametrize("make", [video_encoder, audio_encoder])
def test_the_first_window_of_a_clip_is_the_one_of_an_evaluation_with_one_window(dataset, make):
    opened, view = open_dataset(dataset), dataclasses.replace(make().card.input_view, view=ONE_WINDOW)
    table = RecordTable.of(opened, opened.clips())
    reader = ClipReader(opened, view, Grid.of(view))
    for row in range(len(table)):
        expected, _ = evaluation_windows(opened.parser(tf.constant(read_record(table, row))), view)
        clip = next(reader.windows(row)).clip
        if clip.ndim == 1:
            assert np.allclose(log_mel(clip, view.sound), expected[0], atol=1e-5)
        else:
            assert np.array_equal(clip, expected[0])


def test_the_times_are_those_of_the_source(dataset, folder, tmp_path):
    brave_tf.embed(video_encoder(), data=dataset, out=tmp_path / "a.parquet", workers=2)
    _, table = read_table(tmp_path / "a.parquet")
    spans = [
        (start, round(end, 3))
        for name, start, end in zip(*(table[each].to_pylist() for each in ("file", "start", "end")), strict=True)
        if name == "4.mp4"
    ]
    # 2.2 s are clips of one second and a rest that is too short to keep.
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert spans[0] == (0.0, 0.32) and max(end for _, end in spans) == 2.0
    assert not any(start < 1.0 < end for start, end in spans)


def test_it_goes_on(dataset, tmp_path, monkeypatch):
    encoder, add, left = video_encoder(), RowWriter.add, [1]
    brave_tf.embed(encoder, data=dataset, out=tmp_path / "whole.parquet")

    def stopping(self, batch, vectors):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        add(self, batch, vectors)

    with monkeypatch.context() as patch:
        patch.setattr(RowWriter, "add", stopping)
        with pytest.raises(KeyboardInterrupt):
            brave_tf.embed(encoder, data=dataset, out=tmp_path / "a.parquet", workers=3)
    events, skipped = embedding.window_events, []
    monkeypatch.setattr(
        embedding, "window_events", lambda jobs, n: skipped.extend(job.skip for job in jobs) or events(jobs, n)
    )
    brave_tf.embed(encoder, data=dataset, out=tmp_path / "a.parquet", workers=1)
    assert sum(skipped) or len(skipped) < 6
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_damaged_clips_are_named(folder, tmp_path, capsys):
    out = tmp_path / "dataset"
    brave_tf.prepare(folder, out, clip_seconds=1.0, workers=0, split="train=1")
    clips = open_dataset(out).clips().to_pylist()
    lost = [next(row for row in clips if row["source"] == "1.mp4")]
    lost += [next(row for row in clips if row["source"] == "4.mp4" and row["start_seconds"] == 1.0)]
    for row in lost:
        data = bytearray((out / row["shard"]).read_bytes())
        data[row["offset"] + row["length"] // 2] ^= 1
        (out / row["shard"]).write_bytes(data)
    facts = brave_tf.embed(video_encoder(), data=out, out=tmp_path / "a.parquet")
    assert [(each.file, each.text.split(" (")[0]) for each in facts.left_out] == [
        ("1.mp4", "has a clip that cannot be used, number 0 of it")
    ]
    assert [(each.file, each.text.split(" (")[0]) for each in facts.remarks] == [
        ("4.mp4", "has a clip that cannot be used, number 1 of it")
    ]
    _, table = read_table(tmp_path / "a.parquet")
    assert (
        max(
            end
            for name, end in zip(table["file"].to_pylist(), table["end"].to_pylist(), strict=True)
            if name == "4.mp4"
        )
        <= 1.0
    )


def test_optical_flow(tmp_path):
    pytest.importorskip("cv2", reason="optical flow needs the extra flow")
    write_media(tmp_path / "videos" / "a.mp4", seconds=0.6, size=(16, 20), noise_seed=0)
    brave_tf.prepare(tmp_path / "videos", tmp_path / "dataset", flow=True, flow_size=16, flow_stride=2, workers=0)
    video = keras.Input((None, None, None, 2))
    maps = keras.layers.Conv3D(SIZE, (2, 3, 3), strides=(1, 4, 4))(video)
    model = keras.Model(video, keras.layers.GlobalAveragePooling3D()(maps))
    encoder = Encoder(model, EncoderCard("flow", "flow", view=VIEW), "flow", model.variables, [])
    facts = brave_tf.embed(encoder, data=tmp_path / "dataset", out=tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet")[1]["modality"].to_pylist() == ["flow"] * facts.rows and facts.rows == 3
    with pytest.raises(UserError, match="which media files do not hold"):
        brave_tf.embed(encoder, tmp_path / "videos", out=tmp_path / "b.parquet")


def test_an_encoder_of_what_the_dataset_lacks(dataset, tmp_path):
    model = keras.Sequential([keras.Input((None, None, None, 2)), keras.layers.GlobalAveragePooling3D()])
    encoder = Encoder(model, EncoderCard("flow", "flow", view=VIEW, weights_sha256="0"), "flow", [], [])
    with pytest.raises(UserError, match="holds no optical flow"):
        brave_tf.embed(encoder, data=dataset, out=tmp_path / "a.parquet")


def test_a_clip_with_a_damaged_frame_has_no_windows(dataset, monkeypatch):
    opened, view = open_dataset(dataset), video_encoder().card.input_view
    reader = ClipReader(opened, view, Grid.of(view))
    ((_, (row, *_)),) = [each for each in reader.sources() if each[0] == "4.mp4"]
    expected = [window.clip for window in reader.windows(row)]
    assert len(expected) > 3
    # Those of a clip that is too long to be held are the same.
    monkeypatch.setattr("brave_tf.embedding.clip_jobs.MOST_FRAMES", 0)
    assert np.array_equal([window.clip for window in reader.windows(row)], expected)

    def damaged(record, modality, numbers):
        encoded = stored_pictures(record, modality, numbers)
        last = len(record["frames"]) - 1
        return tf.where(numbers == last, b"no picture", encoded)

    monkeypatch.setattr("brave_tf.embedding.clip_jobs.stored_pictures", damaged)
    for most in (0, 1000):
        monkeypatch.setattr("brave_tf.embedding.clip_jobs.MOST_FRAMES", most)
        with pytest.raises(tf.errors.OpError):
            next(reader.windows(row))


def test_a_dataset_is_found_from_another_folder(dataset, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(dataset.parent)
    brave_tf.embed(video_encoder(), data=dataset.name, out=tmp_path / "a.parquet")
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.html"
    brave_tf.search(tmp_path / "a.parquet", near_duplicates=-1.0, html=page, top=2)
    assert page.read_text().count("data:image/jpeg;base64,") == 4
    with pytest.raises(UserError, match="dataset is not a dataset"):
        brave_tf.embed(video_encoder(), data=dataset.name, out=tmp_path / "a.parquet")


@pytest.mark.parametrize("kind", ["frame", "spectrogram"])
def test_a_whole_source_is_shown_from_where_it_begins(dataset, kind):
    pictures = DatasetPictures(open_dataset(dataset))
    expected = pictures.picture("4.mp4", 0.0, 0.0, kind)
    # Of a recording, clips may have the time of the day.
    moved = DatasetPictures(open_dataset(dataset))
    moved._rows["4.mp4"] = [(begin + 3600.0, row) for begin, row in moved._rows["4.mp4"]]
    assert np.array_equal(moved.picture("4.mp4", 0.0, 0.0, kind), expected)
