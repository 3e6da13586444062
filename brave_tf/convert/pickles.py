"""Reads released checkpoints without running what a pickle might ask for."""

import itertools
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy

from brave_tf.convert.pickle_bounds import DEEPEST, MOST_VALUES, BoundedFile, TooLargeError, check_operations
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.storage import as_path, local_copy

SIMPLE_TYPES = frozenset(
    ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"],
)
"""Types of numbers that arrays may hold."""

LONGEST_NUMBER = 64
"""Bits of an integer."""
LISTED_NAMES, LONGEST_NAME = 5, 60
"""Names in a message, and signs of each."""
LONGEST_REASON = 300
"""Signs of what a damaged or hostile file is found to be; it may be in that file's own words."""

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


class _Later:
    """Stands for a value that is made when all of the pickle is read."""

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a state for what has none")


class _Mapping(_Later):
    """Stands for one of Haiku's mappings."""

    def __init__(self, values: Any):
        self.values = values


class _Numbers(_Later):
    """Stands for an array or one number.

    Args:
        data: its bytes; of an array of objects a list.
        kind: the type.
        shape: of the array; of one number None.
        is_fortran: the order of the axes in the data.
    """

    def __init__(self, data: Any, kind: Any, shape: Any, is_fortran: bool = False):
        self.data, self.kind, self.shape, self.is_fortran = data, kind, shape, is_fortran
        self.value: Any = None

    @property
    def holds_object(self) -> bool:
        """Whether it is an object without axes, which NumPy pickles as an array that holds it.

        Raises:
            _RefusedError: it holds objects in another way.
        """
        if self.kind.code != _OBJECT:
            return False
        if self.shape != () or not isinstance(self.data, list) or len(self.data) != 1:
            raise _RefusedError("an array of objects")
        return True

    def numbers(self) -> Any:
        """Plain numbers, copied from bytes; NumPy checks that they are as many as the shape says."""
        flat = np.frombuffer(self.data, np.dtype(self.kind.order + self.kind.code))
        order: Literal["F", "C"] = "F" if self.is_fortran else "C"
        array = flat.reshape(() if self.shape is None else self.shape, order=order).copy()
        return array[()] if self.shape is None else array


class _Array(_Numbers):
    """An array, once its state is read."""

    def __init__(self, *arguments: Any):
        super().__init__(None, None, None)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.kind, self.is_fortran, self.data = state


class _Scalar(_Numbers):
    """One number."""

    def __init__(self, kind: Any, data: Any):
        super().__init__(data, kind, None)


class _FromBuffer(_Numbers):
    """An array as newer pickles have it."""

    def __init__(self, data: Any, kind: Any, shape: Any, order: str):
        super().__init__(data, kind, shape, order == "F")


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
            ("multiarray", "scalar", _Scalar),
            ("numeric", "_frombuffer", _FromBuffer),
        )
    },
    ("haiku._src.data_structures", "FlatMapping"): _Mapping,
    ("haiku._src.data_structures", "frozendict"): _Mapping,
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
    path = as_path(path)
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}; expected a .npy checkpoint")
    try:
        with local_copy(path) as copy:
            content = _unpickle(copy)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({reason_of(error)}); make it readable, or fetch it again") from error
    except _RefusedError as error:
        raise UserError(
            f"{path} asks for {_shown(str(error), LONGEST_REASON)}; expected NumPy arrays of numbers and Haiku "
            "mappings only; nothing of it was run: do not trust this file"
        ) from None
    except TooLargeError as error:
        raise UserError(
            f"{path} {error}; expected NumPy arrays of numbers in a few thousand modules, as the released checkpoints "
            "have them; nothing of it was run: do not trust this file"
        ) from None
    except Exception as error:  # a damaged pickle can raise anything
        reason = _shown(str(error), LONGEST_REASON) or type(error).__name__
        raise UserError(f"{path} is damaged or not a checkpoint ({reason}); fetch it again") from None
    if not isinstance(content, Mapping) or not {"params", "state"} <= content.keys():
        raise UserError(f"{path} holds {_held(content)}; expected a dictionary with params and state")
    return dict(content)


def _held(content: Any) -> str:
    if not isinstance(content, Mapping):
        return type(content).__name__
    names = (_shown(str(name), LONGEST_NAME) for name in itertools.islice(content, LISTED_NAMES))
    return ", ".join(names) or "nothing"


def _shown(text: str, longest: int) -> str:
    """What a stranger may have written, in one line that cannot command a terminal."""
    return one_line(" ".join(text[:longest].split()))


def _unpickle(path: Path) -> Any:
    with open(path, "rb") as file, warnings.catch_warnings(action="error"):
        version = npy.read_magic(file)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, _, dtype = read_header(file)
        if shape != () or not dtype.hasobject:
            raise ValueError(f"an array {shape} of {dtype}")
        place = file.tell()
        check_operations(file)
        file.seek(place)
        bounded = BoundedFile(file)
        builder = _Builder(bounded.left)
        return builder.make(_RestrictedUnpickler(bounded).load())


class _Builder:
    """Puts arrays and mappings in the place of what stands for them.

    Args:
        most_bytes: of all arrays together; a pickle could copy the same bytes again and again.
    """

    def __init__(self, most_bytes: int):
        self._bytes_left = most_bytes
        self._values_left = MOST_VALUES

    def make(self, value: Any, depth: int = 0) -> Any:
        """The value itself.

        Raises:
            TooLargeError: it holds too many values, too deep inside one another, or too large ones.
        """
        self._values_left -= 1
        if self._values_left < 0:
            raise TooLargeError(f"holds more than {MOST_VALUES:,} values")
        if depth > DEEPEST:
            raise TooLargeError(f"holds values more than {DEEPEST} deep inside one another")
        if isinstance(value, _Numbers):
            return self.make(value.data[0], depth + 1) if value.holds_object else self._numbers(value)
        if isinstance(value, _Mapping):
            if not isinstance(value.values, dict | _Mapping):
                raise _RefusedError("a mapping of something else")
            return self.make(value.values, depth + 1)
        if isinstance(value, dict):
            return {self.make(key, depth + 1): self.make(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.make(inner, depth + 1) for inner in value)
        if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER:
            raise TooLargeError(f"holds a number of {value.bit_length():,} bits")
        return value

    def _numbers(self, numbers: _Numbers) -> Any:
        if numbers.value is None:
            # `bytes(2**40)` would be a terabyte of zeros.
            if not isinstance(numbers.data, bytes | bytearray):
                raise _RefusedError(f"an array of a {type(numbers.data).__name__}")
            self._bytes_left -= len(numbers.data)
            if self._bytes_left < 0:
                raise TooLargeError("makes more bytes of arrays than it has")
            numbers.value = numbers.numbers()
        return numbers.value
