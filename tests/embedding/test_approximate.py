"""The index beside a table: the same answers, kept as long as the table is the same."""

import os
import shutil

import numpy as np
import pytest

from brave_tf.embedding import approximate
from brave_tf.embedding.answers import Places, best_moments
from brave_tf.embedding.approximate import index_folder, row_index
from brave_tf.embedding.exact import similarities
from brave_tf.embedding.search import _nearly_best
from brave_tf.embedding.table import open_table
from brave_tf.errors import UserError
from tests.embedding.tables import write_table

pytest.importorskip("usearch.index", reason="usearch is not installed: the extra search")

RNG = np.random.default_rng(0)
ROWS, SIZE = 600, 12
VECTORS = RNG.normal(size=(ROWS, SIZE)).astype(np.float32)
PLACES = [(f"{number % 9}.mp4", float(number // 9), number // 9 + 2.0) for number in range(ROWS)]


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / "table.parquet", PLACES, VECTORS)


def counted_builds(monkeypatch):
    builds, build = [], approximate._build
    monkeypatch.setattr(approximate, "_build", lambda *arguments: (builds.append(1), build(*arguments)))
    return builds


def test_scores_are_exact_and_so_are_most_answers(table, monkeypatch):
    # With several threads, what the index looks like is chance, and so is whether it misses one in a hundred answers.
    monkeypatch.setattr(approximate, "cores", lambda: 1)
    opened = open_table(table)
    places = Places.of(opened.places())
    allowed = places.file != 3
    for query in VECTORS[:20] + 0.3 * RNG.normal(size=(20, SIZE)).astype(np.float32):
        scores = similarities(opened.blocks(), query, lambda done=1, note="": None)
        exact = best_moments(places, scores, 10, allowed)
        found = _nearly_best(opened, places, query, 10, allowed)
        assert {(each.file, each.start) for each in found} == {(each.file, each.start) for each in exact}
        np.testing.assert_allclose([each.score for each in found], [each.score for each in exact], atol=1e-6)
    # More than the index is asked for at first.
    assert len(_nearly_best(opened, places, VECTORS[0], 250, None)) == len(best_moments(places, scores, 250)) > 200


def test_the_index_is_kept_until_the_table_changes(table, monkeypatch, capsys):
    builds = counted_builds(monkeypatch)
    for _ in range(2):
        rows, _ = row_index(open_table(table)).nearest(VECTORS[5], 1)
        assert rows.tolist() == [5]
    assert len(builds) == 1
    os.utime(table)
    shutil.copy(table, table.with_name("copy.parquet"))
    shutil.copytree(index_folder(table), index_folder(table.with_name("copy.parquet")))
    for path in (table, table.with_name("copy.parquet")):
        row_index(open_table(path))
    assert len(builds) == 1
    write_table(table, PLACES, VECTORS[::-1])
    rows, _ = row_index(open_table(table)).nearest(VECTORS[5], 1)
    assert rows.tolist() == [ROWS - 6] and len(builds) == 2
    assert "is of another table; it is built anew" in capsys.readouterr().err


def test_a_damaged_index_is_built_anew_or_one_line(table, monkeypatch):
    row_index(open_table(table))
    builds = counted_builds(monkeypatch)
    folder = index_folder(table)
    (folder / "index.json").write_text("{")
    row_index(open_table(table))
    file = folder / "rows.usearch"
    os.truncate(file, file.stat().st_size // 2)
    rows, _ = row_index(open_table(table)).nearest(VECTORS[5], 1)
    assert rows.tolist() == [5] and len(builds) == 2
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(UserError, match=r"table\.parquet\.index is damaged; remove it, and run the same") as caught:
        row_index(open_table(table))
    assert "\n" not in str(caught.value)


def test_a_build_that_was_cut_off_leaves_nothing(table, monkeypatch):
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch:
        patch.setattr(approximate, "_sha256", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        row_index(open_table(table))
    assert [path.name for path in table.parent.iterdir()] == [table.name]
    row_index(open_table(table))


def test_an_index_is_read_where_nothing_can_be_written(table, monkeypatch):
    row_index(open_table(table))
    os.utime(table)

    def read_only(path, *_, **__):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(approximate, "locked", read_only)
    monkeypatch.setattr(approximate, "write_json", read_only)
    rows, _ = row_index(open_table(table)).nearest(VECTORS[5], 1)
    assert rows.tolist() == [5]


def test_a_folder_of_something_else_is_not_removed(table):
    mine = index_folder(table) / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UserError, match=r"table\.parquet\.index is in the way of the index, and holds other things"):
        row_index(open_table(table))
    assert mine.read_text() == "mine" and len(list(table.parent.iterdir())) == 2
