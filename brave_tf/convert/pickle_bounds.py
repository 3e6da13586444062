"""Bounds for pickles of strangers: what a small file may ask a machine to hold or to walk through.

A pickle of a few hundred bytes can declare a terabyte, or nest shared values so that a walk through them never ends.
So a pickle is read twice: first its operations alone, of which nothing is built, and then as what they say.
"""

import os
import pickletools
from typing import Any, BinaryIO

MOST_OPERATIONS = 1_000_000
"""Operations of one pickle; a released checkpoint has some thousands for each tower."""
MOST_VALUES = 100_000
"""Values that it may hold, a shared one counted wherever it stands."""
DEEPEST = 50
"""Values inside one another."""

_SETS = frozenset(["EMPTY_SET", "FROZENSET", "ADDITEMS"])
_BUFFERS = frozenset(["NEXT_BUFFER", "READONLY_BUFFER"])
"""Of memory beside the pickle, which a file has none of."""
_TUPLES = frozenset(["EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"])
_GETS = frozenset(["GET", "BINGET", "LONG_BINGET"])
_PUTS = frozenset(["PUT", "BINPUT", "LONG_BINPUT"])
_MARK = pickletools.markobject


class TooLargeError(Exception):
    """A pickle asks for more than a checkpoint has use for; the message says what."""


class BoundedFile:
    """A file of which no more can be asked than is left of it.

    Args:
        file: open for reading; read from where it stands.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self.left = os.fstat(file.fileno()).st_size - file.tell()

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            ValueError: there are fewer.
        """
        self.check(size)
        data = self._file.read(size)
        self.left -= len(data)
        return data

    def readline(self) -> bytes:
        """The rest of the line."""
        data = self._file.readline()
        self.left -= len(data)
        return data

    def check(self, size: int) -> None:
        """Raises `ValueError` if fewer bytes are left than are declared, as in a file that is cut off."""
        if size > self.left:
            raise ValueError(f"it declares {size:,} bytes where {self.left:,} are left")


def check_operations(file: BinaryIO) -> None:
    """Reads through the operations of a pickle.

    Args:
        file: open for reading, where the pickle begins.

    Raises:
        TooLargeError: it has too many operations, numbers what it remembers beyond them, refers to memory beside it, or
            puts into a dictionary or set what can take forever to look up.
        ValueError: it is no pickle, or declares more bytes than the file has.
    """
    bounded = BoundedFile(file)
    simulated = _Stack()
    for number, (operation, argument, _) in enumerate(pickletools.genops(bounded)):  # type: ignore[arg-type]
        if number == MOST_OPERATIONS:
            raise TooLargeError(f"has more than {MOST_OPERATIONS:,} operations")
        if operation.name == "FRAME":
            bounded.check(int(argument or 0))
        simulated.apply(operation, argument)


class _Stack:
    """The stack of an unpickler, with nothing of a value but whether it is a tuple.

    To look a tuple up takes a walk through all that it holds, shared values again and again. Keys of checkpoints are
    words, so that none has to be a tuple; sets they have none.
    """

    def __init__(self) -> None:
        self._places: list[bool | None] = []
        """True for a tuple, None for a mark."""
        self._remembered: dict[int, bool | None] = {}

    def apply(self, operation: pickletools.OpcodeInfo, argument: Any) -> None:
        """Does what an operation does to the stack."""
        name = operation.name
        if name in _SETS:
            raise TooLargeError("holds a set")
        if name in _BUFFERS:
            raise TooLargeError("refers to memory beside it")
        if name in _GETS:
            self._places.append(self._remembered[int(argument)])
        elif name in _PUTS or name == "MEMOIZE":
            at = len(self._remembered) if name == "MEMOIZE" else int(argument)
            # The unpickler makes room up to the number that it is told.
            if not 0 <= at <= MOST_OPERATIONS:
                raise TooLargeError(f"remembers a value as its {at:,}th")
            self._remembered[at] = self._places[-1]
        elif name == "MARK":
            self._places.append(None)
        elif name == "DUP":
            self._places.append(self._places[-1])
        else:
            self._pop(operation)
            self._places += [name in _TUPLES] * len(operation.stack_after)

    def _pop(self, operation: pickletools.OpcodeInfo) -> None:
        wanted = operation.stack_before
        popped: list[bool | None] = []
        if _MARK in wanted:
            while (top := self._places.pop()) is not None:
                popped.append(top)
            popped.reverse()
            wanted = wanted[: wanted.index(_MARK)]
        below = [self._places.pop() for _ in wanted]
        keys = {"SETITEM": below[1:2], "SETITEMS": popped[::2], "DICT": popped[::2]}.get(operation.name, ())
        if any(keys):
            raise TooLargeError("looks something up by a tuple")
