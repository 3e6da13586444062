"""Charts draw their numbers, reproducibly, and show what is text as text."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from brave_tf.pages import charts
from brave_tf.pages.charts import Chart, Line, heat_map, line_charts
from tests.pages.reading import Reading, data_of, pixels


def drawn(*charts: Chart) -> tuple[ET.Element, str]:
    (image,) = Reading(line_charts(charts, "falls & rises")).attributes("img")
    assert image["alt"] == "falls & rises"
    data = data_of(image["src"], "image/svg+xml")
    return ET.fromstring(data), data.decode()


def chart(*lines: Line, title: str = "loss") -> Chart:
    return Chart(lines, title, "step", marks=[(1.0, "even")], shaded=(0.0, 0.5, "collapse"), least_range=(0.0, 1.2))


def test_a_chart_holds_its_lines_and_loads_nothing() -> None:
    line = Line("a", [0, 1, 2, 3], [1.0, 0.2, 0.9, 0.4])
    root, source = drawn(chart(line, Line("$b_x$", [0, 3], [0.0, 1.0])), chart(line, Line("$b_x$", [0], [0.5])))
    for text in ("loss", "step", "even", "collapse", "$b_x$"):
        assert f"<!-- {text} -->" in source
    assert source.count("<!-- $b_x$ -->") == 1  # one legend for both
    links = [value for node in root.iter() for name, value in node.attrib.items() if name.endswith("href")]
    assert all(link.startswith("#") for link in links)


def test_other_numbers_make_another_picture_and_equal_numbers_the_same() -> None:
    one, same, other = (drawn(chart(Line("a", [0, 1], [0.0, y])))[1] for y in (0.5, 0.5, 0.7))
    assert one == same != other


def test_lines_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="received 2 x and 1 y for 'a'"):
        Line("a", [1, 2], [1.0])
    with pytest.raises(ValueError, match="expected the same lines in each"):
        line_charts([chart(Line("a", [], [])), chart(Line("b", [], []))], "")


def test_a_band_is_drawn_behind_its_line() -> None:
    plain, banded = (drawn(chart(Line("a", [0, 1], [1.0, 2.0], band)))[0] for band in (None, ([0.5, 1.5], [1.5, 4.0])))
    plain_areas, areas = ([node.get("id", "") for node in root.iter()] for root in (plain, banded))
    assert not any(name.startswith("FillBetween") for name in plain_areas)
    assert sum(name.startswith("FillBetween") for name in areas) == 1


@pytest.mark.parametrize("heights", [[0.02, 0.3, 50.0], [2.0, 2.0, 2.5], [1e-9, 1.0, 1e9], [1e-38, 1e38], [3.0]])
def test_a_logarithmic_axis_has_labels_in_plain_numbers(heights: list[float]) -> None:
    line = Line("a", list(range(len(heights))), heights)
    _, source = drawn(Chart([line], "norm", "step", logarithmic=True))
    labels = re.findall(r"<!-- (.+?) -->", source)
    assert "math" not in source
    on_axis = {float(label.replace(",", "")) for label in labels if re.fullmatch(r"[\d,.e+-]+", label)}
    assert len(on_axis) >= 3
    assert any(min(heights) / 2 <= label <= max(heights) * 2 for label in on_axis)


def test_many_steps_are_labelled_without_running_into_each_other() -> None:
    _, source = drawn(Chart([Line("a", [0, 300_000], [0.0, 1.0])], "loss", "step"))
    assert "<!-- 300,000 -->" in source and len(re.findall(r"<!-- \d+0,000 -->", source)) <= 5


def test_a_single_step_has_no_fractions_of_a_step_beside_it() -> None:
    _, source = drawn(Chart([Line("a", [1], [0.25])], "loss", "step", least_range=(0.0, 8.0)))
    labels: list[str] = re.findall(r"<!-- ([\d.]+) -->", source)
    assert labels.count("1") >= 1 and not any(label.startswith(("0.9", "1.0")) for label in labels)


def test_a_level_line_high_above_the_least_range_does_not_touch_the_upper_edge() -> None:
    figure = Figure()
    axes = figure.subplots()
    charts._draw(axes, Chart([Line("a", [0, 1], [100.0, 101.0])], "rate", "step", least_range=(0.0, 0.0)))
    low, high = axes.get_ylim()
    assert low == 0.0 and 105.0 < high < 108.0


def test_a_heat_map_runs_to_the_right_and_upwards() -> None:
    values = np.zeros((40, 10), np.float32)
    values[30:, 7:] = 1.0  # late and high
    (image,) = Reading(heat_map(values, "late & high", x_label="seconds", y_label="band", x_limit=2.0)).attributes(
        "img"
    )
    shown = pixels(image["src"], "image/png").astype(float)
    assert image["alt"] == "late & high"
    magma_high, magma_low = np.array([252, 253, 191]), np.array([0, 0, 4])
    high, low = (np.argwhere(np.abs(shown - color).max(axis=-1) < 3) for color in (magma_high, magma_low))
    assert len(high) > 100 and len(low) > 5 * len(high)
    assert high[:, 1].min() > np.median(low[:, 1]) and high[:, 0].max() < np.median(low[:, 0])


def test_a_constant_heat_map_is_no_error_and_no_numbers_are() -> None:
    assert heat_map(np.ones((4, 3)), "even", x_label="s", y_label="m", x_limit=1.0)
    with pytest.raises(ValueError, match=r"expected \[S, M\]"):
        heat_map(np.ones((4, 0)), "none", x_label="s", y_label="m", x_limit=1.0)
