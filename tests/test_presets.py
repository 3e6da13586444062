"""Every row of the paper's tables is a preset, with the paper's numbers; what `brave-tf presets` tells of them."""

import re
from pathlib import Path

import pytest

from brave_tf import presets
from brave_tf.cli.preset_facts import backbone_name, facts
from brave_tf.config import BackboneConfig
from brave_tf.config.values import from_dict, override

K600, K400, AUDIOSET = "Kinetics-600", "Kinetics-400", "AudioSet"

# Written out from the paper: preset, table, data, narrow (frames, fps, pixels a side), broad modality, number of broad
# views, their (frames, fps, pixels a side) or seconds of sound, random convolution, scores HMDB51, UCF101, K600.
NARROW, NARROW_32 = (16, 12.5, 224), (32, 12.5, 224)
BROAD = (64, 6.25, 112)
ABLATIONS = [
    ("table1-narrow10-broad10-rgb", 1, K600, BROAD, "rgb", 1, BROAD, True, (58.7, 80.0, 47.4)),
    ("table1-narrow1.3-broad1.3-rgb", 1, K600, NARROW, "rgb", 1, NARROW, True, (59.4, 88.1, 66.3)),
    ("table1-narrow1.3-broad5-rgb", 1, K600, NARROW, "rgb", 1, (64, 12.5, 112), True, (61.4, 88.9, 65.1)),
    ("table1-narrow1.3-broad10-rgb", 1, K600, NARROW, "rgb", 1, BROAD, True, (65.1, 90.0, 67.4)),
    ("table1-narrow1.3-broad1.3-audio", 1, AUDIOSET, NARROW, "audio", 1, 1.28, False, (68.3, 92.2, 69.0)),
    ("table1-narrow1.3-broad5-audio", 1, AUDIOSET, NARROW, "audio", 1, 5.0, False, (67.5, 92.4, 69.9)),
    ("table1-narrow1.3-broad10-audio", 1, AUDIOSET, NARROW, "audio", 1, 10.0, False, (67.3, 92.6, 70.3)),
    ("table2-rgb", 2, K600, NARROW, "rgb", 1, BROAD, False, (61.3, 89.9, 67.7)),
    ("table2-rgb-rc", 2, K600, NARROW, "rgb", 1, BROAD, True, (65.1, 90.0, 67.4)),
    ("table2-flow", 2, K600, NARROW, "flow", 1, BROAD, False, (65.6, 91.1, 65.8)),
    ("table3-1-view", 3, K600, NARROW, "rgb", 1, BROAD, True, (65.1, 90.0, 67.4)),
    ("table3-2-views", 3, K600, NARROW, "rgb", 2, BROAD, True, (65.6, 91.7, 69.1)),
    ("table3-3-views", 3, K600, NARROW, "rgb", 3, BROAD, True, (65.2, 91.5, 69.5)),
    ("table4-unsynced", 4, K600, NARROW, "rgb", 1, BROAD, True, (65.1, 90.0, 67.4)),
    ("table4-synced", 4, K600, NARROW, "rgb", 1, BROAD, True, (64.2, 86.2, 59.9)),
]

# Table 5: preset, data, letters, narrow network, its parameters in millions, narrow view, and the scores
# UCF101 linear and fine-tuned, HMDB51 linear and fine-tuned, K600, ESC-50, AudioSet.
R3D = (16, 6.25, 224)
TABLE_5 = [
    ("v-vvv-r3d50-k400", K400, "V ↔ VVV", "R3D-50", 31.6, R3D, (90.6, 93.7, 65.1, 72.0, 66.5)),
    ("v-fff-r3d50-k400", K400, "V ↔ FFF", "R3D-50", 31.6, R3D, (92.0, 94.7, 67.5, 72.7, 66.7)),
    ("v-vvv-tsm50-k600", K600, "V ↔ VVV", "TSM-50", 23.5, NARROW, (91.6, 94.1, 65.2, 73.1, 69.5)),
    ("v-fff-tsm50-k600", K600, "V ↔ FFF", "TSM-50", 23.5, NARROW, (91.9, 94.7, 65.7, 74.0, 67.1)),
    ("v-vvv-r3d50-k600", K600, "V ↔ VVV", "R3D-50", 31.6, R3D, (91.9, 94.4, 67.6, 73.9, 69.1)),
    ("v-fff-r3d50-k600", K600, "V ↔ FFF", "R3D-50", 31.6, R3D, (92.7, 95.1, 68.9, 74.3, 68.1)),
    ("v-a-tsm50-audioset", AUDIOSET, "V ↔ A", "TSM-50", 23.5, NARROW_32, (93.4, 95.6, 69.1, 75.3, 71.1, 92.1, 36.4)),
    ("v-fa-tsm50-audioset", AUDIOSET, "V ↔ FA", "TSM-50", 23.5, NARROW_32, (93.2, 95.8, 70.2, 76.9, 70.3, 92.6, 36.3)),
    (
        "v-fa-tsm50x2-audioset", AUDIOSET, "V ↔ FA", "TSM-50x2", 93.9, NARROW_32,
        (92.8, 96.5, 70.6, 79.3, 70.5, 92.9, 36.4),
    ),
]  # fmt: skip
SCORES = ("UCF101 linear", "UCF101 fine-tuned", "HMDB51 linear", "HMDB51 fine-tuned", "Kinetics-600 linear")
SCORES += ("ESC-50 linear", "AudioSet mAP")


def told(name):
    return facts(presets.describe(name))


def shape(view):
    return view["frames"], view["fps"], view["size"]


@pytest.mark.parametrize("row", ABLATIONS, ids=lambda row: row[0])
def test_rows_of_tables_1_to_4(row):
    name, table, data, narrow, modality, count, broad, convolved, scores = row
    known, config = told(name), presets.get(name)
    assert known["source"] == f"Table {table}" and known["data"].startswith(data)
    assert shape(known["views"]["narrow"]) == narrow and list(known["views"]) == ["narrow", modality]
    view = known["views"][modality]
    if modality == "audio":
        assert view["seconds"] == broad and view["mel_bands"] == 80 and view["offset"] == "aligned"
    else:
        assert shape(view) == broad and view["views"] == count
        assert view["offset"] == ("aligned" if name == "table4-synced" else "independent")
        assert config.broad.visual[modality].augment.random_convolution == convolved
    assert config.narrow.augment.random_convolution == 0
    assert known["scores"] == dict(zip(("HMDB51 linear", "UCF101 linear", "Kinetics-600 linear"), scores, strict=True))
    assert config.optimizer.peak_learning_rate == (1.0 if modality == "audio" else 4.8)
    assert config.steps == 300_000
    assert_common(config)


@pytest.mark.parametrize("row", TABLE_5, ids=lambda row: row[0])
def test_rows_of_table_5(row):
    name, data, letters, network, millions, narrow, scores = row
    known, config = told(name), presets.get(name)
    assert known["source"] == "Table 5" and known["data"].startswith(data) and known["modality"] == letters
    assert backbone_name(config.model.narrow) == network
    assert known["parameters"]["narrow backbone"] / 1e6 == pytest.approx(millions, abs=0.05)
    assert shape(known["views"]["narrow"]) == narrow
    for modality, view in known["views"].items():
        if modality == "audio":
            assert (view["seconds"], view["mel_bands"], view["offset"]) == (5.0, 80, "aligned")
        elif modality != "narrow":
            assert shape(view) == BROAD and view["offset"] == "independent"
            assert backbone_name(getattr(config.model, modality)) == "TSM-50"
            assert config.broad.visual[modality].augment.random_convolution == (modality == "rgb")
    assert known["scores"] == dict(zip(SCORES, scores, strict=False))
    assert config.optimizer.peak_learning_rate == (1.0 if data == AUDIOSET else 4.8)
    assert config.steps == (620_000 if data == AUDIOSET else 300_000)
    assert_common(config)


def assert_common(config):
    """What the paper says of all its experiments."""
    assert config.batch_size == 512 and config.optimizer.name == "lars" and config.optimizer.warmup_steps == 5_000
    assert (config.optimizer.weight_decay, config.optimizer.predictor_multiplier) == (0.01, 10.0)
    assert (config.model.hidden_size, config.model.projection_size) == (4096, 128)
    assert (config.model.heads, config.model.loss_scale, config.model.target_momentum) == ("separate", "paper", None)
    assert config.narrow.augment.flip == 0.5 and config.evaluation.frames == 32


def test_no_row_is_left_out():
    tables = {name for name in presets.names() if presets.describe(name).source in {f"Table {n}" for n in range(1, 6)}}
    assert tables - {row[0] for row in (*ABLATIONS, *TABLE_5)} == {"v-f-tsm50-k600"}  # Table 2's flow, by another name


@pytest.mark.parametrize("name", presets.names())
def test_facts_of_every_preset(name):
    known = told(name)
    assert from_dict(known["config"]) == presets.get(name)
    assert known["name"] == name and known["source"] and known["data"]
    # The heads among them: less than all, more than the narrow backbone.
    *each, total = known["parameters"].values()
    assert total == sum(each) and known["parameters"]["narrow backbone"] < total
    assert known["modality"].startswith("V ↔ ")
    assert len(known["modality"]) - 4 == sum(view["views"] for view in known["views"].values()) - 1


def test_sizes_and_budgets_of_the_specification():
    known = told("v-fff-tsm50-k600")
    assert known["parameters"]["narrow backbone"] == 23_500_352
    assert known["parameters"]["broad flow backbone"] == 23_497_216
    assert told("v-fa-tsm50x2-audioset")["parameters"]["narrow backbone"] == 93_891_712
    assert known["equal_budget"] == 802_816
    assert known["views"]["narrow"]["pixels"] == known["views"]["flow"]["pixels"] == 802_816
    assert told("v-fa-tsm50-audioset")["equal_budget"] is None
    assert told("v-a-tsm50-audioset")["equal_budget"] is None
    audio = told("v-a-tsm50-audioset")["views"]["audio"]
    assert (audio["spectrogram_frames"], audio["mel_bands"], audio["cells"]) == (500, 80, 40_000)
    assert told("released")["views"]["audio"]["spectrogram_frames"] == 3072


def test_facts_follow_the_configuration():
    config = override(presets.get("v-v-tsm50-k600"), ["broad.rgb.views=2", "broad.rgb.frames=32", "narrow.step=4"])
    changed = facts(presets.Preset(config, "here", "this"))
    assert (changed["modality"], changed["equal_budget"]) == ("V ↔ VV", None)
    assert (changed["views"]["narrow"]["fps"], changed["views"]["narrow"]["seconds"]) == (6.25, 2.56)


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        (BackboneConfig(), "TSM-50"),
        (BackboneConfig(width=2.0), "TSM-50x2"),
        (BackboneConfig(depth=26, width=0.25), "TSM-26x0.25"),
        (BackboneConfig(network="r3d"), "R3D-50"),
        (BackboneConfig(shift=0.0), "ResNet-50"),
    ],
)
def test_names_of_networks(backbone, name):
    assert backbone_name(backbone) == name


def test_every_published_score_stands_in_the_document_that_reproduces_it():
    text = (Path(__file__).parents[1] / "docs/reproducing.md").read_text(encoding="utf-8")
    for name in presets.names():
        preset = presets.describe(name)
        if not preset.source.startswith("Table ") or not preset.scores:
            continue
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        header = next(
            line for line in reversed(text[: text.index(row)].splitlines()) if line.startswith("| preset | data | ")
        )
        cells = dict(zip(header.split("|")[1:-1], row.split("|")[1:-1], strict=True))
        found = {column.strip(): float(cell) for column, cell in cells.items() if re.fullmatch(r" [\d.]+ ", cell)}
        assert found == preset.scores, name
        for column in found:
            assert f"| {column} | `brave-tf evaluate runs/PRESET " in text
