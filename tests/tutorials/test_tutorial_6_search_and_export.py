"""The tutorial on search and export shows what its text says."""

import json
import re

import pytest

from tests.tutorials.notebooks import run

NAME = "tutorial_6_search_and_export"
pytestmark = pytest.mark.thorough
pytest.importorskip("onnxruntime", reason="the notebook runs ONNX Runtime")
pytest.importorskip("ai_edge_litert", reason="the notebook runs LiteRT")


# A shorter training on fewer videos: how well an encoder learns is tested elsewhere.
SMALLER = {
    "STEPS = 600": "STEPS = 60",
    '    write_world(VIDEOS, clips_per_motion={"films": 30}, seconds=8, size=56)': (
        '    write_world(VIDEOS, clips_per_motion={"films": 12}, seconds=8, size=56)'
    ),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run(NAME, tmp_path_factory.mktemp("search"), SMALLER)


def test_answers_are_of_other_files_the_best_first(ran):
    answers = re.findall(r"^(0\.\d+|1\.0+)  (\S+)  [\d.]+ to [\d.]+ s$", ran.printed, re.MULTILINE)
    scores = [float(score) for score, _ in answers]
    assert len(answers) == 5 and scores == sorted(scores, reverse=True)
    assert (ran.folder / "tutorial_6/found.html").stat().st_size > 10_000


def test_the_same_thing_is_found_more_often_than_by_chance(printed):
    assert int(re.search(r"^(\d+) % of the answers show the same thing", printed, re.MULTILINE)[1]) > 22


def test_copies_and_nothing_else_are_found_by_their_pixels(ran):
    pairs = re.findall(r"^[01]\.\d{4}  (\S+)  (\S+)$", ran.printed, re.MULTILINE)
    films, copies = "tutorial_6/videos/films", "tutorial_6/copies"
    assert sorted(pairs) == [
        (f"{films}/circle/circle-0001.mp4", f"{copies}/smaller.mp4"),
        (f"{films}/rotate/rotate-0001.mp4", f"{copies}/compressed.mp4"),
        (f"{films}/zoom/zoom-0012.mp4", f"{copies}/without-its-beginning.mp4"),
    ]


def test_other_formats_find_the_moment_again(printed):
    (moment,) = re.findall(r"^the moment was  (.+)$", printed, re.MULTILINE)
    found = re.findall(r"^(.{15}) finds (.+ s), with a score of ([\d.]+)$", printed, re.MULTILINE)
    assert [name.strip() for name, *_ in found] == ["ONNX", "LiteRT float32", "LiteRT float16", "LiteRT int8"]
    assert {place for _, place, _ in found} == {moment}
    assert all(float(score) > 0.995 for *_, score in found)


def test_every_format_is_verified(ran):
    formats = json.loads((ran.folder / "tutorial_6/exported/verification.json").read_text())["formats"]
    assert set(formats) == {"onnx", "litert-float32", "litert-float16", "litert-int8"}
    for name, check in formats.items():
        assert f"cosine with Keras at least {check['cosine']:.5f}" in ran.printed
        assert name in ran.printed


def test_nobody_is_warned_and_no_picture_is_blank(ran):
    assert not ran.warnings
    assert len(ran.pictures) == 2 and all(picture.std() > 10 for picture in ran.pictures)
