"""The page of an evaluation tells its report, whatever names and however many classes it has."""

import base64
from typing import Any

import numpy as np
import pytest

from brave_tf.pages import evaluation_report
from brave_tf.pages.html import Html, image
from tests.pages.reading import Reading


def report(classes: int = 3, **changes: Any) -> dict[str, Any]:
    names = [f"class {n}" for n in range(classes)]
    counts = np.eye(classes, dtype=int) * 5
    counts[0, 1] = 2
    fold = {"name": "split1", "score": 0.625, "random_init": 0.25, "chance": 0.125, "interval": [0.5, 0.75]}
    values = {
        "protocol": "linear",
        "metric": "top1",
        "label": "label",
        "classes": classes,
        "class_names": names,
        "mean": 0.625,
        "interval": [0.5, 0.75],
        "random_init": 0.25,
        "chance": 0.125,
        "top5": 0.9,
        "folds": [{**fold, "train_clips": 1_234, "test_clips": 20, "test_videos": 17}],
        "per_class": [
            {"name": name, "score": n / classes, "random_init": 0.1, "videos": 5} for n, name in enumerate(names)
        ],
        "confusion": counts.tolist(),
        "mistakes": [
            {
                "source": "a/b.mp4",
                "fold": "split1",
                "clip_id": 7,
                "wanted": names[0],
                "predicted": names[1],
                "confidence": 1.5,
            }
        ],
        "left_out": {"without video": 0, "without label": 4},
        "missing": {"train": 6},
        "published": {"experiment": "v-a", "column": "UCF101 linear", "value": 0.934, "source": "the paper, Table 5"},
        "open_settings": ["C is open"],
        "settings": {"protocol": "linear", "seed": 3},
        "tower": "narrow",
        "modality": "rgb",
        "encoder": {"path": "runs/first", "preset": "tiny-va", "steps": 600, "sha256": "abcd"},
        "dataset": {"path": "data", "fingerprint": "ef01", "notes": []},
        "versions": {"keras": "3.15"},
        "seconds": {"features": 12.5},
    }
    return values | changes


def read(tmp_path, values, pictures=()):
    evaluation_report.write(tmp_path / "page.html", values, pictures)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    return page, Reading(page)


def test_the_page_tells_the_scores_beside_what_they_compare_with(tmp_path):
    page, reading = read(tmp_path, report())
    for words in (
        "linear: 62.5 % top-1 accuracy",
        "95 % interval 50.0 % to 75.0 %",
        "93.4 %v-a, UCF101 linear, the paper, Table 5",
        "25.0 %the same network at random initialisation",
        "Left out: 4 without label, 6 listed in train, not there.",
        "answered class 1, right is class 0, by a margin of 1.5",
        "C is open",
        "1,234",
        "ef01",
    ):
        assert words in reading.text, words
    addresses = [attributes["src"] for attributes in reading.attributes("img")]
    assert len(addresses) == 2 and all(address.startswith("data:image/") for address in addresses)
    assert "http" not in page.replace("http://www.w3.org", "")


def test_names_are_text(tmp_path):
    hostile = '<script>alert("x")</script>'
    values = report(class_names=[hostile, "b", "c"])
    values["per_class"][0]["name"] = hostile
    values["mistakes"][0] |= {"source": hostile, "wanted": hostile}
    values["encoder"]["path"] = hostile
    page, reading = read(tmp_path, values)
    assert "<script" not in page and hostile in reading.text


@pytest.mark.parametrize("classes", [2, 30, 51, 101])
def test_many_classes_are_ranked_and_listed(tmp_path, classes):
    _, reading = read(tmp_path, report(classes))
    assert f"All {classes} classes" in reading.text
    shown = "The 15 best and worst classes" if classes > 30 else "All classes, the best first"
    assert shown in reading.text


def test_pictures_of_mistakes_are_shown_where_there_are_any(tmp_path):
    picture = image(np.zeros((8, 8, 3), np.uint8), "Frames of a/b.mp4")
    _, reading = read(tmp_path, report(), [picture])
    assert "Frames of a/b.mp4" in [attributes["alt"] for attributes in reading.attributes("img")]
    _, without = read(tmp_path, report(), [None])
    assert "It cannot be shown." in without.text


def test_average_precision_has_neither_confusions_nor_mistakes(tmp_path):
    values = report(527, metric="mAP", protocol="mlp", random_init=None, published=None)
    for name in ("confusion", "mistakes", "top5"):
        del values[name]
    values["per_class"][3] |= {"score": None, "random_init": None, "videos": 0}
    _, reading = read(tmp_path, values)
    assert "mlp: 62.5 % mean average precision" in reading.text
    assert "Confusions" not in reading.text and "mistakes" not in reading.text
    assert "1 classes have no test video" in reading.text


def test_retrieval_has_recalls_and_a_grid_its_scores(tmp_path):
    found = {"chosen": 1e-4, "scores": {"0.0001": 0.5, "0.01": 0.4}, "validated_on": "fold split1"}
    recall = {"1": 0.5, "5": 0.7, "10": 0.8, "20": 0.9}
    values = report(regularisation=found, recall=recall, random_init_recall=None, metric="recall@1")
    _, reading = read(tmp_path, values)
    assert "Tried on fold split1." in reading.text and "0.0001 (chosen)50.0 %" in reading.text
    assert "R@2090.0 %–" in reading.text


def test_several_folds_end_in_their_mean(tmp_path):
    values = report()
    values["folds"] *= 2
    _, reading = read(tmp_path, values)
    assert "mean62.5 %50.0 % to 75.0 %" in reading.text


def test_svg_drawings_are_equal_for_equal_reports(tmp_path):
    first, _ = read(tmp_path, report())
    assert first == read(tmp_path, report())[0]
    assert isinstance(Html(first), str) and base64.b64encode(b"<?xml")[:4].decode() in first
