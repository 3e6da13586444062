"""Pages are escaped, whole and self-contained; pictures show what they were given."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brave_tf.errors import UserError
from brave_tf.pages import html
from tests.pages.reading import Reading, data_of, pixels

RED, BLUE = (220, 30, 30), (30, 30, 220)


def frames_of(*colors: tuple[int, int, int]) -> html.Frames:
    return np.stack([np.full((16, 24, 3), color, np.uint8) for color in colors])


def test_text_is_escaped_wherever_it_goes() -> None:
    bad = "<script>alert('1')</script> & \"x\""
    parts = [
        html.section(bad, html.paragraph(bad), html.code(bad), html.figure(html.text(bad), bad)),
        html.table([bad], [[bad]], bad),
        html.image(frames_of(RED)[0], bad),
        html.element("p", bad, title=bad),
    ]
    page = html.page(bad, parts)
    reading = Reading(page)
    assert not reading.attributes("script")
    assert reading.text.count(bad) == 11
    assert reading.attributes("img")[0]["alt"] == bad and reading.attributes("p")[-1]["title"] == bad


def test_markup_is_not_escaped_twice() -> None:
    inner = html.element("b", "a & b", class_="x", data_kind="y")
    assert inner == '<b class="x" data-kind="y">a &amp; b</b>'
    assert html.join(inner, " < ", 3) == f"{inner} &lt; 3"
    assert html.paragraph(inner) == f"<p>{inner}</p>"


def test_a_page_is_whole_and_loads_nothing() -> None:
    page = html.page("T", [html.section("A", html.paragraph("b")), html.section("C")], lead=html.paragraph("lead"))
    reading = Reading(page)
    assert page.startswith("<!doctype html>")
    assert [tag for tag, _ in reading.tags if tag in ("html", "h1", "h2", "main")] == ["html", "h1", "main", "h2", "h2"]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in reading.attributes("meta")
    assert not reading.attributes("link") and not reading.attributes("script") and "url(" not in page


def test_a_table_names_its_rows_and_columns() -> None:
    reading = Reading(html.table(["run", "top-1"], [["a", "94 %"], ["b", 0.5]], "results"))
    assert [cell["scope"] for cell in reading.attributes("th")] == ["col", "col", "row", "row"]
    assert len(reading.attributes("td")) == 2 and reading.text == "resultsruntop-1a94 %b0.5"
    with pytest.raises(ValueError, match="row of 1 cells; expected 2"):
        html.table(["run", "top-1"], [["a"]])


@pytest.mark.parametrize("gap", [0, 4])
def test_a_strip_shows_frames_from_left_to_right(gap: int) -> None:
    (image,) = Reading(html.strip(frames_of(RED, BLUE), "red, then blue", gap=gap)).attributes("img")
    shown = pixels(image["src"], "image/jpeg")
    assert image["alt"] == "red, then blue" and shown.shape == (16, 2 * 24 + gap, 3)
    np.testing.assert_allclose(shown[8, 10], RED, atol=6)
    np.testing.assert_allclose(shown[8, 24 + gap + 12], BLUE, atol=6)


def test_an_animation_plays_every_frame_at_its_speed_and_can_stand_still() -> None:
    reading = Reading(html.animation(frames_of(RED, BLUE, RED), "blinking", fps=6.25))
    (movie,), (still,) = reading.attributes("img"), reading.attributes("source")
    with Image.open(io.BytesIO(data_of(movie["src"], "image/webp"))) as played:
        assert (played.n_frames, played.info["loop"]) == (3, 0)  # type: ignore[attr-defined]
        played.seek(1)
        played.load()
        assert played.info["duration"] == 160
        np.testing.assert_allclose(np.asarray(played.convert("RGB"))[8, 8], BLUE, atol=8)
    assert still["media"] == "(prefers-reduced-motion: reduce)"
    np.testing.assert_allclose(pixels(still["srcset"], "image/jpeg")[8, 8], RED, atol=6)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((0, 8, 8, 3), np.uint8)]
)
def test_frames_of_another_shape_are_refused(wrong: html.Frames) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        html.strip(wrong, "")
    with pytest.raises(ValueError, match="expected uint8"):
        html.animation(wrong, "", fps=5)


def test_percent() -> None:
    assert [html.percent(share) for share in (0, 0.943, 1)] == ["0 %", "94 %", "100 %"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.25, "4.2 s"), (9.97, "10 s"), (59.6, "1 min"), (75, "1 min 15 s"), (3600, "1 h"), (100_000, "1 d 3 h 46 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert html.duration(seconds) == words


def test_a_page_is_written_where_possible(tmp_path: Path) -> None:
    html.write_page(tmp_path / "new" / "page.html", html.page("T ↔", []))
    assert "T ↔" in (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="expected a place that can be written"):
        html.write_page(tmp_path / "new" / "page.html" / "below.html", html.page("T", []))
