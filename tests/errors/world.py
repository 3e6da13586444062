"""What provocations work on: small real media, a dataset, a table and an encoder, each made when it is first asked for.

Every provocation runs in a folder of its own, which is the current one, and gets copies that it may damage.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SMALL_FILE_SECONDS = 1.2


class World:
    """What `{words}` of a command line stand for, and what functions of the catalogue ask for.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept = root / "kept"
        self._kept.mkdir()
        self._scenes = 0
        self.here = root
        """The folder of this provocation, which is the current one."""
        self.patch = pytest.MonkeyPatch()
        """For what cannot be had otherwise, such as a disk that is full; undone after the provocation."""

    @contextlib.contextmanager
    def scene(self) -> Iterator[None]:
        """A new empty folder to be in."""
        self._scenes += 1
        self.here = self._root / str(self._scenes)
        self.here.mkdir()
        before = Path.cwd()
        os.chdir(self.here)
        self.patch = pytest.MonkeyPatch()
        try:
            yield
        finally:
            self.patch.undo()
            os.chdir(before)
            shutil.rmtree(self.here, ignore_errors=True)

    def neutral(self, text: str) -> str:
        """What was said, with no folder of this machine in it."""
        for folder in (self.here, self._kept, self._root):
            text = text.replace(f"{folder}/", "").replace(str(folder), ".")
        return text

    def __getitem__(self, name: str) -> str:
        """For `str.format_map`: the place of a thing, relative to the current folder."""
        return os.path.relpath(getattr(self, name), self.here)

    # Media

    @property
    def videos(self) -> Path:
        """A folder of three short videos with sound, of two classes."""
        return self._copy("videos", _write_videos)

    @property
    def clip(self) -> Path:
        """One of them."""
        return self.videos / "walk" / "1.mp4"

    @property
    def mixed(self) -> Path:
        """Those videos, and one that does not decode."""
        (self.videos / "walk" / "5.mp4").write_text("no video")
        return self.here / "videos"

    @property
    def empty(self) -> Path:
        """A folder with nothing in it."""
        return self.folder("empty")

    @property
    def text(self) -> Path:
        """A file that is no media."""
        return self.file("notes.txt", "nothing to see\n")

    # Datasets

    @property
    def dataset(self) -> Path:
        """The videos, prepared, with small frames."""
        return self._copy("dataset", self._write_dataset)

    @property
    def silent(self) -> Path:
        """The same without sound and labels."""
        return self._copy("silent", self._write_silent)

    def _write_dataset(self, place: Path) -> None:
        from brave_tf.commands import prepare

        prepare(self._made("videos", _write_videos), place, workers=0, split="train=0.5,test=0.5", shorter_side=32)

    def _write_silent(self, place: Path) -> None:
        from brave_tf.commands import prepare

        flat = self.folder("flat")
        for number, file in enumerate(sorted(self._made("videos", _write_videos).rglob("*.mp4"))):
            shutil.copy(file, flat / f"{number}.mp4")
        prepare(flat, place, workers=0, shorter_side=32, audio_rate=0)
        shutil.rmtree(flat)

    def with_info(self, change: Callable[[dict[str, Any]], object], dataset: Path | None = None) -> Path:
        """The dataset with `dataset.json` changed in place."""
        from tests.verification.films import edit_info

        dataset = dataset or self.dataset
        edit_info(dataset, change)
        return dataset

    def with_clips(self, change: Callable[[list[dict[str, Any]]], object]) -> Path:
        """The dataset with the rows of `clips.parquet` changed in place."""
        from tests.verification.films import edit_table

        edit_table(self.dataset, change)
        return self.here / "dataset"

    # Runs and encoders

    @property
    def run(self) -> Path:
        """A run of `tiny-va` that has logged a little and has no checkpoint yet."""
        return self._copy("runs/first", _write_run)

    @property
    def encoder(self) -> Path:
        """An encoder of one convolution, for video."""
        return self._copy("encoder.keras", _write_encoder)

    @property
    def table(self) -> Path:
        """A table of embeddings of that encoder's size, of two files."""
        return self._copy("table.parquet", _write_table)

    # Anything

    def folder(self, name: str) -> Path:
        """A folder of this name in the current one."""
        place = self.here / name
        place.mkdir(parents=True, exist_ok=True)
        return place

    def file(self, name: str, content: str | bytes = "") -> Path:
        """A file of this name in the current folder."""
        place = self.here / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def failing(self, target: str, error: BaseException) -> None:
        """Has a function raise an error instead, as on a disk that is full."""

        def fail(*args: Any, **kwargs: Any) -> Any:
            raise error

        self.patch.setattr(target, fail)

    def absent(self, package: str) -> None:
        """Has a package look as if it were not installed."""

        class Finder:
            @staticmethod
            def find_spec(name: str, *words: object) -> None:
                if name.partition(".")[0] == package:
                    raise ModuleNotFoundError(f"No module named {package!r}", name=package)

        for name in [each for each in sys.modules if each.partition(".")[0] == package]:
            self.patch.delitem(sys.modules, name)
        self.patch.setattr(sys, "meta_path", [Finder, *sys.meta_path])

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        place = self._kept / name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            make(place)
        return place

    def _copy(self, name: str, make: Callable[[Path], object]) -> Path:
        place = self.here / name
        if not place.exists():
            made = self._made(name, make)
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if made.is_dir() else shutil.copy)(made, place)
        return place


def _write_videos(place: Path) -> None:
    from tests.preparation.media_files import write_media

    for number, name in enumerate(("walk/1.mp4", "walk/2.mp4", "jump/3.mp4", "jump/4.mp4")):
        write_media(place / name, seconds=SMALL_FILE_SECONDS, noise_seed=number, tone_hz=300 + 100 * number)


def _write_run(place: Path) -> None:
    from brave_tf import presets
    from brave_tf.config.values import to_dict

    place.mkdir()
    record = {"config": to_dict(presets.get("tiny-va")), "data": ["dataset"]}
    (place / "config.json").write_text(json.dumps(record))
    (place / "metrics.jsonl").write_text('{"step": 50, "loss": 2.5}\n')


def _write_encoder(place: Path) -> None:
    from tests.embedding.encoders import video_encoder

    video_encoder().model.save(place)


def _write_table(place: Path) -> None:
    import numpy as np

    from tests.embedding.tables import write_table

    rows = [("a.mp4", 0.0, 2.0), ("a.mp4", 1.0, 3.0), ("b.mp4", 0.0, 2.0)]
    write_table(place, rows, np.eye(3, 6))
