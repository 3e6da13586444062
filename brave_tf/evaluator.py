"""A whole evaluation, from the places of encoder and data to `report.json` and `report.html`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brave_tf.config.words import ProtocolName
from brave_tf.data.open import open_dataset
from brave_tf.encoders.encoder import Encoder, load_encoder
from brave_tf.evaluation.comparison import compare_with_random
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.report import make_folder, make_report, write_report
from brave_tf.evaluation.request import Outcome, Request, changed_input, check_fit
from brave_tf.inspection.mistakes import pictures_of
from brave_tf.modalities import TowerChoice
from brave_tf.pages import evaluation_report
from brave_tf.progress import note

CACHE_FOLDER = "features"
PAGE_FILE = "report.html"


def write_evaluation(
    encoder: Encoder | str | os.PathLike[str],
    data: str | Path,
    out: Path,
    *,
    protocol: ProtocolName,
    tower: TowerChoice | None,
    label: str | None,
    folds: str | None,
    seed: int,
    random_init: bool,
    cache: Path | None,
    view: Mapping[str, Any],
    classifier: Mapping[str, Any],
) -> dict[str, Any]:
    """Does what `brave_tf.commands.evaluate` documents."""
    chosen = make_protocol(protocol, classifier)
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    loaded = load_encoder(encoder, tower)
    place = str(loaded.path if isinstance(encoder, Encoder) else encoder)
    check_fit(loaded, dataset)
    request = Request(chosen, changed_input(loaded.card, view), label, folds, seed)
    random = loaded.random_twin(seed) if random_init else None
    if random is None and random_init:
        note(f"{place} does not say which network it is, so there is no random initialisation to compare with")
    make_folder(out)
    outcome = compare_with_random(loaded, random, dataset, request, cache or out.parent / CACHE_FOLDER)
    report = make_report(outcome, request, loaded)
    report["encoder"]["path"], report["dataset"]["path"] = place, str(data)
    write_report(out, report)
    _write_page(out / PAGE_FILE, report, outcome, request)
    return report


def _write_page(path: Path, report: dict[str, Any], outcome: Outcome, request: Request) -> None:
    ids = [mistake["clip_id"] for mistake in report.get("mistakes", ())]
    input_view = request.input_view
    pictures = pictures_of(outcome.clips.dataset, ids, input_view.modality, input_view.audio)
    evaluation_report.write(path, report, pictures)
