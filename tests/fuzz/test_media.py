"""Media files damaged in every way, all in one preparation: each is used or named with its reason, at a bounded cost.

`pytest tests/fuzz/test_media.py --mutants 2000 -s` makes more of them, and says what became of them.
"""

import collections
import csv
import json
import re
import sys
from pathlib import Path

import av
import pytest

import brave_tf
from brave_tf import verify
from brave_tf.data.dataset import CLIPS_PER_SOURCE
from brave_tf.data.open import open_dataset
from brave_tf.embedding.table import read_table
from brave_tf.preparation.file_limits import MOST_LENGTHS, PLENTY_BYTES_PER_SECOND, SPARE_SECONDS
from brave_tf.preparation.layouts.names import MEDIA_EXTENSIONS, extension_of
from brave_tf.preparation.media_file import open_media
from tests.embedding.encoders import audio_encoder, video_encoder
from tests.fuzz.mutations import write_mutant
from tests.fuzz.seeds import NAMES, SECONDS, TEXTS, write_seeds
from tests.fuzz.watched import run_watched
from tests.preparation.command import arguments

MOST_SECONDS_PER_FILE = 20
MOST_BYTES = 1.5e9
SIDE = 32
"""Of the frames, as of the seeds: what declares to be larger costs no more."""
HONEST = {*NAMES, "floats.wav"}
DEAR = re.compile("took longer|ended the process|needs more")
"""Reasons of files that a limit had to stop."""


def declared_seconds(path):
    """How long a file says that it is; a file that says nothing is as long as a seed."""
    try:
        with open_media(path) as container:
            return max((container.duration or 0) / av.time_base, SECONDS)
    except (av.error.FFmpegError, ValueError):
        return SECONDS


def bytes_a_second(rows, source):
    return sum(row["length"] for row in rows if row["source"] == source) / SECONDS


def seconds_by_source(rows):
    given = collections.Counter()
    for row in rows:
        given[row["source"]] += max(row["frames"] / 25, row["samples"] / 16_000)
    return given


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    """A folder with all seeds and their mutants."""
    folder = tmp_path_factory.mktemp("mutants") / "media"
    folder.mkdir()
    seeds = write_seeds(folder)
    for number in range(request.config.getoption("--mutants")):
        write_mutant(folder, number, seeds)
    return folder


def prepared(source, out, sources):
    """Prepares a source as a user does; how that ended."""
    options = ["--max-seconds-per-file", str(MOST_SECONDS_PER_FILE), "--shorter-side", str(SIDE)]
    command = [sys.executable, "-m", "brave_tf", *arguments(source, out, 2, *options)]
    # A hang of the command, not of a file; healthy machines take a tenth.
    ended = run_watched(command, out.parent / "errors", most_seconds=120 + 4 * sources)
    assert ended.status == 0, ended.said[-5000:]
    assert "Traceback" not in ended.said
    assert ended.peak_bytes < MOST_BYTES
    return ended


def test_mutants_are_used_or_named_with_their_reason(folder, tmp_path):
    out = tmp_path / "dataset"
    entries = {path.name for path in folder.iterdir()}
    ended = prepared(folder, out, len(entries))

    dataset = open_dataset(out)
    rows = dataset.clips().to_pylist()
    used = {row["source"] for row in rows}
    reasons = {entry["source"]: entry["reason"] for entry in dataset.info["quarantined"]}
    ignored = sum(dataset.info["ignored"].values())
    assert used | reasons.keys() <= entries and not used & reasons.keys()
    assert len(used) + len(reasons) + ignored == len(entries)
    assert used >= HONEST and reasons.keys() >= TEXTS.keys()
    assert all(reason.isprintable() and 0 < len(reason) < 300 for reason in reasons.values())

    given = seconds_by_source(rows)
    declared = {name: declared_seconds(folder / name) for name in used}
    written = sum(path.stat().st_size for path in out.iterdir())
    honest = max(bytes_a_second(rows, name) for name in HONEST)
    print(json.dumps(summary(ended, reasons, dataset.info["ignored"], given, declared, written), indent=1))

    assert not any(map(DEAR.search, reasons.values()))
    assert written < MOST_LENGTHS * honest * sum(given.values())
    # And these seconds are about those that the files declare; a short one may hold more than it says.
    for name in used:
        held = (folder / name).stat().st_size / PLENTY_BYTES_PER_SECOND
        assert given[name] <= SPARE_SECONDS + max(MOST_LENGTHS * declared[name], held), name
    assert verify(out, workers=2).is_sound


def test_pieces_of_mutants_are_used_or_named_with_their_reason(folder, tmp_path):
    pieces = [("path", "start", "end")]
    for path in sorted(folder.iterdir())[::2]:
        pieces += [(path, 0.4, 0.9), (path, 1.05, ""), (path, 5000, 5001)]
    with open(tmp_path / "list.csv", "w", newline="") as stream:
        csv.writer(stream).writerows(pieces)
    prepared(tmp_path / "list.csv", tmp_path / "dataset", len(pieces))
    dataset = open_dataset(tmp_path / "dataset")
    used = {number // CLIPS_PER_SOURCE for number in dataset.clips()["clip_id"].to_pylist()}
    quarantined = dataset.info["quarantined"]
    assert len(used) + len(quarantined) == len(pieces) - 1 and len(used) > len(pieces) // 8
    assert all(entry["reason"].isprintable() and "not permitted" not in entry["reason"] for entry in quarantined)


@pytest.mark.parametrize("make", [video_encoder, audio_encoder])
def test_mutants_are_embedded_or_named_with_their_reason(folder, tmp_path, make):
    facts = brave_tf.embed(make(), folder, out=tmp_path / "table.parquet", workers=2)
    _, table = read_table(tmp_path / "table.parquet")
    reasons = {Path(entry.file).name: entry.text for entry in facts.left_out}
    media = {path.name for path in folder.iterdir() if extension_of(path.name) in MEDIA_EXTENSIONS}
    used = {Path(name).name for name in table["file"].to_pylist()}
    assert used | reasons.keys() == media and not used & reasons.keys() and len(used) == facts.files > len(media) // 4
    lacking = {name for name in HONEST if reasons.get(name) in ("has no picture", "has no sound")}
    assert used >= HONEST - lacking and len(lacking) < len(HONEST) // 2
    assert all(reason.isprintable() and 0 < len(reason) < 300 for reason in reasons.values())
    assert not any(map(DEAR.search, reasons.values()))


def summary(ended, reasons, ignored, given, declared, written):
    """What became of the mutants, to be read."""
    return {
        "used": len(given),
        "quarantined": len(reasons),
        "ignored": ignored,
        "seconds": round(ended.seconds, 1),
        "peak of memory, MB": round(ended.peak_bytes / 1e6),
        "output, MB": round(written / 1e6, 1),
        "longest clips, s": round(max(given.values()), 1),
        "longer than 3 x declared, and declared, s": {
            name: (round(given[name], 1), round(seconds, 1))
            for name, seconds in declared.items()
            if given[name] > MOST_LENGTHS * seconds
        },
        "stopped by a limit": {name: reason for name, reason in reasons.items() if DEAR.search(reason)},
        "reasons": collections.Counter(map(kind_of, reasons.values())).most_common(),
    }


def kind_of(reason):
    """A reason without its numbers."""
    return " ".join("".join("#" if sign.isdecimal() else sign for sign in reason).split()[:6])
