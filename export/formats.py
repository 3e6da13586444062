"""The formats of an export: how each is written, which files it has, and what checks them."""

import contextlib
import dataclasses
import fnmatch
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.encoders import card as cards
from brave_tf.encoders.encoder import ENCODER_FILE, Encoder, save_encoder
from brave_tf.errors import UserError
from brave_tf.export.litert import TOLERANCES, file_name, write_litert
from brave_tf.export.onnx import ONNX_FILE, OPSET, write_onnx
from brave_tf.export.signature import reusable_object
from brave_tf.export.verification import FormatCheck, relative_files, sha256_of_files
from brave_tf.export.verify import TOLERANCE, Examples, check
from brave_tf.export.warm_up import write_warm_up
from brave_tf.progress import phase


@dataclasses.dataclass(frozen=True)
class Part:
    """What of a format is checked by itself.

    Attributes:
        patterns: its files; the first is a file that is there in this format alone.
        place: what is loaded, in the directory.
        tolerance: largest difference of embeddings, as a share of the largest value.
        facts: what else there is to tell of it.
    """

    patterns: tuple[str, ...]
    place: str
    tolerance: float = TOLERANCE
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Format:
    """One word of `--formats`.

    Attributes:
        write: writes an encoder into a directory.
        parts: what is checked, by its name in `verification.json`.
        packages: modules that it needs beyond the library's requirements.
        extra: the extra of the library that installs them.
    """

    write: Callable[[Encoder, Path], None]
    parts: Mapping[str, Part]
    packages: tuple[str, ...] = ()
    extra: str = ""


def _write_saved_model(encoder: Encoder, directory: Path) -> None:
    with phase("building the graphs of the SavedModel"):
        root, signatures = reusable_object(encoder)
    with phase("writing the SavedModel"):
        tf.saved_model.save(root, str(directory), signatures=signatures)
        with contextlib.suppress(OSError):
            # Empty, which not every place that it is copied to can hold.
            (directory / "assets").rmdir()
        write_warm_up(directory, encoder, signatures)


def _write_keras(encoder: Encoder, directory: Path) -> None:
    with phase("writing the Keras model"):
        save_encoder(encoder.model, encoder.card, directory / ENCODER_FILE)


_SAVED_MODEL_FILES = ("saved_model.pb", "fingerprint.pb", "variables/*", "assets/*", "assets.extra/*")
_LITERT = {
    f"litert-{precision}": Part((file_name(precision),), file_name(precision), tolerance)
    for precision, tolerance in TOLERANCES.items()
}

FORMATS: Mapping[str, Format] = {
    "savedmodel": Format(_write_saved_model, {"savedmodel": Part(_SAVED_MODEL_FILES, "")}),
    "keras": Format(_write_keras, {"keras": Part((ENCODER_FILE,), ENCODER_FILE)}),
    "onnx": Format(
        write_onnx,
        {"onnx": Part((ONNX_FILE,), ONNX_FILE, facts={"opset": OPSET})},
        packages=("tf2onnx", "onnx", "onnxruntime"),
        extra="onnx",
    ),
    "litert": Format(write_litert, _LITERT, packages=("ai_edge_litert",), extra="litert"),
}
"""By the word that users choose, in the order in which they are written and checked."""


def check_packages(formats: Sequence[str]) -> None:
    """Raises `UserError` if a format needs a package that is not installed."""
    for name in formats:
        facts = FORMATS[name]
        missing = [package for package in facts.packages if importlib.util.find_spec(package) is None]
        if missing:
            raise UserError(
                f"received --formats {name}, which needs {', '.join(missing)}; not installed: "
                f'pip install "brave_tf[{facts.extra}]"'
            )


def check_formats(directory: Path, formats: Sequence[str], examples: Examples) -> dict[str, FormatCheck]:
    """Checks every format of a directory, each of its parts in a process of its own.

    Raises:
        UserError: one does not load, or embeds differently.
    """
    return {
        name: _check_part(directory, name, part, examples)
        for word in formats
        for name, part in FORMATS[word].parts.items()
    }


def _check_part(directory: Path, name: str, part: Part, examples: Examples) -> FormatCheck:
    with phase(f"verifying {name} in a fresh process"):
        loader = name.partition("-")[0]
        found = check(loader, directory / part.place, examples, part.tolerance)
    files = [
        path for path in relative_files(directory) if any(fnmatch.fnmatchcase(path, each) for each in part.patterns)
    ]
    known = {field.name for field in dataclasses.fields(FormatCheck)}
    return FormatCheck(
        files=sha256_of_files(directory, [*files, cards.CARD_NAME]),
        bytes=sum((directory / file).stat().st_size for file in files),
        error=max(found["errors"].values()),
        keras_latency_ms=examples.keras_latency_ms,
        input_shape=examples.shape,
        facts={**part.facts, **{key: value for key, value in found.items() if key not in known}},
        **{key: found[key] for key in ("cosine", "latency_ms", "checked_with")},
    )
