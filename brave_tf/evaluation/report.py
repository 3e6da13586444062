"""`report.json` and `report.html`: the scores of an evaluation with everything needed to repeat it."""

import dataclasses
import math
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import keras
import pydantic
import sklearn
import tensorflow as tf

import brave_tf
from brave_tf.config import LARS_HEAD, EvaluationConfig, FineTuneConfig, HeadConfig
from brave_tf.config.values import to_dict
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.encoders.encoder import Encoder, load_encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.open_settings import open_settings
from brave_tf.evaluation.protocol import evaluate
from brave_tf.evaluation.request import ProtocolName, Request
from brave_tf.evaluation.summary import summarise
from brave_tf.files import write_json
from brave_tf.modalities import MODALITIES, TowerChoice
from brave_tf.presets.published import published
from brave_tf.progress import note

REPORT_FILE = "report.json"
CACHE_FOLDER = "features"

Settings = TypeVar("Settings", EvaluationConfig, HeadConfig, FineTuneConfig)


def evaluate_and_report(
    encoder_path: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    protocol: ProtocolName = "linear",
    tower: TowerChoice | None = None,
    label: str | None = None,
    folds: str | None = None,
    neighbours: int = 20,
    svm_c_grid: tuple[float, ...] = (),
    seed: int = 0,
    random_init: bool = True,
    cache: str | Path | None = None,
    view_changes: Mapping[str, Any] | None = None,
    classifier_changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Evaluates an encoder and writes `report.json`.

    Args:
        encoder_path: what `brave_tf.load_encoder` takes.
        data: a labelled dataset.
        out: the report's directory.
        protocol: "linear", "linear-lars", "mlp", "finetune", "knn" or "retrieval".
        tower: which backbone of a run; see `brave_tf.load_encoder`.
        label: label column; None chooses it.
        folds: see `brave_tf.evaluation.folds.make_folds`.
        neighbours: neighbours that vote in "knn".
        svm_c_grid: inverse regularisations of "linear" to choose from on the first fold.
        seed: decides augmented samples, classifiers and random initialisation.
        random_init: whether the same network at random initialisation is evaluated beside it.
        cache: folder of features, which any number of evaluations may share; by default `features` beside `out`.
        view_changes: keys of `EvaluationConfig` to use instead of the encoder's own.
        classifier_changes: keys of `HeadConfig` ("linear-lars", "mlp") or `FineTuneConfig` ("finetune").

    Returns:
        The report.

    Raises:
        UserError: encoder, dataset or settings do not fit, or a file cannot be written.
    """
    out = Path(out)
    _check_settings(protocol, neighbours, svm_c_grid)
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    encoder = load_encoder(encoder_path, tower)
    _check_data(encoder, dataset)
    request = _request(encoder, protocol, view_changes or {}, classifier_changes or {})
    request = dataclasses.replace(
        request, label=label, folds=folds, neighbours=neighbours, svm_c_grid=tuple(svm_c_grid), seed=seed
    )
    random = encoder.random_twin(seed) if random_init else None
    if random is None and random_init:
        note(f"{encoder_path} does not say which network it is, so there is no random initialisation to compare with")
    _make_folder(out)
    outcome = evaluate(encoder, random, dataset, request, Path(cache) if cache else out.parent / CACHE_FOLDER)
    report = summarise(outcome, request) | {
        "open_settings": open_settings(request),
        "settings": _settings(request),
        "missing": dataset.info.get("missing", {}),
        "published": published(encoder.card.preset, dataset.info.get("layout", ""), protocol, encoder.card.tower),
        "tower": encoder.card.tower,
        "modality": encoder.card.modality,
        "encoder": {
            "path": str(encoder_path),
            "preset": encoder.card.preset,
            "steps": encoder.card.steps,
            "sha256": encoder.weights_sha256(),
        },
        "dataset": {"path": str(data), "fingerprint": dataset.fingerprint, "notes": dataset.notes()},
        "versions": _versions(),
    }
    try:
        write_json(out / REPORT_FILE, report)
    except OSError as error:
        raise _unwritable(out, error) from error
    return report


def _check_settings(protocol: ProtocolName, neighbours: int, svm_c_grid: Sequence[float]) -> None:
    if neighbours < 1:
        raise UserError(f"received neighbours={neighbours}; expected 1 or more")
    if svm_c_grid and protocol != "linear":
        raise UserError(f"received an SVM grid with the protocol {protocol}; expected it with linear")
    if any(not 0 < svm_c < math.inf for svm_c in svm_c_grid):
        listed = ", ".join(f"{svm_c:g}" for svm_c in svm_c_grid)
        raise UserError(f"received the SVM grid {listed}; expected numbers above 0")


def _make_folder(out: Path) -> None:
    # Before hours of work, whose result would have no place.
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> UserError:
    return UserError(f"{out} cannot be written ({error.strerror}); choose another --out")


def _check_data(encoder: Encoder, dataset: Dataset) -> None:
    card = encoder.card
    if card.audio is not None and dataset.audio_rate_hz not in (None, card.audio.sample_rate_hz):
        raise UserError(
            f"{dataset.path} holds sound at {dataset.audio_rate_hz} Hz; {encoder.path} expects "
            f"{card.audio.sample_rate_hz} Hz; prepare it with --audio-rate {card.audio.sample_rate_hz}"
        )
    if not MODALITIES[card.modality].is_sound:
        dataset.check_pictures(card.modality, card.view.step, str(encoder.path), "embeds")


def _request(
    encoder: Encoder, protocol: ProtocolName, view: Mapping[str, Any], classifier: Mapping[str, Any]
) -> Request:
    shown = encoder.card.shown
    shown = dataclasses.replace(shown, view=_changed(shown.view, view))
    if shown.view.size > shown.view.shorter_side:
        raise UserError(
            f"received size={shown.view.size}, shorter_side={shown.view.shorter_side}; expected size <= shorter side"
        )
    head = LARS_HEAD if protocol == "linear-lars" else HeadConfig()
    if protocol in ("linear-lars", "mlp"):
        return Request(protocol, shown, head=_changed(head, classifier))
    if protocol == "finetune":
        return Request(protocol, shown, finetune=_changed(FineTuneConfig(), classifier))
    if classifier:
        raise UserError(
            f"received {', '.join(classifier)} for the protocol {protocol}; expected them with linear-lars, mlp or "
            "finetune, the protocols that train by gradient descent"
        )
    return Request(protocol, shown)


def _changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    kind = type(settings)
    unknown = [name for name in changes if name not in {field.name for field in dataclasses.fields(kind)}]
    if unknown:
        known = ", ".join(field.name for field in dataclasses.fields(kind))
        raise UserError(f"received {', '.join(unknown)}; expected some of {known}")
    try:
        changed: Settings = pydantic.TypeAdapter(kind).validate_python({**to_dict(settings), **changes})
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        raise UserError(f"received {problem['loc'][0]}={problem['input']}; {problem['msg'].lower()}") from None
    return changed


def _settings(request: Request) -> dict[str, Any]:
    settings = dataclasses.asdict(request)
    unused = {"head", "finetune", "neighbours", "svm_c_grid"} - {
        "linear": {"svm_c_grid"},
        "linear-lars": {"head"},
        "mlp": {"head"},
        "finetune": {"finetune"},
        "knn": {"neighbours"},
    }.get(request.protocol, set())
    return {name: value for name, value in settings.items() if name not in unused}


def _versions() -> dict[str, str]:
    return {
        "brave_tf": brave_tf.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }
