"""Paths on the command line, here and elsewhere."""

import os
from pathlib import Path
from typing import Any

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec

from brave_tf.storage import RemotePath, is_remote


def path_registry() -> ConstructorRegistry:
    """Makes all arguments of the type `Path` take `gs://bucket/folder`, of which `Path` keeps one of the slashes.

    Whether anything knows that kind of storage is said by who uses the path: the name of an encoder may look like one.
    """
    registry = ConstructorRegistry()

    @registry.primitive_rule
    def path_rule(info: Any) -> PrimitiveConstructorSpec[Path] | None:
        if info.type is not Path:
            return None
        return PrimitiveConstructorSpec(
            nargs=1,
            metavar="PATH",
            instance_from_str=lambda words: path_as_given(words[0]),
            is_instance=lambda value: isinstance(value, Path),
            str_from_instance=lambda path: [os.fspath(path)],
        )

    return registry


def path_as_given(text: str) -> Path:
    """A path of the kind that a text names."""
    return RemotePath(text) if is_remote(text) else Path(text)
