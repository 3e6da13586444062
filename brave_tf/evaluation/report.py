"""`report.json`: the scores of an evaluation with everything needed to repeat it."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import pydantic
import sklearn
import tensorflow as tf

import brave_tf
from brave_tf.config import EvaluationConfig
from brave_tf.config_values import to_dict
from brave_tf.data.dataset import open_dataset
from brave_tf.errors import UserError
from brave_tf.evaluation.protocol import ProtocolName, Request, evaluate
from brave_tf.files import write_json
from brave_tf.models.encoder import load_encoder
from brave_tf.progress import note

REPORT_FILE = "report.json"


def evaluate_and_report(
    encoder_path: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    protocol: ProtocolName = "linear",
    label: str | None = None,
    folds: str | None = None,
    neighbours: int = 20,
    seed: int = 0,
    view_changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Evaluates an encoder and writes `report.json`.

    Args:
        encoder_path: what `brave_tf.load_encoder` takes.
        data: a labelled dataset.
        out: the report's directory.
        protocol: "linear" or "knn".
        label: label column; None chooses it.
        folds: see `brave_tf.evaluation.folds.make_folds`.
        neighbours: neighbours that vote in "knn".
        seed: decides augmented samples and random initialisation.
        view_changes: keys of `EvaluationConfig` to use instead of the encoder's own.

    Returns:
        The report.

    Raises:
        UserError: encoder, dataset or settings do not fit.
    """
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    encoder = load_encoder(encoder_path)
    if encoder.card.modality != "rgb":
        raise UserError(f"{encoder_path} embeds {encoder.card.modality}; expected a video encoder")
    view = _changed(encoder.card.view, view_changes or {})
    request = Request(protocol, view, label=label, folds=folds, neighbours=neighbours, seed=seed)
    report = evaluate(encoder, encoder.random_twin(seed), dataset, request)
    report |= {
        "encoder": {"preset": encoder.card.preset, "steps": encoder.card.steps, "sha256": encoder.card.weights_sha256},
        "dataset": {"fingerprint": dataset.fingerprint, "notes": dataset.notes()},
        "versions": {
            "brave_tf": brave_tf.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
    }
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / REPORT_FILE, report)
    return report


def _changed(view: EvaluationConfig, changes: Mapping[str, Any]) -> EvaluationConfig:
    try:
        changed = pydantic.TypeAdapter(EvaluationConfig).validate_python({**to_dict(view), **changes})
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        raise UserError(f"received {problem['loc'][0]}={problem['input']}; {problem['msg'].lower()}") from None
    if changed.size > changed.shorter_side:
        raise UserError(
            f"received size={changed.size}, shorter_side={changed.shorter_side}; expected size <= shorter side"
        )
    return changed
