"""Reading past damage: whatever happens to a shard, every row of its table is told of once."""

import errno

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brave_tf.data.record_frame import FOOTER_BYTES, HEADER_BYTES, frame
from brave_tf.verification import shard_walk
from brave_tf.verification.shard_walk import NO_RECORD, Lost, Place, Record, Uncovered, walk_shard

PAYLOADS = [b"a" * 30, b"", b"bc" * 20, b"d" * 5]


def write(path, payloads=PAYLOADS):
    """A shard and where its records lie."""
    places, content = [], b""
    for row, payload in enumerate(payloads):
        places.append(Place(row, len(content) + HEADER_BYTES, len(payload)))
        content += b"".join(frame([payload]))
    path.write_bytes(content)
    return places


def damage(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_whole_shard(tmp_path):
    places = write(tmp_path / "x")
    assert list(walk_shard(tmp_path / "x", places[::-1])) == [
        Record(place, payload, ()) for place, payload in zip(places, PAYLOADS, strict=True)
    ]
    assert not list(walk_shard(tmp_path / "none", []))


def test_without_a_table_the_walk_ends_where_frames_do(tmp_path):
    places = write(tmp_path / "x")
    damage(tmp_path / "x", places[2].offset - HEADER_BYTES)
    *whole, last = walk_shard(tmp_path / "x", [])
    assert [found.size for found in whole] == [46, 16]
    assert last == Uncovered(62, (tmp_path / "x").stat().st_size - 62, NO_RECORD)


def test_a_shard_that_is_no_file(tmp_path):
    places = write(tmp_path / "x")
    (tmp_path / "folder").mkdir()
    found = list(walk_shard(tmp_path / "folder", places))
    assert [type(each) for each in found] == [Lost] * 4 and "Is a directory" in found[0].reason


def test_a_part_of_the_disk_that_does_not_answer(tmp_path, monkeypatch):
    places = write(tmp_path / "x")
    read = shard_walk._read

    def broken(stream, at, size):
        if at == places[1].offset - HEADER_BYTES:
            raise OSError(errno.EIO, "Input/output error")
        return read(stream, at, size)

    monkeypatch.setattr(shard_walk, "_read", broken)
    found = list(walk_shard(tmp_path / "x", places))
    assert found[1] == Lost(places[1], "Input/output error")
    assert [type(each) for each in found] == [Record, Lost, Record, Record]


@given(st.lists(st.integers(0, 10**6), max_size=3), st.integers(0, 30), st.lists(st.integers(-3, 10**6), max_size=2))
def test_every_row_is_told_of_once(tmp_path_factory, flips, cut, moved):
    path = tmp_path_factory.mktemp("walk") / "x"
    places = write(path)
    size = path.stat().st_size
    touched = {place % size for place in flips}
    for place in touched:
        damage(path, place)
    path.write_bytes(path.read_bytes()[: size - cut])
    touched |= set(range(size - cut, size))
    wrong = [Place(row + len(places), max(offset % (2 * size), HEADER_BYTES), 3) for row, offset in enumerate(moved)]
    found = list(walk_shard(path, [*places, *wrong]))
    rows = sorted(each.place.row for each in found if not isinstance(each, Uncovered))
    assert rows == list(range(len(places) + len(wrong)))
    whole = {each.place.row for each in found if isinstance(each, Record) and not each.reasons}
    for place in places:
        lies_in = range(place.offset - HEADER_BYTES, place.offset + place.length + FOOTER_BYTES)
        if touched & set(lies_in):
            assert place.row not in whole
        elif not wrong:
            assert place.row in whole
    assert all(each.size > 0 for each in found if isinstance(each, Uncovered))


def test_what_is_covered_and_what_is_not_makes_up_the_shard(tmp_path):
    places = write(tmp_path / "x")
    found = list(walk_shard(tmp_path / "x", places[1::2]))
    covered = sum(len(each.payload) + HEADER_BYTES + FOOTER_BYTES for each in found if isinstance(each, Record))
    left = sum(each.size for each in found if isinstance(each, Uncovered))
    assert covered + left == (tmp_path / "x").stat().st_size and left == 46 + 56
    assert np.all([each.offset for each in found if isinstance(each, Uncovered)] == np.array([0, 62]))
