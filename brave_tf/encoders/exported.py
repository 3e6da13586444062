"""An export as a directory: which files it consists of, and `verification.json`, which lists them."""

import dataclasses
import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from brave_tf.config.ranges import STRICT
from brave_tf.config.values import to_dict
from brave_tf.encoders.card import CARD_NAME
from brave_tf.encoders.checksums import file_sha256, is_inside, sha256_of_files
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.files import write_json
from brave_tf.runs.paths import ENCODER_FILE

VERIFICATION_FILE = "verification.json"
"""What was checked of an export, and the SHA-256 of every file that was."""
MODEL_CARD = "README.md"
"""What the Hugging Face Hub and Kaggle show of a model."""
HEADS_FOLDER = "heads"
HEADS_FILE = "heads.keras"
"""In `HEADS_FOLDER`: the heads, beside the encoders that they stand on."""
ONNX_FILE = "encoder.onnx"
LITERT_FILES: Mapping[str, str] = {name: f"encoder_{name}.tflite" for name in ("float32", "float16", "int8")}
"""By the precision of the weights."""
SAVED_MODEL_FILES = ("saved_model.pb", "fingerprint.pb", "variables/*", "assets/*")
"""What loading a SavedModel takes."""
WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"
"""Beside a SavedModel, for TensorFlow Serving alone: an export without it is a whole one."""
FORMAT_FILES: Mapping[str, tuple[str, ...]] = {
    "savedmodel": (*SAVED_MODEL_FILES, WARM_UP_FILE),
    "keras": (ENCODER_FILE,),
    "onnx": (ONNX_FILE,),
    **{f"litert-{precision}": (file,) for precision, file in LITERT_FILES.items()},
}
"""Patterns of the files of each format, of LiteRT each precision; the first is a file of this format alone."""
COMMON_FILES = (CARD_NAME, VERIFICATION_FILE, f"{HEADS_FOLDER}/*")
"""Patterns of the files that belong to no format, without those of the model card."""

_Read = TypeVar("_Read", bound="Listed")


@dataclasses.dataclass(frozen=True)
class ListedFormat:
    """One format, as far as every version of this library tells of it.

    Attributes:
        files: SHA-256 of what belongs to it, the card too, by path in the directory.
    """

    files: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class FormatCheck(ListedFormat):
    """One format, of LiteRT one precision, as it was checked in a process of its own.

    Attributes:
        files: SHA-256 of what belongs to it, the card too, by path in the directory.
        bytes: size of these files without the card.
        error: largest difference of an embedding from the Keras model's, as a share of that embedding's largest value.
        cosine: least cosine of an embedding and the Keras model's.
        latency_ms: time to embed one clip of `input_shape`.
        keras_latency_ms: of the Keras model, as a TensorFlow graph, for the same clip.
        input_shape: with the batch axis: [1, T, H, W, C], or [1, S, M] of sound.
        checked_with: package and version that loaded it.
        facts: what else there is to tell of a format, such as the opset of ONNX.
    """

    __pydantic_config__ = STRICT
    bytes: int
    error: float
    cosine: float
    latency_ms: float
    keras_latency_ms: float
    input_shape: tuple[int, ...]
    checked_with: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Listed:
    """What `verification.json` holds, as far as every version of this library writes it.

    Attributes:
        formats: by name, see `FORMAT_FILES`.
        other_files: SHA-256 of what belongs to no format, by path.
    """

    formats: Mapping[str, ListedFormat]
    other_files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of every file by path, but of `verification.json` itself."""
        files = dict(self.other_files)
        for each in self.formats.values():
            files |= each.files
        return files


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification(Listed):
    """What `verification.json` holds.

    Attributes:
        formats: by name, see `FORMAT_FILES`.
        other_files: SHA-256 of what belongs to no format, by path.
        weights_sha256: of the encoder's card.
        version: of the file.
    """

    __pydantic_config__ = STRICT
    formats: Mapping[str, FormatCheck]
    weights_sha256: str
    version: int = 1


def write_verification(directory: Path, weights_sha256: str, formats: Mapping[str, FormatCheck]) -> None:
    """Writes `verification.json` for a directory that is complete otherwise."""
    verification = Verification(formats=formats, weights_sha256=weights_sha256)
    others = {name for name in relative_files(directory) if name != VERIFICATION_FILE} - verification.files.keys()
    verification = dataclasses.replace(verification, other_files=sha256_of_files(directory, others))
    write_json(directory / VERIFICATION_FILE, to_dict(verification))


def read_verification(directory: Path) -> Verification:
    """Reads `verification.json`; whether the files are those that it lists is another question, see `changed_files`.

    Raises:
        UserError: there is none, it is damaged, or lists a place outside the directory.
    """
    try:
        return _read(directory, Verification)
    except FileNotFoundError:
        raise UserError(
            f"{directory} has no {VERIFICATION_FILE}; expected a directory that `brave-tf export` wrote, "
            "which the same command again adds it to"
        ) from None


def check_listed(directory: Path, source: str) -> None:
    """Raises `UserError` if a file of a directory is not what `verification.json` beside it, if any, lists.

    Args:
        directory: it may lack some of what is listed; the model card in it may be edited.
        source: where it comes from, for the message.
    """
    try:
        listed = _read(directory, Listed).files
    except FileNotFoundError:
        return
    for name, digest in sorted(listed.items()):
        file = directory / name
        if name != MODEL_CARD and file.is_file() and file_sha256(file) != digest:
            raise UserError(
                f"{source}: {one_line(name)} is not what {VERIFICATION_FILE} lists (its SHA-256 is another); it is "
                "damaged, or was changed after its export: fetch it again, or ask who published it"
            )


def _read(directory: Path, kind: type[_Read]) -> _Read:
    file = directory / VERIFICATION_FILE
    try:
        found = pydantic.TypeAdapter(kind).validate_json(file.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{file} cannot be read ({reason_of(error)}); make it readable, or export again") from error
    except pydantic.ValidationError:
        raise UserError(
            f"{file} is damaged; expected what `brave-tf export` writes; remove it and export again"
        ) from None
    outside = [name for name in found.files if not is_inside(name)]
    if outside:
        raise UserError(
            f"{file} lists {one_line(outside[0])!r}; expected files within its folder, nothing outside the directory; "
            "do not trust it"
        )
    return found


def changed_files(directory: Path, listed: Mapping[str, str]) -> list[str]:
    """Paths of `listed` whose file has another SHA-256, or is not there; requests for warm-up may be removed."""
    present = [name for name in listed if (directory / name).is_file()]
    digests = sha256_of_files(directory, present)
    return sorted(
        name for name in listed if digests.get(name) != listed[name] and (name in digests or name != WARM_UP_FILE)
    )


def relative_files(directory: Path, patterns: tuple[str, ...] = ("*",)) -> list[str]:
    """Every file below a directory on this machine that fits a pattern, as paths with `/`, in order."""
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    return [name for name in names if any(fnmatch.fnmatchcase(name, each) for each in patterns)]
