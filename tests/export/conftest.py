"""One export for all tests that look at it: a network of one unit, in every format whose packages are installed."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Export(NamedTuple):
    encoder: Any
    folder: Path
    formats: list[str]
    found: dict[str, Any]


@pytest.fixture(scope="session")
def tiny_export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Export]:
    """Not to be changed. The folder is called 1, as a version of a model is."""
    from brave_tf.encoders.loading import load_encoder
    from brave_tf.export import export_encoder
    from brave_tf.export.formats import FORMATS
    from tests.programs import run_checker
    from tests.reduced import one_unit

    formats = [name for name, each in FORMATS.items() if all(map(importlib.util.find_spec, each.packages))]
    folder = tmp_path_factory.mktemp("models") / "encoder" / "1"
    with pytest.MonkeyPatch.context() as patch:
        one_unit(patch)
        patch.setattr("brave_tf.export.verify._run_program", run_checker)
        encoder = load_encoder("random:tiny-v")
        found = export_encoder(encoder, folder, formats=formats)
    yield Export(encoder, folder, formats, found)
