"""`verification.json`: which files an export has, and how each format did when it was checked."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic

from brave_tf.config.ranges import STRICT
from brave_tf.config.values import to_dict
from brave_tf.encoders.checksums import VERIFICATION_FILE as VERIFICATION_FILE
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.files import write_json


@dataclasses.dataclass(frozen=True)
class FormatCheck:
    """One format, of LiteRT one precision, as it was checked in a process of its own.

    Attributes:
        files: SHA-256 of what belongs to it, the card too, by path in the directory.
        bytes: size of these files without the card.
        error: largest difference of an embedding from the Keras model's, as a share of the largest value, or of 1 where
            all are smaller.
        cosine: least cosine of an embedding and the Keras model's.
        latency_ms: time to embed one clip of `input_shape`.
        keras_latency_ms: of the Keras model, as a TensorFlow graph, for the same clip.
        input_shape: with the batch axis: [1, T, H, W, C], or [1, S, M] of sound.
        checked_with: package and version that loaded it.
        facts: what else there is to tell of a format, such as the opset of ONNX.
    """

    __pydantic_config__ = STRICT
    files: Mapping[str, str]
    bytes: int
    error: float
    cosine: float
    latency_ms: float
    keras_latency_ms: float
    input_shape: tuple[int, ...]
    checked_with: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Verification:
    """What `verification.json` holds.

    Attributes:
        weights_sha256: of the encoder's card.
        formats: by name: savedmodel, keras, onnx, litert-float32, litert-float16, litert-int8.
        other_files: SHA-256 of what belongs to no format, by path.
        version: of the file.
    """

    __pydantic_config__ = STRICT
    weights_sha256: str
    formats: Mapping[str, FormatCheck]
    other_files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    version: int = 1

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of every file by path, but of `verification.json` itself."""
        files = dict(self.other_files)
        for each in self.formats.values():
            files |= each.files
        return files


def write_verification(directory: Path, weights_sha256: str, formats: Mapping[str, FormatCheck]) -> None:
    """Writes `verification.json` for a directory that is complete otherwise."""
    verification = Verification(weights_sha256, formats)
    others = {name for name in relative_files(directory) if name != VERIFICATION_FILE} - verification.files.keys()
    verification = dataclasses.replace(verification, other_files=sha256_of_files(directory, others))
    write_json(directory / VERIFICATION_FILE, to_dict(verification))


def read_verification(directory: Path) -> Verification:
    """Reads `verification.json`; whether the files are those that it lists is another question, see `changed_files`.

    Raises:
        UserError: there is none, or it is damaged.
    """
    file = directory / VERIFICATION_FILE
    try:
        verification = pydantic.TypeAdapter(Verification).validate_json(file.read_bytes())
    except FileNotFoundError:
        raise UserError(
            f"{directory} has no {VERIFICATION_FILE}; expected a directory that `brave-tf export` wrote, "
            "which the same command again adds it to"
        ) from None
    except OSError as error:
        raise UserError(f"{file} cannot be read ({reason_of(error)})") from error
    except pydantic.ValidationError:
        raise UserError(f"{file} is damaged; remove it, and give the same export command again") from None
    outside = [name for name in verification.files if name.startswith("/") or ".." in name.split("/")]
    if outside:
        raise UserError(f"{file} lists {one_line(outside[0])}, which is outside the directory; export again")
    return verification


def changed_files(directory: Path, listed: Mapping[str, str]) -> list[str]:
    """Paths of `listed` whose file is not there, or has another SHA-256."""
    present = [name for name in listed if (directory / name).is_file()]
    digests = sha256_of_files(directory, present)
    return sorted(name for name in listed if digests.get(name) != listed[name])


def relative_files(directory: Path) -> list[str]:
    """Every file below a directory on this machine, as paths with `/`, in order."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def sha256_of_files(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files by their paths in a directory, in order."""
    digests = {}
    for name in sorted(names):
        with (directory / name).open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests
