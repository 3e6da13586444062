"""The part of a run's page that compares its kept checkpoints."""

from brave_tf.pages.charts import Chart, Line, line_charts
from brave_tf.pages.html import Html, element, figure, join, paragraph, section, table
from brave_tf.runs.ranking import CheckpointRanking, RankedCheckpoint


def checkpoints_section(ranking: CheckpointRanking) -> Html:
    """Table and curves of the checkpoints of a run."""
    return section(
        "Which checkpoint?",
        paragraph(verdict(ranking)),
        table(("step", *header(ranking)), rows(ranking), told_of(ranking)),
        element("div", *_charts(ranking), class_="charts"),
        paragraph(
            "RankMe (Garrido et al. 2023) is the exponential of the entropy of the singular values of the features: "
            "about how many directions they use. It needs no labels. It tells a network that has learned from one that "
            "has not, or no longer does; between checkpoints that are close it is a hint and no proof. Compare it for "
            "one run and the same clips alone, and trust labels more where there are some."
        ),
        _remarks(ranking),
    )


def percent_of(share: float) -> str:
    """`0.2345` as `23.4 %`."""
    return f"{100 * share:.1f} %"


def knn_words(checkpoint: RankedCheckpoint) -> str:
    """Accuracy and its interval, such as `61.0 % (58.2 to 63.9)`."""
    if checkpoint.knn_top1 is None or checkpoint.knn_interval is None:
        return "none"
    low, high = (100 * end for end in checkpoint.knn_interval)
    return f"{percent_of(checkpoint.knn_top1)} ({low:.1f} to {high:.1f})"


def step_words(checkpoint: RankedCheckpoint) -> str:
    """The step, or that it is random initialisation."""
    return f"{checkpoint.step:,}" if checkpoint.step else "random initialisation"


def header(ranking: CheckpointRanking) -> tuple[str, ...]:
    """Columns of the table, after the step."""
    return ("RankMe of the features", *([f"kNN top-1, {ranking.label}"] if ranking.label is not None else []))


def rows(ranking: CheckpointRanking) -> list[tuple[str, ...]]:
    """Rows of the table, the best first, and random initialisation last."""
    untrained = [] if ranking.untrained is None else [ranking.untrained]
    return [
        (step_words(each), f"{each.features_rank:.1f}", *([knn_words(each)] if ranking.label is not None else []))
        for each in [*ranking.checkpoints, *untrained]
    ]


def told_of(ranking: CheckpointRanking) -> str:
    """What the table is of, in words."""
    words = (
        f"The {ranking.tower} tower on {ranking.clips:,} clips of {ranking.dataset}, one central window of each; no "
        f"rank can be above {ranking.possible_rank:,}."
    )
    if ranking.label is None or ranking.chance is None:
        words += " They have no labels that kNN could use."
    else:
        words += (
            f" kNN: {ranking.queries:,} of them classified by the others, with the 95 % interval over these clips; "
            f"chance is {percent_of(ranking.chance)}."
        )
    return words


def verdict(ranking: CheckpointRanking) -> str:
    """Which checkpoint is best, and how sure that is."""
    best, by_labels = ranking.best, ranking.best_by_labels
    if len(ranking.checkpoints) == 1:
        return f"The run keeps one checkpoint alone, of step {best.step:,}."
    words = f"By RankMe, without labels, the checkpoint of step {best.step:,} comes first"
    if by_labels is None or by_labels.knn_interval is None:
        return f"{words}."
    words += "; by labels " + ("it does, too" if by_labels is best else f"that of step {by_labels.step:,} does")
    low = by_labels.knn_interval[0]
    close = [each for each in ranking.checkpoints if each is not by_labels and (each.knn_top1 or 0.0) >= low]
    many = "another is" if len(close) == 1 else f"{len(close)} others are"
    return f"{words}; {many} within its interval." if close else f"{words}."


def _charts(ranking: CheckpointRanking) -> list[Html]:
    ordered = sorted(ranking.checkpoints, key=lambda each: each.step)
    steps = [each.step for each in ordered]
    untrained = ranking.untrained
    ranks = [each.features_rank for each in ordered]
    marks = [] if untrained is None else [(untrained.features_rank, "random initialisation")]
    drawn = [_chart("RankMe of the encoder's features", "rank", steps, ranks, marks)]
    accuracies = [each.knn_top1 for each in ordered if each.knn_top1 is not None]
    if len(accuracies) == len(steps):
        marks = [] if ranking.chance is None else [(ranking.chance, "chance")]
        drawn.append(_chart("kNN top-1", "kNN", steps, accuracies, marks))
    return drawn


def _chart(title: str, name: str, steps: list[int], values: list[float], marks: list[tuple[float, str]]) -> Html:
    told = ", ".join(f"{value:.3g} at step {step:,}" for step, value in zip(steps, values, strict=True))
    chart = Chart([Line(name, steps, values)], title, "training step", marks=marks, least_range=(0.0, 0.1))
    return figure(line_charts([chart], f"{title}: {told}"), f"{title} of the kept checkpoints.")


def _remarks(ranking: CheckpointRanking) -> Html:
    lines = [element("li", line) for line in ranking.remarks]
    return join(paragraph("Left out, or unusual:"), element("ul", *lines)) if lines else join()
