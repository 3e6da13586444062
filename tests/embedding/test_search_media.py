"""Searches from media to answers: with tiny networks, and the page that shows what was found."""

import dataclasses
import json
import os
import shutil
import string
import sys
from urllib.parse import unquote

import keras
import numpy as np
import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.embedding import query_job
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.moment_job import read_moment
from brave_tf.embedding.query import parse_query, query_windows
from brave_tf.embedding.table import open_table, read_table
from brave_tf.embedding.time_codes import time_code
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.inspection import moment_pictures
from brave_tf.inspection.moment_pictures import picture_of_file
from tests.embedding.encoders import SIZE, VIEW, audio_encoder, video_encoder
from tests.embedding.odd_jobs import OddMoment, OddQuery
from tests.embedding.tables import write_table
from tests.pages.reading import Reading, pixels
from tests.preparation.media_files import write_media, write_wav

WINDOW, STRIDE = 0.32, 0.16
HOSTILE = "\"><script>alert('1')<\n`${x}&amp;@#t=1?.mp4"


@pytest.fixture(scope="module")
def encoder():
    return video_encoder()


@pytest.fixture(scope="module")
def table(encoder, folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("searched") / "table.parquet"
    brave_tf.embed(encoder, folder, out=path, workers=0)
    return path


def test_a_moment_finds_itself_in_a_copy_and_leaves_out_its_own_row(encoder, table, folder, tmp_path, capsys):
    copy = shutil.copy(folder / "4.mp4", tmp_path / "copy.mp4")
    _, rows = read_table(table)
    row = [(file, start) for file, start in zip(rows["file"].to_pylist(), rows["start"].to_pylist(), strict=True)]
    start = [start for file, start in row if file.endswith("4.mp4")][3]
    best = brave_tf.search(table, f"{copy}@{start}", encoder=encoder)
    assert best[0].file.endswith("4.mp4") and best[0].start == start and best[0].score == pytest.approx(1.0, abs=1e-6)
    assert best[0].end == pytest.approx(start + WINDOW) and len(best) == 10
    assert [each.score for each in best] == sorted([each.score for each in best], reverse=True)
    assert "left out" not in capsys.readouterr().err
    own = brave_tf.search(table, f"{folder / '4.mp4'}@{start}", encoder=encoder, top=1000)
    assert "left out as the query itself: 3 rows" in capsys.readouterr().err
    assert not [each for each in own if each.file.endswith("4.mp4") and abs(each.start - start) < WINDOW - 1e-6]
    assert [each for each in own if each.file.endswith("4.mp4")]


def test_a_whole_file_is_the_mean_of_its_windows(encoder, table, folder, tmp_path):
    _, rows = read_table(table)
    vectors = np.array(rows["embedding"].to_pylist(), np.float32)
    own = np.array([file.endswith("/3.mp4") for file in rows["file"].to_pylist()])
    query, unit = vectors[own].mean(axis=0), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    best = brave_tf.search(table, folder / "3.mp4", encoder=encoder, top=1)[0]
    expected = np.where(own, -1, unit @ query / np.linalg.norm(query))
    assert best.score == pytest.approx(expected.max(), abs=1e-5)
    assert best.start == pytest.approx(rows["start"][int(expected.argmax())].as_py())
    copy = shutil.copy(folder / "3.mp4", tmp_path / "copy.mp4")
    assert brave_tf.search(table, copy, encoder=encoder, top=1)[0].score >= best.score


@pytest.mark.parametrize(("kind", "length"), [(video_encoder, 1.8), (audio_encoder, 2.0)])
def test_a_moment_begins_where_it_is_told_or_is_the_last_that_fits(kind, length, tmp_path):
    media = write_media(tmp_path / "a.mp4", seconds=length, noise_seed=1)
    view = kind().card.input_view
    grid = Grid.of(view)

    def found(moment):
        (window,) = query_windows(parse_query(f"{media}@{moment}"), view, grid)
        return window

    for moment in (0.0, 0.4, 1.0):
        assert found(moment).start == pytest.approx(moment, abs=0.04)
    last = found(length - 0.1)
    # AAC has frames of 64 ms, the last of which goes beyond the end.
    assert last.end == pytest.approx(length, abs=0.1)
    assert last.end - last.start == pytest.approx(grid.window_seconds, abs=0.04)
    for moment in (length + 0.2, 500.0):
        with pytest.raises(UserError, match=r"a\.mp4@.* is past the end of the file; expected a moment within it"):
            found(moment)
    short = write_media(tmp_path / "short.mp4", seconds=0.2, noise_seed=1)
    (window,) = query_windows(parse_query(f"{short}@0.1"), view, grid)
    assert window.start == pytest.approx(0.0, abs=0.01) and window.end < grid.window_seconds


def test_another_encoder_and_a_file_of_no_use_are_one_line(encoder, table, folder, tmp_path):
    other = video_encoder(seed=1)
    with pytest.raises(UserError, match=r"made by tiny with the weights [0-9a-f]{12}….*received tiny with the weights"):
        brave_tf.search(table, folder / "1.mp4", encoder=other)
    seen = dataclasses.replace(encoder.card, view=dataclasses.replace(encoder.card.view, size=18))
    assert isinstance(encoder.model, keras.Model)
    changed = Encoder(encoder.model, seen, encoder.path, encoder.variables, encoder.trainable_variables)
    with pytest.raises(UserError, match=r"is shown other clips now than when .* was made of it"):
        brave_tf.search(table, folder / "1.mp4", encoder=changed)
    with pytest.raises(UserError, match=r"the encoder of .* does not load \(tiny does not exist.*\); give it with"):
        brave_tf.search(table, folder / "1.mp4")
    sound = write_media(tmp_path / "sound.wav", size=None)
    for query in (folder / "notes.txt", f"{folder / 'notes.txt'}@1", sound):
        with pytest.raises(UserError, match=r"(notes\.txt|sound\.wav).* cannot be searched for: it ") as caught:
            brave_tf.search(table, query, encoder=encoder)
        assert "\n" not in str(caught.value)


def test_the_command_prints_a_table_or_json_and_nothing_else(monkeypatch, encoder, table, folder, capsys):
    monkeypatch.setattr("brave_tf.embedding.query_vector.load_encoder", lambda place, tower=None: encoder)
    arguments = ["search", str(table), "--query", f"{folder / '4.mp4'}@0.64", "--top", "3"]
    assert main([*arguments, "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 3 and all(sorted(each) == ["end", "file", "score", "start"] for each in answers)
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"{answer['score']:.3f}" in out for answer in answers) and "0:00.00" in out
    for words, least in (([], 0.995), (["0.2"], 0.2)):
        assert main(["search", str(table), "--near-duplicates", *words, "--json"]) == 0
        pairs = json.loads(capsys.readouterr().out)
        assert all(sorted(each) == ["file", "other", "score"] and each["score"] >= least for each in pairs)
    assert main(["search", str(table), "--near-duplicates", "0.2"]) == 0
    assert "other" in capsys.readouterr().out
    assert main(["search", str(table)]) == 2
    assert capsys.readouterr().err.startswith("brave-tf: error: received neither of --query and --near-duplicates;")
    with pytest.raises(SystemExit):
        main(["search", str(table), "--near-duplicates", "much"])
    assert "much" in capsys.readouterr().err
    assert main(["search", str(folder / "notes.txt"), "--near-duplicates"]) == 1
    assert "is no readable Parquet file" in capsys.readouterr().err


@pytest.fixture(scope="module")
def hostile(encoder, tmp_path_factory):
    """A table of files that are named against the page, of one that is gone, and of one that is damaged since."""
    folder = tmp_path_factory.mktemp("hostile") / "a b%20&\"'"
    for number, name in enumerate((HOSTILE, "javascript:alert(1).mp4", "plain.mp4", "gone.mp4", "damaged.mp4")):
        write_media(folder / name, seconds=0.5, noise_seed=number)
    path = folder.parent / "table.parquet"
    brave_tf.embed(encoder, folder, out=path, workers=0)
    (folder / "gone.mp4").unlink()
    (folder / "damaged.mp4").write_bytes(b"no media")
    return folder, path


def test_names_are_text_on_the_page_and_addresses_lead_to_their_files(encoder, hostile, tmp_path, capsys):
    folder, path = hostile
    page = tmp_path / "pages/found.html"
    answers = brave_tf.search(path, folder / "plain.mp4", encoder=encoder, html=page, top=4)
    assert len(answers) == 4
    text = page.read_text()
    content = Reading(text)
    assert "<script" not in text.lower() and HOSTILE not in text
    shown = HOSTILE.replace("\n", "\\n")
    assert content.text.count(shown) == 1
    links = [each["src"] for each in content.attributes("video")]
    assert len(links) == 3 and all(each.partition("#t=")[1] for each in links)
    for link in [*links, *(each["href"] for each in content.attributes("a"))]:
        # Any other sign could end the address, or make it another one.
        assert not set(link.partition("#t=")[0]) - set(string.ascii_letters + string.digits + "_.-~%/")
    names = {os.path.basename(address_to(page, each.partition("#")[0])) for each in links}
    assert names == {HOSTILE, "javascript:alert(1).mp4", "plain.mp4"}
    assert all(each["src"].startswith("data:image/jpeg;base64,") for each in content.attributes("img"))
    assert text.count("the file is not where the table says") == 1 and "cannot be shown" in capsys.readouterr().err


def address_to(page, address):
    place = os.path.normpath(page.parent / unquote(address))
    assert os.path.isfile(place)
    return place


def test_pairs_and_sound_have_pages_too(encoder, folder, tmp_path):
    sounds = tmp_path / "sounds.parquet"
    brave_tf.embed(audio_encoder(), folder, out=sounds, workers=0)
    page = tmp_path / "page.html"
    found = brave_tf.search(sounds, folder / "2.mp4", encoder=audio_encoder(), html=page, top=2)
    content = Reading(page.read_text())
    assert len(content.attributes("audio")) == 3 and not content.attributes("video")
    assert sum("spectrogram of" in each["alt"] for each in content.attributes("img")) == 3 and len(found) == 2
    pairs = brave_tf.search(sounds, near_duplicates=0.0, html=page, top=2)
    assert len(Reading(page.read_text()).attributes("img")) == 4 and len(pairs) == 2
    assert "--near-duplicates 0" in page.read_text()


@pytest.mark.parametrize("kind", [video_encoder, audio_encoder])
def test_a_table_of_a_dataset_shows_its_clips(kind, folder, tmp_path, capsys):
    brave_tf.prepare(folder, tmp_path / "dataset", workers=0, clip_seconds=1.0, split="train=1.0")
    path, page = tmp_path / "table.parquet", tmp_path / "page.html"
    brave_tf.embed(kind(), data=tmp_path / "dataset", out=path, workers=0)
    answers = brave_tf.search(path, folder / "4.mp4", encoder=kind(), html=page, top=30)
    images = Reading(page.read_text()).attributes("img")
    assert len(images) == len(answers) + 1 and any(each.start >= 1.0 for each in answers)
    assert "cannot be shown" not in capsys.readouterr().err
    kept = [each for each in answers if each.file.endswith("4.mp4") and each.start >= 1.0]
    (shown,) = [each for each in images if f"4.mp4, {time_code(kept[0].start)}" in each["alt"]]
    if kind is video_encoder:
        # The clip's own frame: the film in the middle of the moment.
        middle = (kept[0].start + kept[0].end) / 2
        expected = picture_of_file(folder / "4.mp4", middle, middle, "frame").astype(float)
        assert np.abs(pixels(shown["src"], "image/jpeg") - expected).mean() < 12
    shutil.rmtree(tmp_path / "dataset")
    with pytest.raises(UserError, match="dataset is not a dataset"):
        brave_tf.search(path, folder / "4.mp4", encoder=kind(), html=page)


def test_a_table_without_rows_finds_nothing(encoder, table, folder, tmp_path):
    facts = open_table(table).facts
    empty = write_table(
        tmp_path / "empty.parquet",
        [],
        np.zeros((0, facts.embedding_size)),
        weights_sha256=facts.weights_sha256,
        card=facts.card,
        window=facts.window,
        stride=facts.stride,
    )
    assert brave_tf.search(empty, folder / "1.mp4", encoder=encoder) == []
    assert brave_tf.search(empty, near_duplicates=True) == []


def test_optical_flow_is_not_searched_for_with_a_film(folder, tmp_path):
    flow = EncoderCard("flow", "flow", view=VIEW)
    table = write_table(tmp_path / "flow.parquet", [("a", 0.0, 1.0)], np.ones((1, 3)), tower="flow", card=flow)
    with pytest.raises(UserError, match=r"flow\.parquet holds embeddings of optical flow, which no media file has"):
        brave_tf.search(table, folder / "1.mp4", encoder="random:tiny-f")


def test_an_index_is_wanted_and_usearch_is_absent(monkeypatch, encoder, table, folder):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(UserError, match=r'usearch is not installed; pip install "brave_tf\[search\]"'):
        brave_tf.search(table, folder / "1.mp4", encoder=encoder, approximate=True)


@pytest.mark.parametrize("moment", ["", "@0", "@0.5"])
def test_a_query_that_crashes_or_hangs_is_one_line(encoder, table, tmp_path, monkeypatch, moment):
    monkeypatch.setattr(query_job, "QueryJob", OddQuery)
    monkeypatch.setattr(query_job, "MOST_SILENT_SECONDS", 1.0)
    for name, words in (("dies.mp4", "ended the process that read it, twice"), ("hangs.mp4", "gave nothing for 1 s")):
        (tmp_path / name).touch()
        with pytest.raises(UserError, match=rf"{name}.* cannot be searched for: it {words}"):
            brave_tf.search(table, f"{tmp_path / name}{moment}", encoder=encoder)


def test_a_moment_of_what_is_no_media_is_one_line(encoder, table, tmp_path):
    (tmp_path / "notes.mp4").write_text("no media")
    with pytest.raises(UserError, match=r"notes\.mp4@0:00\.00 cannot be searched for: it does not"):
        brave_tf.search(table, f"{tmp_path / 'notes.mp4'}@0", encoder=encoder)


def test_a_page_whose_file_crashes_names_it(table, tmp_path, monkeypatch):
    monkeypatch.setattr(moment_pictures, "MomentJob", OddMoment)
    page = tmp_path / "page.html"
    brave_tf.search(table, near_duplicates=-1.0, top=1, html=page)
    assert "it ended the process that read it, twice" in page.read_text()


def test_the_answers_are_printed_before_the_page_is_written(monkeypatch, table, tmp_path, capsys):
    (tmp_path / "page.html").mkdir()
    assert main(["search", str(table), "--near-duplicates", "-1", "--json", "--html", str(tmp_path / "page.html")]) == 1
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 15 and "page.html" in said.err


def test_of_a_long_sound_a_minute_is_drawn(tmp_path):
    media = write_wav(tmp_path / "long.wav", np.zeros((65 * 16_000, 1), np.int16))
    assert len(read_moment(media, 2.0, 65.0, "spectrogram")) == 60 * 16_000
    assert len(read_moment(media, 0.0, 0.0, "spectrogram")) == 5 * 16_000


def test_a_table_of_windows_that_no_machine_can_hold_is_one_line(encoder, folder, tmp_path):
    facts = {"weights_sha256": encoder.card.weights_sha256, "card": encoder.card, "window": 1e9}
    path = write_table(tmp_path / "table.parquet", [("a.mp4", 0.0, 1.0)], np.ones((1, SIZE)), **facts)
    with pytest.raises(UserError, match=r"table\.parquet tells of windows of 1e\+09 s, one every 1 s, which"):
        brave_tf.search(path, folder / "1.mp4", encoder=encoder)
