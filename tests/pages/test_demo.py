"""The demo's page says what the run found, and holds everything itself."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brave_tf.pages import demo
from brave_tf.pages.html import Frames
from tests.pages.reading import Reading, data_of

RNG = np.random.default_rng(0)


def frames(count: int, size: int) -> Frames:
    return RNG.integers(0, 256, (count, size, size, 3), np.uint8)


def clip(motion: str, thing: str) -> demo.Neighbour:
    return demo.Neighbour(frames(3, 16), motion, thing)


SOUND, VIDEO = "video ↔ sound", "video ↔ video"


def score(
    name: str, what: str, top1: float, interval: tuple[float, float], knn: float | None, random: float
) -> demo.Score:
    few = demo.AtLabels(42, top1, interval, random)
    return demo.Score(name, what, few, [few, demo.AtLabels(432, 0.97, (0.96, 0.98), 0.61)], knn, 1 / 6)


def fake() -> demo.DemoContent:
    views = [
        demo.MotionViews(motion, thing, frames(8, 32), RNG.normal(size=(50, 20)), frames(16, 24))
        for motion, thing in (("zoom", "ring"), ("stay", "star"))
    ]
    return demo.DemoContent(
        views=views,
        curves=[
            demo.RunCurves(SOUND, [1, 10, 20], [4.0, 2.0, 1.25], [0.3, 0.8, 0.91], {"audio": [9.0, 5.0, 3.25]}),
            demo.RunCurves(VIDEO, [1, 10], [4.0, 0.5], [0.3, 0.62], {"rgb": [9.0, 7.5], "narrow": [9.0, 6.5]}),
        ],
        neighbours=[
            demo.NeighboursOfRun(
                SOUND,
                "motion",
                [demo.Neighbours(clip("zoom", "ring"), [clip("zoom", "star"), clip("stay", "ring")])],
                0.42,
            ),
            demo.NeighboursOfRun(VIDEO, "thing", [demo.Neighbours(clip("zoom", "ring"), [clip("stay", "ring")])], 0.87),
        ],
        scores=[
            score(SOUND, "motion", 0.944, (0.9, 0.97), 0.91, 0.18),
            score(SOUND, "thing", 0.40, (0.35, 0.45), 0.36, 0.42),
            score(VIDEO, "motion", 0.24, (0.21, 0.29), None, 0.18),
            score(VIDEO, "thing", 0.83, (0.78, 0.88), 0.8, 0.42),
        ],
        timings=[("prepare", 41.0), ("pretrain", 243.0), ("export", 4.25)],
        commands=[("With your videos:", "brave-tf prepare my-videos --out dataset\nbrave-tf pretrain tiny-v")],
        clips=(300, 90),
        narrow_seconds=1.28,
        broad_seconds=2.56,
        sound_seconds=2.0,
        export_verified=True,
    )


def read(tmp_path: Path, content: demo.DemoContent) -> tuple[str, Reading]:
    demo.write(tmp_path / "out" / "index.html", content)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    return page, Reading(page)


def test_the_page_loads_nothing_and_describes_every_picture(tmp_path: Path) -> None:
    page, reading = read(tmp_path, fake())
    assert "http:" not in page and "https:" not in page and "url(" not in page.replace("url(#tip)", "")
    assert not reading.attributes("script") and not reading.attributes("link")
    sources = [
        attributes[key] for _, attributes in reading.tags for key in ("src", "srcset", "href") if key in attributes
    ]
    # Two views: a movie with its still, two strips and a spectrogram each; queries and neighbours; scores by labels, of
    # motion and of thing; the curves.
    assert len(sources) == 2 * 5 + (3 + 2) + 2 + 1
    assert all(len(data_of(source, source[5:].split(";")[0])) > 100 for source in sources)
    assert all(image["alt"] for image in reading.attributes("img"))


def test_the_page_tells_the_numbers(tmp_path: Path) -> None:
    _, reading = read(tmp_path, fake())
    told = (
        "after learning from video ↔ sound and then from 42 labels; with the same network before any training, 18 %",
        "that was shown 42 labelled clips",
        "94 % [90 % to 97 %] (91 %)", "24 % [21 % to 29 %] (–)", "18 %", "17 %", "7.5, 6.5", "3.2",
        "of 90 unseen clips", "on 300 clips", "4 min 3 s", "ring, zoom",
        "1 of 2 have the query's motion; over all 90 test clips it is 42 %",
        "1 of 1 have the query's thing; over all 90 test clips it is 87 %",
        "4.2 s", "in 4 min 48 s", "The longest step was pretrain, with 84 % of the time",
        "loss 1.25, spread 0.91", "loss 0.50, spread 0.62",
        "8 frames in 1.3 s", "16 frames in 2.6 s",
        "sound: 2.0 s", "brave-tf prepare my-videos --out dataset\nbrave-tf pretrain tiny-v",
        "gave the same embeddings",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    kinds = [attributes["class"] for attributes in reading.attributes("div") if "clip" in attributes.get("class", "")]
    assert kinds == ["clip query", "clip right", "clip wrong", "clip query", "clip right"]
    assert "✗ 2 ring, stay" in reading.text


def test_the_page_claims_only_what_was_found(tmp_path: Path) -> None:
    content, claim = fake(), "learned what the other view shares"
    _, usual = read(tmp_path, content)
    assert claim in usual.text
    for number, top1 in ((0, 0.17), (1, 0.99), (2, 0.9), (3, 0.4)):
        scores = list(content.scores)
        few = dataclasses.replace(scores[number].few, linear_top1=top1)
        scores[number] = dataclasses.replace(scores[number], few=few)
        _, other = read(tmp_path, dataclasses.replace(content, scores=scores))
        assert claim not in other.text and f"{round(100 * top1)} %" in other.text
    _, unverified = read(tmp_path, dataclasses.replace(content, export_verified=False))
    assert "did not give the same embeddings" in unverified.text


def test_names_are_escaped(tmp_path: Path) -> None:
    bad = "<img src=x onerror=alert(1)> & $x_1$"
    content = fake()
    content = dataclasses.replace(
        content,
        introduction=bad,
        views=[dataclasses.replace(content.views[0], motion=bad)],
        curves=[dataclasses.replace(content.curves[0], name=bad)],
        neighbours=[demo.NeighboursOfRun(bad, "motion", [demo.Neighbours(clip(bad, bad), [clip(bad, bad)])], 0.5)],
        scores=[dataclasses.replace(score, name=bad) for score in content.scores[:2]],
        timings=[(bad, 1.0)],
        commands=[(bad, bad)],
    )
    _, reading = read(tmp_path, content)
    assert all("onerror" not in attributes for _, attributes in reading.tags)
    assert reading.text.count(bad) >= 9


@pytest.mark.parametrize("name", ["views", "curves", "neighbours", "scores", "timings", "commands"])
def test_an_empty_part_is_refused(tmp_path: Path, name: str) -> None:
    without: dict[str, Any] = {name: []}
    with pytest.raises(ValueError, match=f"received no {name}"):
        demo.write(tmp_path / "index.html", dataclasses.replace(fake(), **without))
    assert not list(tmp_path.iterdir())
