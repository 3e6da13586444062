"""`report.json`: the scores of an evaluation with everything needed to repeat it."""

import platform
from pathlib import Path
from typing import Any

import keras
import sklearn
import tensorflow as tf

import brave_tf
from brave_tf.config.values import to_dict
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.open_settings import open_settings
from brave_tf.evaluation.request import Outcome, Request
from brave_tf.evaluation.summary import summarise
from brave_tf.files import write_json
from brave_tf.presets.published import published

REPORT_FILE = "report.json"


def make_report(outcome: Outcome, request: Request, encoder: Encoder) -> dict[str, Any]:
    """The content of `report.json`.

    Args:
        outcome: the answers.
        request: what they are answers to.
        encoder: whose they are.

    Returns:
        What `summarise` gives, and besides `open_settings`, `settings`, `missing`, `published`, `tower`, `modality`,
        `encoder`, `dataset` and `versions`.
    """
    card, dataset = encoder.card, outcome.clips.dataset
    layout = dataset.info.get("layout", "")
    return summarise(outcome, request) | {
        "open_settings": open_settings(request),
        "settings": {
            "protocol": request.protocol.name,
            "input_view": to_dict(request.input_view),
            "label": request.label,
            "folds": request.folds,
            "seed": request.seed,
            **({"label_fractions": list(request.label_fractions)} if request.label_fractions else {}),
            "classifier": to_dict(request.protocol),
        },
        "missing": dataset.info.get("missing", {}),
        "published": published(card.preset, layout, request.protocol.name, card.tower),
        "tower": card.tower,
        "modality": card.modality,
        "encoder": {
            "path": str(encoder.path),
            "preset": card.preset,
            "steps": card.steps,
            "sha256": encoder.weights_sha256(),
        },
        "dataset": {"path": str(dataset.path), "fingerprint": dataset.fingerprint, "notes": dataset.notes()},
        "versions": _versions(),
    }


def make_folder(out: Path) -> None:
    """Makes the folder of a report, before hours of work whose result would have no place.

    Raises:
        UserError: it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error


def write_report(out: Path, report: dict[str, Any]) -> None:
    """Writes `report.json` into a folder; raises UserError if it cannot be written."""
    try:
        write_json(out / REPORT_FILE, report)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> UserError:
    return UserError(f"{out} cannot be written ({error.strerror}); choose another --out")


def _versions() -> dict[str, str]:
    return {
        "brave_tf": brave_tf.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }
