"""The page that `brave-tf demo` ends with: one small experiment, told to someone who knows nothing of it."""

import os

from brave_tf.pages.charts import Chart, Line, heat_map, line_charts
from brave_tf.pages.demo_content import (
    AtLabels,
    DemoContent,
    MotionViews,
    Neighbour,
    Neighbours,
    NeighboursOfRun,
    RunCurves,
    Score,
)
from brave_tf.pages.diagram import two_views
from brave_tf.pages.evaluation_charts import label_curves
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
    "AtLabels",
    "DemoContent",
    "MotionViews",
    "Neighbour",
    "Neighbours",
    "NeighboursOfRun",
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
    title = "What the other view shares decides what is learned"
    write_page(path, page(title, [*sections, _timings(content), _next(content)], lead=_lead(content)))


def _lead(content: DemoContent) -> Html:
    train, test = content.clips
    told = [_score(content, neighbours.name, neighbours.what) for neighbours in content.neighbours]
    tiles = [
        (
            _share(score.few.linear_top1),
            f"of {test} unseen clips: {score.what} named rightly after learning from {score.name} and then from "
            f"{score.few.labels} labels; with the same network before any training, "
            f"{_share(score.few.random_init_top1)}",
        )
        for score in told
    ]
    tiles += [
        (_share(told[0].chance), "by guessing"),
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
            "This small world has six kinds of things and six kinds of motion. A clip has one of each, and is cut ",
            "into shots. Every frame shows the thing. No single frame tells the motion: shades, sizes and poses are ",
            "drawn alike for all of them. The sound goes with the motion alone, at a pitch and tempo that differ from ",
            "clip to clip. Six clips:",
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
        element("h3", f"{views.thing}, {views.motion}"),
        element(
            "div",
            element(
                "div", animation(views.narrow, f"the narrow view of {views.motion}, moving", fps=frames_per_second)
            ),
            element(
                "div",
                _captioned(
                    strip(views.narrow, f"{len(views.narrow)} frames of {views.thing}: {views.motion}"),
                    join(narrow, f": {len(views.narrow)} frames in {content.narrow_seconds:.1f} s"),
                ),
                _captioned(
                    strip(views.broad, f"{len(views.broad)} frames from a longer stretch of the same clip"),
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
    runs = [curves.name for curves in content.curves]
    cells = {name: [_cell(_score(content, name, what)) for what in ("motion", "thing")] for name in runs}
    untrained = [_share(_score(content, runs[0], what).few.random_init_top1) for what in ("motion", "thing")]
    rows = [
        *((f"learned from {curves.name}", *cells[curves.name], _ranks(curves)) for curves in content.curves),
        ("before any training", *untrained, "–"),
        ("by guessing", *(_share(_score(content, runs[0], what).chance) for what in ("motion", "thing")), "–"),
    ]
    return section(
        "What was learned",
        paragraph(*(_finding(_score(content, each.name, each.what)) for each in content.neighbours)),
        table(
            ("", "motion", "thing", "effective rank"),
            rows,
            "Top-1 accuracy on test clips, the network frozen, of a linear classifier that was shown "
            f"{content.scores[0].few.labels} labelled clips, with the 95 % interval; in brackets, by the nearest of "
            "all training clips. Effective rank: in how many directions the projections of a batch spread at the end "
            "of the training.",
        ),
        paragraph("The labels serve this measurement only. ", _story(content)),
        element("div", *(_by_labels(content, what) for what in ("motion", "thing")), class_="charts"),
        paragraph(
            "The encoder that learned from sound was exported as a TensorFlow SavedModel; loaded in a fresh process ",
            "without this library, it ",
            "gave the same embeddings." if content.export_verified else "did not give the same embeddings.",
        ),
    )


def _score(content: DemoContent, name: str, what: str) -> Score:
    return next(score for score in content.scores if (score.name, score.what) == (name, what))


def _by_labels(content: DemoContent, what: str) -> Html:
    """Accuracy against the number of labels, of both encoders and of the network before training."""
    scores = [score for score in content.scores if score.what == what]
    labels = [each.labels for each in scores[0].by_labels]
    curves = [
        Line(
            f"learned from {score.name}",
            labels,
            [each.linear_top1 for each in score.by_labels],
            ([each.interval[0] for each in score.by_labels], [each.interval[1] for each in score.by_labels]),
        )
        for score in scores
    ]
    curves.append(Line("before any training", labels, [each.random_init_top1 for each in scores[0].by_labels]))
    ends = "; ".join(f"{curve.name}: from {_share(curve.y[0])} to {_share(curve.y[-1])}" for curve in curves)
    caption = f"How well the {what} is told, by the number of labelled clips that the classifier is shown."
    return figure(label_curves(curves, what, f"{caption} {ends}"), caption)


def _cell(score: Score) -> str:
    low, high = score.few.interval
    return f"{_share(score.few.linear_top1)} [{_share(low)} to {_share(high)}] ({_share(score.knn_top1)})"


def _ranks(curves: RunCurves) -> str:
    return ", ".join(f"{rank:.1f}" for rank in curves.last_ranks.values())


def _finding(score: Score) -> str:
    return (
        f"Pretrained without labels on {score.name}, the network's features let a linear classifier that is shown "
        f"{score.few.labels} labelled clips name the {score.what} of {_share(score.few.linear_top1)} of the test "
        f"clips; the features of the same network with random weights, {_share(score.few.random_init_top1)}. "
    )


def _story(content: DemoContent) -> str:
    """What the table shows, if it does."""
    gains = {(score.name, score.what): score.few.linear_top1 - score.few.random_init_top1 for score in content.scores}
    for each in content.neighbours:
        other = "thing" if each.what == "motion" else "motion"
        if gains[each.name, each.what] <= max(0.0, 2 * gains[each.name, other]):
            return ""
    return (
        "Each network learned what the other view shares with its own, and little else: the sound tells the motion "
        "and no thing; another stretch of the picture shows the thing most plainly. With BraVe, you choose what is "
        "learned by choosing the broad view."
    )


def _neighbours(content: DemoContent) -> Html:
    return section(
        "Nearest neighbours",
        paragraph("Test clips, and the training clips whose embeddings are most like theirs."),
        *(part for neighbours in content.neighbours for part in _neighbours_of(neighbours, content)),
    )


def _neighbours_of(neighbours: NeighboursOfRun, content: DemoContent) -> list[Html]:
    right = sum(_alike(clip, row.query, neighbours.what) for row in neighbours.rows for clip in row.nearest)
    total = sum(len(row.nearest) for row in neighbours.rows)
    expected = {
        "motion": "If the encoder sees motion, the neighbours move alike, and show any things.",
        "thing": "If the encoder sees things, the neighbours show the same, and move in any way.",
    }
    return [
        element("h3", f"Learned from {neighbours.name}: {neighbours.what}"),
        paragraph(
            f"{expected[neighbours.what]} Here {right} of {total} have the query's {neighbours.what}; over all "
            f"{content.clips[1]} test clips it is {_share(neighbours.alike)}."
        ),
        *(_neighbour_row(row, neighbours.what) for row in neighbours.rows),
    ]


def _alike(clip: Neighbour, query: Neighbour, what: str) -> bool:
    return bool(getattr(clip, what) == getattr(query, what))


def _neighbour_row(row: Neighbours, what: str) -> Html:
    cells = [_clip_cell(row.query, "query", "query")]
    for place, clip in enumerate(row.nearest, start=1):
        right = _alike(clip, row.query, what)
        cells.append(_clip_cell(clip, f"{'✓' if right else '✗'} {place}", "right" if right else "wrong"))
    return element("div", *cells, class_="neighbours")


def _clip_cell(clip: Neighbour, mark: str, kind: str) -> Html:
    words = f"{clip.thing}, {clip.motion}"
    return element(
        "div", strip(clip.frames, f"{kind}: {words}"), element("span", f"{mark} {words}"), class_=f"clip {kind}"
    )


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
