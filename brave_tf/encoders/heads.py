"""The heads of a whole model, by which what one tower makes of a clip can be compared with what another does."""

import dataclasses
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pydantic

from brave_tf import presets
from brave_tf.config.ranges import STRICT
from brave_tf.config.values import to_dict
from brave_tf.encoders.card import weights_sha256
from brave_tf.encoders.encoder import RANDOM, TOWER_FILES, save_encoder, seeded_initialisation
from brave_tf.encoders.exported import HEADS_FILE, HEADS_FOLDER
from brave_tf.encoders.from_run import find_checkpoint, load_towers
from brave_tf.encoders.hub_names import is_hub
from brave_tf.encoders.loading import load_archive, load_encoder, released_file
from brave_tf.encoders.named import PRESETS
from brave_tf.encoders.places import fetch_heads
from brave_tf.encoders.portable import to_stock_layers
from brave_tf.errors import UserError, reason_of
from brave_tf.files import replaced
from brave_tf.method.brave import Brave
from brave_tf.method.towers import Towers
from brave_tf.modalities import Modality, Tower
from brave_tf.presets import released_checkpoints
from brave_tf.runs.paths import CONFIG_FILE
from brave_tf.storage import as_path

_CARD_NAME = "brave_tf_heads.json"

_EXPECTED = (
    "expected a run directory with its checkpoints, a .keras file of a whole model, or a directory that "
    "`brave-tf export RUN --heads` wrote"
)

HeadFunction = Callable[..., Mapping[str, Any]]
"""Embeddings [B, D] -> projections and predictions {"z": [B, P], "h": [B, P]}."""


@dataclasses.dataclass(frozen=True)
class Heads:
    """Projectors and predictors of the narrow tower and of every broad one.

    Attributes:
        place: where they came from, and where `load_encoder` finds the towers.
        weights_sha256: of the towers that they stand on.
        narrow: those of the narrow tower, by the broad tower that it is compared with.
        broad: those of the broad towers.

    Reference:
        The paper, section 3.1: the prediction h of one view regresses the projection z of the other.
    """

    place: Path
    weights_sha256: Mapping[Tower, str]
    narrow: Mapping[Modality, HeadFunction]
    broad: Mapping[Modality, HeadFunction]

    def of(self, tower: Tower) -> list[HeadFunction]:
        """The heads of a tower, towards each tower that it was trained with; a head that is shared once."""
        heads = list(self.narrow.values()) if tower == "narrow" else [self.broad[tower]]
        return list({id(head): head for head in heads}.values())

    def between(self, first: Tower, second: Tower) -> tuple[HeadFunction, HeadFunction]:
        """The heads that two towers were trained with towards each other.

        Raises:
            UserError: they were not: neither is the narrow one, or there is no such tower.
        """
        for tower in (first, second):
            if tower not in self.weights_sha256:
                raise UserError(
                    f"{self.place} has no tower {tower}; it has {', '.join(self.weights_sha256)}; choose one of them"
                )
        if first == "narrow" and second != "narrow":
            return self.narrow[second], self.broad[second]
        if second == "narrow" and first != "narrow":
            return self.broad[first], self.narrow[first]
        raise UserError(
            f"the towers {first} and {second} of {self.place} never had to predict each other; expected the narrow "
            "tower and a broad one"
        )


@dataclasses.dataclass(frozen=True)
class _Card:
    """What `HEADS_FILE` says about itself: its layers are called by these names, and _projector or _predictor."""

    __pydantic_config__ = STRICT
    weights_sha256: dict[Tower, str]
    narrow: dict[Modality, str]
    broad: dict[Modality, str]


def load_heads(path: str | os.PathLike[str]) -> Heads:
    """Loads the heads of a whole model.

    Args:
        path: a run directory, `RUN/checkpoints/step-N`, a `.keras` file of a whole `Brave`, a directory that
            `brave-tf export --heads` wrote, or `random:PRESET` for heads at random initialisation. As encoders, each
            may be elsewhere: `gs://...`, `hf://...`, `kaggle://...`, or a checkpoint that was published with the paper.

    Raises:
        UserError: there is nothing there, or it has no heads.
    """
    name = os.fspath(path)
    if name.startswith(RANDOM):
        return _random(name)
    if is_hub(name):
        place = fetch_heads(name)
    elif name in released_checkpoints and not os.path.exists(name):
        place = released_file(name, "broad")
    else:
        place = as_path(path)
    try:
        return _from_place(place, name)
    except OSError as error:
        raise UserError(f"{place} cannot be read ({reason_of(error)}); run the same command again") from error


def _from_place(place: Path, name: str) -> Heads:
    if place.name in TOWER_FILES.values() and place.is_file():
        # One of the towers, beside which the others and the heads are.
        place = place.parent
    if find_checkpoint(place) is not None or (place / CONFIG_FILE).is_file():
        towers, _, _ = load_towers(place)
        return _of_towers(towers, place)
    folders = (place.parent,) if place.name == HEADS_FILE else (place / HEADS_FOLDER, place)
    for folder in folders:
        if (folder / HEADS_FILE).is_file():
            return _read(folder)
    if not place.exists():
        raise UserError(f"{name} does not exist; {_EXPECTED}")
    model = load_archive(place) if place.is_file() else None
    if not isinstance(model, Brave):
        raise UserError(f"{name} has no heads; {_EXPECTED}")
    return _of_towers(model.towers, place)


def write_heads(heads: Heads, folder: Path) -> None:
    """Writes heads and the encoders of their towers, each as a `.keras` file of stock layers, into a folder.

    Args:
        heads: from anywhere.
        folder: where to; made if absent.

    Raises:
        UserError: the run that they are of has gone on meanwhile.
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for tower in heads.weights_sha256:
        encoder = load_encoder(heads.place, tower)
        if encoder.weights_sha256() != heads.weights_sha256[tower]:
            raise UserError(
                f"{heads.place} has gone on while its heads were written; export RUN/checkpoints/step-N, where all is "
                "of one step"
            )
        save_encoder(encoder.model, encoder.card, folder / TOWER_FILES[tower])
    model, card = _stock_model(heads)
    with replaced(folder / HEADS_FILE) as partial:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(_CARD_NAME, json.dumps(to_dict(card), indent=2))


def project(head: HeadFunction, embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Projections z and predictions h of embeddings, in evaluation mode: [n, D] -> [n, P] float32 each."""
    outputs = head(embeddings, training=False)
    return tuple(np.asarray(outputs[name], np.float32) for name in ("z", "h"))  # type: ignore[return-value]


def _of_towers(towers: Towers, place: Path) -> Heads:
    networks: dict[Any, Any] = {"narrow": towers.encoder, **towers.broad_encoders}
    hashes = {tower: weights_sha256(network) for tower, network in networks.items()}
    narrow: dict[Any, Any] = dict(towers.narrow_heads)
    broad: dict[Any, Any] = dict(towers.broad_heads)
    return Heads(place, hashes, narrow, broad)


def _random(name: str) -> Heads:
    preset = name.removeprefix(RANDOM)
    config = presets.get(PRESETS.get(preset, preset))
    broad: dict[str, Any] = {modality: load_encoder(name, modality).model for modality in config.broad.modalities}
    narrow, settings = load_encoder(name).model, config.model
    with seeded_initialisation(0):
        towers = Towers(
            narrow, broad, settings.hidden_size, settings.projection_size, settings.heads, settings.has_predictor
        )
    return _of_towers(towers, Path(name))


def _read(folder: Path) -> Heads:
    path = folder / HEADS_FILE
    model = load_archive(path)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            card = pydantic.TypeAdapter(_Card).validate_json(archive.read(_CARD_NAME))
        narrow: dict[Any, HeadFunction] = {key: _NamedHead(model, name) for key, name in card.narrow.items()}
        broad: dict[Any, HeadFunction] = {key: _NamedHead(model, name) for key, name in card.broad.items()}
    except (KeyError, ValueError, zipfile.BadZipFile):
        raise UserError(f"{path} holds no heads, or damaged ones; export the run again with --heads") from None
    return Heads(folder, card.weights_sha256, narrow, broad)


class _NamedHead:
    """A projector and a predictor among the layers of a model."""

    def __init__(self, model: keras.Model, name: str):
        self.projector, self.predictor = model.get_layer(f"{name}_projector"), model.get_layer(f"{name}_predictor")

    def __call__(self, embeddings: Any, training: bool = False) -> dict[str, Any]:
        z = self.projector(embeddings, training=training)
        return {"z": z, "h": self.predictor(z, training=training)}


def _stock_model(heads: Heads) -> tuple[keras.Model, _Card]:
    """All heads as one model of stock layers, which takes an embedding of each tower by its name."""
    made: dict[int, tuple[str, Any, Any]] = {}
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    names: dict[str, dict[Any, str]] = {"narrow": {}, "broad": {}}
    for side, by_modality in (("narrow", heads.narrow), ("broad", heads.broad)):
        for modality, head in by_modality.items():
            name, projector, predictor = made.setdefault(id(head), _stock(head, f"{side}_{modality}"))
            names[side][modality] = name
            tower = "narrow" if side == "narrow" else modality
            features = inputs.setdefault(tower, keras.Input(projector.input_shape[1:], name=tower))
            z = projector(features)
            outputs |= {f"{side}_{modality}_z": z, f"{side}_{modality}_h": predictor(z)}
    card = _Card(dict(heads.weights_sha256), names["narrow"], names["broad"])
    return keras.Model(inputs, outputs, name="heads"), card


def _stock(head: Any, name: str) -> tuple[str, keras.Model, keras.Model]:
    projector = _functional(head.projector, f"{name}_projector")
    if head.predictor is not None:
        return name, projector, _functional(head.predictor, f"{name}_predictor")
    projection = keras.Input(projector.output_shape[1:])
    return name, projector, keras.Model(projection, keras.layers.Identity()(projection), name=f"{name}_predictor")


def _functional(part: keras.Model, name: str) -> keras.Model:
    values = features = keras.Input(part.input_shape[1:])
    for layer in part.layers:
        values = values if isinstance(layer, keras.layers.InputLayer) else layer(values)
    return to_stock_layers(keras.Model(features, values, name=name))
