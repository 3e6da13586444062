"""The curves of a pre-training run, each with a sentence that says what healthy looks like."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence

from brave_tf.config.experiment import warmup_within
from brave_tf.modalities import MODALITIES
from brave_tf.pages.charts import Chart, line_charts
from brave_tf.pages.html import Html, figure
from brave_tf.pages.thinning import thin
from brave_tf.runs.record import RunRecord, number

_WORDS = {name: record.word for name, record in MODALITIES.items()}
"""Modalities as the keys of the metrics have them, and in words."""

VIEWS = {f"narrow_for_{m}": f"narrow, for {word}" for m, word in _WORDS.items()} | _WORDS
"""Names of projections as the keys of the metrics have them, and in words."""

_TERMS = {f"narrow_to_{m}": f"narrow → {word}" for m, word in _WORDS.items()}
_TERMS |= {f"{m}_to_narrow": f"{word} → narrow" for m, word in _WORDS.items()}
_STATISTICS = {
    f"{term}_{m}": f"{term}, {word}"
    for m, word in _WORDS.items()
    for term in ("invariance", "variance", "covariance", "sketch")
}
"""Terms of the objectives that are not the regression, see `brave_tf.method.anti_collapse`."""


@dataclasses.dataclass(frozen=True)
class Curves:
    """What one chart shows.

    Attributes:
        title: what is measured.
        names: keys of the metrics and the names of their lines.
        aid: one sentence that says what healthy looks like.
        marks: see `brave_tf.pages.charts.Chart`.
        shaded: likewise.
        least_range: likewise.
        logarithmic: whether it should be, if every value is above 0.
    """

    title: str
    names: Mapping[str, str]
    aid: str
    marks: Sequence[tuple[float, str]] = ()
    shaded: tuple[float, float, str] | None = None
    least_range: tuple[float, float] | None = None
    logarithmic: bool = False


def curves(record: RunRecord) -> list[Curves]:
    """What there is to draw of a run: charts none of whose metrics were logged are left out."""
    charts = [*_learning(record), *_optimizer(record), *_machine()]
    logged = {key for line in record.lines for key, value in line.items() if number(value) is not None}
    kept = ({key: name for key, name in chart.names.items() if key in logged} for chart in charts)
    return [dataclasses.replace(chart, names=names) for chart, names in zip(charts, kept, strict=True) if names]


def draw(record: RunRecord, chart: Curves) -> Html:
    """One of `curves` with its reading aid; its description tells where each line begins and ends."""
    series = {key: record.series(key) for key in chart.names}
    ends = "; ".join(
        f"{chart.names[key]} {values[0]:.4g} at step {steps[0]:,}, {values[-1]:.4g} at step {steps[-1]:,}"
        for key, (steps, values) in series.items()
    )
    return figure(line_charts([chart_of(record, chart)], f"{chart.title}: {ends}"), chart.aid)


def chart_of(record: RunRecord, chart: Curves) -> Chart:
    """One of `curves` with the numbers of a run."""
    series = {key: record.series(key) for key in chart.names}
    finite = [value for _, values in series.values() for value in values if math.isfinite(value)]
    return Chart(
        [thin(chart.names[key], steps, values) for key, (steps, values) in series.items()],
        chart.title,
        "training step",
        marks=chart.marks,
        shaded=chart.shaded,
        least_range=chart.least_range,
        logarithmic=chart.logarithmic and bool(finite) and min(finite) > 0,
    )


def collapse_limit(record: RunRecord) -> float | None:
    """The spread below which a run counts as collapsed; None if its configuration sets none."""
    return number(record.setting("monitor.collapse_spread")) or None


def rank_limit(record: RunRecord) -> float | None:
    """The effective rank below which the run warned; None if its configuration says none."""
    keys = ("monitor.low_rank_share", "batch_size", "model.projection_size")
    share, batch, size = (number(record.setting(key)) for key in keys)
    return None if share is None or batch is None or size is None else share * min(batch - 1, size) or None


def _learning(record: RunRecord) -> Iterator[Curves]:
    unrelated = "1" if record.setting("model.loss_scale") == "released" else "2"
    total = "their mean" if record.setting("model.loss_scale") == "released" else "their sum"
    learnt = (
        "Healthy: the loss and its weighted terms, whose sum it is, fall fast at first and then ever more slowly; an "
        "invariance of almost 0 beside high other terms is collapse."
        if record.setting("model.objective") in ("vicreg", "lejepa")
        else "Healthy: the terms (how far a prediction is from its target) and the loss, "
        f"{total}, fall fast at first and then ever more slowly from about {unrelated} a term, which is guessing; a "
        "plunge to almost 0 is collapse."
    )
    yield Curves("loss and its terms", {"loss": "loss", **_TERMS, **_STATISTICS}, learnt)
    limit = collapse_limit(record)
    yield Curves(
        "spread of the projections",
        {f"spread_{view}": name for view, name in VIEWS.items()},
        "Healthy: close to 1, where different clips get different projections; near 0 all of them get the same one, "
        "and nothing is learned.",
        marks=[(1.0, "evenly spread")],
        shaded=(0.0, limit, f"collapse, below {limit:g}") if limit else None,
        least_range=(0.0, 1.2),
    )
    size, low = number(record.setting("model.projection_size")), rank_limit(record)
    yield Curves(
        "effective rank of the projections",
        {f"effective_rank_{view}": name for view, name in VIEWS.items()},
        f"Healthy: rises or stays level well above 1{f', at most {size:.0f},' if size else ''} as the number of "
        "directions that the projections of a batch make use of. Where the loss is low, a low rank is harmless, for "
        "few directions hold what the views share; where the loss stays high, it is a sign of trouble.",
        shaded=(0.0, low, f"low, below {low:.1f}") if low else None,
        least_range=(0.0, 2.0),
    )
    chance = record.latest("knn_chance")
    yield Curves(
        "kNN probe of the encoder, top-1",
        {"knn_top1": "kNN top-1"},
        "Healthy: climbs away from chance and goes on rising, if slowly; a fall while the loss improves says that what "
        "is learned is no longer what the labels are about.",
        marks=[(chance, "chance")] if chance is not None else (),
        least_range=(0.0, 0.1),
    )
    yield Curves(
        "effective rank of the encoder's features",
        {"features_rank": "RankMe of the probe's clips"},
        "Healthy: rises, or stays level, well above its first value: what is kept is the encoder, and this is how many "
        "directions its features use; a long fall says that it tells clips apart by less and less.",
        least_range=(0.0, 2.0),
    )


def _optimizer(record: RunRecord) -> Iterator[Curves]:
    configured = number(record.setting("optimizer.warmup_steps"))
    warmup = warmup_within(record.steps, int(configured)) if configured else None
    yield Curves(
        "learning rate",
        {"learning_rate": "learning rate"},
        f"Healthy: a straight rise{f' over the first {warmup:,.0f} steps' if warmup else ''}, then half a cosine down "
        "to 0 at the last step.",
        least_range=(0.0, 0.0),
    )
    yield Curves(
        "gradient norm",
        {"gradient_norm": "gradient norm"},
        "Healthy: after the warm-up it stays within a factor of ten or so; leaps by much more go before a loss that is "
        "no longer finite.",
        logarithmic=True,
    )
    yield Curves(
        "norm of the predictors' weights",
        {"predictor_norm": "predictor norm"},
        "Healthy: changes smoothly and levels off; growth without end, or a fall towards 0, says that learning rate "
        "and weight decay are out of balance.",
    )
    yield Curves(
        "loss scale of float16",
        {"loss_scale": "loss scale"},
        "Healthy: steps up and down by factors of 2 and levels off; a fall towards 1 says that gradients overflow "
        "again and again.",
        logarithmic=True,
    )


def _machine() -> Iterator[Curves]:
    yield Curves(
        "clips per second",
        {"clips_per_second": "clips per second"},
        "Healthy: level, with short dips at checkpoints and probes; a lasting drop says that something else takes the "
        "machine, or that the data come more slowly.",
        least_range=(0.0, 0.0),
    )
    yield Curves(
        "share of the time spent waiting for clips",
        {"input_wait_share": "waiting"},
        "Healthy: near 0; at 0.1 and more the networks wait for the input, and more processor cores or faster storage "
        "would speed up the run.",
        least_range=(0.0, 0.2),
    )
    yield Curves(
        "processor seconds of the input for each clip",
        {"input_cpu_seconds_per_clip": "input"},
        "Healthy: level; times clips per second it is how many cores the input takes, also where nothing waits for it.",
        least_range=(0.0, 0.0),
    )
    yield Curves(
        "peak memory, GiB",
        {"memory_gib": "process", "device_memory_gib": "accelerator"},
        "Healthy: level after the first lines; a steady rise is a leak that will end the run.",
        least_range=(0.0, 0.0),
    )
