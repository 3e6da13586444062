"""Writes an encoder as a reusable SavedModel, and in other formats."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from brave_tf.encoders import card as cards
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import (
    FORMAT_FILES,
    HEADS_FILE,
    HEADS_FOLDER,
    MODEL_CARD,
    VERIFICATION_FILE,
    FormatCheck,
    changed_files,
    read_verification,
    write_verification,
)
from brave_tf.encoders.heads import Heads, load_heads, write_heads
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError, did_you_mean, one_line
from brave_tf.export.formats import FORMATS, check_formats, check_packages
from brave_tf.export.model_card import NOTHING_TOLD, ModelCard, Told
from brave_tf.export.signature import clip_spec
from brave_tf.export.verify import examples_of
from brave_tf.files import is_taken, new_folder
from brave_tf.modalities import MODALITIES, TowerChoice
from brave_tf.progress import phase
from brave_tf.quiet import only_warnings
from brave_tf.storage import as_path, copy_file, local_copy


def export_encoder(
    encoder: Encoder | str | os.PathLike[str],
    out: str | os.PathLike[str],
    tower: TowerChoice | None = None,
    formats: str | Sequence[str] = ("savedmodel",),
    told: Told = NOTHING_TOLD,
    heads: bool = False,
) -> dict[str, Any]:
    """Does what `brave_tf.commands.export` documents."""
    out = as_path(out)
    asked = [formats] if isinstance(formats, str) else list(formats)
    unknown = [name for name in asked if name not in FORMATS]
    if unknown or not asked:
        raise UserError(
            f"received formats {asked}; {did_you_mean(unknown, FORMATS)}expected some of {', '.join(FORMATS)}"
        )
    words = [name for name in FORMATS if name in asked]
    check_packages(words)
    with phase("loading the encoder"):
        encoder = load_encoder(encoder, tower)
    if encoder.model is None:
        raise UserError(
            f"{encoder.path} is no Keras model, but a SavedModel or a function; expected a run directory, or a .keras "
            "file"
        )
    _check_ends(encoder)
    card = ModelCard(encoder, told)
    loaded_heads = _heads_of(encoder) if heads else None
    if is_taken(out):
        if not _is_export_of(encoder, out, words) or (out / HEADS_FOLDER / HEADS_FILE).is_file() != heads:
            raise UserError(f"{out} exists already; choose another --out, or remove it")
        # As after a kill when all was written: the same command finds that nothing is left to do but to look at it.
        return _told(_check_again(encoder, out, words, card))
    with new_folder(out) as folder:
        return _told(_write(encoder, folder, words, card, loaded_heads))


def _heads_of(encoder: Encoder) -> Heads:
    """The heads on top of an encoder, and on top of the other towers of its model."""
    with phase("loading the heads"):
        heads = load_heads(encoder.path)
    if heads.weights_sha256.get(encoder.card.tower) != encoder.weights_sha256():
        raise UserError(
            f"the newest checkpoint in {heads.place} is of another step than {encoder.path}; export RUN/checkpoints/"
            "step-N, where all is of one step"
        )
    return heads


def _check_ends(encoder: Encoder) -> None:
    """Raises `UserError` if a network takes something else than any number of clips of any length and size.

    Those made elsewhere may take pictures, several inputs, or clips of one shape, or give several outputs.
    """
    source, wanted = encoder.path, MODALITIES[encoder.card.modality].network_input
    inputs, outputs = (getattr(encoder.model, ends, None) or [] for ends in ("inputs", "outputs"))
    ends = f"takes {_named(inputs)} and gives {_named(outputs)}"
    if not inputs:
        raise UserError(f"{source} does not say what it takes; expected a functional model of Keras: build it as one")
    clips = clip_spec(encoder).shape
    shape = inputs[0].shape
    if len(inputs) != 1 or len(shape) != clips.rank or shape[-1] not in (None, clips[-1]):
        raise UserError(f"{source} {ends}; expected one input, {wanted}, such as networks of this library have")
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        raise UserError(f"{source} {ends}; expected one output, an embedding [B, D]: pool or join what it gives")
    batch, *lengths = shape[:-1]
    if any(each is not None for each in lengths):
        raise UserError(
            f"{source} takes clips of {lengths} alone; expected a network for clips of any length and "
            "size, such as those of this library"
        )
    if batch is not None:
        raise UserError(f"{source} takes {batch} clips at once and no other number; expected any: build it without one")


def _named(tensors: Sequence[keras.KerasTensor]) -> str:
    return ", ".join(f"{one_line(each.name)} {list(each.shape)}" for each in tensors)


def _is_export_of(encoder: Encoder, out: Path, formats: Sequence[str]) -> bool:
    """Whether a directory, which appears when all of it is there, is what this encoder is exported as."""
    card = out / cards.CARD_NAME
    if (
        not encoder.card.weights_sha256
        or not card.is_file()
        or card.read_text(encoding="utf-8") != encoder.card.to_json()
    ):
        return False
    markers = {FORMAT_FILES[part][0]: name in formats for name, each in FORMATS.items() for part in each.parts}
    return all((out / file).is_file() == there for file, there in markers.items())


def _write(
    encoder: Encoder, directory: Path, formats: Sequence[str], card: ModelCard, heads: Heads | None = None
) -> dict[str, FormatCheck]:
    (directory / cards.CARD_NAME).write_text(encoder.card.to_json(), encoding="utf-8")
    if heads is not None:
        with phase("writing the heads"):
            write_heads(heads, directory / HEADS_FOLDER)
    with only_warnings():
        for name in formats:
            FORMATS[name].write(encoder, directory)
    with examples_of(encoder, scratch=directory) as examples:
        checks = check_formats(directory, formats, examples)
    card.write(directory, checks)
    write_verification(directory, encoder.card.weights_sha256, checks)
    return checks


def _check_again(encoder: Encoder, out: Path, formats: Sequence[str], card: ModelCard) -> dict[str, FormatCheck]:
    """Verifies what is there, and adds what earlier versions did not write: the model card and `verification.json`."""
    with local_copy(out) as folder:
        before = None if not (folder / VERIFICATION_FILE).exists() else read_verification(folder)
        changed = [] if before is None else changed_files(folder, before.files)
        if set(changed) - {MODEL_CARD}:
            raise UserError(f"{out} is not as it was verified: {', '.join(changed)} differ; remove it and export again")
        with examples_of(encoder) as examples:
            checks = check_formats(folder, formats, examples)
        recorded = checks if before is None else before.formats
        written = card.bring_up_to_date(folder, recorded, is_edited=before is None or MODEL_CARD in changed)
        if written or before is None:
            write_verification(folder, encoder.card.weights_sha256, recorded)
            if folder != out:
                for name in (*written, VERIFICATION_FILE):
                    copy_file(folder / name, out / name)
    return checks


def _told(checks: Mapping[str, FormatCheck]) -> dict[str, Any]:
    """What `brave_tf.export` returns: every format's check, and of the SavedModel what its own program told."""
    saved_model = checks.get("savedmodel")
    return {
        **(saved_model.facts if saved_model else {}),
        "formats": {name: dataclasses.asdict(each) for name, each in checks.items()},
    }
