"""One record tells everything about a modality, and no other code compares names."""

import ast
import dataclasses
import typing

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import BroadConfig, ModelConfig
from brave_tf.data.clip_table import CLIP_COLUMNS
from brave_tf.data.pictures import decode_planes
from brave_tf.inspection.display import as_pictures
from brave_tf.modalities import MODALITIES, NARROW, Modality, Tower, TowerChoice
from tests.test_imports import MODULES


def test_names_records_and_configurations_agree():
    names = typing.get_args(Modality)
    assert tuple(MODALITIES) == names and all(record.name == name for name, record in MODALITIES.items())
    assert typing.get_args(Tower) == ("narrow", *names) and typing.get_args(TowerChoice) == ("narrow", "broad", *names)
    assert {field.name for field in dataclasses.fields(BroadConfig)} == set(names)
    assert set(names) < {field.name for field in dataclasses.fields(ModelConfig)}


@pytest.mark.parametrize("attribute", ["letter", "word", "short_word", "feature", "key", "column", "tower_file"])
def test_records_are_told_apart_by(attribute):
    assert len({getattr(record, attribute) for record in MODALITIES.values()}) == len(MODALITIES)


def test_the_clip_table_has_a_column_for_each():
    assert {record.column for record in MODALITIES.values()} < set(CLIP_COLUMNS.names)
    # Where readers of older datasets expect them.
    assert CLIP_COLUMNS.names[8:11] == ["frames", "samples", "flow_frames"]


def test_the_network_input_is_spelled_out():
    texts = {name: record.network_input for name, record in MODALITIES.items()}
    assert texts == texts | {
        "rgb": "[B, T, H, W, 3] in [0, 1]; divide uint8 frames by 255",
        "flow": "[B, T, H, W, 2] in [-1, 1]; subtract 128 from uint8 frames and divide by 127",
        "audio": "[B, S, M]",
    }


def test_pictures_of_one_channel_are_read_and_drawn():
    stored = np.random.default_rng(0).integers(0, 256, (2, 9, 12, 1), np.uint8)
    encoded = tf.stack([tf.io.encode_png(picture) for picture in stored])
    np.testing.assert_array_equal(decode_planes(encoded, 1), stored)
    cut = decode_planes(encoded, 1, tf.constant([2, 3, 4, 5]))
    np.testing.assert_array_equal(cut, stored[:, 2:6, 3:8])
    drawn, _ = as_pictures(stored / 255.0)
    np.testing.assert_array_equal(drawn, np.repeat(stored, 3, axis=-1))


@pytest.mark.parametrize("path", MODULES)
def test_no_branch_on_the_name_of_a_modality(path):
    lines = sorted(branches(MODULES[path]))
    # The method takes views by free names, and cannot ask a record.
    assert not lines or path.startswith("method/"), f"{path}:{lines} compares a modality's name; ask MODALITIES instead"


def branches(tree):
    """Lines that compare something with a modality's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            if any(isinstance(part, ast.Constant) and part.value in list(MODALITIES) for part in sides):
                yield node.lineno


def test_branches_are_seen():
    source = 'a = 1 if m == "flow" else 2\nb = m in ("rgb", "other")\nc = m != NARROW\nd = {"flow": 1}\n'
    assert sorted(branches(ast.parse(source))) == [1, 2] and NARROW == "rgb"
