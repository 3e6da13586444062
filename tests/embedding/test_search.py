"""Comparing, ranking and pairing rows, and what a query means; no network and no media."""

import math
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

import brave_tf
from brave_tf.embedding import near_duplicates
from brave_tf.embedding.answers import Answer, Places, best_moments
from brave_tf.embedding.exact import similarities
from brave_tf.embedding.near_duplicates import FilePair
from brave_tf.embedding.query import Query, files_of_query, parse_query
from brave_tf.embedding.query_vector import QueryVector
from brave_tf.embedding.search import search_in
from brave_tf.embedding.time_codes import seconds_of, time_code
from brave_tf.errors import UsageError, UserError
from tests.embedding.tables import write_table

RNG = np.random.default_rng(0)


def advance(done=1, note=""):
    """Nobody looks."""


def places_of(rows):
    files, starts, ends = zip(*rows, strict=True)
    return Places.of(pa.table({"file": list(files), "start": list(starts), "end": list(ends)}))


def test_similarities_are_cosines_and_a_row_has_the_same_one_wherever_it_stands():
    rows, query = RNG.normal(size=(301, 37)).astype(np.float32), RNG.normal(size=37).astype(np.float32)
    rows[7] = rows[150] = rows[300]
    found = similarities([rows[:100], rows[100:103], rows[103:]], query, advance)
    expected = rows.astype(float) @ query / np.linalg.norm(rows.astype(float), axis=1) / np.linalg.norm(query)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[7] == found[150] == found[300] == similarities([rows[7:8]], query, advance)[0]
    # As parts of a matrix product these would differ in the last bit.
    copies = np.tile(RNG.normal(size=512).astype(np.float32), (113, 1))
    alike = similarities([copies[:1], copies[1:8], copies[8:]], RNG.normal(size=512).astype(np.float32), advance)
    assert len(set(alike.tolist())) == 1
    assert similarities([np.zeros((1, 37), np.float32)], query, advance)[0] == 0.0
    assert similarities([], query, advance).shape == (0,)


def test_equal_scores_keep_the_order_of_the_table_and_overlapping_windows_are_one_moment():
    rows = [("b", 0.0, 2.0), ("a", 0.0, 2.0), ("a", 1.0, 3.0), ("a", 2.0, 4.0), ("a", 3.0, 5.0), ("c", 0.0, 2.0)]
    scores = np.array([0.5, 0.9, 0.95, 0.9, 0.5, 0.5], np.float32)
    answers = best_moments(places_of(rows), scores, 10)
    # The windows of a from 0 to 2 and from 2 to 4 overlap with the better one; that from 3 to 5 begins where it ends.
    assert [(each.file, each.start) for each in answers] == [("a", 1.0), ("b", 0.0), ("a", 3.0), ("c", 0.0)]
    assert best_moments(places_of(rows), scores, 2) == answers[:2]
    assert answers[0] == Answer("a", 1.0, 3.0, float(np.float32(0.95)))
    assert [each.file for each in best_moments(places_of(rows), scores, 1, scores < 0.9)] == ["b"]


@pytest.mark.parametrize("top", [1, 3, 50])
def test_the_best_moments_are_those_of_a_plain_loop(top):
    rows = [(f"{number % 7}", float(number // 7), number // 7 + 2.0) for number in range(700)]
    scores = np.round(RNG.random(len(rows)), 2).astype(np.float32)
    expected = []
    for row in sorted(range(len(rows)), key=lambda number: (-scores[number], number)):
        file, start, end = rows[row]
        if not any(each.file == file and each.start < end and each.end > start for each in expected):
            expected.append(Answer(file, start, end, float(scores[row])))
    assert best_moments(places_of(rows), scores, top) == expected[:top]


def test_time_codes_read_as_they_are_written():
    for seconds, code in ((0.0, "0:00.00"), (0.96, "0:00.96"), (75.257, "1:15.25"), (59.999, "0:59.99")):
        assert time_code(seconds) == code
    assert time_code(3725.0) == "1:02:05.00"
    for text, seconds in (("12.5", 12.5), ("1:02", 62.0), ("1:02:05.5", 3725.5), (".5", 0.5), ("90", 90.0)):
        assert seconds_of(text) == seconds
    assert all(seconds_of(time_code(each / 4)) == each / 4 for each in range(0, 40_000, 7))
    for text in ("", "abc", "-1", "1:", "nan", "inf", "1e3", "1::2", "١", "9" * 5000, " 1"):
        assert seconds_of(text) is None, text


def test_what_follows_the_at_is_a_time_unless_the_whole_is_a_file(tmp_path):
    plain, at = tmp_path / "film.mp4", tmp_path / "film.mp4@5"
    plain.touch()
    assert parse_query(plain) == Query(plain) and parse_query(f"{plain}@1:02.5") == Query(plain, 62.5)
    assert parse_query(f"{plain}@5") == Query(plain, 5.0)
    at.touch()
    assert parse_query(f"{plain}@5") == Query(at) and parse_query(f"{plain}@5@7") == Query(at, 7.0)
    assert str(Query(plain, 62.5)) == f"{plain}@1:02.50" and Query(plain, 62.5).title == "film.mp4@1:02.50"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.mp4", r"none\.mp4 does not exist; expected a media file to search for"),
        ("none.mp4@5", r"none\.mp4 does not exist; expected"),
        ("film.mp4@noon", r"received --query .*film\.mp4@noon; expected seconds or a time code after the @"),
        ("folder", r"folder is no file; expected"),
        ("two\nlines.mp4", r"two\\nlines\.mp4 does not exist"),
    ],
)
def test_a_query_that_is_none_is_one_line(tmp_path, name, message):
    (tmp_path / "film.mp4").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=message) as caught:
        parse_query(tmp_path / name)
    assert "\n" not in str(caught.value)
    for nothing in ("", "@5"):
        with pytest.raises(UserError, match=rf"received --query '{nothing}'; expected a media file"):
            parse_query(nothing)
    with pytest.raises(UserError, match=r"received --query gs://a/b\.mp4; expected a file on this machine"):
        parse_query("gs://a/b.mp4")


def test_the_querys_own_file_is_known_by_any_path(tmp_path, monkeypatch):
    for name in ("videos/a.mp4", "other/a.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "videos")
    places = places_of([(name, 0.0, 1.0) for name in ("other/a.mp4", "videos/a.mp4", str(tmp_path / "videos/a.mp4"))])
    monkeypatch.chdir(tmp_path / "videos")
    for path in ("a.mp4", "../link/a.mp4", tmp_path / "videos/a.mp4"):
        assert files_of_query(parse_query(path), places, tmp_path).tolist() == [1, 2]
    assert files_of_query(parse_query("a.mp4"), places, None).tolist() == []


def test_the_same_name_in_another_folder_is_another_file(tmp_path, monkeypatch):
    for name in ("one/a.mp4", "two/a.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    places = places_of([("a.mp4", 0.0, 1.0)])
    monkeypatch.chdir(tmp_path / "two")
    assert files_of_query(parse_query("a.mp4"), places, tmp_path / "one").tolist() == []
    assert files_of_query(parse_query("a.mp4"), places, tmp_path / "two").tolist() == [0]
    # A source of a dataset is called by its name there, which is no path.
    assert files_of_query(parse_query("a.mp4"), places, None).tolist() == []


def test_the_querys_own_file_is_known_by_links_of_other_names(tmp_path):
    for name in ("store/film.mp4", "videos/other.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / "videos/link.mp4").symlink_to(tmp_path / "store/film.mp4")
    places = places_of([(name, 0.0, 1.0) for name in ("videos/other.mp4", "videos/link.mp4", "gone/film.mp4")])
    for path in ("store/film.mp4", "videos/link.mp4"):
        assert files_of_query(parse_query(tmp_path / path), places, tmp_path).tolist() == [1]


def test_near_duplicates_are_the_pairs_of_a_plain_loop(tmp_path, monkeypatch):
    monkeypatch.setattr(near_duplicates, "_FILES_AT_ONCE", 4)
    means = RNG.normal(size=(11, 3))
    means[9] = 2 * means[2]
    rows, vectors = [], []
    for file, mean in enumerate(means):
        for window in range(file % 3 + 1):
            rows.append((f"{file}.mp4", float(window), window + 2.0))
            vectors.append(mean)
    path = write_table(tmp_path / "table.parquet", rows, np.array(vectors))
    unit = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
    expected = [(unit[a] @ unit[b], a, b) for a in range(11) for b in range(a + 1, 11) if unit[a] @ unit[b] >= 0.4]
    pairs = brave_tf.search(path, near_duplicates=0.4)
    assert [(each.file, each.other) for each in pairs] == [
        (f"{a}.mp4", f"{b}.mp4") for _, a, b in sorted(expected, key=lambda pair: -pair[0])
    ]
    assert pairs[0].score == pytest.approx(1.0) and 3 < len(pairs) < 55
    assert brave_tf.search(path, near_duplicates=0.4, top=2) == pairs[:2]
    assert brave_tf.search(path, near_duplicates=True) == [FilePair("2.mp4", "9.mp4", pairs[0].score)]
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 3)
    with pytest.raises(UserError, match=r"more than 3 pairs of files have a score of at least 0\.4; expected fewer"):
        brave_tf.search(path, near_duplicates=0.4)


def test_an_encoder_that_finds_all_files_alike_is_told(tmp_path, capsys):
    vectors = np.ones((12, 4)) + 0.001 * RNG.normal(size=(12, 4))
    path = write_table(tmp_path / "table.parquet", [(f"{file}.mp4", 0.0, 1.0) for file in range(12)], vectors)
    assert len(brave_tf.search(path, near_duplicates=True)) == 66
    assert "66 pairs of 12 files have a score of at least 0.995: if these are no copies" in capsys.readouterr().err
    vectors[6:] = -vectors[6:]
    path = write_table(tmp_path / "other.parquet", [(f"{file}.mp4", 0.0, 1.0) for file in range(12)], vectors)
    assert len(brave_tf.search(path, near_duplicates=True)) == 30
    assert "no copies" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "received neither of --query and --near-duplicates; expected one"),
        ({"near_duplicates": False}, "received neither of --query"),
        ({"query": "a.mp4", "near_duplicates": 0.9}, "received both of --query and --near-duplicates"),
        ({"query": "a.mp4", "top": 0}, "received --top 0; expected at least 1"),
        ({"near_duplicates": 1.5}, r"received --near-duplicates 1\.5; expected a cosine from -1 to 1"),
        ({"near_duplicates": math.nan}, "received --near-duplicates nan; expected"),
        ({"near_duplicates": True, "cross": True}, "received --cross with --near-duplicates; expected the table alone"),
        ({"near_duplicates": True, "encoder": "a"}, "received --encoder with --near-duplicates"),
        (
            {"query": "a", "cross": True, "projections": True},
            "received --projections and --cross; expected",
        ),
        (
            {"query": "a", "cross": True, "approximate": True},
            "received --cross and --approximate; expected",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_one_line(arguments, message):
    with pytest.raises(UsageError, match=message) as caught:
        brave_tf.search("table.parquet", **arguments)
    assert "\n" not in str(caught.value)


def test_a_million_rows_are_searched_block_by_block(tmp_path):
    # Eight numbers each: what matters is that nothing grows with the rows but a score for each.
    rows = 1_000_000
    vectors = np.zeros((rows, 8), np.float32)
    vectors[:, 0] = 1.0
    vectors[765_432] = vectors[765_433] = [0, 1, 0, 0, 0, 0, 0, 0]
    names = pa.DictionaryArray.from_arrays(
        pa.array(np.arange(rows, dtype=np.int32) // 1000), [f"{n}" for n in range(1000)]
    )
    starts = np.arange(rows) % 1000.0
    places = Places.of(pa.table({"file": names.cast(pa.string()), "start": starts, "end": starts + 2.0}))
    blocks = (vectors[first : first + 8192] for first in range(0, rows, 8192))
    scores = similarities(blocks, vectors[765_432], advance)
    answers = best_moments(places, scores, 2)
    assert answers == [Answer("765", 432.0, 434.0, 1.0), Answer("0", 0.0, 2.0, 0.0)]


@pytest.mark.thorough
def test_a_table_of_a_million_rows_is_searched_from_its_file(tmp_path):
    rows, size = 1_000_000, 64
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((rows, size), dtype=np.float32)
    vectors[765_433] = 2 * vectors[123_456]
    windows = [(f"{number // 1000}.mp4", float(number % 1000), number % 1000 + 2.0) for number in range(rows)]
    path = write_table(tmp_path / "table.parquet", windows, vectors)
    query = QueryVector(vectors[123_456], 0.0, 0.0, "rgb")
    (tmp_path / "query.mp4").touch()
    vectors_held = vectors.nbytes
    del vectors
    tracemalloc.start()
    found = search_in(path, tmp_path / "query.mp4", lambda *_: query, None, approximate=False, top=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(each.file, each.start) for each in found.answers[:2]] == [("123.mp4", 456.0), ("765.mp4", 433.0)]
    assert found.answers[1].score == pytest.approx(1.0) and found.answers[2].score < 0.9
    assert peak < vectors_held


def test_large_numbers_are_compared_like_others():
    rows = np.float32([[3e38, 0.0], [3e38, 3e38], [0.0, 1.0], [0.0, 0.0]])
    found = similarities([rows], np.float32([2e38, 0.0]), lambda done=1, note="": None)
    np.testing.assert_allclose(found, [1.0, 0.5**0.5, 0.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_one_line(bad):
    rows, query = np.ones((3, 2), np.float32), np.float32([bad, 1.0])
    with pytest.raises(UserError, match="not finite"):
        similarities([rows], query, lambda done=1, note="": None)
    with pytest.raises(UserError, match="not finite"):
        similarities([rows], np.ones(2, np.float32), lambda done=1, note="": None, lambda block: block * bad)
