"""What `brave-tf convert`, storage elsewhere and the demo say."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

CONVERT = "brave_tf/convert"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
BUSY = BlockingIOError(errno.EAGAIN, "busy")
STEM = "narrow_video_embedding/TSMResNetV2/tsm_resnet_stem"


def content(tree: object) -> Callable[[World], object]:
    """Reads a checkpoint that holds something."""

    def provoke(world: World) -> None:
        import numpy as np

        from brave_tf.convert.pickles import read_checkpoint

        made = np.empty((), object)
        made[()] = tree
        np.save("a.npy", made, allow_pickle=True)
        read_checkpoint("a.npy")

    return provoke


def read(name: str, bytes_: bytes | None = None) -> Callable[[World], object]:
    """Reads a file as a checkpoint."""

    def provoke(world: World) -> None:
        from brave_tf.convert.pickles import read_checkpoint

        if bytes_ is not None:
            world.file(name, bytes_)
        read_checkpoint(name)

    return provoke


class _Harmful:
    """A pickle that would run a program."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def _endless(world: World) -> None:
    import numpy as np

    made = np.empty((), object)
    made[()] = {"params": {}, "state": {}, "config": frozenset({1, 2})}
    np.save("a.npy", made, allow_pickle=True)
    from brave_tf.convert.pickles import read_checkpoint

    read_checkpoint("a.npy")


def _unreadable(world: World) -> None:
    world.file("a.npy", "x")
    world.failing("brave_tf.convert.pickles._unpickle", OSError(errno.EIO, "Input/output error"))
    read("a.npy")(world)


def trees(params: object, state: object = None) -> Callable[[World], object]:
    """Sorts the modules of a checkpoint."""

    def provoke(world: World) -> object:
        from brave_tf.convert.trees import Trees

        return Trees.of(params, {} if state is None else state, "a.npy")

    return provoke


def _stem(world: World) -> None:
    import numpy as np

    from brave_tf.convert.names import NARROW
    from brave_tf.convert.trees import Trees

    Trees.of({STEM: {"w": np.zeros((7, 7, 2, 4), np.float32)}}, {}, "a.npy").backbone(NARROW)


def _large_head(world: World) -> None:
    import numpy as np

    from brave_tf.convert.trees import SHARED_HEAD, Trees

    head = {f"{SHARED_HEAD}/projector/linear": {"b": np.zeros(10**6, np.float32)}}
    params = {STEM: {"w": np.zeros((7, 7, 3, 4), np.float32)}}
    Trees({**params, **head}, {}, (), {}, "a.npy").head_sizes()


def _no_dictionary(world: World) -> None:
    from brave_tf.convert import checkpoint

    world.patch.setattr(checkpoint, "read_checkpoint", lambda file: {"config": [1], "params": {}, "state": {}})
    checkpoint._read_models(Path("a.npy"), "")


def config(released: dict[str, object]) -> Callable[[World], object]:
    """Makes the experiment of a checkpoint."""

    def provoke(world: World) -> None:
        import numpy as np

        from brave_tf.convert.checkpoint import _config
        from brave_tf.convert.trees import Trees

        made = Trees.of({STEM: {"w": np.zeros((7, 7, 3, 64), np.float32)}}, {}, "a.npy")
        _config(made, released, "")

    return provoke


def _taken(world: World) -> None:
    from brave_tf import commands

    world.file("a.npy", "x")
    world.file("converted/notes.txt")
    commands.convert("a.npy", "converted")


def _missing_arrays(world: World) -> None:
    from brave_tf.convert import haiku

    world.patch.setattr(haiku, "_places", lambda model: {})
    world.patch.setattr(haiku, "_problems", lambda places, arrays: [f"{STEM}/w is missing"])
    haiku.from_haiku(None, {}, {}, "a.npy")


def _other_network(world: World) -> None:
    from brave_tf.convert.names import NARROW, tower_arrays

    tower_arrays(SimpleNamespace(name="resnet50"), NARROW)


def _converting(world: World) -> None:
    from brave_tf.convert import cached

    world.patch.setattr(cached, "fetch_released", lambda name: (Path("v-a-tsm50.npy"), "0f3a"))
    world.patch.setattr(cached, "cache_folder", lambda: Path("cache"))
    world.failing("brave_tf.convert.cached.locked", BUSY)
    cached.converted_release("v-a-tsm50", None)


def fetching(problem: str) -> Callable[[World], object]:
    """Fetches a published checkpoint."""

    def provoke(world: World) -> None:
        from brave_tf.convert import released
        from brave_tf.presets import released_checkpoints

        world.patch.setattr(released, "cache_folder", lambda: Path("cache"))
        name = "v-a-tsm50"
        if problem == "changed":
            world.file(f"cache/{Path(released_checkpoints[name].url).name}", "x")
            world.patch.setattr(released, "_recorded", lambda file, digest: "0f" * 32)
        elif problem == "busy":
            world.failing("brave_tf.convert.released.locked", BUSY)
        else:
            world.failing("brave_tf.convert.released.download", OSError(errno.EIO, "no route to host"))
        released.fetch_released(name)

    return provoke


def storage(path: str, *, reads: bool = False, absent: bool = False) -> Callable[[World], object]:
    """Names a place elsewhere."""

    def provoke(world: World) -> object:
        from brave_tf.storage import as_path, as_source

        if absent:
            world.absent("fsspec")
        return as_source(path) if reads else as_path(path)

    return provoke


def _other_kind(world: World) -> None:
    from brave_tf.storage import fsspec_files

    def refuse(scheme: str) -> None:
        raise ValueError(scheme)

    world.patch.setitem(sys.modules, "fsspec", SimpleNamespace(get_filesystem_class=refuse))
    fsspec_files.check_scheme("ipfs", "ipfs://videos")


def world_of_clips(**settings: object) -> Callable[[World], object]:
    """Makes the clips of the demo."""

    def provoke(world: World) -> None:
        from brave_tf.demo.world import _check

        _check(**({"clips_per_motion": {"train": 1}, "seconds": 1.0, "size": 32, "seed": 0, "workers": 1} | settings))

    return provoke


def _clips_without_space(world: World) -> None:
    from brave_tf.demo import world as demo_world

    world.failing("brave_tf.demo.world._written", FULL)
    demo_world.write_world("media", clips_per_motion={"train": 1}, seconds=1.0, size=32, seed=0, workers=1)


def demo(before: str | None) -> Callable[[World], object]:
    """Begins a demo where something is in the way."""

    def provoke(world: World) -> None:
        from brave_tf.demo.steps import FILE, Steps

        world.file(f"demo/{FILE}" if before else "demo/notes.txt", before or "mine")
        Steps(Path("demo"), {"seed": 0, "version": 3})

    return provoke


def _without_hub(world: World) -> None:
    from brave_tf import demo as demo_package

    world.patch.setattr(demo_package, "export", lambda *words, **more: {"loader": "tf.saved_model.load"})
    demo_package._export(Path("runs/tiny-va"), Path("demo"))


COMMON = (
    Entry(
        f"{CONVERT}/released.py",
        "check the internet connection",
        fetching("offline"),
        "The checkpoint is not on this machine yet, and its server does not answer.",
        "On a machine without internet give the path of a file that you fetched elsewhere.",
        title="A published checkpoint cannot be fetched",
    ),
    Entry(
        f"{CONVERT}/released.py",
        "expected a .npy file, or one of",
        "convert v-b-tsm50 --out converted",
        "There is neither a file nor a published checkpoint of that name.",
        title="The checkpoint is not there",
    ),
    Entry(
        f"{CONVERT}/pickles.py",
        "Haiku mappings only",
        content({"params": {}, "state": {}, "config": _Harmful()}),
        "The file asks for a program to be run when it is read. Checkpoints never need that. Nothing of it was run.",
        "Do not use it, and tell who gave it to you.",
        title="A checkpoint would run a program",
    ),
)

OTHERS = (
    Entry(f"{CONVERT}/checkpoint.py", "exists already; choose another --out", _taken, "The folder is taken."),
    Entry(
        f"{CONVERT}/checkpoint.py",
        "expected a dictionary",
        _no_dictionary,
        "The checkpoint is not as the released code writes it.",
    ),
    Entry(
        f"{CONVERT}/checkpoint.py",
        "is a {kind}; expected a number",
        config({"num_frames_narrow": "many"}),
        "The checkpoint is not as the released code writes it.",
    ),
    Entry(
        f"{CONVERT}/checkpoint.py",
        "expected that of a released checkpoint",
        config({"num_frames_narrow": -3}),
        "The checkpoint is not as the released code writes it.",
    ),
    Entry(f"{CONVERT}/haiku.py", "does not hold the released arrays", _missing_arrays, "It is of another network."),
    Entry(
        f"{CONVERT}/names.py", "expected a TSMResNet", _other_network, "In Python: only released networks have names."
    ),
    Entry(f"{CONVERT}/pickles.py", "expected a .npy checkpoint", read("none.npy"), "There is no such file."),
    Entry(
        f"{CONVERT}/pickles.py",
        "expected a dictionary with params and state",
        content({"weights": 3}),
        "The file holds something else.",
    ),
    Entry(f"{CONVERT}/pickles.py", "make it readable, or fetch it again", _unreadable, "The disk does not give it."),
    Entry(
        f"{CONVERT}/pickles.py",
        "in a few thousand modules",
        _endless,
        "The file is made to take all memory, or to never end.",
    ),
    Entry(
        f"{CONVERT}/pickles.py",
        "is damaged or not a checkpoint",
        read("a.npy", b"hello"),
        "The file is damaged, cut off, or of another kind.",
        varies=True,
    ),
    Entry(
        f"{CONVERT}/released.py",
        "is not what was fetched as",
        fetching("changed"),
        "The file in the cache was changed after it was fetched.",
    ),
    Entry(f"{CONVERT}/released.py", "another process is fetching", fetching("busy"), "It is being fetched."),
    Entry(f"{CONVERT}/cached.py", "another process is converting", _converting, "It is being converted."),
    Entry(f"{CONVERT}/trees.py", "they are a", trees([1]), "The checkpoint is not as the released code writes it."),
    Entry(
        f"{CONVERT}/trees.py",
        "holds a {type(arrays)",
        trees({"module": None}),
        "The checkpoint is not as the released code writes it.",
    ),
    Entry(
        f"{CONVERT}/trees.py",
        "is a {type(values)",
        trees({"module": {"w": [1.0]}}),
        "The checkpoint is not as the released code writes it.",
    ),
    Entry(
        f"{CONVERT}/trees.py",
        "holds no narrow video tower",
        trees({"resnet/conv": {}}),
        "The checkpoint is of another network.",
    ),
    Entry(f"{CONVERT}/trees.py", "has a first convolution", _stem, "The network takes other pictures, or is too wide."),
    Entry(f"{CONVERT}/trees.py", "has a head of", _large_head, "The head is larger than any released one."),
    Entry(
        "brave_tf/storage/path.py",
        "is on a kind of storage that is not known here",
        storage("s4://bucket/runs"),
        "A run, a dataset or a table is written to a kind of storage that TensorFlow does not know.",
        varies=True,
    ),
    Entry(
        "brave_tf/storage/fsspec_files.py",
        "copy it first",
        storage("https://example.org/videos", reads=True),
        "A web server has no folders to look into.",
    ),
    Entry(
        "brave_tf/storage/fsspec_files.py",
        "does not load",
        storage("s3://bucket/videos", reads=True, absent=True),
        "Places such as `s3://` need the extra `storage`.",
        varies=True,
    ),
    Entry(
        "brave_tf/storage/fsspec_files.py",
        "a kind of storage that is not known here",
        _other_kind,
        "Neither TensorFlow nor fsspec knows that kind of storage.",
    ),
    Entry(
        "brave_tf/demo/__init__.py",
        "the demo makes everything on this machine",
        "demo --out gs://bucket/demo",
        "The demo's folder has to be on this machine.",
    ),
    Entry("brave_tf/demo/__init__.py", "received no tensorflow-hub", _without_hub, "The extra `hub` is missing."),
    Entry(
        "brave_tf/demo/steps.py",
        "holds a demo with",
        demo('{"settings": {"seed": 1, "version": 3}, "seconds": {}, "results": {}}'),
        "There is another demo in the folder.",
    ),
    Entry("brave_tf/demo/steps.py", "holds something that is not a demo", demo(None), "The folder is taken."),
    Entry(
        "brave_tf/demo/world.py",
        "expected at least 1 clip",
        world_of_clips(clips_per_motion={}),
        "In Python: there is nothing to make.",
    ),
    Entry(
        "brave_tf/demo/world.py",
        "expected at least one frame",
        world_of_clips(seconds=0.0),
        "In Python: so short a clip has no picture.",
    ),
    Entry(
        "brave_tf/demo/world.py", "expected at least {least}", world_of_clips(size=4), "In Python: it is out of range."
    ),
    Entry(
        "brave_tf/demo/world.py",
        "expected a writable folder",
        _clips_without_space,
        "The demo's clips cannot be written.",
    ),
)

AREA = Area(
    "Published checkpoints, storage elsewhere, and the demo",
    "What `brave-tf convert` says of checkpoints, what every command says of places such as `gs://` and `s3://`, and "
    "what `brave-tf demo` says of its folder.",
    COMMON,
    OTHERS,
)
