"""The formats of an export: how each is written, which files it has, and what checks them."""

import contextlib
import dataclasses
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.encoders.card import CARD_NAME
from brave_tf.encoders.checksums import sha256_of_files
from brave_tf.encoders.encoder import ENCODER_FILE, Encoder, save_encoder
from brave_tf.encoders.exported import FORMAT_FILES, LITERT_FILES, ONNX_FILE, FormatCheck, relative_files
from brave_tf.errors import UserError
from brave_tf.export.litert import write_litert
from brave_tf.export.onnx import OPSET, write_onnx
from brave_tf.export.signature import reusable_object
from brave_tf.export.verify import ROUNDING, Examples, Tolerance, check
from brave_tf.export.warm_up import write_warm_up
from brave_tf.progress import phase


@dataclasses.dataclass(frozen=True)
class Part:
    """What of a format is checked by itself.

    Attributes:
        place: the file that is loaded, in the directory; empty for the directory itself.
        tolerance: what its embeddings may differ by.
        facts: what else there is to tell of it.
    """

    place: str
    tolerance: Tolerance = ROUNDING
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Format:
    """One word of `--formats`.

    Attributes:
        write: writes an encoder into a directory.
        parts: what is checked, by its name in `verification.json`; its files are those of `FORMAT_FILES`.
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


_LITERT_TOLERANCES: Mapping[str, Tolerance] = {
    "float32": ROUNDING,
    "float16": Tolerance(error=1e-2, cosine=0.9999),
    "int8": Tolerance(error=1e-1, cosine=0.995),
}
_LITERT = {f"litert-{precision}": Part(file, _LITERT_TOLERANCES[precision]) for precision, file in LITERT_FILES.items()}

FORMATS: Mapping[str, Format] = {
    "savedmodel": Format(_write_saved_model, {"savedmodel": Part("")}),
    "keras": Format(_write_keras, {"keras": Part(ENCODER_FILE)}),
    "onnx": Format(
        write_onnx,
        {"onnx": Part(ONNX_FILE, facts={"opset": OPSET})},
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
    files = relative_files(directory, FORMAT_FILES[name])
    known = {field.name for field in dataclasses.fields(FormatCheck)}
    return FormatCheck(
        files=sha256_of_files(directory, [*files, CARD_NAME]),
        bytes=sum((directory / file).stat().st_size for file in files),
        error=max(found["errors"].values()),
        keras_latency_ms=examples.keras_latency_ms,
        input_shape=examples.shape,
        facts={**part.facts, **{key: value for key, value in found.items() if key not in known}},
        **{key: found[key] for key in ("cosine", "latency_ms", "checked_with")},
    )
