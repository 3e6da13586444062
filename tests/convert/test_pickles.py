"""Reading pickles that may be damaged or hostile."""

import os
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest

from brave_tf.convert import read_checkpoint
from brave_tf.errors import UserError

CONTENT = {"params": {"a/b": {"w": np.arange(6.0, dtype=np.float32).reshape(2, 3)}}, "state": {}, "config": {"n": 1}}


def save(path, content):
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


def with_pickle(path, payload: bytes):
    """A .npy file whose header is right and whose pickle is `payload`."""
    save(path, CONTENT)
    start = path.read_bytes().index(b"\n") + 1
    path.write_bytes(path.read_bytes()[:start] + payload)
    return path


def test_arrays_come_back(tmp_path):
    found = read_checkpoint(save(tmp_path / "a.npy", CONTENT))
    np.testing.assert_array_equal(found["params"]["a/b"]["w"], CONTENT["params"]["a/b"]["w"])
    assert found["config"] == {"n": 1}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_all_pickle_protocols_of_numpy_are_read(tmp_path, protocol):
    array = np.empty((), dtype=object)
    array[()] = CONTENT
    path = with_pickle(tmp_path / "a.npy", pickle.dumps(array, protocol=protocol))
    if protocol == 2:
        with pytest.raises(UserError, match=r"asks for _codecs\.encode"):
            read_checkpoint(path)
        return
    np.testing.assert_array_equal(read_checkpoint(path)["params"]["a/b"]["w"], CONTENT["params"]["a/b"]["w"])


@pytest.mark.parametrize("name", ["FlatMapping", "frozendict"])
def test_mappings_of_haiku_are_read_without_haiku(tmp_path, name, monkeypatch):
    module = types.ModuleType("haiku._src.data_structures")

    class Mapping:
        def __init__(self, values):
            self.values = values

        def __reduce__(self):
            return type(self), (self.values,)

    Mapping.__name__ = Mapping.__qualname__ = name
    Mapping.__module__ = module.__name__
    setattr(module, name, Mapping)
    with monkeypatch.context() as patch:
        for parent in ("haiku", "haiku._src"):
            patch.setitem(sys.modules, parent, types.ModuleType(parent))
        patch.setitem(sys.modules, module.__name__, module)
        inner = Mapping({"a/b": Mapping(CONTENT["params"]["a/b"])})
        path = save(tmp_path / "a.npy", {"params": inner, "state": Mapping({}), "config": {}})
    found = read_checkpoint(path)
    assert type(found["params"]) is dict and type(found["params"]["a/b"]) is dict
    np.testing.assert_array_equal(found["params"]["a/b"]["w"], CONTENT["params"]["a/b"]["w"])


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


def test_a_pickle_that_would_touch_a_file_is_refused_by_name(tmp_path):
    touched = tmp_path / "touched"
    path = save(tmp_path / "evil.npy", {"params": Touch(touched), "state": {}})
    with pytest.raises(UserError, match=r"asks for posix\.mknod to be called") as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value) and not touched.exists()
    # The pickle is a working one: without the restriction it does what it says.
    np.load(path, allow_pickle=True)
    assert touched.exists()


NATIVE = """
import sys
import numpy as np

class Call:
    def __init__(self, *reduced):
        self.reduced = reduced
    def __reduce__(self):
        return self.reduced

build = np._core.multiarray._reconstruct
objects = Call(np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0))
fields = np.dtype([("a", "f4"), ("b", "O")])
kinds = {
    "array": Call(np.ndarray, ((), "O", b"A" * 8)),
    "type": Call(build, (np.ndarray, (0,), b"b"), (1, (1,), objects, False, b"A" * 8)),
    "fields": Call(build, (np.ndarray, (0,), b"b"), (1, (1,), fields, False, b"A" * 12)),
}
array = np.empty((), dtype=object)
array[()] = {"params": {"m": {"w": kinds[sys.argv[2]]}}, "state": {}}
np.save(sys.argv[1], array, allow_pickle=True)
"""


@pytest.mark.parametrize("kind", ["array", "type", "fields"])
def test_pickles_that_would_make_objects_of_bytes_are_refused(tmp_path, kind):
    path = tmp_path / "evil.npy"
    subprocess.run([sys.executable, "-c", NATIVE, str(path), kind], check=True)
    # In a process of its own: what NumPy itself makes of these ends the process.
    script = (
        "import sys; from brave_tf.convert import read_checkpoint; from brave_tf.errors import UserError\n"
        "try:\n  print(read_checkpoint(sys.argv[1])['params']['m']['w'])\n"
        "except UserError as error:\n  sys.exit(str(error))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1 and ("asks for an array" in done.stderr or "is damaged" in done.stderr)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=np.int32)[::2],
        np.array(True),
        np.float32(2.5),
        np.zeros((0, 3), np.float16),
    ],
    ids=["big-endian", "fortran", "stride", "bool", "scalar", "empty"],
)
def test_all_plain_arrays_come_back(tmp_path, array):
    path = save(tmp_path / "a.npy", {"params": {"m": {"w": array}}, "state": {}})
    found = read_checkpoint(path)["params"]["m"]["w"]
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and np.shape(found) == np.shape(array)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9, 0.999])
def test_truncated_files_are_one_line(tmp_path, share):
    path = save(tmp_path / "a.npy", CONTENT)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="is damaged or not a checkpoint") as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "is damaged or not a checkpoint"),
        ({"weights": 1}, "holds weights; expected a dictionary with params and state"),
        ([1, 2], "holds list"),
    ],
)
def test_other_files_are_one_line(tmp_path, content, words):
    path = tmp_path / "a.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        array = np.empty((), dtype=object)
        array[()] = content
        np.save(path, array, allow_pickle=True)
    with pytest.raises(UserError, match=words):
        read_checkpoint(path)


def test_plain_arrays_are_not_checkpoints(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(UserError, match="is damaged or not a checkpoint"):
        read_checkpoint(tmp_path / "a.npy")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_checkpoint(tmp_path / "none.npy")


def bomb(height=40):
    """Shared tuples that unfold to 2^40 values."""
    value = ("a",)
    for _ in range(height):
        value = (value, value)
    return value


def deep(height):
    value = []
    for _ in range(height):
        value = [value]
    return value


def eight(size: int) -> bytes:
    return size.to_bytes(8, "little")


# Python itself would never come to the end of the hash of such a key.
BOMB_AS_KEY = b"\x80\x04}" + pickle.dumps(bomb(), protocol=4)[len(b"\x80\x04\x95" + eight(0)) : -1] + b"K\x01s."

NESTED = {
    "shared tuples": ({"a/b": bomb()}, "holds values more than 50 deep|holds more than 100,000 values"),
    "shared lists": ([[[[[[0] * 99] * 99] * 99] * 99] * 99] * 99, "holds more than 100,000 values"),
    "many values": ([0] * 200_000, "holds more than 100,000 values"),
    "deep lists": (deep(200), "holds values more than 50 deep"),
    "a tuple as a key": (BOMB_AS_KEY, "looks something up by a tuple"),
    "a set": ({1, 2}, "holds a set"),
    "a frozen set": (frozenset([1]), "holds a set"),
    "a long number": (10**5000, "holds a number of 16,610 bits"),
    "a buffer": (b"\x80\x05\x96" + eight(3) + b"abc\x98.", "refers to memory beside it"),
    "a long number as a key": ({10**5000: 1}, "holds a number of 16,610 bits"),
}


@pytest.mark.parametrize(("value", "words"), NESTED.values(), ids=NESTED)
def test_pickles_that_would_never_end_are_refused(tmp_path, value, words):
    payload = value if isinstance(value, bytes) else pickle.dumps(value, protocol=4)
    with pytest.raises(UserError, match=words) as caught:
        read_checkpoint(with_pickle(tmp_path / "a.npy", payload))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


DECLARED = {
    "bytes": b"\x80\x04\x8e" + eight(2**40) + b"abc.",
    "text": b"\x80\x04\x8d" + eight(2**40) + b"abc.",
    "bytearray": b"\x80\x05\x96" + eight(2**40) + b"abc.",
    "frame": b"\x80\x04\x95" + eight(2**40) + b"N.",
    "memory": b"\x80\x04Nr" + (2**28).to_bytes(4, "little") + b".",
}


@pytest.mark.parametrize("payload", DECLARED.values(), ids=DECLARED)
def test_a_declared_size_is_not_made_room_for(tmp_path, payload):
    path = with_pickle(tmp_path / "a.npy", payload)
    script = (
        "import resource, sys; from brave_tf.convert import read_checkpoint; from brave_tf.errors import UserError\n"
        "import numpy; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\n"
        "try:\n  read_checkpoint(sys.argv[1])\nexcept UserError as error:\n  print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert "it declares 1,099,511,627,776 bytes where" in done.stdout or "remembers a value as its" in done.stdout
    assert done.stdout.count("\n") == 1 and not done.stderr


class Reduced:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_arrays_are_no_larger_than_their_file(tmp_path):
    build, shared = np._core.multiarray._reconstruct, bytes(4096)
    kind, shape = np.dtype("f4"), (1024,)
    copies = [Reduced(build, (np.ndarray, (0,), b"b"), (1, shape, kind, False, shared)) for _ in range(1000)]
    path = save(tmp_path / "a.npy", {"params": {"m": copies}, "state": {}})
    with pytest.raises(UserError, match="makes more bytes of arrays than it has"):
        read_checkpoint(path)


@pytest.mark.parametrize("data", [2**40, [0] * 4, "text"])
def test_the_content_of_an_array_is_bytes(tmp_path, data):
    build = np._core.multiarray._reconstruct
    evil = Reduced(build, (np.ndarray, (0,), b"b"), (1, (1,), np.dtype("f4"), False, data))
    path = save(tmp_path / "a.npy", {"params": {"m": {"w": evil}}, "state": {}})
    with pytest.raises(UserError, match=f"asks for an array of a {type(data).__name__}"):
        read_checkpoint(path)


def test_what_stands_for_a_value_takes_no_state(tmp_path):
    evil = Reduced(np._core.multiarray.scalar, (np.dtype("f4"), b"abcd"), {"value": 1})
    path = save(tmp_path / "a.npy", {"params": {"m": {"w": evil}}, "state": {}})
    with pytest.raises(UserError, match="asks for a state for what has none"):
        read_checkpoint(path)


def test_a_shared_array_is_read_once(tmp_path):
    array = np.zeros(2**16, np.float32)
    path = save(tmp_path / "a.npy", {"params": {"m": {"w": array, "b": array}}, "state": {"m": {"w": array}}})
    found = read_checkpoint(path)
    assert found["params"]["m"]["w"] is found["params"]["m"]["b"] is found["state"]["m"]["w"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"\x80\x04cos\x1b[2J\nsystem\n.", r"asks for os\\x1b\[2J\.system to be called"),
        (b"\x80\x04cos\n" + b"a" * 10_000 + b"\n.", "asks for os.aaa"),
        (b"\x80\x04Pname\n.", r"is damaged or not a checkpoint \(A load persistent id instruction was"),
        (pickle.dumps({"a\x1b[2J\n": 1}), r"holds a\\x1b\[2J; expected"),
    ],
    ids=["name", "long name", "two lines", "key"],
)
def test_what_a_stranger_wrote_does_not_command_a_terminal(tmp_path, payload, words):
    with pytest.raises(UserError, match=words) as caught:
        read_checkpoint(with_pickle(tmp_path / "a.npy", payload))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1000
