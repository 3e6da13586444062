"""The scores of a model card: those of `brave-tf evaluate`, beside random initialisation and chance."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import pydantic

from brave_tf.errors import UserError, reason_of
from brave_tf.storage import as_path

REPORT_FILE = "report.json"
METRICS: Mapping[str, str] = {"top1": "top-1", "mAP": "mAP", "recall@1": "recall at 1"}
"""What reports call a score, and what cards do."""


@dataclasses.dataclass(frozen=True)
class Scored:
    """Which encoder a report is about, or which data.

    Attributes:
        path: where it was.
        sha256: of an encoder, its weights.
    """

    path: str
    sha256: str = ""


@dataclasses.dataclass(frozen=True)
class Score:
    """What a card tells of one `report.json`; scores are shares of 1.

    Attributes:
        protocol: how the encoder was scored.
        metric: what was counted.
        label: what was predicted.
        classes: how many there are.
        mean: over the folds.
        interval: 95 % of a bootstrap over videos.
        random_init: the same network at random initialisation; None if none was evaluated.
        chance: what needs no look at the clips.
        encoder: whose score it is.
        dataset: on what.
    """

    protocol: str
    metric: str
    label: str
    classes: int
    mean: float
    interval: tuple[float, float]
    random_init: float | None
    chance: float
    encoder: Scored
    dataset: Scored


def read_scores(reports: Sequence[str | os.PathLike[str]], weights_sha256: str, source: str) -> list[Score]:
    """Reads reports of an encoder.

    Args:
        reports: directories that `brave-tf evaluate` wrote, or their `report.json`.
        weights_sha256: of the encoder that they should be of.
        source: where that is, for messages.

    Raises:
        UserError: one is no report, is damaged, or is about another encoder.
    """
    return [_read(report, weights_sha256, source) for report in reports]


def _read(report: str | os.PathLike[str], weights_sha256: str, source: str) -> Score:
    path = as_path(report)
    file = path / REPORT_FILE if path.is_dir() else path
    try:
        score = pydantic.TypeAdapter(Score).validate_json(file.read_bytes())
    except OSError as error:
        raise UserError(
            f"{file} cannot be read ({reason_of(error)}); expected a directory that `brave-tf evaluate` wrote"
        ) from error
    except pydantic.ValidationError:
        raise UserError(f"{file} is damaged; expected what `brave-tf evaluate` writes; evaluate again") from None
    if score.encoder.sha256 != weights_sha256:
        raise UserError(
            f"{file} is about {score.encoder.path}, whose weights are others than those of {source}; expected a report "
            "of the encoder that is exported; evaluate it, and give that one"
        )
    return score


def score_rows(scores: Sequence[Score]) -> list[tuple[str, ...]]:
    """Rows of a table: data, protocol, what is predicted, score, 95 % interval, random initialisation, chance."""
    return [
        (
            PurePath(score.dataset.path).name,  # the folders above it are nobody's business
            score.protocol,
            f"{score.label}, {score.classes:,} classes",
            f"{METRICS.get(score.metric, score.metric)} {_percent(score.mean)}",
            f"{_percent(score.interval[0])} to {_percent(score.interval[1])}",
            "not evaluated" if score.random_init is None else _percent(score.random_init),
            _percent(score.chance),
        )
        for score in scores
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
