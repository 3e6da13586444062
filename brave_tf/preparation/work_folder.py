"""The working folder of a dataset that is being prepared: which shards are done, and what was given up."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.errors import UserError
from brave_tf.files import write_json
from brave_tf.preparation.plan import Shard
from brave_tf.storage import is_remote, of_many

LEFT_OUT = "left-out"
READ_AT_A_TIME = 64
"""Shards whose done-files are read together from storage elsewhere."""


def temporary(folder: Path, shard: Shard, suffix: str) -> Path:
    """A file of a shard in the working folder."""
    return folder / f"{shard.name}.{suffix}"


def is_done(out: Path, shard: Shard) -> bool:
    """Whether a shard is written."""
    return temporary(out / WORK_FOLDER, shard, "done").is_file() and (out / shard.name).is_file()


def read_done(out: Path, shard: Shard) -> dict[str, Any] | None:
    """What `brave_tf.preparation.shard_writer.write_shard` returned for a shard that is done, or None."""
    if not is_done(out, shard):
        return None
    file = temporary(out / WORK_FOLDER, shard, "done")
    done: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return done


def not_done(out: Path, shards: Sequence[Shard]) -> list[Shard]:
    """Those of some shards that are not written."""
    ask = functools.partial(is_done, out)
    done = of_many(ask, shards) if is_remote(out) else map(ask, shards)
    return [shard for shard, is_there in zip(shards, done, strict=True) if not is_there]


def read_all_done(out: Path, shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """What `read_done` gives for shards that are done, some at a time: all at once they may be too much."""
    read = functools.partial(read_done, out)
    for begin in range(0, len(shards), READ_AT_A_TIME):
        some = shards[begin : begin + READ_AT_A_TIME]
        for done in of_many(read, some) if is_remote(out) else map(read, some):
            if done is not None:
                yield done


def read_left_out(out: Path) -> dict[int, str]:
    """The sources that an interrupted preparation, or any part of one, gave up, by number, with the reason."""
    reasons: dict[str, str] = {}
    for file in sorted((out / WORK_FOLDER).glob(f"{LEFT_OUT}*.json")):
        reasons |= json.loads(file.read_text(encoding="utf-8"))
    return {int(number): reason for number, reason in reasons.items()}


def write_left_out(out: Path, reasons: Mapping[int, str], part: str = "") -> None:
    """Writes down the sources that are given up: what took too long once may take less the next time.

    Args:
        out: the dataset's directory.
        reasons: by the source's number.
        part: the name of the part that gave them up, if it is one: each writes a file of its own.

    Raises:
        UserError: it cannot be written.
    """
    try:
        write_json(out / WORK_FOLDER / f"{'-'.join(filter(None, [LEFT_OUT, part]))}.json", reasons)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None
