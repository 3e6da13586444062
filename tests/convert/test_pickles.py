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
