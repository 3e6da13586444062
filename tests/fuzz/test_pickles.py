"""Any bytes in the place of a checkpoint's pickle end in a dictionary or in one line, and none of it is run."""

import pickle
import pickletools
import struct

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from brave_tf.convert import read_checkpoint
from brave_tf.errors import UserError
from tests.fuzz.damage import edited, edits

HONEST = {
    "params": {"a/b": {"w": np.arange(6.0, dtype=np.float32).reshape(2, 3), "n": np.float32(1.5)}},
    "state": {"x": [np.arange(3), (1, 2.5, "text", None, True)]},
    "config": {"steps": 2**40},
}
NUMBERS = st.sampled_from([0, 1, 2, 127, 128, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1])
GLOBALS = [
    "numpy ndarray",
    "numpy dtype",
    "numpy._core.multiarray _reconstruct",
    "numpy._core.multiarray scalar",
    "numpy._core.numeric _frombuffer",
    "haiku._src.data_structures FlatMapping",
    "os system",
    "builtins eval",
]
TEXTS = st.sampled_from(
    ["params", "state", "f4", "O8", "|", "<", "b", "A" * 8, "", "\ud800", *" ".join(GLOBALS).split()]
)


def _lines(values):
    return values.map(lambda value: str(value).encode("utf-8", "surrogatepass") + b"\n")


def _counted(code):
    """A piece behind its length, which is now and then another's."""
    size = struct.calcsize(code)

    def pack(value):
        text, number, is_honest = value
        content = text.encode("utf-8", "surrogatepass")
        return struct.pack(code, (len(content) if is_honest else number) % 256**size) + content

    return st.tuples(TEXTS, NUMBERS, st.sampled_from([True, True, True, False])).map(pack)


def _packed(code):
    return NUMBERS.map(lambda number: struct.pack(code, number % 256 ** struct.calcsize(code)))


ARGUMENTS = {
    "uint1": _packed("<B"),
    "uint2": _packed("<H"),
    "int4": _packed("<I"),
    "uint4": _packed("<I"),
    "uint8": _packed("<Q"),
    "float8": st.floats().map(lambda value: struct.pack(">d", value)),
    "floatnl": _lines(st.floats()),
    "decimalnl_short": _lines(NUMBERS),
    "decimalnl_long": _lines(st.one_of(NUMBERS, st.just("9" * 5000)).map(lambda value: f"{value}L")),
    "stringnl": _lines(TEXTS.map(repr)),
    "stringnl_noescape": _lines(TEXTS),
    "stringnl_noescape_pair": st.sampled_from(GLOBALS).map(lambda name: name.replace(" ", "\n").encode() + b"\n"),
    "unicodestringnl": _lines(TEXTS),
    "string1": _counted("<B"),
    "bytes1": _counted("<B"),
    "unicodestring1": _counted("<B"),
    "string4": _counted("<I"),
    "bytes4": _counted("<I"),
    "unicodestring4": _counted("<I"),
    "bytes8": _counted("<Q"),
    "bytearray8": _counted("<Q"),
    "unicodestring8": _counted("<Q"),
    "long1": _counted("<B"),
    "long4": _counted("<I"),
}


def _operation(operation):
    code = operation.code.encode("latin-1")
    argument = st.just(b"") if operation.arg is None else ARGUMENTS[operation.arg.name]
    return argument.map(lambda content: code + content)


OPERATIONS = st.one_of([_operation(operation) for operation in pickletools.opcodes if operation.name != "STOP"])
PROGRAMS = st.lists(OPERATIONS, max_size=30).map(lambda parts: b"\x80\x04" + b"".join(parts) + b".")


def honest_payload():
    array = np.empty((), dtype=object)
    array[()] = HONEST
    return pickle.dumps(array, protocol=4)


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    """What a .npy file begins with, and a place for one."""
    path = tmp_path_factory.mktemp("pickles") / "a.npy"
    np.save(path, np.array(HONEST, dtype=object), allow_pickle=True)
    content = path.read_bytes()
    return path, content[: content.index(b"\n") + 1]


def check(header, payload):
    path, start = header
    path.write_bytes(start + payload)
    try:
        found = read_checkpoint(path)
    except UserError as error:
        assert str(error).isprintable() and len(str(error)) < 1000
    else:
        assert {"params", "state"} <= found.keys()


def test_the_honest_payload_is_read(header):
    path, start = header
    path.write_bytes(start + honest_payload())
    np.testing.assert_array_equal(read_checkpoint(path)["params"]["a/b"]["w"], HONEST["params"]["a/b"]["w"])


@hypothesis.given(PROGRAMS)
@hypothesis.settings(max_examples=200)
def test_any_operations(header, payload):
    check(header, payload)


@hypothesis.given(edits(st.one_of(st.binary(max_size=12), OPERATIONS)))
@hypothesis.settings(max_examples=200)
def test_edited_checkpoints(header, changes):
    check(header, edited(honest_payload(), changes))


@hypothesis.given(edits(st.binary(max_size=12)), st.booleans())
def test_edited_headers(header, changes, is_whole):
    path, start = header
    path.write_bytes(edited(start, changes) + (honest_payload() if is_whole else b""))
    try:
        read_checkpoint(path)
    except UserError as error:
        assert str(error).isprintable()
