"""Splits that are made, not given."""

import collections
from pathlib import Path

import pytest

from brave_tf.preparation.layouts import Source
from brave_tf.preparation.splits import assign_splits, parse_shares

SHARES = {"train": 0.8, "test": 0.2}


def made(classes, per_class, shares=SHARES, seed=0):
    sources = [
        Source(Path(f"{c}/{n}.mp4"), f"{c}/{n}.mp4", labels={"label": str(c)})
        for c in range(classes)
        for n in range(per_class)
    ]
    return assign_splits(sources, shares, seed)[0]


@pytest.mark.parametrize(("classes", "per_class"), [(50, 1), (50, 2), (50, 3), (2, 5), (1, 10), (10, 20)])
def test_shares_are_kept_however_small_the_classes_are(classes, per_class):
    counts = collections.Counter(source.split for source in made(classes, per_class))
    assert counts["test"] == round(0.2 * classes * per_class)


def test_every_class_is_spread_evenly():
    counts = collections.Counter((source.labels["label"], source.split) for source in made(4, 10))
    assert set(counts.values()) == {8, 2}


@pytest.mark.parametrize("files", [2, 3, 4])
def test_no_split_stays_empty_when_there_are_files_enough(files):
    assert {source.split for source in made(files, 1)} == {"train", "test"}


def test_one_file_trains():
    assert [source.split for source in made(1, 1)] == ["train"]


def test_seeds_decide_and_pieces_of_one_file_stay_together():
    splits = [tuple(source.split for source in made(3, 7, seed=seed)) for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    pieces = [
        Source(Path("a.mp4"), "a.mp4", start_seconds=float(n), labels={"label": str(n % 2)}) for n in range(6)
    ] + [Source(Path("b.mp4"), "b.mp4", labels={"label": "0"})]
    assert len({source.split for source in assign_splits(pieces, SHARES, 0)[0][:6]}) == 1


def test_three_splits():
    counts = collections.Counter(s.split for s in made(5, 20, parse_shares("train=0.6,validation=0.2,test=0.2")))
    assert counts == {"train": 60, "validation": 20, "test": 20}
