"""Charts of the evaluation page: scores of classes as bars, answers as a matrix."""

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from brave_tf.pages.charts import COLORS, DASHES, SETTINGS, Line
from brave_tf.pages.html import Html, svg_image

MOST_NAMED = 51
"""Classes that a matrix names; with more, names would be smaller than print."""
LONGEST_NAME = 28


def class_bars(rows: Sequence[tuple[str, float, float | None]], alt: str) -> Html:
    """Horizontal bars, one for each class, and a mark for the random network.

    Args:
        rows: name, score in [0, 1], and the random network's score or None; from top to bottom.
        alt: the finding, in words.
    """
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.0, 0.6 + 0.24 * len(rows)), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(rows))
        axes.barh(places, [score for _, score, _ in rows], color=COLORS[0], height=0.7)
        marks = [(place, random) for place, (_, _, random) in enumerate(rows) if random is not None]
        if marks:
            axes.plot(
                [random for _, random in marks],
                [place for place, _ in marks],
                ls="",
                marker="|",
                ms=11,
                mew=2.5,
                color=COLORS[1],
                label="random initialisation",
                clip_on=False,
            )
            figure.legend(loc="outside upper left", frameon=False)
        axes.set_yticks(places, [_short(name) for name, _, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        axes.spines[["top", "right"]].set_visible(False)
        return _as_svg(figure, alt)


def label_curves(curves: Sequence[Line], what: str, alt: str) -> Html:
    """Scores in [0, 1] against numbers of labels, which stand at equal distances for equal factors.

    Args:
        curves: one for each encoder, at the same numbers of labels.
        what: the score.
        alt: the finding, in words.
    """
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        for place, curve in enumerate(curves):
            color = COLORS[place % len(COLORS)]
            if curve.band:
                axes.fill_between(curve.x, *curve.band, color=color, alpha=0.18, lw=0)
            dashes = DASHES[place % len(DASHES)]
            axes.plot(curve.x, curve.y, color=color, ls=dashes, lw=1.8, marker="o", ms=4, label=curve.name)
        labels = [f"{count:,.0f}" for count in curves[0].x]
        axes.set_xticks(curves[0].x, labels)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("labelled training videos")
        axes.set_title(what, loc="left", fontsize=10, fontweight="bold")
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        axes.grid(axis="y", color="#dde2e8", lw=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
        return _as_svg(figure, alt)


def matrix(counts: Sequence[Sequence[int]], names: Sequence[str], alt: str) -> Html:
    """A confusion matrix; every row, a right class, is coloured by the share of its videos.

    Args:
        counts: [classes, classes], rows right classes, columns answers.
        names: of the classes.
        alt: the finding, in words.
    """
    values = np.asarray(counts, float)
    totals = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)
    named = len(names) <= MOST_NAMED
    side = min(max(3.2, 0.17 * len(names) + 1.5), 9.0)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(side + 0.8, side), layout="constrained")
        axes = figure.subplots()
        drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xlabel("answer")
        axes.set_ylabel("right class")
        if named:
            size = 10 if len(names) <= 12 else 6
            short = [_short(name) for name in names]
            axes.set_xticks(range(len(names)), short, rotation=90, fontsize=size)
            axes.set_yticks(range(len(names)), short, fontsize=size)
        if len(names) <= 12:
            for row, column in np.ndindex(*values.shape):
                if values[row, column]:
                    color = "white" if shares[row, column] > 0.55 else "black"
                    axes.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", color=color)
        bar = figure.colorbar(drawn, ax=axes, shrink=0.6)
        bar.ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        return _as_svg(figure, alt)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _as_svg(figure: Figure, alt: str) -> Html:
    data = io.BytesIO()
    figure.savefig(data, format="svg", metadata={"Date": None})
    return svg_image(data.getvalue(), alt)
