"""The tutorial on search and export shows what its text says."""

import json
import re

import pytest

from tests.tutorials.notebooks import run

pytestmark = pytest.mark.thorough
pytest.importorskip("onnxruntime", reason="the notebook runs ONNX Runtime")
pytest.importorskip("ai_edge_litert", reason="the notebook runs LiteRT")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run("tutorial_6_search_and_export", tmp_path_factory.mktemp("search"))


def test_answers_are_of_other_files_the_best_first(ran):
    answers = re.findall(r"^(0\.\d+|1\.0+)  (\S+)  [\d.]+ to [\d.]+ s$", ran.printed, re.MULTILINE)
    scores = [float(score) for score, _ in answers]
    assert len(answers) == 5 and scores == sorted(scores, reverse=True)
    assert (ran.folder / "found.html").stat().st_size > 10_000


def test_the_same_thing_is_found_more_often_than_by_chance(ran):
    assert int(re.search(r"^(\d+) % of the answers show the same thing", ran.printed, re.MULTILINE)[1]) > 45


def test_copies_are_found_beside_what_they_are_copies_of(ran):
    pairs = re.findall(r"^[01]\.\d{4}  (\S+)  (copies/\S+)$", ran.printed, re.MULTILINE)
    assert {copy for _, copy in pairs} == {
        "copies/smaller.mp4",
        "copies/compressed.mp4",
        "copies/without-its-beginning.mp4",
    }


def test_other_formats_find_what_the_library_found(ran):
    found = re.findall(r"^(ONNX|LiteRT \w+|brave_tf) +(?:finds|found) (\S+), ([\d.]+) s$", ran.printed, re.MULTILINE)
    assert [name for name, *_ in found] == [
        "ONNX",
        *(f"LiteRT {each}" for each in ("float32", "float16", "int8")),
        "brave_tf",
    ]
    assert len({place for _, *place in map(tuple, found) for place in [tuple(place)]}) == 1


def test_every_format_is_verified(ran):
    formats = json.loads((ran.folder / "exported" / "verification.json").read_text())["formats"]
    assert set(formats) == {"onnx", "litert-float32", "litert-float16", "litert-int8"}
    for name, check in formats.items():
        assert f"cosine with Keras at least {check['cosine']:.5f}" in ran.printed
        assert name in ran.printed


def test_nobody_is_warned_and_no_picture_is_blank(ran):
    assert "Warning" not in ran.notes
    assert len(ran.pictures) == 2 and all(picture.std() > 10 for picture in ran.pictures)
