"""Writes an encoder as a reusable SavedModel."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.encoders import card as cards
from brave_tf.encoders.encoder import ENCODER_FILE, Encoder, load_encoder, save_encoder
from brave_tf.errors import UserError
from brave_tf.export.signature import reusable_object
from brave_tf.export.verify import verify
from brave_tf.files import is_taken, new_folder
from brave_tf.modalities import TowerChoice
from brave_tf.progress import phase
from brave_tf.storage import as_path, local_copy

FILES = {"savedmodel": "saved_model.pb", "keras": ENCODER_FILE}
"""By format, a file that is there in that format alone."""
FORMATS = tuple(FILES)


def export_encoder(
    encoder: Encoder | str | os.PathLike[str],
    out: str | os.PathLike[str],
    tower: TowerChoice | None = None,
    formats: str | Sequence[str] = ("savedmodel",),
) -> dict[str, Any]:
    """Does what `brave_tf.commands.export` documents."""
    out = as_path(out)
    formats = [formats] if isinstance(formats, str) else list(formats)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise UserError(f"received formats {list(formats)}; expected some of {', '.join(FORMATS)}")
    with phase("loading the encoder"):
        encoder = load_encoder(encoder, tower)
    if encoder.model is None:
        raise UserError(f"{encoder.path} is exported already; expected a run directory or a .keras file")
    if is_taken(out):
        if not _is_export_of(encoder, out, formats):
            raise UserError(f"{out} exists already; choose another --out, or remove it")
        # As after a kill when all was written: the same command finds that nothing is left to do but to look at it.
        if "savedmodel" not in formats:
            return {}
        with local_copy(out) as folder:
            return verify(folder, encoder)
    with new_folder(out) as folder:
        return _write(encoder, folder, formats)


def _is_export_of(encoder: Encoder, out: Path, formats: Sequence[str]) -> bool:
    """Whether a directory, which appears when all of it is there, is what this encoder is exported as."""
    card = out / cards.CARD_NAME
    if (
        not encoder.card.weights_sha256
        or not card.is_file()
        or card.read_text(encoding="utf-8") != encoder.card.to_json()
    ):
        return False
    return all((out / each).is_file() == (name in formats) for name, each in FILES.items())


def _write(encoder: Encoder, directory: Path, formats: Sequence[str]) -> dict[str, Any]:
    verified: dict[str, Any] = {}
    if "savedmodel" in formats:
        with phase("building the graphs of the SavedModel"):
            root, signatures = reusable_object(encoder)
        with phase("writing the SavedModel"):
            tf.saved_model.save(root, str(directory), signatures=signatures)
        with phase("verifying the SavedModel in a fresh process"):
            verified = verify(directory, encoder, scratch=directory)
    if "keras" in formats:
        save_encoder(encoder.model, encoder.card, directory / ENCODER_FILE)
    (directory / cards.CARD_NAME).write_text(encoder.card.to_json(), encoding="utf-8")
    return verified
