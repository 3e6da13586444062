"""Writes an encoder as a reusable SavedModel."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.encoders import card as cards
from brave_tf.encoders.encoder import ENCODER_FILE, Encoder, load_encoder, save_encoder
from brave_tf.errors import UserError
from brave_tf.export.signature import reusable_object
from brave_tf.export.verify import verify
from brave_tf.modalities import TowerChoice
from brave_tf.progress import phase

FORMATS = ("savedmodel", "keras")


def export_encoder(
    encoder: Encoder | str | os.PathLike[str],
    out: str | os.PathLike[str],
    tower: TowerChoice | None = None,
    formats: str | Sequence[str] = ("savedmodel",),
) -> dict[str, Any]:
    """Does what `brave_tf.commands.export` documents."""
    out = Path(out)
    formats = [formats] if isinstance(formats, str) else list(formats)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise UserError(f"received formats {list(formats)}; expected some of {', '.join(FORMATS)}")
    with phase("loading the encoder"):
        encoder = load_encoder(encoder, tower)
    if encoder.model is None:
        raise UserError(f"{encoder.path} is exported already; expected a run directory or a .keras file")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists already; choose another --out, or remove it")

    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        verified = _write(encoder, partial, formats)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return verified


def _write(encoder: Encoder, directory: Path, formats: Sequence[str]) -> dict[str, Any]:
    verified: dict[str, Any] = {}
    if "savedmodel" in formats:
        with phase("building the graphs of the SavedModel"):
            root, signatures = reusable_object(encoder)
        with phase("writing the SavedModel"):
            tf.saved_model.save(root, str(directory), signatures=signatures)
        with phase("verifying the SavedModel in a fresh process"):
            verified = verify(directory, encoder)
    if "keras" in formats:
        save_encoder(encoder.model, encoder.card, directory / ENCODER_FILE)
    (directory / cards.CARD_NAME).write_text(encoder.card.to_json(), encoding="utf-8")
    return verified
