"""What is embedded so far outlives the process that wrote it."""

import numpy as np

from brave_tf.embedding.journal import Journal

SPANS = np.array([(0.0, 1.0), (0.5, 1.5)])
ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


def contents(path, number):
    with Journal(path, 3) as journal:
        return [(spans.tolist(), rows.tolist()) for spans, rows in journal.read(number)]


def files(path):
    with Journal(path, 3) as journal:
        return journal.files


def write(path):
    with Journal(path, 3) as journal:
        journal.append(0, SPANS, ROWS)
        journal.append(1, SPANS[:1], ROWS[:1] + 10)
        journal.append(0, SPANS[1:] + 1, ROWS[1:] + 20)
        journal.finish(0, None, ("has a gap",))
        journal.finish(2, "is empty", ())


def test_rows_of_several_files_are_told_apart(tmp_path):
    path = tmp_path / "rows"
    write(path)
    expected = [(SPANS.tolist(), ROWS.tolist()), ((SPANS[1:] + 1).tolist(), (ROWS[1:] + 20).tolist())]
    assert contents(path, 0) == expected
    found = files(path)
    assert [(number, file.rows, file.done, file.reason) for number, file in found.items()] == [
        (0, 3, True, None),
        (1, 1, False, None),
        (2, 0, True, "is empty"),
    ]
    assert found[0].remarks == ("has a gap",)


def test_wherever_it_is_cut_off_whole_entries_count_and_it_goes_on(tmp_path):
    path = tmp_path / "rows"
    write(path)
    whole = path.read_bytes()
    counts = set()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        counts.add(sum(file.rows + file.done for file in files(path).values()))
        with Journal(path, 3) as journal:
            journal.append(3, SPANS, ROWS)
        assert contents(path, 3) == [(SPANS.tolist(), ROWS.tolist())]
    assert counts == {0, 2, 3, 4, 5}


def test_a_damaged_entry_and_all_behind_it_do_not_count(tmp_path):
    path = tmp_path / "rows"
    write(path)
    data = bytearray(path.read_bytes())
    data[70] ^= 1
    path.write_bytes(data)
    assert files(path) == {}


def test_rows_that_stand_alone_take_the_place_of_others(tmp_path):
    path = tmp_path / "rows"
    with Journal(path, 3) as journal:
        for number in range(3):
            journal.append(0, SPANS[:1], ROWS[:1] + number, alone=True)
    assert contents(path, 0) == [(SPANS[:1].tolist(), (ROWS[:1] + 2).tolist())]
