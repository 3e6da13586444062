"""The page of `brave-tf inspect` tells what it was given, holds everything itself, and can be read without colours."""

import dataclasses
import io
import wave
from pathlib import Path

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config import Config
from brave_tf.pages import inspect
from brave_tf.pages.flow_color import flow_color, wheel
from brave_tf.pages.inspect_content import Draw, InspectContent, InspectedClip, SoundView, VisualView, Window
from brave_tf.pages.style import MOST_TABS, STYLE
from brave_tf.pages.tabs import tabs
from brave_tf.pages.timeline import timeline, when
from tests.pages.reading import Reading, data_of, pixels

RNG = np.random.default_rng(0)


def visual(name: str, kind: str, modality: str = "rgb", **changes) -> VisualView:
    view = VisualView(
        window=Window(name, kind, [(4.0, 6.0), (0.0, 1.5)], [4.0, 4.5, 5.0, 5.5, 0.0, 0.5, 1.0]),
        modality=modality,
        whole=np.full((60, 80, 3), 200, np.uint8),
        crop=(10, 20, 30, 40),
        seconds=[4.0, 5.0, 0.5],
        before=RNG.integers(0, 256, (3, 24, 24, 3), np.uint8),
        after=RNG.integers(0, 256, (3, 24, 24, 3), np.uint8),
        parameters="flipped; grey",
    )
    return dataclasses.replace(view, **changes)


def draw(seed: int, config: Config) -> Draw:
    broad = [
        visual(f"broad {modality} {k}", "broad", modality, **({"full_speed": 3.25} if modality == "flow" else {}))
        for modality, view in config.broad.visual.items()
        for k in range(view.views)
    ]
    if "rgb" in config.broad.visual:
        broad[0] = dataclasses.replace(broad[0], shown_range=(-0.5, 1.75))
    sound = None
    if config.broad.audio:
        window = Window("broad sound", "broad", [(1.0, 6.0)])
        sound = SoundView(window, RNG.normal(size=(50, 80)), 5.0, 80.0, 7600.0, 0.25, RNG.uniform(-1, 1, 800), 16_000)
    return Draw(seed, visual("narrow view", "narrow"), broad, sound)


def fake(name: str, source: str = "a/b.mp4", seeds: tuple[int, ...] = (0, 1)) -> InspectContent:
    config = presets.get(name)
    return InspectContent(
        config=config,
        clips=[InspectedClip(source, 12.0, 6.0, n, [draw(seed, config) for seed in seeds]) for n in range(2)],
        wanted=4,
        split="train",
        usable=2,
        left_out={"without video": 0, "without sound": 3},
        facts=[("frames per second", "25")],
        command="brave-tf inspect data --out page.html",
    )


def read(tmp_path: Path, content: InspectContent) -> tuple[str, Reading]:
    inspect.write(tmp_path / "page.html", content)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    return page, Reading(page)


EVERY_MODALITY = ["v-vvv-tsm50-k600", "v-fff-tsm50-k600", "v-a-tsm50-audioset", "v-fa-tsm50-audioset"]


@pytest.mark.parametrize("name", EVERY_MODALITY)
def test_the_page_loads_nothing_and_describes_every_picture(tmp_path, name):
    page, reading = read(tmp_path, fake(name))
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert not reading.attributes("script") and not reading.attributes("link")
    config = presets.get(name)
    views = 1 + sum(view.views for view in config.broad.visual.values())
    assert len(reading.attributes("img")) == 2 * 2 * (3 * views + (config.broad.audio is not None))
    assert all(image["alt"] for image in reading.attributes("img"))
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in reading.attributes("svg"))
    headings = [tag for tag, _ in reading.tags if tag in ("h1", "h2", "h3", "h4")]
    assert headings[0] == "h1" and headings.count("h4") == 2 * 2 * len(draw(0, config).windows)


def test_the_lead_tells_the_views_of_the_preset(tmp_path):
    _, reading = read(tmp_path, fake("v-vvv-tsm50-k600"))
    told = (
        "(V ↔ VVV)", "16 pictures over 1.28 seconds, 224 × 224 pixels each",
        "three times 64 pictures over 10.2 seconds, 112 × 112 pixels each, each drawn by itself",
        "Both sides get the same 802,816 pixels", "the first two clips", "4 were asked for",
        "left out: without sound3", "brave-tf inspect data --out page.html",
        "-0.50 is black and 1.75 is white", "flipped; grey", "12.0 s", "40 × 30 of 80 × 60 px",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    assert "How to read optical flow" not in reading.text


def test_flow_and_sound_are_spelled_out(tmp_path):
    _, reading = read(tmp_path, fake("v-fa-tsm50-audioset"))
    told = (
        "(V ↔ FA)", "64 frames of optical flow (how far everything moves)", "5 seconds of sound", "How to read",
        "strongest colours move by 3.2 pixels", "silence", "500 × 80 bands", "40,000", "with the narrow view",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    # The narrow view of 32 frames has twice the pixels of the flow.
    assert "Both sides get the same" not in reading.text
    sounds = reading.attributes("audio")
    assert len(sounds) == 4 and all("controls" in sound and sound["aria-label"] for sound in sounds)
    with wave.open(io.BytesIO(data_of(sounds[0]["src"], "audio/wav"))) as heard:
        assert (heard.getframerate(), heard.getnframes(), heard.getnchannels()) == (16_000, 800, 1)


def test_an_image_model_and_equal_views_are_told_as_they_are(tmp_path):
    _, reading = read(tmp_path, fake("v-v-resnet50-k600-image"))
    assert "a single picture of 224 × 224 pixels" in reading.text
    _, reading = read(tmp_path, fake("table1-narrow10-broad10-rgb"))
    assert "longer, and coarser" not in reading.text


def test_names_are_escaped(tmp_path):
    bad = "<img src=x onerror=alert(1)> & 'x'.mp4"
    content = dataclasses.replace(fake("tiny-va", bad), facts=[(bad, bad)], command=bad, split=bad)
    _, reading = read(tmp_path, content)
    assert all("onerror" not in attributes for _, attributes in reading.tags)
    assert reading.text.count(bad) == 8


def test_a_page_without_clips_is_refused(tmp_path):
    with pytest.raises(ValueError, match="received no clip"):
        inspect.write(tmp_path / "page.html", dataclasses.replace(fake("tiny-va"), clips=[]))


def test_the_crop_is_bright_on_the_whole_frame(tmp_path):
    _, reading = read(tmp_path, fake("tiny-v"))
    shown = pixels(reading.attributes("img")[0]["src"], "image/jpeg")
    assert shown.shape == (60, 80, 3)
    np.testing.assert_allclose(shown[14:36, 24:56], 200, atol=12)
    np.testing.assert_allclose(shown[:4, :70], 90, atol=12)


def test_frames_from_the_start_again_are_marked(tmp_path):
    _, reading = read(tmp_path, fake("tiny-v"))
    assert "4.00 s5.00 s↻ 0.50 s" in reading.text


def bars(drawing: str, kind: str = "broad") -> list[tuple[float, float, float]]:
    """x, y and width of the bars."""
    found = [each for each in Reading(drawing).attributes("rect") if each["class"] == f"{kind}-bar"]
    return [(float(each["x"]), float(each["y"]), float(each["width"])) for each in found]


def test_a_time_line_draws_windows_where_they_are():
    one = timeline(10.0, [Window("narrow view", "narrow", [(2.0, 4.0)], [2.0, 3.0])])
    half = timeline(10.0, [Window("narrow view", "narrow", [(5.0, 10.0)])])
    whole = timeline(10.0, [Window("narrow view", "narrow", [(0.0, 10.0)])])
    (x, _, width), (middle, _, half_width), (left, _, all_of_it) = (bars(d, "narrow")[0] for d in (one, half, whole))
    assert width == pytest.approx(0.2 * all_of_it) and x - left == pytest.approx(0.2 * all_of_it)
    assert half_width == pytest.approx(0.5 * all_of_it) and middle - left == pytest.approx(0.5 * all_of_it)
    (label,) = [each["aria-label"] for each in Reading(one).attributes("svg")]
    assert label == "time line of a clip of 10.0 s. narrow view: 2.00 to 4.00 s"
    ticks = [each["d"] for each in Reading(one).attributes("path") if each["class"] == "ticks"]
    assert len(ticks) == 1 and ticks[0].count("M") == 2
    assert "loop" not in one


def test_a_view_that_loops_is_in_pieces_with_a_mark():
    apart = Window("a", "broad", [(7.0, 10.0), (0.0, 2.0)], [7.0, 8.0, 9.0, 0.0, 1.0])
    drawing = timeline(10.0, [apart])
    assert len({y for _, y, _ in bars(drawing)}) == 1  # side by side
    assert 'class="loop"' in drawing and "7.00 s – end, loops to 2.00 s" in Reading(drawing).text
    ticks = [each["d"].count("M") for each in Reading(drawing).attributes("path") if each["class"] == "ticks"]
    assert ticks == [3, 2]
    over = Window("a", "broad", [(3.0, 10.0), (0.0, 10.0), (0.0, 4.0)])
    drawing = timeline(10.0, [over])
    assert len({y for _, y, _ in bars(drawing)}) == 3  # one under the other
    assert "(×2)" in Reading(drawing).text
    assert when(apart) == "7.00 to 10.00 s, then 0.00 to 2.00 s"
    assert when(over) == "3.00 to 10.00 s, then 2 times from the start, last to 4.00 s"


@pytest.mark.parametrize(
    ("flow", "color"),
    [
        ((0, 0), (255, 255, 255)),
        ((1, 0), (255, 0, 0)),
        ((-1, 0), (0, 255, 255)),
        ((0, 1), (128, 255, 0)),
        ((0, -1), (128, 0, 255)),
        ((0.5, 0), (255, 128, 128)),
        ((7, 0), (255, 0, 0)),
    ],
)
def test_colours_of_flow(flow, color):
    np.testing.assert_allclose(flow_color(np.array(flow, float), 1.0), color, atol=1)


def test_the_wheel_shows_each_direction_on_its_side():
    (picture,) = Reading(wheel()).attributes("image")
    shown = pixels(picture["href"], "image/jpeg").astype(int)
    middle = len(shown) // 2
    right, left = shown[middle, -6], shown[middle, 5]
    assert right[0] > right[1] + 150 and left[1] > left[0] + 150
    np.testing.assert_allclose(shown[0, 0], 255, atol=4)


def test_tabs_are_radio_buttons_of_one_group_and_all_panels_are_printed():
    panels = [(f"draw {n}", inspect.paragraph(f"text {n}")) for n in range(3)]
    reading = Reading(tabs("clip-1", "choose", panels))
    buttons = reading.attributes("input")
    assert {each["name"] for each in buttons} == {"clip-1"}
    assert ["checked" in each for each in buttons] == [True, False, False]
    assert [each["for"] for each in reading.attributes("label")] == [each["id"] for each in buttons]
    assert all(f"text {n}" in reading.text for n in range(3))
    # Panels are hidden on the screen only, and every button has its rule.
    hidden = STYLE.index(".tabs > .panel, .panel-name { display: none; }")
    assert STYLE.rindex("@media screen", 0, hidden) > STYLE.rindex("@media print", 0, hidden)
    assert all(f"input:nth-of-type({n}):checked ~ .panel:nth-of-type({n})" in STYLE for n in range(1, MOST_TABS + 1))
    assert tabs("a", "choose", panels[:1]) == panels[0][1]
    with pytest.raises(ValueError, match="expected at most"):
        tabs("a", "choose", panels * MOST_TABS)
