"""Reads released checkpoints without running what a pickle might ask for."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from brave_tf.errors import UserError

SIMPLE_TYPES = frozenset(
    ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"],
)
"""Types of numbers that arrays may hold."""

_OBJECT = "O8"


class _Type:
    """Stands for `numpy.dtype`, whose own way of restoring its state can be led to read and write any memory."""

    def __init__(self, code: str, align: bool = False, copy: bool = False):
        if code not in SIMPLE_TYPES | {_OBJECT}:
            raise _RefusedError(f"an array of type {code!r}")
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, *parts = state
        if order not in ("<", ">", "|", "=") or any(part is not None for part in parts[:3]) or parts[3:5] != [-1, -1]:
            raise _RefusedError("an array of compound type")
        self.order = order

    def numbers(self, data: Any, shape: Any, is_fortran: bool = False) -> np.ndarray:
        """An array of plain numbers, copied from bytes; NumPy checks that they are as many as the shape says."""
        if self.code == _OBJECT:
            raise _RefusedError("an array of objects")
        flat = np.frombuffer(bytes(data), np.dtype(self.order + self.code))
        return flat.reshape(shape, order="F" if is_fortran else "C").copy()


class _Array:
    """Stands for an array until its state is read."""

    def __init__(self, *arguments: Any):
        self.value: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, data = state
        if kind.code == _OBJECT:
            # NumPy pickles an object without axes as an array that holds it.
            if shape != () or not isinstance(data, list) or len(data) != 1:
                raise _RefusedError("an array of objects")
            self.value = data[0]
        else:
            self.value = kind.numbers(data, shape, is_fortran)


def _mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(values)


def _scalar(kind: _Type, data: bytes) -> Any:
    return kind.numbers(data, ())[()]


def _from_buffer(data: Any, kind: _Type, shape: Any, order: str) -> np.ndarray:
    return kind.numbers(data, shape, order == "F")


# NumPy pickles arrays by private functions, under module names that depend on the version that wrote them. None of them
# is called: ours take the same arguments, and build arrays of plain numbers only.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): "numpy.ndarray",
    ("numpy", "dtype"): _Type,
    **{
        (f"numpy.{core}.{module}", name): ours
        for core in ("core", "_core")
        for module, name, ours in (
            ("multiarray", "_reconstruct", _Array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
    ("haiku._src.data_structures", "FlatMapping"): _mapping,
    ("haiku._src.data_structures", "frozendict"): _mapping,
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Admits the reconstruction of NumPy arrays and Haiku's mappings; refuses any other name before it is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _RefusedError(f"{module}.{name} to be called") from None


class _RefusedError(Exception):
    """A pickle names something that a checkpoint has no use for."""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a `.npy` file that holds one pickled dictionary, such as the released checkpoints.

    Args:
        path: the file.

    Returns:
        What it holds: `params` and `state`, each {module: {array: values}}, and `config`, as far as they are there.

    Raises:
        UserError: the file is not there, damaged, something else, or asks for code to be run.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}; expected a .npy checkpoint")
    try:
        content = _unpickle(path)
    except _RefusedError as error:
        raise UserError(
            f"{path} asks for {error}; expected NumPy arrays of numbers and Haiku mappings only; "
            "nothing of it was run: do not trust this file"
        ) from None
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path} is damaged or not a checkpoint ({error or type(error).__name__})") from None
    if not isinstance(content, Mapping) or not {"params", "state"} <= content.keys():
        held = ", ".join(map(str, content)) if isinstance(content, Mapping) else type(content).__name__
        raise UserError(f"{path} holds {held}; expected a dictionary with params and state")
    return dict(content)


def _unpickle(path: Path) -> Any:
    with open(path, "rb") as file:
        version = npy.read_magic(file)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, _, dtype = read_header(file)
        if shape != () or not dtype.hasobject:
            raise ValueError(f"an array {shape} of {dtype}")
        return _plain(_RestrictedUnpickler(file).load())


def _plain(value: Any) -> Any:
    """The same value with arrays in the place of what stood for them."""
    if isinstance(value, _Array):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(inner) for inner in value)
    return value
