"""Draws the figures of docs/concepts.md: `python -m docs.site.concept_figures docs/concepts`, a minute on one core.

The views are those that training draws of a clip of the demo's world, the distances are `brave_tf.losses.distance`, and
the last figure is three short trainings of `brave_tf.Brave`. All have a light ground of their own, so that they can be
read on a dark page too.
"""

import argparse
import dataclasses
import io
import tempfile
from pathlib import Path
from typing import Any

import keras
import matplotlib as mpl
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from PIL import Image

import brave_tf
from brave_tf.config import AudioViewConfig, BroadConfig, Config, VideoViewConfig
from brave_tf.data import records, sampling
from brave_tf.data.read import RecordTable
from brave_tf.demo.world import write_world
from brave_tf.inspection.draws import draw_views
from brave_tf.losses import distance
from brave_tf.pages.charts import COLORS, DASHES, PALETTE_COLORS, SETTINGS
from brave_tf.pages.inspect_content import Draw

NARROW, BROAD, INK, QUIET = "#0b6e8f", "#b4510f", "#1c2430", "#5b6675"
CLIP_SECONDS = 10.0
TRAININGS: dict[str, dict[str, bool]] = {
    "the paper's method": {},
    "without predictor": {"predictor": False},
    "without stop-gradient": {"stop_gradient": False},
}
"""What the last figure compares: arguments of `brave_tf.Brave`."""


def main() -> None:
    """Writes all figures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(SETTINGS):
        for name, figure in {
            "views": views_figure(drawn_views()),
            "towers": towers_figure(),
            "regression": regression_figure(),
            "collapse": collapse_figure({name: spreads(**kind) for name, kind in TRAININGS.items()}),
        }.items():
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png", dpi=110)
            Image.open(drawn).convert("RGB").quantize(PALETTE_COLORS).save(out / f"{name}.png", optimize=True)


def drawn_views() -> tuple[Draw, np.ndarray]:
    """The views of one clip of the demo's world, as training draws them, and frames of the whole clip."""
    with tempfile.TemporaryDirectory() as folder:
        media, target = Path(folder, "media"), Path(folder, "dataset")
        write_world(media, clips_per_motion={"train": 1}, seconds=CLIP_SECONDS, size=160, seed=3, workers=1)
        dataset = brave_tf.prepare(media / "train", target, split="train=1", workers=0)
        table = RecordTable.of(dataset, dataset.clips("train"))
        record = records.parse(table.reader()(tf.constant(2, tf.int64))[0])
    draw = draw_views(record, sampling.example_seed(5, tf.constant(0, tf.int64)), _experiment())
    places = np.linspace(0, len(record["frames"]) - 1, 12).astype(int)
    return draw, np.stack([tf.io.decode_jpeg(record["frames"][place]).numpy() for place in places])


def views_figure(drawn: tuple[Draw, np.ndarray]) -> Figure:
    """A clip, where its views lie in it, and what the networks get, each pixel at the same size."""
    draw, clip = drawn
    assert draw.sound is not None
    figure = Figure(figsize=(9, 6), facecolor="white")
    time = figure.add_axes((0.19, 0.67, 0.79, 0.31))
    time.set(xlim=(0, CLIP_SECONDS), ylim=(0, 4.4), yticks=[], xlabel="seconds of the clip")
    time.spines[["left", "right", "top"]].set_visible(False)
    time.imshow(np.concatenate(list(clip), axis=1), extent=(0, CLIP_SECONDS, 3, 4.2), aspect="auto")
    time.text(-0.1, 3.6, "clip", ha="right", va="center", color=INK)
    rows = (
        (draw.narrow.window, "narrow view", NARROW),
        (draw.broad[0].window, "broad view: video", BROAD),
        (draw.sound.window, "broad view: sound", BROAD),
    )
    for row, (window, name, color) in enumerate(rows):
        for start, end in window.pieces:
            time.barh(2.4 - 0.85 * row, min(end, CLIP_SECONDS) - start, left=start, height=0.55, color=color)
        time.text(-0.1, 2.4 - 0.85 * row, name, ha="right", va="center", color=color)
    _frames(figure, (0.19, 0.385, 0.79, 0.155), draw.narrow.after, "narrow: 8 frames in 1.3 s, 96 x 96 pixels", NARROW)
    broad = draw.broad[0].after
    _frames(figure, (0.19, 0.235, 0.395, 0.0775), broad, "broad: 8 of 32 frames in 5.1 s, 48 x 48 pixels", BROAD)
    heard = figure.add_axes((0.19, 0.03, 0.395, 0.13))
    heard.imshow(draw.sound.spectrogram.T, origin="lower", aspect="auto", cmap="magma")
    heard.set(xticks=[], yticks=[])
    heard.set_title("broad: 5 s of sound, as 80 mel bands", loc="left", fontsize=10, color=BROAD)
    words = (
        "The narrow view is short and",
        "sharp. A broad view spans more",
        "time with fewer pixels, or is",
        "another sense.",
    )
    figure.text(0.635, 0.17, "\n".join(words), fontsize=11.5, color=INK, va="center", linespacing=1.6)
    return figure


def towers_figure() -> Figure:
    """Two towers, what each predicts, and where no gradient flows."""
    figure = Figure(figsize=(9, 3.1), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 18), ylim=(0.5, 6.6))
    axes.axis("off")
    for middle, color, side, kept in ((5.6, NARROW, "narrow", "kept: the encoder"), (1.5, BROAD, "broad", "")):
        names = [
            (f"{side} view", ""),
            ("backbone", kept),
            ("projector", "z: what is predicted"),
            ("predictor", "h: the prediction"),
        ]
        for place, (name, below) in enumerate(names):
            _box(axes, 0.3 + 4.0 * place, middle, name, below, color, filled=name == "backbone" and bool(kept))
            if place:
                _arrow(axes, (4.0 * place - 0.5, middle), (0.25 + 4.0 * place, middle), QUIET)
    for start, end, color in (((13.2, 4.85), (10.4, 2.25), NARROW), ((13.2, 2.25), (10.4, 4.85), BROAD)):
        _arrow(axes, start, end, color, dashed=True)
    axes.text(16.2, 3.55, "each predicts\nthe other's z", ha="center", va="center", color=INK, fontsize=11)
    axes.text(7.7, 3.55, "no gradient\nflows into z here", ha="center", va="center", color=QUIET, fontsize=11)
    for middle in (4.72, 2.38):
        axes.plot((9.75, 10.35), (middle, middle), color="#a61b1b", linewidth=3)
    return figure


def regression_figure() -> Figure:
    """The distance of a prediction and its target: as vectors of length 1, and by their angle."""
    figure = Figure(figsize=(9, 3.5), facecolor="white")
    circle, curve = figure.add_axes((0.03, 0.05, 0.36, 0.9)), figure.add_axes((0.52, 0.19, 0.44, 0.72))
    around = np.linspace(0, 2 * np.pi, 200)
    circle.plot(np.cos(around), np.sin(around), color="#dde2e8")
    circle.set(xlim=(-1.25, 1.45), ylim=(-1.2, 1.2), aspect="equal")
    circle.axis("off")
    h, z = (np.array([np.cos(angle), np.sin(angle)]) for angle in np.radians((75, 15)))
    for vector, name, color in ((h, "h", NARROW), (z, "z", BROAD)):
        _arrow(circle, (0, 0), tuple(vector), color)
        circle.text(*(1.1 * vector), name, color=color, fontsize=14, ha="center", va="center")
    circle.plot(*zip(h, z, strict=True), color=INK, linestyle="--", linewidth=1)
    circle.text(0.86, 0.83, "|h - z|", color=INK, fontsize=11)
    angles = np.linspace(0, 180, 181)
    turned = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1).astype("float32")
    apart = distance(turned, np.tile(np.float32([[1, 0]]), (181, 1))).numpy()
    curve.plot(angles, apart, color=NARROW)
    for angle, words in ((0, "same direction: 0"), (90, "no prediction: 2"), (180, "opposite: 4")):
        curve.plot([angle], [apart[angle]], "o", color=NARROW)
        curve.annotate(
            words,
            (angle, apart[angle]),
            xytext=(0, 9) if angle == 180 else (0, -9) if angle == 0 else (10, -3),
            textcoords="offset points",
            ha="right" if angle == 180 else "left",
            va="bottom" if angle == 180 else "top",
            color=INK,
        )
    curve.set(
        xlabel="angle between h and z, degrees",
        ylabel="distance, 2 - 2 cos",
        xticks=range(0, 181, 45),
        ylim=(-0.6, 4.6),
    )
    curve.spines[["right", "top"]].set_visible(False)
    return figure


def collapse_figure(curves: dict[str, list[float]]) -> Figure:
    """How far projections spread over the sphere, step by step."""
    figure = Figure(figsize=(9, 3.3), facecolor="white")
    axes = figure.add_axes((0.08, 0.18, 0.89, 0.76))
    for (name, values), color, dashes in zip(curves.items(), COLORS, DASHES, strict=False):
        axes.plot(range(1, len(values) + 1), values, dashes, color=color, label=name)
    axes.set(xlabel="steps", ylabel="spread of the projections", ylim=(0, 1.1))
    axes.legend(frameon=False)
    axes.spines[["right", "top"]].set_visible(False)
    return figure


def spreads(steps: int = 300, **arguments: Any) -> list[float]:
    """The lowest spread of any view's projections, after each step of a small training.

    Each example has a hidden number of four parts, of which two views tell in ways of their own, with noise.
    """
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((256, 4))
    narrow, broad = (
        (np.tanh(hidden @ rng.standard_normal((4, 32))) + 0.3 * rng.standard_normal((256, 32))).astype("float32")
        for _ in range(2)
    )
    towers = [_small_network() for _ in range(2)]
    model = brave_tf.Brave(
        towers[0], {"broad": towers[1]}, hidden_size=128, projection_size=16, name="small", **arguments
    )
    model.compile(optimizer=brave_tf.LARS(0.5))
    found: list[float] = []

    class Spread(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            found.append(min(float(value) for name, value in (logs or {}).items() if name.startswith("spread_")))

    views = {"narrow": narrow, "broad": {"broad": broad}}
    model.fit(views, batch_size=64, epochs=steps // 4, verbose=0, callbacks=[Spread()])
    return found


def _small_network() -> keras.Model:
    layers = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(32)]
    return keras.Sequential([keras.Input((32,)), *layers])


def _experiment() -> Config:
    """Views as long as the paper's, of pictures small enough for a page."""
    tiny = brave_tf.presets.get("tiny-va")
    assert tiny.narrow.augment is not None
    augment = dataclasses.replace(tiny.narrow.augment, blur=0.0, color=0.0, grayscale=0.0)
    narrow = VideoViewConfig(frames=8, step=4, size=96, augment=augment)
    seen = VideoViewConfig(frames=32, step=4, size=48, augment=augment)
    return dataclasses.replace(tiny, narrow=narrow, broad=BroadConfig(rgb=seen, audio=AudioViewConfig(seconds=5.0)))


def _frames(
    figure: Figure, place: tuple[float, float, float, float], frames: np.ndarray, words: str, color: str
) -> None:
    axes = figure.add_axes(place)
    gap = np.full((frames.shape[1], max(1, frames.shape[2] // 24), 3), 255, np.uint8)
    pieces = [piece for frame in frames for piece in (frame, gap)][:-1]
    axes.imshow(np.concatenate(pieces, axis=1), interpolation="nearest", aspect="auto")
    axes.axis("off")
    axes.set_title(words, loc="left", fontsize=10, color=color)


def _box(axes: Axes, left: float, middle: float, name: str, below: str, color: str, *, filled: bool) -> None:
    outline = FancyBboxPatch(
        (left, middle - 0.65),
        3.0,
        1.3,
        boxstyle="round,pad=0.05,rounding_size=0.2",
        edgecolor=color,
        facecolor="#eef5f8" if filled else "white",
        linewidth=1.5,
    )
    axes.add_patch(outline)
    axes.text(left + 1.5, middle + (0.22 if below else 0), name, ha="center", va="center", color=INK, fontsize=12)
    axes.text(left + 1.5, middle - 0.32, below, ha="center", va="center", color=QUIET, fontsize=9.5)


def _arrow(axes: Axes, start: Any, end: Any, color: str, *, dashed: bool = False) -> None:
    style = "--" if dashed else "-"
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=color, linestyle=style))


if __name__ == "__main__":
    main()
