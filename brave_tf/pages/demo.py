"""The page that `brave-tf demo` ends with: one small experiment, told to someone who knows nothing of it."""

import os
from collections.abc import Sequence

from brave_tf.pages.charts import Chart, Line, heat_map, line_charts
from brave_tf.pages.demo_content import DemoContent, MotionViews, Neighbour, Neighbours, RunCurves, Score
from brave_tf.pages.diagram import two_views
from brave_tf.pages.html import (
    Html,
    animation,
    code,
    duration,
    element,
    figure,
    join,
    page,
    paragraph,
    percent,
    section,
    strip,
    table,
    write_page,
)

__all__ = [
    "DemoContent",
    "MotionViews",
    "Neighbour",
    "Neighbours",
    "RunCurves",
    "Score",
    "write",
]

COLLAPSED_BELOW = 0.5
"""An embedding spread under this, of a healthy 1, counts as collapse."""


def write(path: str | os.PathLike[str], content: DemoContent) -> None:
    """Writes the page, one self-contained HTML file.

    Args:
        path: the file; its folder is made if absent.
        content: what the demo found.

    Raises:
        UserError: the place cannot be written.
        ValueError: a part that the page is built on is empty.
    """
    for name in ("views", "curves", "neighbours", "scores", "timings", "commands"):
        if not getattr(content, name):
            raise ValueError(f"received no {name}; expected at least one")
    sections = (_idea(content), _views(content), _results(content), _neighbours(content), _training(content))
    title = "Learning to see motion by predicting sound"
    write_page(path, page(title, [*sections, _timings(content), _next(content)], lead=_lead(content)))


def _lead(content: DemoContent) -> Html:
    best = content.scores[0]
    train, test = content.clips
    tiles = [
        (
            _share(best.linear_top1),
            f"of {test} unseen clips: motion named rightly by a linear classifier on what was learned",
        ),
        (_share(best.random_init_top1), "with the same network before any training"),
        (_share(best.chance), "by guessing"),
        ("0", f"labels used in pretraining, on {train} clips with sound"),
    ]
    made = (element("div", element("b", number), element("span", words), class_="tile") for number, words in tiles)
    return join(
        element(
            "p",
            "A demonstration of BraVe, made by ",
            element("code", "brave-tf demo"),
            " on this machine in ",
            duration(sum(seconds for _, seconds in content.timings)),
            ".",
            class_="quiet",
        ),
        element("div", *made, class_="tiles"),
    )


def _idea(content: DemoContent) -> Html:
    caption = "Each network predicts the other's output for the same clip. Afterwards only the upper one is kept."
    drawing = element("div", two_views(content.narrow_seconds, content.sound_seconds), class_="wide")
    return section("The idea", paragraph(content.introduction), figure(drawing, caption))


def _views(content: DemoContent) -> Html:
    return section(
        "What the networks see",
        paragraph(
            "This small world has six classes, and the class is how the picture moves. No single frame tells it: ",
            "textures, colours and poses are drawn alike for all of them. Each motion has its own sound, at a pitch ",
            "and tempo that differ from clip to clip. One clip of each:",
        ),
        *(_card(views, content) for views in content.views),
    )


def _card(views: MotionViews, content: DemoContent) -> Html:
    narrow, broad = element("span", "narrow view", class_="narrow"), element("span", "broad view", class_="broad")
    frames_per_second = len(views.narrow) / content.narrow_seconds
    spectrogram = heat_map(
        views.spectrogram,
        f"log-mel spectrogram of the sound that goes with {views.motion}",
        x_label="seconds",
        y_label="mel band",
        x_limit=content.sound_seconds,
    )
    return element(
        "article",
        element("h3", views.motion),
        element(
            "div",
            element(
                "div", animation(views.narrow, f"the narrow view of {views.motion}, moving", fps=frames_per_second)
            ),
            element(
                "div",
                _captioned(
                    strip(views.narrow, f"{len(views.narrow)} frames of a texture: {views.motion}"),
                    join(narrow, f": {len(views.narrow)} frames in {content.narrow_seconds:.1f} s"),
                ),
                _captioned(
                    strip(views.broad, f"{len(views.broad)} smaller frames of the same clip"),
                    join(broad, f", pictures: {len(views.broad)} frames in {content.broad_seconds:.1f} s"),
                ),
            ),
            element("div", _captioned(spectrogram, join(broad, f", sound: {content.sound_seconds:.1f} s"))),
            class_="views",
        ),
        class_="card",
    )


def _captioned(picture: Html, words: Html) -> Html:
    return element("div", element("div", words, class_="label"), picture, class_="captioned")


def _results(content: DemoContent) -> Html:
    rows = [
        (score.name, *map(_share, (score.linear_top1, score.knn_top1, score.random_init_top1, score.chance)))
        for score in content.scores
    ]
    header = ("pretrained on", "linear classifier", "nearest neighbours", "linear, untrained network", "chance")
    best = content.scores[0]
    finding = (
        f"Pretrained without labels on {best.name}, the network's features let a linear classifier name the motion of "
        f"{_share(best.linear_top1)} of the test clips; the features of the same network with random weights, "
        f"{_share(best.random_init_top1)}."
    )
    return section(
        "What was learned",
        paragraph(finding),
        table(header, rows, "Top-1 accuracy on test clips, the network frozen."),
        paragraph("The labels serve this measurement only. ", _comparison(content.scores)),
        paragraph(
            "The encoder was exported as a TensorFlow SavedModel; loaded in a fresh process without this library, it ",
            "gave the same embeddings." if content.export_verified else "did not give the same embeddings.",
        ),
    )


def _comparison(scores: Sequence[Score]) -> str:
    """Why one pairing teaches more than the other, if it did."""
    if len(scores) < 2 or (scores[1].linear_top1 or 0.0) >= (scores[0].linear_top1 or 0.0):
        return ""
    return (
        "Video with video is the harder pairing here: textures and colours survive from one view to the other, so that "
        "they can be predicted without looking at motion; sound leaves nothing to predict but the motion."
    )


def _neighbours(content: DemoContent) -> Html:
    right = sum(clip.motion == row.query.motion for row in content.neighbours for clip in row.nearest)
    total = sum(len(row.nearest) for row in content.neighbours)
    return section(
        "Nearest neighbours",
        paragraph(
            "Test clips, and the training clips whose embeddings are most like theirs. If the encoder sees motion, ",
            "the neighbours move alike and may look quite different. ",
            f"Here {right} of {total} have the query's motion; over all {content.clips[1]} test clips it is ",
            f"{_share(content.neighbours_alike)}.",
        ),
        *(_neighbour_row(row) for row in content.neighbours),
    )


def _neighbour_row(row: Neighbours) -> Html:
    cells = [_clip_cell(row.query, "query", "query")]
    for place, clip in enumerate(row.nearest, start=1):
        right = clip.motion == row.query.motion
        cells.append(_clip_cell(clip, f"{'✓' if right else '✗'} {place}", "right" if right else "wrong"))
    return element("div", *cells, class_="neighbours")


def _clip_cell(clip: Neighbour, mark: str, kind: str) -> Html:
    picture = strip(clip.frames, f"{kind}: {clip.motion}")
    return element("div", picture, element("span", f"{mark} {clip.motion}"), class_=f"clip {kind}")


def _training(content: DemoContent) -> Html:
    loss = Chart([Line(run.name, run.steps, run.loss) for run in content.curves], "loss", "training step")
    spread = Chart(
        [Line(run.name, run.steps, run.spread) for run in content.curves],
        "spread of the embeddings",
        "training step",
        marks=[(1.0, "evenly spread")],
        shaded=(0.0, COLLAPSED_BELOW, "collapse"),
        least_range=(0.0, 1.15),
    )
    ends = "; ".join(f"{run.name}: loss {run.loss[-1]:.2f}, spread {run.spread[-1]:.2f}" for run in content.curves)
    return section(
        "How training went",
        figure(
            line_charts([loss, spread], f"loss and embedding spread over the training steps; at the end {ends}"),
            f"Left: how far the predictions are from their targets. Right: how widely the embeddings of a batch are "
            f"spread. A network could lower its loss by giving every clip the same embedding, and would have learned "
            f"nothing; the spread would then fall from 1 to 0. At the end, {ends}.",
        ),
    )


def _timings(content: DemoContent) -> Html:
    total = sum(seconds for _, seconds in content.timings)
    longest, most = max(content.timings, key=lambda timing: timing[1])
    rows = [(what, duration(seconds), percent(seconds / total)) for what, seconds in content.timings]
    return section(
        "Where the time went",
        paragraph(f"The longest step was {longest}, with {percent(most / total)} of the time."),
        table(("step", "time", "share"), [*rows, ("together", duration(total), percent(1.0))]),
    )


def _next(content: DemoContent) -> Html:
    parts = [join(paragraph(purpose), code(lines)) for purpose, lines in content.commands]
    return section("Now with your own videos", *parts)


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
