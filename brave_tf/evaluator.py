"""A whole evaluation, from the places of encoder and data to `report.json` and `report.html`."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tensorflow as tf

from brave_tf import machine
from brave_tf.config import EvaluationInput
from brave_tf.config.words import LocalStrategyName, ProtocolName
from brave_tf.data.damage import NAMED
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.comparison import compare_with_random
from brave_tf.evaluation.label_fractions import parse_fractions
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.report import make_folder, make_report, write_report
from brave_tf.evaluation.request import Beside, Outcome, Request, changed_input, check_fit
from brave_tf.evaluation.window_words import split_windows
from brave_tf.inspection.mistakes import pictures_of
from brave_tf.modalities import TowerChoice
from brave_tf.pages import evaluation_report
from brave_tf.progress import note, phase, warn
from brave_tf.storage import is_remote
from brave_tf.training.strategy import make_local_strategy

Place: TypeAlias = Encoder | str | os.PathLike[str]
"""An encoder, or where one is."""

CACHE_FOLDER = "features"
PAGE_FILE = "report.html"
FIXED = "give --frames and --size that fit, or with brave_tf.as_encoder a card that does"
OWN_SCORES = (
    "the encoder is itself a network at random initialisation: the scores of random initialisation are its own, and no "
    "other network was evaluated beside it"
)


def write_evaluation(
    encoder: Place,
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
    strategy: LocalStrategyName | tf.distribute.Strategy,
    label_fractions: str | float | Sequence[str | float],
    beside: Place | Sequence[Place],
) -> dict[str, Any]:
    """Does what `brave_tf.commands.evaluate` documents."""
    view, classifier = split_windows(protocol, view, classifier)
    chosen = make_protocol(protocol, classifier)
    cache = feature_folder(cache, out)
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    with _strategy_for(encoder, strategy).scope():
        with phase("loading the encoder"):
            loaded = load_encoder(encoder, tower)
        place = str(loaded.path if isinstance(encoder, Encoder) else encoder)
        check_fit(loaded, dataset)
        fractions = parse_fractions(label_fractions)
        request = Request(chosen, changed_input(loaded.card, view), label, folds, seed, fractions)
        loaded.check_takes(request.input_view, FIXED)
        others = [_beside(each, dataset, request, view) for each in _places(beside)]
        chosen.check(loaded)
        for other in others:
            chosen.check(other.encoder)
        with phase("building the same network at random initialisation"):
            random = (loaded if loaded.is_random else loaded.random_twin(seed)) if random_init else None
        if random is None and random_init:
            note(f"{place} does not say which network it is, so there is no random initialisation to compare with")
        make_folder(out)
        outcome = compare_with_random(loaded, random, dataset, request, cache, others)
    for clip in outcome.clips.damaged[:NAMED]:
        warn(f"damaged and left out: {clip}")
    with phase("writing the report"):
        report = make_report(outcome, request, loaded)
        report["encoder"]["path"], report["dataset"]["path"] = place, str(data)
        if random is loaded:
            report["random_init_note"] = OWN_SCORES
        write_report(out, report)
        _write_page(out / PAGE_FILE, report, outcome, request)
    return report


def feature_folder(cache: Path | None, out: Path) -> Path:
    """Where features are kept: on this machine, which reads them at any place again and again."""
    if cache is not None and is_remote(cache):
        raise UserError(f"received --cache {cache}; features are kept on this machine: expected a folder here")
    if cache is not None or not is_remote(out):
        return cache or out.parent / CACHE_FOLDER
    here = machine.cache_folder() / CACHE_FOLDER
    note(f"features are kept in {here}, from where the same command goes on after an interruption; see --cache")
    return here


def _places(beside: Place | Sequence[Place]) -> list[Place]:
    """The encoders that are meant; a text may name several, with commas between."""
    given = [beside] if isinstance(beside, Encoder | str | os.PathLike) else beside
    places: dict[Place, None] = {}
    for each in given:
        is_list = isinstance(each, str) and "," in each and not os.path.exists(each)
        places |= dict.fromkeys(filter(None, map(str.strip, each.split(","))) if is_list else [each])  # type: ignore[union-attr]
    return list(places)


def _beside(place: Place, dataset: Dataset, request: Request, view: Mapping[str, Any]) -> Beside:
    """An encoder to compare with. What has no weights of its own is shown what the evaluated encoder is shown."""
    with phase(f"loading {place if not isinstance(place, Encoder) else place.path}"):
        encoder = load_encoder(place)
    check_fit(encoder, dataset)
    shown, card = request.input_view, encoder.card
    if encoder.variables:
        shown = changed_input(card, view)
    elif card.modality == shown.modality:
        shown = dataclasses.replace(shown, audio=card.audio)
    else:
        shown = EvaluationInput(card.modality, shown.view, card.audio)
    return Beside(str(encoder.path), encoder, shown)


def _strategy_for(encoder: Place, strategy: LocalStrategyName | tf.distribute.Strategy) -> tf.distribute.Strategy:
    """The strategy to evaluate under; the variables of an encoder that is there already are where they are."""
    if not isinstance(encoder, Encoder):
        return make_local_strategy(strategy)
    chosen = tf.distribute.get_strategy() if strategy == "auto" else make_local_strategy(strategy)
    if chosen.num_replicas_in_sync > 1 and not encoder.is_replicated:
        raise UserError(
            f"received an encoder on one device for {chosen.num_replicas_in_sync} replicas; expected one that was "
            "loaded within the strategy's scope, or the place to load it from"
        )
    return chosen


def _write_page(path: Path, report: dict[str, Any], outcome: Outcome, request: Request) -> None:
    ids = [mistake["clip_id"] for mistake in report.get("mistakes", ())]
    input_view = request.input_view
    pictures = pictures_of(outcome.clips.dataset, ids, input_view.modality, input_view.audio)
    evaluation_report.write(path, report, pictures)
