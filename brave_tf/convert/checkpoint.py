"""From a released checkpoint to an encoder, an export, a model card and, if all of it is there, the whole model."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from brave_tf.config import SOURCE_FPS, Config
from brave_tf.config.values import from_dict
from brave_tf.convert.haiku import from_haiku
from brave_tf.convert.model_card import model_card
from brave_tf.convert.names import AUDIO, BROAD_RGB, NARROW
from brave_tf.convert.pickles import read_checkpoint
from brave_tf.convert.released import locate
from brave_tf.convert.trees import Trees
from brave_tf.encoders.card import card_of
from brave_tf.encoders.checksums import file_sha256
from brave_tf.encoders.encoder import ENCODER_FILE, save_encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.export import export_encoder
from brave_tf.export.verify import verify
from brave_tf.files import is_unfinished, new_folder
from brave_tf.method.brave import Brave
from brave_tf.models.backbones import video_backbone
from brave_tf.progress import phase
from brave_tf.storage import as_path, local_copy
from brave_tf.training.build import build

BRAVE_FILE = "brave.keras"
SAVED_MODEL = "saved_model"
CARD_FILE = "model_card.md"

_RELEASED_VIEW = {
    "num_frames_narrow": 16,
    "step_narrow": 2,
    "image_size_narrow": 224,
    "num_frames_broad": 64,
    "step_broad": 4,
    "image_size_broad": 112,
    "num_spectrogram_bins": 80,
    "fft_step": 160,
    "input_audio_sample_rate": 48_000,
}
"""The released configuration, for checkpoints that do not carry theirs."""


@dataclasses.dataclass(frozen=True)
class Converted:
    """What a conversion found and wrote.

    Attributes:
        config: the experiment that the weights belong to.
        towers: which towers and heads were converted.
        passed_over: modules that the released code does not use, or that no tower here is called like; with the number
            of their arrays.
        not_whole: why only the narrow tower was converted of a checkpoint that holds more; else empty.
        verified: what the check of the exported encoder found.
    """

    config: Config
    towers: tuple[str, ...]
    passed_over: dict[str, int]
    not_whole: str
    verified: dict[str, Any]


def convert_checkpoint(checkpoint: str | Path, out: str | Path) -> Converted:
    """Does what `brave_tf.commands.convert` documents."""
    file, name = locate(str(checkpoint))
    out = as_path(out)
    if out.exists() and not is_unfinished(out):
        if not _is_conversion_of(file, out):
            raise UserError(f"{out} exists already; choose another --out, or remove it")
        # As after a kill when all was written: the same command finds that nothing is left to do but to look at it.
        converted = _read_models(file, name)[0]
        with local_copy(out) as folder:
            verified = verify(folder / SAVED_MODEL, load_encoder(folder))
        return dataclasses.replace(converted, verified=verified)
    with new_folder(out) as folder:
        converted = write_networks(folder, file, name)
        # All weights but those of the encoder are gone by now.
        verified = export_encoder(load_encoder(folder), folder / SAVED_MODEL)
    return dataclasses.replace(converted, verified=verified)


def _is_conversion_of(checkpoint: Path, out: Path) -> bool:
    """Whether a directory, which appears when all of it is there, is what a checkpoint was converted to."""
    parts = (CARD_FILE, ENCODER_FILE, SAVED_MODEL)
    return all((out / each).exists() for each in parts) and file_sha256(checkpoint) in (out / CARD_FILE).read_text(
        "utf-8"
    )


def write_networks(folder: Path, checkpoint: Path, name: str) -> Converted:
    """Writes the encoder that a checkpoint holds, its model card and, if all of it is there, the whole model.

    Args:
        folder: to write into.
        checkpoint: the `.npy` file.
        name: its published name; empty for a file of one's own.

    Raises:
        UserError: it is damaged, malicious, or does not hold the arrays of the narrow tower.
    """
    converted, model, encoder = _read_models(checkpoint, name)
    with phase("writing the networks"):
        card = card_of(converted.config, encoder, steps=0)
        save_encoder(encoder, card, folder / ENCODER_FILE)
        if model is not None:
            model.save(folder / BRAVE_FILE)
    digest = file_sha256(checkpoint)
    text = model_card(name, checkpoint.name, digest, card, encoder, converted.towers, converted.passed_over)
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
    return converted


def _read_models(checkpoint: Path, name: str) -> tuple[Converted, Brave | None, keras.Model]:
    """What a checkpoint becomes, not verified; the whole model, if it holds that, and the encoder."""
    with phase(f"reading {checkpoint.name}"):
        content = read_checkpoint(checkpoint)
    released = content.get("config") or {}
    if not isinstance(released, Mapping):
        raise UserError(f"{checkpoint} holds a config that is a {type(released).__name__}; expected a dictionary")
    trees = Trees.of(content["params"], content["state"], str(checkpoint))
    not_whole = ""
    with phase("building the networks"):
        try:
            config, model, encoder = _models(trees, released, name)
        except UserError as error:
            if not trees.is_whole:
                raise
            # The encoder is what most want, and only the names of its tower are known for certain.
            trees, not_whole = trees.narrow(), str(error)
            config, model, encoder = _models(trees, released, name)
    return Converted(config, trees.towers, trees.passed_over, not_whole, {}), model, encoder


def _models(trees: Trees, released: Mapping[str, Any], name: str) -> tuple[Config, Brave | None, keras.Model]:
    """The experiment, the whole model if the trees hold it, and the encoder, with the weights of the trees."""
    config = _config(trees, released, name)
    model = build(config) if trees.is_whole else None
    encoder = model.encoder if model else video_backbone(config.model.narrow, "narrow_backbone")
    from_haiku(model or encoder, trees.params, trees.state, trees.source)
    return config, model, encoder


def _config(trees: Trees, released: Mapping[str, Any], name: str) -> Config:
    settings = {key: released.get(key, value) for key, value in _RELEASED_VIEW.items()}
    # NumPy's numbers are as good as Python's.
    view: dict[str, Any] = {
        key: value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value
        for key, value in settings.items()
    }
    for key, value in view.items():
        if not isinstance(value, int | float):
            kind = type(value).__name__
            raise UserError(f"{trees.source} holds an unusable config: {key} is a {kind}; expected a number")
    has_rgb, has_audio = BROAD_RGB.prefix in trees.towers, AUDIO.prefix in trees.towers
    hidden, projection = trees.head_sizes()
    broad_rgb = {"frames": view["num_frames_broad"], "step": view["step_broad"], "size": view["image_size_broad"]}
    values: dict[str, Any] = {
        "name": name or "released",
        "narrow": {"frames": view["num_frames_narrow"], "step": view["step_narrow"], "size": view["image_size_narrow"]},
        # A narrow tower alone says nothing of its broad views; a configuration needs one.
        "broad": {"rgb": broad_rgb if has_rgb or not has_audio else None},
        "model": {
            "narrow": trees.backbone(NARROW),
            "rgb": trees.backbone(BROAD_RGB),
            "audio": trees.backbone(AUDIO, channels=1),
            "hidden_size": hidden,
            "projection_size": projection,
            "heads": "shared",
            "loss_scale": "released",
        },
    }
    try:
        if has_audio:
            values["broad"]["audio"] = {
                "seconds": view["num_frames_broad"] * view["step_broad"] / SOURCE_FPS,
                "sample_rate_hz": view["input_audio_sample_rate"],
                "mel_bands": view["num_spectrogram_bins"],
                "window_samples": 2 * view["fft_step"],
                "step_samples": view["fft_step"],
            }
        return from_dict(values)
    except (TypeError, UserError) as error:
        raise UserError(
            f"{trees.source} holds an unusable config: {error}; expected that of a released checkpoint"
        ) from None
