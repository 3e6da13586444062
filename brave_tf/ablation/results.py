"""What the runs of a comparison say together: means over seeds, intervals, and whether signs are the paper's."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from brave_tf.ablation.rows import Row

AGREES, DISAGREES, WITHIN, ONE_SEED, NO_DIFFERENCE = (
    "agrees",
    "disagrees",
    "within the interval",
    "one seed",
    "the paper sees none",
)
QUANTILES = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
)
"""Student's t at 97.5 % for 1 to 20 degrees of freedom; the last one also for more, which it is a little wide for."""

Results = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What came of a run, by row and seed."""


def summarise(rows: Sequence[Row], results: Results) -> list[dict[str, Any]]:
    """Every row with its mean over seeds, and its difference from the row that it is compared with.

    Returns:
        For each row: `name`, `against`, `mean` (in [0, 1]; None if no run has a score), `interval` (None with fewer
        than two scores), `random_init`, `effective_rank`, `difference` and `difference_interval` (over the seeds that
        both rows have), `paper` (percent), `agreement` (by benchmark), `collapsed` (steps by seed), `seeds`.
    """
    return [_row(row, {other.name: other for other in rows}, results) for row in rows]


def _row(row: Row, rows: Mapping[str, Row], results: Results) -> dict[str, Any]:
    mine = results.get(row.name, {})
    scores = _scores(mine)
    theirs = _scores(results.get(row.against or "", {}))
    differences = [scores[seed] - theirs[seed] for seed in scores if seed in theirs]
    interval = mean_interval(differences)
    reference = rows.get(row.against or "")
    return {
        "name": row.name,
        "against": row.against,
        "mean": _mean(scores.values()),
        "interval": mean_interval(list(scores.values())),
        "random_init": _mean(each["random_init"] for each in mine.values()),
        "effective_rank": _mean(each["effective_rank"] for each in mine.values()),
        "difference": _mean(differences),
        "difference_interval": interval,
        "paper": dict(row.paper),
        "agreement": _agreement(row, reference, differences, interval),
        "collapsed": {seed: each["collapsed_at"] for seed, each in mine.items() if each["collapsed_at"] is not None},
        "seeds": {seed: dict(each) for seed, each in sorted(mine.items(), key=lambda pair: int(pair[0]))},
    }


def _agreement(
    row: Row, reference: Row | None, differences: Sequence[float], interval: Sequence[float] | None
) -> dict[str, str]:
    if reference is None or not differences:
        return {}
    return {
        benchmark: verdict(interval, value - reference.paper[benchmark])
        for benchmark, value in row.paper.items()
        if benchmark in reference.paper
    }


def verdict(interval: Sequence[float] | None, paper: float) -> str:
    """Whether a difference has the paper's sign.

    Args:
        interval: bounds of the difference; None if there is no more than one seed.
        paper: the paper's difference.
    """
    if abs(paper) < 1e-9:
        return NO_DIFFERENCE
    if interval is None:
        return ONE_SEED
    low, high = interval
    if low <= 0 <= high:
        return WITHIN
    return AGREES if (low > 0) == (paper > 0) else DISAGREES


def mean_interval(values: Sequence[float]) -> list[float] | None:
    """Bounds of the mean at 95 % by Student's t, of seeds as a sample of all; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = QUANTILES[min(len(values) - 1, len(QUANTILES)) - 1] * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return [mean - half, mean + half]


def _scores(results: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {seed: each["score"] for seed, each in results.items() if each["score"] is not None}


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
