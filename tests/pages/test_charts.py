"""Charts draw their numbers, reproducibly, and show what is text as text."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

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
