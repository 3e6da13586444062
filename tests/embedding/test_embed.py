"""From media to a table: every file is accounted for, and what happens on the way changes no byte of it."""

import contextlib
import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.embedding import embed as embedding
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.jobs import MediaJob
from brave_tf.embedding.journal import Journal
from brave_tf.embedding.plan import Plan
from brave_tf.embedding.table import TableFacts, read_table
from brave_tf.embedding.threads import done_in_threads
from brave_tf.embedding.vectors import WindowEmbedder
from brave_tf.embedding.windows import media_windows
from brave_tf.embedding.writer import RowWriter
from brave_tf.encoders.card import EncoderCard
from brave_tf.errors import UsageError, UserError
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.layouts import Source
from tests.embedding.encoders import SIZE, VIEW, audio_encoder, video_encoder
from tests.preparation.media_files import write_media
from tests.programs import Program


@pytest.fixture(scope="module")
def encoder():
    return video_encoder()


@pytest.fixture(scope="module")
def reference(encoder, folder, tmp_path_factory):
    """The table of the folder, and its bytes."""
    path = tmp_path_factory.mktemp("reference") / "table.parquet"
    facts = brave_tf.embed(encoder, folder, out=path, workers=0)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return facts, path.read_bytes()


def table_of(path):
    _, table = read_table(path)
    return table, np.array(table["embedding"].to_pylist(), np.float32)


def test_every_window_of_every_file_is_a_row(encoder, folder, tmp_path, reference, capsys):
    facts, content = reference
    (tmp_path / "a.parquet").write_bytes(content)
    table, vectors = table_of(tmp_path / "a.parquet")
    expected = [each for path in sorted(folder.glob("*.mp4")) for each in media_windows(path, encoder.card.input_view)]
    columns = [(each.file, each.start, each.end, "rgb") for each in expected]
    assert list(zip(*(table[name].to_pylist() for name in table.column_names[:4]), strict=True)) == columns
    alone = WindowEmbedder(encoder, Grid.of(encoder.card.input_view))
    # One by one: an embedding does not depend on what is beside it in the batch.
    assert np.array_equal(vectors, np.concatenate([alone.windows([each]) for each in expected]))
    assert facts.rows == len(expected) > 20 and facts.files == 6 and facts.embedding_size == SIZE
    assert facts.weights_sha256 == encoder.card.weights_sha256 and facts.card == encoder.card
    assert (facts.window, facts.stride, facts.folder, facts.data) == (0.32, 0.16, os.getcwd(), None)


def test_processes_make_the_same_table(encoder, folder, tmp_path, reference):
    brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", workers=2)
    assert (tmp_path / "a.parquet").read_bytes() == reference[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_in_which_windows_come_changes_nothing(encoder, folder, tmp_path, reference, monkeypatch, seed):
    def mixed(jobs, workers):
        events = {job.number: [each for each in done_in_threads([job], 1) if each] for job in jobs}
        generator = random.Random(seed)
        while events:
            number = generator.choice(sorted(events))
            yield events[number].pop(0)
            events = {number: left for number, left in events.items() if left}

    monkeypatch.setattr(embedding, "window_events", mixed)
    brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == reference[1]


class Stop(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("batches", [0, 1, 2])
@pytest.mark.parametrize("options", [{}, {"pool": "video"}, {"dense": True}], ids=str)
def test_the_same_command_goes_on(encoder, folder, tmp_path, monkeypatch, batches, options):
    whole, path = tmp_path / "whole.parquet", tmp_path / "a" / "whole.parquet"
    brave_tf.embed(encoder, folder, out=whole, workers=0, **options)
    add = RowWriter.add
    seen = []

    def stopping(self, batch, vectors):
        if len(seen) == batches:
            raise Stop
        seen.append(batch)
        add(self, batch, vectors)

    monkeypatch.setattr(RowWriter, "add", stopping)
    with pytest.raises(Stop):
        brave_tf.embed(encoder, folder, out=path, workers=0, **options)
    assert not path.exists() and path.with_name("whole.parquet.parts").is_dir()
    done = {number for batch in seen for number, _ in batch.ended}
    jobs = []
    monkeypatch.setattr(RowWriter, "add", add)
    events = embedding.window_events
    monkeypatch.setattr(embedding, "window_events", lambda todo, workers: jobs.extend(todo) or events(todo, workers))
    brave_tf.embed(encoder, folder, out=path, workers=0, **options)
    assert path.read_bytes() == whole.read_bytes()
    assert {job.number for job in jobs} == set(range(6)) - done
    if not options:
        assert sum(job.skip for job in jobs) == sum(int(n) not in done for batch in seen for n in batch.numbers)
    assert {entry.name for entry in path.parent.iterdir()} == {entry.name for entry in whole.parent.iterdir()} - {"a"}


def test_maps_without_their_rows_are_made_again(encoder, folder, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise Stop

    path = tmp_path / "a.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", stop)
        with pytest.raises(Stop):
            brave_tf.embed(encoder, folder, out=path, dense=True, workers=0)
    assert not (tmp_path / "a.parquet.parts" / "rows").read_bytes() and any((tmp_path / "a.parquet.dense").iterdir())
    facts = brave_tf.embed(encoder, folder, out=path, dense=True, workers=0)
    assert len(list((tmp_path / "a.parquet.dense").rglob("*.npy"))) == facts.rows


def test_maps_of_something_else_are_not_touched(encoder, folder, tmp_path):
    (tmp_path / "a.parquet.dense").mkdir()
    (tmp_path / "a.parquet.dense" / "mine.npy").write_text("mine")
    with pytest.raises(UserError, match=r"a.parquet.dense exists, and is not of this table; choose another --out"):
        brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", dense=True)
    assert len(list(tmp_path.iterdir())) == 1


KILLED = """
import os, signal, sys
import brave_tf
from brave_tf.embedding.writer import RowWriter
from tests.embedding.encoders import video_encoder
add, left = RowWriter.add, [2]

def killing(self, batch, vectors):
    add(self, batch, vectors)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

RowWriter.add = killing
brave_tf.embed(video_encoder(), sys.argv[1], out=sys.argv[2], workers=1)
"""


def test_killed_and_run_again(encoder, folder, tmp_path, reference):
    program = Program(["-c", KILLED, str(folder), str(tmp_path / "a.parquet")])
    assert program.wait(100) == -signal.SIGKILL
    assert not (tmp_path / "a.parquet").exists()
    brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", workers=0)
    assert (tmp_path / "a.parquet").read_bytes() == reference[1]


def test_a_table_that_is_complete_is_left_alone(encoder, folder, tmp_path, reference, capsys):
    path = tmp_path / "a.parquet"
    path.write_bytes(reference[1])
    (tmp_path / "a.parquet.parts").mkdir()
    assert brave_tf.embed(encoder, folder, out=path) == reference[0]
    assert path.read_bytes() == reference[1] and len(list(tmp_path.iterdir())) == 1
    assert f"{path} is complete already" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 1.0}, r"window: 0.32 -> 0.96; stride: 0.16 -> 0.48"),
        ({"pool": "video"}, "pool: windows -> video"),
        ({"encoder": 1}, "another encoder"),
        ({"media": 1}, "other files"),
    ],
)
@pytest.mark.parametrize("state", ["complete", "begun"])
def test_another_table_is_not_touched(encoder, folder, tmp_path, reference, monkeypatch, options, message, state):
    path, options = tmp_path / "a.parquet", dict(options)
    if state == "complete":
        path.write_bytes(reference[1])
    else:
        with monkeypatch.context() as patch:
            patch.setattr(embedding, "embed_rows", lambda *_: (_ for _ in ()).throw(Stop()))
            with pytest.raises(Stop):
                brave_tf.embed(encoder, folder, out=path)
    other = video_encoder(1) if options.pop("encoder", None) else encoder
    media = folder / "1.mp4" if options.pop("media", None) else folder
    if state == "begun":
        message = message.replace("other files", r"files: .*0.mp4, .*2.mp4, .*3.mp4 and 2 more")
    with pytest.raises(UserError, match=rf"a.parquet was begun .*{message}.*choose another --out, or remove"):
        brave_tf.embed(other, media, out=path, **options)


def test_something_else_in_the_place_of_the_table(encoder, folder, tmp_path):
    (tmp_path / "a.parquet").write_text("mine")
    with pytest.raises(UserError, match="choose another --out"):
        brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_text() == "mine"


def test_files_that_cannot_be_used_are_counted_and_named(encoder, folder, tmp_path, capsys):
    place = tmp_path / "media"
    write_media(place / "good.mp4", seconds=0.5)
    write_media(place / "sound.wav", seconds=0.5, size=None)
    (place / "empty.mp4").write_bytes(b"")
    (place / "line\nbreak.mp4").write_bytes(b"no media at all")
    whole = (folder / "4.mp4").read_bytes()
    (place / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    facts = brave_tf.embed(encoder, [place, place / "good.mp4", folder / "notes.txt"], out=tmp_path / "a.parquet")
    reasons = {Path(each.file).name: each.text for each in facts.left_out}
    assert set(reasons) == {"sound.wav", "empty.mp4", "line\nbreak.mp4", "cut.mp4", "notes.txt"}
    assert reasons["sound.wav"] == "has no picture" and reasons["empty.mp4"] == "is empty"
    assert facts.files == 1 and table_of(tmp_path / "a.parquet")[0].num_rows == facts.rows == 2
    said = capsys.readouterr().err
    assert "passed over: 1 given twice" in said and r"left out: " in said and r"line\nbreak.mp4 does not" in said


def test_nothing_can_be_used(encoder, tmp_path):
    write_media(tmp_path / "a.wav", seconds=0.5, size=None)
    with pytest.raises(
        UserError, match=r"none of 1 files can be embedded; the first: .*a.wav has no picture; .* video"
    ) as caught:
        brave_tf.embed(encoder, tmp_path / "a.wav", out=tmp_path / "a.parquet", workers=0)
    assert "\n" not in str(caught.value) and [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def test_a_row_for_each_file_is_the_mean_of_its_windows(encoder, folder, tmp_path, reference):
    facts = brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", pool="video", workers=0)
    (tmp_path / "windows.parquet").write_bytes(reference[1])
    windows, vectors = table_of(tmp_path / "windows.parquet")
    table, means = table_of(tmp_path / "a.parquet")
    assert facts.rows == facts.files == 6
    names = np.array(windows["file"].to_pylist())
    for row, name in enumerate(table["file"].to_pylist()):
        assert np.allclose(means[row], vectors[names == name].mean(axis=0), rtol=1e-5, atol=1e-7)
    assert table["start"].to_pylist() == [0.0] * 6
    assert table["end"].to_pylist() == pytest.approx([0.6, 1.0, 1.4, 1.8, 2.2, 0.2])


def test_maps_whose_mean_is_the_embedding(encoder, folder, tmp_path, reference):
    facts = brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", dense=True, workers=0)
    table, vectors = table_of(tmp_path / "a.parquet")
    (tmp_path / "windows.parquet").write_bytes(reference[1])
    assert np.allclose(vectors, table_of(tmp_path / "windows.parquet")[1], atol=1e-6)
    assert facts.dense and len(set(table["dense"].to_pylist())) == facts.rows
    for place, vector in zip(table["dense"].to_pylist(), vectors, strict=True):
        maps = np.load(tmp_path / place)
        assert maps.shape == (3, 4, 4, SIZE) and maps.dtype == np.float32
        assert np.allclose(maps.mean(axis=(0, 1, 2)), vector, atol=1e-6)


def test_sound(folder, tmp_path):
    facts = brave_tf.embed(audio_encoder(), folder, out=tmp_path / "a.parquet", workers=0)
    table, vectors = table_of(tmp_path / "a.parquet")
    assert facts.files == 6 and facts.window == 0.5 and set(table["modality"].to_pylist()) == {"audio"}
    assert np.isfinite(vectors).all() and vectors.std() > 0


def test_pieces_of_a_list(encoder, folder, tmp_path):
    (tmp_path / "list.csv").write_text(f"path,start,end\n{folder}/4.mp4,0.4,1.0\n{folder}/4.mp4,1.2,\nnone.mp4,,\n")
    facts = brave_tf.embed(encoder, tmp_path / "list.csv", out=tmp_path / "a.parquet", pool="video", workers=0)
    table, _ = table_of(tmp_path / "a.parquet")
    assert table["start"].to_pylist() == [0.4, 1.2] and table["end"].to_pylist() == pytest.approx([1.0, 2.2])
    assert set(table["file"].to_pylist()) == {f"{folder}/4.mp4"}
    assert [(each.file, each.text.split(" (")[0]) for each in facts.left_out] == [
        (f"{tmp_path}/none.mp4", "cannot be read")
    ]


def test_a_dataset(encoder, folder, tmp_path, reference):
    brave_tf.prepare(folder, tmp_path / "dataset", clip_seconds=1.0, workers=0)
    facts = brave_tf.embed(encoder, data=tmp_path / "dataset", out=tmp_path / "a.parquet")
    table, vectors = table_of(tmp_path / "a.parquet")
    assert facts.files == 6 and facts.data == str(tmp_path / "dataset") and facts.folder == os.getcwd()
    assert table["file"].to_pylist() == sorted(table["file"].to_pylist()) and "0.mp4" in table["file"].to_pylist()
    # Of a file that is one clip there are the same windows, of nearly the same pixels.
    (tmp_path / "media.parquet").write_bytes(reference[1])
    media, expected = table_of(tmp_path / "media.parquet")
    rows, same = (
        [place for place, name in enumerate(each["file"].to_pylist()) if Path(name).name == "0.mp4"]
        for each in (table, media)
    )
    for column in ("start", "end"):
        assert table.take(rows)[column].to_pylist() == pytest.approx(media.take(same)[column].to_pylist())
    assert np.abs(vectors[rows] - expected[same]).max() < 0.1 * np.abs(expected).max()
    # Clips of one file are told apart by their times.
    starts = [
        start
        for name, start in zip(*(table[each].to_pylist() for each in ("file", "start")), strict=True)
        if name == "4.mp4"
    ]
    assert starts == sorted(starts) and len(starts) > 10 and any(start >= 1.0 for start in starts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "received no media"),
        ({"media": "a.mp4", "data": "dataset"}, "received media and --data"),
        ({"media": "a.mp4", "dense": True, "pool": "video"}, "--dense with --pool video"),
        ({"media": "a.mp4", "stride": -1.0}, "received --stride -1; expected seconds above 0"),
        ({"media": "a.mp4", "workers": -1}, "received --workers -1"),
        ({"media": "missing.mp4"}, "missing.mp4 does not exist"),
    ],
)
def test_what_does_not_go_together(encoder, tmp_path, options, message):
    options = dict(options)
    media = options.pop("media", ())
    with pytest.raises(UserError, match=message) as caught:
        brave_tf.embed(encoder, media, out=tmp_path / "a.parquet", **options)
    assert isinstance(caught.value, UsageError) == (media != "missing.mp4")
    assert not list(tmp_path.iterdir())


def test_two_at_once(encoder, folder, tmp_path, monkeypatch):
    def second(*_):
        with pytest.raises(UserError, match=r"another process is writing .*a\.parquet; wait for it"):
            brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet")
        raise Stop

    monkeypatch.setattr(embedding, "embed_rows", second)
    with pytest.raises(Stop):
        brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet")


def test_an_encoder_without_a_map(folder, tmp_path):
    with pytest.raises(UserError, match="baseline:log-mel, whose layers end without a global average pooling"):
        brave_tf.embed("baseline:log-mel", folder, out=tmp_path / "a.parquet", dense=True)


def test_the_same_relative_names_in_another_folder_are_other_files(encoder, folder, tmp_path, monkeypatch):
    for place in ("one", "two"):
        write_media(tmp_path / place / "a.mp4", seconds=0.4, noise_seed=len(place))
    monkeypatch.chdir(tmp_path / "one")
    brave_tf.embed(encoder, "a.mp4", out=tmp_path / "whole.parquet", workers=0)
    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(embedding, "embed_rows", lambda *_: (_ for _ in ()).throw(Stop()))
        brave_tf.embed(encoder, "a.mp4", out=tmp_path / "begun.parquet", workers=0)
    monkeypatch.chdir(tmp_path / "two")
    for name in ("whole", "begun"):
        with pytest.raises(UserError, match=rf"{name}\.parquet was begun .*folder: .*one -> .*two"):
            brave_tf.embed(encoder, "a.mp4", out=tmp_path / f"{name}.parquet", workers=0)


def test_a_command_with_whole_paths_goes_on_from_any_folder(encoder, folder, tmp_path, reference, monkeypatch, capsys):
    (tmp_path / "a.parquet").write_bytes(reference[1])
    monkeypatch.chdir(tmp_path)
    brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", workers=0)
    assert "is complete already" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("failing", ["embed_rows", "write_table"])
def test_what_fails_inside_is_not_taken_for_the_folder(encoder, folder, tmp_path, monkeypatch, failing):
    monkeypatch.setattr(embedding, failing, lambda *_: (_ for _ in ()).throw(OSError("the media are gone")))
    with pytest.raises(OSError, match=r"^the media are gone$"):
        brave_tf.embed(encoder, folder / "1.mp4", out=tmp_path / "a.parquet", workers=0)


def test_a_table_that_cannot_be_written_is_one_line(encoder, folder, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("brave_tf.embedding.writer.pq.ParquetWriter", full)
    with pytest.raises(UserError, match=r"a\.parquet cannot be written \(No space left on device\); free some space"):
        brave_tf.embed(encoder, folder / "1.mp4", out=tmp_path / "a.parquet", workers=0)


def test_progress_does_not_grow_with_the_files_that_wait(encoder, folder, tmp_path, monkeypatch):
    class Counted(list):
        looked = 0

        def __getitem__(self, place):
            Counted.looked += 1
            return super().__getitem__(place)

    events = [(number, Outcome([], "is empty")) for number in range(300)]
    plan = Plan(
        TableFacts("tiny", "0", encoder.card, "narrow", SIZE, 1.0, 1.0),
        tuple((f"{n}", 1, None, None) for n in range(300)),
    )
    jobs = [MediaJob(number, Source(folder, f"{number}"), encoder.card.input_view, 1.0, 1.0) for number in range(300)]
    monkeypatch.setattr(embedding, "window_events", lambda *_: iter(events))
    monkeypatch.setattr(embedding, "made_ahead", lambda items, count: contextlib.nullcontext(items))
    work = embedding.EmbeddingWork(plan, jobs, Counted([1] * 300))
    with Journal(tmp_path / "rows", SIZE) as journal:
        embedding.embed_rows(
            tmp_path / "a.parquet", work, journal, WindowEmbedder(encoder, Grid.of(encoder.card.input_view)), 0
        )
    assert 300 <= Counted.looked <= 4 * 300


def test_a_function_has_no_map(folder, tmp_path):
    encoder = brave_tf.as_encoder(lambda clips: clips[:, 0, 0, 0], EncoderCard(view=VIEW), name="mine")
    with pytest.raises(UserError, match=r"received --dense with .*, which is no Keras model"):
        brave_tf.embed(encoder, folder, out=tmp_path / "a.parquet", dense=True)


def test_windows_that_the_network_has_no_memory_for_are_one_line(encoder, folder, tmp_path, monkeypatch):
    def exhausted(self, clips):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr("brave_tf.evaluation.features.Embedder.__call__", exhausted)
    with pytest.raises(UserError, match=r"with 16 windows of 4 frames \(OOM when .*\); give a smaller --window"):
        brave_tf.embed(encoder, folder / "1.mp4", out=tmp_path / "a.parquet", workers=0)
