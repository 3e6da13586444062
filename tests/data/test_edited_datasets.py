"""Datasets whose `dataset.json` or clip table somebody edited are refused in one line, before a record is read."""

import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data import TrainingClips, open_dataset
from brave_tf.errors import UserError
from tests.preparation.media_files import write_media


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edited")
    for number in range(4):
        write_media(folder / "videos" / "ab"[number % 2] / f"{number}.mp4", seconds=0.4, size=(32, 32))
    return prepare(folder / "videos", folder / "out", workers=1, split="train=0.5,test=0.5").path


@pytest.fixture
def dataset(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "dataset")


def edit_info(dataset, **entries):
    info = json.loads((dataset / "dataset.json").read_text())
    info |= entries
    (dataset / "dataset.json").write_text(json.dumps({key: value for key, value in info.items() if value != "gone"}))


def edit_table(dataset, change):
    rows = pq.read_table(dataset / "clips.parquet").to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows), dataset / "clips.parquet")


def refused(action, words):
    with pytest.raises(UserError, match=words) as caught:
        action()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


REQUIRED = ("audio_rate_hz", "splits", "labels", "fingerprint", "sources", "settings", "ignored", "split_rule")


@pytest.mark.parametrize("key", [*REQUIRED, "quarantined"])
def test_a_missing_key_is_named(dataset, key):
    edit_info(dataset, **{key: "gone"})
    refused(lambda: open_dataset(dataset), rf"dataset.json has no {key}; restore the file, or prepare")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"audio_rate_hz": "16000"}, 'audio_rate_hz is "16000"; expected samples per second, or null'),
        ({"audio_rate_hz": 0}, "audio_rate_hz is 0"),
        ({"splits": ["train", "test"]}, "splits is .*expected an object of splits"),
        ({"splits": {"train": {"shards": ["../other.tfrecord"]}}}, "splits is .*names of files beside it"),
        ({"labels": {"label": "cat"}}, "labels is .*each a list of different class names"),
        ({"labels": {"label": ["cat", "cat"]}}, "labels is .*each a list of different class names"),
        ({"folds": "x" * 1000}, "folds is .*…; expected a list"),
        ({"folds": ["split1"]}, 'folds names "split1", which is none of its labels'),
        ({"multilabel": "label"}, 'multilabel is "label"; expected a list of label columns'),
        ({"flow": {"shorter_side": 128}}, "flow is .*expected shorter_side and stride"),
        ({"flow": {"shorter_side": 128, "stride": 0}}, "flow is .*expected shorter_side and stride"),
        ({"broad_size": -1}, "broad_size is -1; expected pixels"),
        ({"quarantined": [{"source": "a.mp4"}]}, "quarantined is .*a list of sources with reasons"),
        ({"format_version": "new"}, "dataset.json is damaged"),
    ],
)
def test_an_entry_of_another_kind_is_named(dataset, entry, words):
    edit_info(dataset, **entry)
    refused(lambda: open_dataset(dataset), words)


@pytest.mark.parametrize("text", ["[]", "null", "3", "{", ""])
def test_something_else_than_an_object_is_one_line(dataset, text):
    (dataset / "dataset.json").write_text(text)
    refused(lambda: open_dataset(dataset), "dataset.json is damaged|dataset.json holds no object")


def put(column, value, row=1):
    return lambda rows: rows[row].update({column: value})


TABLES = {
    "a label without its class": (put("label/label", "dog"), "has label label 'dog', which dataset.json does not list"),
    "a split that is none": (put("split", "validation"), "has split 'validation', which dataset.json does not list"),
    "a negative offset": (put("offset", -5), "row 1 has offset -5; expected at least 12"),
    "no offset": (put("offset", None), "row 1 has no offset"),
    "no length": (put("length", 0), "row 1 has length 0; expected at least 1"),
    "negative frames": (put("frames", -1), "row 1 has frames -1; expected at least 0"),
    "a path above": (put("shard", "../elsewhere.tfrecord"), "has shard '../elsewhere.tfrecord'; expected the name"),
    "an absolute path": (put("shard", "/etc/passwd"), "has shard '/etc/passwd'; expected the name of a file beside"),
    "a path below": (put("shard", "sub/x.tfrecord"), "has shard 'sub/x.tfrecord'; expected the name"),
    "no name": (put("shard", ""), "has shard ''; expected the name"),
    "one number twice": (lambda rows: rows[1].update(clip_id=rows[0]["clip_id"]), "several rows with one clip_id"),
    "a time that is none": (put("end_seconds", float("nan")), "has end_seconds that are not finite"),
    "text for a number": (lambda rows: [row.update(offset="first") for row in rows], "column offset holds string"),
    "a column less": (lambda rows: [row.pop("samples") for row in rows], "clips.parquet has no column samples"),
    "a label less": (lambda rows: [row.pop("label/label") for row in rows], "has no column label/label"),
    "a list of labels": (
        lambda rows: [row.update({"label/label": ["a"]}) for row in rows],
        "column label/label holds list.*expected string",
    ),
}


@pytest.mark.parametrize(("change", "words"), TABLES.values(), ids=TABLES)
def test_a_table_that_does_not_fit_is_one_line(dataset, change, words):
    edit_table(dataset, change)
    refused(lambda: open_dataset(dataset).clips(), words)
    refused(lambda: open_dataset(dataset).clips("train"), words)


def test_training_reads_no_file_outside_the_dataset(dataset, tmp_path, capsys):
    shard = next(dataset.glob("train*.tfrecord"))
    shard.rename(tmp_path / "elsewhere.tfrecord")
    edit_table(dataset, lambda rows: [row.update(shard=str(tmp_path / "elsewhere.tfrecord")) for row in rows])
    refused(lambda: TrainingClips.open(dataset, presets.get("tiny-va")), "has shard .*elsewhere.tfrecord'; expected")
    assert main(["prepare", str(tmp_path), "--out", str(dataset)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_table_of_other_software_is_read(dataset):
    table = pq.read_table(dataset / "clips.parquet")
    wide = {"split": pa.large_string(), "shard": pa.dictionary(pa.int32(), pa.string()), "frames": pa.int64()}
    fields = [pa.field(field.name, wide.get(field.name, field.type)) for field in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), dataset / "clips.parquet")
    assert open_dataset(dataset).clips().equals(table.replace_schema_metadata(None))


@pytest.mark.parametrize("name", ["dataset.json", "clips.parquet"])
def test_bytes_that_changed_are_one_line_or_harmless(dataset, name):
    content, generator, refusals = (dataset / name).read_bytes(), np.random.default_rng(0), 0
    for number in range(60):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 1 + number % 3):
            damaged[place] = generator.integers(0, 256)
        (dataset / name).write_bytes(damaged[: generator.integers(0, len(content))] if number % 5 == 4 else damaged)
        try:
            open_dataset(dataset).clips()
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 700
            refusals += 1
    assert refusals > 20
    (dataset / name).write_bytes(content.replace(b"split", b"spl\xeat"))
    refused(lambda: open_dataset(dataset).clips(), "damaged")


def test_shards_may_be_links(dataset, tmp_path):
    # Caches of downloads and disks that are full make such folders.
    for shard in dataset.glob("*.tfrecord"):
        shard.rename(tmp_path / shard.name)
        os.symlink(tmp_path / shard.name, shard)
    assert TrainingClips.open(dataset, presets.get("tiny-va")).count == 2
