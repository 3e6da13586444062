"""Encoders from wherever they are: a run, a file, an export, a hub, or a name."""

import contextlib
import functools
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from brave_tf.config import AudioViewConfig
from brave_tf.data.augment.batch import AugmentedViews
from brave_tf.encoders import card as cards
from brave_tf.encoders.baselines import BASELINES, load_baseline
from brave_tf.encoders.card import EncoderCard, choose_tower
from brave_tf.encoders.checksums import is_inside
from brave_tf.encoders.encoder import (
    BASELINE,
    ENCODER_FILE,
    KERAS_HUB,
    RANDOM,
    Encoder,
    seeded_initialisation,
)
from brave_tf.encoders.from_run import find_checkpoint, kept_checkpoint, kept_steps, load_checkpoint, load_newest
from brave_tf.encoders.hub_names import is_hub
from brave_tf.encoders.named import random_network
from brave_tf.encoders.places import fetch, keras_file, links_out_of
from brave_tf.errors import UserError, did_you_mean, one_line, reason_of, short_reason
from brave_tf.files import is_unfinished
from brave_tf.method.brave import Brave
from brave_tf.modalities import MODALITIES, NARROW, Modality, TowerChoice
from brave_tf.presets import released_checkpoints
from brave_tf.progress import note
from brave_tf.runs.directory import finished_summary
from brave_tf.runs.paths import CONFIG_FILE, checkpoint_step, checkpoint_steps
from brave_tf.storage import RemotePath, as_path, local_copy

VARIABLES_INDEX = "variables/variables.index"
PROGRAM = "a SavedModel is a program, which can read and write your files: use only those that you trust"
DAMAGED = "its weights are not those that its card tells (their hash is another)"
_ENCRYPTED = 1
"""In the flags of an entry of a ZIP archive."""
_note_once = functools.cache(note)


def load_encoder(
    path: Encoder | str | os.PathLike[str], tower: TowerChoice | None = None, *, step: int | None = None
) -> Encoder:
    """Loads an encoder.

    Args:
        path: a run directory, whose newest checkpoint is taken while it has not finished, a checkpoint
            `RUN/checkpoints/step-N`, a `.keras` file (also of a whole `Brave` model), an exported SavedModel directory,
            `random:NAME` for a network at random initialisation (tsm50, tsm50x2, r3d50, audio-resnet50, tiny, or a
            preset), or what is in the input already: `baseline:pixels` and `baseline:frame-differences`, means over
            time at 16 x 16 pixels, and `baseline:log-mel`, mean and deviation of the sound's mel bands. An `Encoder`
            is given back. Each may be elsewhere, such as `gs://bucket/runs/first`, and is copied to this machine while
            it loads. `hf://OWNER/NAME[@REVISION][/FOLDER]` is on the Hugging Face Hub, and
            `kaggle://OWNER/MODEL/tensorFlow2/VARIATION[/VERSION]` on Kaggle; a name such as `v-a-tsm50` is a
            checkpoint that was published with the paper; each is fetched once. `keras-hub:NAME` is a pretrained
            backbone of KerasHub, such as VideoPrism.
            A SavedModel is a program: it can read and write any file that you can, so load those that you trust.
        tower: which backbone of a run, a whole model or a preset: "narrow" (the default), "broad" for the only broad
            one or the only one of frames, or the modality of a broad one, such as "flow".
        step: of a run directory: the encoder after so many training steps, from one of the checkpoints that it keeps.

    Returns:
        A callable `(video, training=False)`; see `Encoder`.

    Raises:
        UserError: there is nothing there, it is not an encoder, or it has no such tower or checkpoint.

    Example:
        >>> encoder = brave_tf.load_encoder("runs/first")
        >>> encoder(np.zeros([1, 8, 64, 64, 3], "float32")).shape
        TensorShape([1, 512])
    """
    if step is not None:
        return _of_step(path, tower, step)
    if isinstance(path, Encoder):
        path.weights_sha256()  # Its card tells its weights, which may have been trained further since.
        return _checked(path, tower)
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            f"received a {type(path).__name__}; expected a path, a name such as random:tiny, or an Encoder; "
            "a Keras model can be saved as a .keras file, and that be loaded"
        )
    name = os.fspath(path)
    if name.startswith((RANDOM, BASELINE, KERAS_HUB)):
        return _checked(_named(name, tower), tower)
    if is_hub(name):
        return _fetched(name, tower)
    if name in released_checkpoints and not os.path.exists(name):
        return _released(name, tower)
    place = as_path(path)
    try:
        return _from_place(place, tower)
    except OSError as error:
        raise UserError(f"{place} cannot be read ({reason_of(error)}); run the same command again") from error


def _of_step(path: Encoder | str | os.PathLike[str], tower: TowerChoice | None, step: int) -> Encoder:
    if isinstance(path, Encoder) or is_hub(os.fspath(path)):
        name = f"the encoder {path.path}" if isinstance(path, Encoder) else path
        raise UserError(f"received step={step} with {name}; expected a run directory, which keeps checkpoints")
    return load_encoder(kept_checkpoint(as_path(path), step), tower)


def _from_place(path: Path, tower: TowerChoice | None) -> Encoder:
    checkpoint = find_checkpoint(path)
    if checkpoint is not None:
        return _from_run(load_checkpoint, checkpoint, tower)
    if not path.exists() and checkpoint_step(path) is not None and (path.parents[1] / CONFIG_FILE).is_file():
        raise UserError(f"{path} does not exist; expected one that is kept: {kept_steps(path.parents[1])}")
    if not path.exists():
        near = did_you_mean(str(path), released_checkpoints)
        raise UserError(
            f"{path} does not exist; {near}expected a run directory, a .keras file or an exported SavedModel"
        )
    if path.is_file():
        return _checked(_load_keras(path, tower), tower)
    unfinished = (path / CONFIG_FILE).is_file() and finished_summary(path) is None
    if unfinished and (checkpoint_steps(path) or not (path / ENCODER_FILE).is_file()):
        return _from_run(load_newest, path, tower)
    # Before a SavedModel beside it: it is no program, can be exported again, and shows its maps and its network.
    file = keras_file(path, tower, str(path))
    if file is not None:
        return _checked(_load_keras(file, None), tower)
    if (path / "saved_model.pb").is_file():
        return _checked(_load_saved_model(path), tower)
    if is_unfinished(path):
        raise UserError(f"{path} was cut off while it was sent; run the command that writes it once more")
    raise UserError(f"{path} holds no encoder; expected {ENCODER_FILE} (a run) or saved_model.pb (an export) in it")


def _checked(encoder: Encoder, choice: TowerChoice | None) -> Encoder:
    if choice is not None:
        choose_tower(choice, [encoder.card.tower], str(encoder.path))
    return encoder


def _fetched(name: str, tower: TowerChoice | None) -> Encoder:
    """An encoder of the Hugging Face Hub or of Kaggle."""
    found = fetch(name, tower)
    encoder = _from_place(found.path, tower)
    _check_told(encoder, found.name)
    encoder.path = RemotePath(found.name)
    return encoder


def _released(name: str, tower: TowerChoice | None) -> Encoder:
    """An encoder that was published with the paper."""
    encoder = _checked(_load_keras(released_file(name, tower), tower), tower)
    _check_told(encoder, name)
    encoder.path = Path(name)
    return encoder


def released_file(name: str, tower: TowerChoice | None) -> Path:
    """See `brave_tf.convert.cached.converted_release`."""
    from brave_tf.convert.cached import converted_release

    return converted_release(name, tower)


def _check_told(encoder: Encoder, name: str) -> None:
    """Raises `UserError` if an encoder's weights are not those that its card tells."""
    told = encoder.card.weights_sha256
    if encoder.model is not None and told and cards.weights_sha256(encoder.model) != told:
        raise UserError(f"{name} is damaged: {DAMAGED}; fetch it again, or ask who published it")


def _named(name: str, tower: TowerChoice | None) -> Encoder:
    if name.startswith(KERAS_HUB):
        from brave_tf.encoders.keras_hub import load_backbone

        return load_backbone(name)
    if name.startswith(BASELINE):
        baseline = name.removeprefix(BASELINE)
        if baseline not in BASELINES:
            names = [BASELINE + each for each in BASELINES]
            raise UserError(f"received {name}; {did_you_mean(name, names)}expected one of {', '.join(names)}")
        model, card = load_baseline(baseline)
    else:
        network = name.removeprefix(RANDOM)
        with seeded_initialisation(0):
            model, card = random_network(network, tower)
    return Encoder(model, card, Path(name), model.variables, model.trainable_variables)


def _from_run(load: Callable[..., tuple[keras.Model, EncoderCard]], path: Path, tower: TowerChoice | None) -> Encoder:
    with seeded_initialisation(0):
        model, card = load(path, tower)
    return Encoder(model, card, path, model.variables, model.trainable_variables)


def _load_keras(path: Path, tower: TowerChoice | None) -> Encoder:
    with as_keras_errors(path):
        model = load_archive(path)
        card = cards.read_from_archive(path)
    if isinstance(model, Brave):
        model, card = _tower_of(model, tower, path)
    if card is None:
        card = _guessed_card(model, path)
    return Encoder(model, card, path, model.variables, model.trainable_variables)


def load_archive(path: Path) -> Any:
    """What a `.keras` file holds, if it would unpack nothing outside its own folder.

    Raises:
        UserError: it is no such file, or would.
    """
    with as_keras_errors(path), local_copy(path) as copy:
        _check_archive(copy, path)
        return keras.saving.load_model(copy, compile=False)


@contextlib.contextmanager
def as_keras_errors(path: Path) -> Iterator[None]:
    """Turns what is raised for a file that is no `.keras` model into a `UserError`."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except RecursionError as error:
        raise UserError(
            f"{path} is not a readable .keras model: its description is nested too deeply; expected a file that Keras "
            "made: do not trust it"
        ) from error
    except Exception as error:  # what damage raises depends on which byte is wrong
        raise UserError(
            f"{path} is not a readable .keras model: {short_reason(error)}; expected a file that Keras wrote; copy or "
            "write it again"
        ) from error


def _check_archive(copy: Path, path: Path) -> None:
    """Raises `UserError` if a `.keras` archive is encrypted, or would unpack something outside its own folder."""
    with zipfile.ZipFile(copy) as archive:
        entries = archive.infolist()
    encrypted = [entry.filename for entry in entries if entry.flag_bits & _ENCRYPTED]
    if encrypted:
        raise UserError(
            f"{path} is encrypted ({one_line(encrypted[0])}); expected a .keras file as Keras writes it; unpack it "
            "with its password, and pack it again without one"
        )
    outside = [entry.filename for entry in entries if not is_inside(entry.filename)]
    if outside:
        raise UserError(
            f"{path} would write outside its own folder ({one_line(outside[0])}); expected an archive that Keras made: "
            "do not trust it"
        )


def _guessed_card(model: keras.Model, path: Path) -> EncoderCard:
    """The card of a `.keras` file that has none, from the rank of its input; says what it takes the file for."""
    is_sound = len(model.input_shape) == 3
    card = EncoderCard("audio", "audio", audio=AudioViewConfig()) if is_sound else EncoderCard()
    kind = f"encoder of {MODALITIES[card.modality].word}, {MODALITIES[card.modality].network_input}"
    note(f"{path} does not say what it embeds; by its input {model.input_shape} it is taken for an {kind}")
    return card


def _tower_of(model: Brave, choice: TowerChoice | None, path: Path) -> tuple[keras.Model, EncoderCard]:
    """A backbone of a whole model, and its card."""
    if not isinstance(model.augment, AugmentedViews):
        raise UserError(
            f"{path} is a Brave of networks of its own, whose inputs are not known; expected one of an experiment; "
            "save its model.encoder, and load that with keras.saving.load_model"
        )
    encoders: dict[Any, keras.Model] = {"narrow": model.encoder, **model.broad_encoders}
    tower = choose_tower(choice, list(encoders), str(path))
    return encoders[tower], cards.card_of(model.augment.config, encoders[tower], steps=0, tower=tower)


def _load_saved_model(path: Path) -> Encoder:
    try:
        with local_copy(path) as copy:
            loaded = tf.saved_model.load(str(copy))
    except Exception as error:  # what damage raises depends on which byte is wrong
        if not (path / VARIABLES_INDEX).is_file():
            raise UserError(
                f"{path} is not a whole SavedModel: it has no {VARIABLES_INDEX}; expected saved_model.pb with the "
                "folder variables beside it; copy or export all of it again"
            ) from error
        raise UserError(
            f"{path} is not a readable SavedModel: {short_reason(error).rstrip('.')}; copy or export all of it again"
        ) from error
    _note_once(PROGRAM)
    links = links_out_of(path)
    if links:
        more = f", and so are {len(links) - 1:,} more" if links[1:] else ""
        note(f"{one_line(str(links[0]))} is a link{more}: what is loaded is {one_line(os.path.realpath(links[0]))}")
    card_file = path / cards.CARD_NAME
    card = EncoderCard.from_json(card_file.read_bytes(), path) if card_file.is_file() else None
    if callable(loaded):
        card = card or EncoderCard()
        return Encoder(loaded, card, path, loaded.variables, loaded.trainable_variables)
    function, modality = _signature(loaded, path)
    card = card or EncoderCard(modality, "narrow" if modality == NARROW else modality)
    return Encoder(function, card, path, function.variables, [])


def _signature(loaded: Any, path: Path) -> tuple[Any, Modality]:
    """The signature of a SavedModel that cannot be called, as a function, and what it embeds."""
    kinds: tuple[tuple[str, str, Modality], ...] = (("video", "video", "rgb"),)
    kinds += (("serving_default", "video", "rgb"), ("spectrogram", "spectrogram", "audio"))
    for name, argument, modality in kinds:
        signature = loaded.signatures.get(name)
        if signature is None or argument not in signature.structured_input_signature[1]:
            continue
        if "embedding" in signature.structured_outputs:
            return _SignatureFunction(signature, argument), modality
    raise UserError(
        f"{path} is a SavedModel that cannot be called and has no signature `video` with the output `embedding`; "
        "expected one that `brave-tf export` wrote, or with that signature"
    )


class _SignatureFunction:
    """A signature, called as an encoder is; it cannot be trained further."""

    def __init__(self, signature: Any, argument: str):
        self._signature, self._argument = signature, argument
        self.variables = signature.variables

    def __call__(self, video: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self._signature(**{self._argument: video})["embedding"]
