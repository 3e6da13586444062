"""Charts for the pages, drawn by matplotlib without a display."""

import dataclasses
import io
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from PIL import Image

from brave_tf.pages.html import Html, png_image, svg_image

COLORS = ("#0b6e8f", "#b4510f", "#5a3fa0", "#2f7d32", "#a3195b", "#5b6675")
"""One for each line, told apart with any kind of colour vision by their lightness and dashes too."""

PALETTE_COLORS = 64
DASHES = ("-", "--", "-.", ":")
_INK, _QUIET, _LINE = "#1c2430", "#5b6675", "#dde2e8"
# The salt names the drawing's parts: with a fixed one, equal numbers give an equal page.
SETTINGS: Any = {
    "svg.hashsalt": "brave_tf",
    "font.size": 10.0,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.color": _INK,
    "axes.labelcolor": _QUIET,
    "axes.edgecolor": _LINE,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
}


@dataclasses.dataclass(frozen=True)
class Line:
    """A named line through the points (x[i], y[i]), with a gap where y is not finite.

    Attributes:
        name: what the legend says.
        x: where the points are.
        y: their heights.
        band: (least, greatest) heights at every x, shown as a band behind the line; none without.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    band: tuple[Sequence[float], Sequence[float]] | None = None

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"received {len(self.x)} x and {len(self.y)} y for {self.name!r}; expected as many")


@dataclasses.dataclass(frozen=True)
class Chart:
    """One pair of axes.

    Attributes:
        lines: what is drawn, each place in its own colour and dashes.
        title: what is measured.
        x_label: the horizontal axis and its unit.
        marks: (height, name) of thin horizontal lines to compare with.
        shaded: (from, to, name) of a range of heights that means something.
        least_range: heights that are always in sight.
        logarithmic: whether equal distances of height are equal factors; every height must then be above 0.
    """

    lines: Sequence[Line]
    title: str
    x_label: str
    marks: Sequence[tuple[float, str]] = ()
    shaded: tuple[float, float, str] | None = None
    least_range: tuple[float, float] | None = None
    logarithmic: bool = False


def line_charts(charts: Sequence[Chart], alt: str) -> Html:
    """Charts beside each other, as one image, under one legend.

    Args:
        charts: at least one; all of them with lines of the same names in the same order.
        alt: the finding, in words.

    Raises:
        ValueError: the charts have different lines.
    """
    return svg_image(drawing(charts, "svg"), alt)


def drawing(charts: Sequence[Chart], kind: Literal["svg", "png"]) -> bytes:
    """The content of an image file; see `line_charts`.

    Raises:
        ValueError: the charts have different lines.
    """
    names = [[line.name for line in chart.lines] for chart in charts]
    if any(chart_names != names[0] for chart_names in names):
        raise ValueError(f"received charts of {names}; expected the same lines in each, for they share a legend")
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.6 * len(charts), 3.3), layout="constrained")
        for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False).flat, charts, strict=True):
            _draw(axes, chart)
        if len(names[0]) > 1:
            handles, columns = figure.axes[0].lines[-len(names[0]) :], 2 * len(charts)
            figure.legend(handles, names[0], loc="outside upper left", ncols=columns, frameon=False)
        data = io.BytesIO()
        # Without the time and the version of matplotlib: equal numbers give an equal file.
        figure.savefig(data, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return data.getvalue()


def _draw(axes: Axes, chart: Chart) -> None:
    if chart.shaded:
        low, high, name = chart.shaded
        axes.axhspan(low, high, color="#f6dfd2", lw=0)
        axes.annotate(name, (0.99, high), (0, -4), ("axes fraction", "data"), "offset points", ha="right", va="top")
    for height, name in chart.marks:
        axes.axhline(height, color=_QUIET, lw=1, ls=(0, (2, 2)))
        axes.annotate(
            name, (0.99, height), (0, 5), ("axes fraction", "data"), "offset points", ha="right", color=_QUIET
        )
    for place, line in enumerate(chart.lines):
        color, dashes = COLORS[place % len(COLORS)], DASHES[place % len(DASHES)]
        marker = "o" if len(line.x) == 1 else None
        if line.band:
            axes.fill_between(line.x, *line.band, color=color, alpha=0.25, lw=0.6)
        axes.plot(line.x, line.y, color=color, ls=dashes, lw=1.8, marker=marker)
    if chart.logarithmic:
        # The usual labels of such an axis need the formulas that the settings turn off.
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 10_000 * low else (1.0,)))
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_minor_locator(NullLocator())
    if chart.least_range:
        low, high = axes.get_ylim()
        bottom = min(low, chart.least_range[0])
        # The margin above grows with the range, or a level line far from the bottom would lie on the upper edge.
        axes.set_ylim(bottom, max(high + mpl.rcParams["axes.ymargin"] * (low - bottom), chart.least_range[1]))
    axes.set_title(chart.title, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(chart.x_label)
    whole = all(float(x).is_integer() for line in chart.lines for x in line.x)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 2.5, 5, 10), integer=whole, min_n_ticks=1))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.grid(axis="y", color=_LINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def heat_map(
    values: npt.NDArray[np.floating],
    alt: str,
    *,
    x_label: str,
    y_label: str,
    x_limit: float,
    aspect: float = 3.0,
    class_: str = "chart",
) -> Html:
    """A picture of numbers over two axes, such as a spectrogram: time runs to the right, the second axis upwards.

    Args:
        values: [S, M]; drawn from the 1st (dark) to the 99th percentile (light), whatever the unit.
        alt: the finding, in words.
        x_label: name and unit of the first axis.
        y_label: name of the second axis.
        x_limit: what the end of the first axis stands for, in its unit.
        aspect: width by height.
        class_: of the style sheet.
    """
    if values.ndim != 2 or not values.size:
        raise ValueError(f"received values {values.shape}; expected [S, M]")
    low, high = np.nanpercentile(values, (1, 99))
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.4, 4.4 / aspect), layout="constrained")
        axes = figure.subplots()
        extent = (0.0, x_limit, 0.0, float(values.shape[1]))
        look = {"cmap": "magma", "interpolation": "nearest", "vmin": low, "vmax": high}
        axes.imshow(values.T, aspect="auto", origin="lower", extent=extent, **look)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.spines[:].set_visible(False)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    return png_image(_with_palette(data), alt, class_=class_)


def square_map(values: npt.NDArray[np.floating], places: npt.NDArray[np.floating], alt: str, *, label: str) -> Html:
    """A picture of how like each other things are, such as the moments of a clip.

    Args:
        values: [n, n] in [-1, 1]; -1 is dark and 1 light.
        places: [n] where they stand on both axes, rising.
        alt: the finding, in words.
        label: name and unit of the axes.
    """
    count = len(places)
    if values.shape != (count, count):
        raise ValueError(f"received values {values.shape}; expected [{count}, {count}], as there are places")
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.0, 3.4), layout="constrained")
        axes = figure.subplots()
        drawn = axes.imshow(values, cmap="magma", interpolation="nearest", vmin=-1.0, vmax=1.0)
        ticks = np.unique(np.round(np.linspace(0, count - 1, min(count, 6))).astype(int))
        names = [f"{places[tick]:.1f}" for tick in ticks]
        axes.set_xticks(ticks, names)
        axes.set_yticks(ticks, names)
        axes.set_xlabel(label)
        axes.set_ylabel(label)
        axes.spines[:].set_visible(False)
        figure.colorbar(drawn, ax=axes, ticks=[-1, 0, 1]).outline.set_visible(False)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    return png_image(_with_palette(data), alt, class_="similarity")


def _with_palette(png: io.BytesIO) -> bytes:
    """A PNG of few colours, which takes half the bytes."""
    data = io.BytesIO()
    with Image.open(png) as picture:
        picture.convert("RGB").quantize(PALETTE_COLORS, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    return data.getvalue()
