"""What must hold of `dataset.json` and of a clip table, whoever wrote or edited them; no record is read for it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from brave_tf.errors import UserError

REMEDY = "restore the file, or prepare the dataset again"
SHOWN_SIGNS = 60
"""Of a wrong value, in messages."""


class Entry(NamedTuple):
    """What an entry of `dataset.json` has to be."""

    expected: str
    fits: Callable[[Any], bool]
    required: bool = True


def _is_count(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def is_plain_name(name: str) -> bool:
    """Whether it names a file of the dataset's own folder.

    A path could lead anywhere on the machine of whoever opens the dataset. A file that is itself a link is read where
    it leads: only who may write into the folder can put one there, and some stores keep all their files so.
    """
    return name not in ("", "..") and "\0" not in name and name == PurePosixPath(name).name


def _is_split(value: Any) -> bool:
    shards = value.get("shards", []) if isinstance(value, dict) else None
    return _is_texts(shards) and all(map(is_plain_name, shards or []))


def _is_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_texts(each) and len(set(each)) == len(each) for each in value.values())


def _is_flow(value: Any) -> bool:
    sides = [value.get("shorter_side"), value.get("stride")] if isinstance(value, dict) else [None]
    return value is None or all(_is_count(each, 1) for each in sides)


def _is_size(value: Any) -> bool:
    return value is None or _is_count(value, 1)


def _is_quarantine(value: Any) -> bool:
    return _have_keys(value, {"source", "reason"})


def _are_remarks(value: Any) -> bool:
    return _have_keys(value, {"source", "remark"})


def _have_keys(value: Any, keys: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and keys <= each.keys() for each in value)


ENTRIES: Mapping[str, Entry] = {
    "audio_rate_hz": Entry("samples per second, or null", _is_size),
    "splits": Entry(
        "an object of splits, whose shards are names of files beside it",
        lambda value: isinstance(value, dict) and all(map(_is_split, value.values())),
    ),
    "labels": Entry("an object of label columns, each a list of different class names", _is_labels),
    "fingerprint": Entry("text", lambda value: isinstance(value, str)),
    "sources": Entry("a number", _is_count),
    "settings": Entry("an object", lambda value: isinstance(value, dict)),
    "ignored": Entry("an object", lambda value: isinstance(value, dict)),
    "split_rule": Entry("text", lambda value: isinstance(value, str)),
    "quarantined": Entry("a list of sources with reasons", _is_quarantine),
    "remarks": Entry("a list of sources with remarks", _are_remarks, required=False),
    "flow": Entry("shorter_side and stride, or null", _is_flow, required=False),
    "broad_size": Entry("pixels, or null", _is_size, required=False),
    "multilabel": Entry("a list of label columns", _is_texts, required=False),
    "folds": Entry("a list of label columns", _is_texts, required=False),
    "notes": Entry("a list of lines", _is_texts, required=False),
    "missing": Entry("an object", lambda value: isinstance(value, dict), required=False),
}
"""What `brave-tf prepare` always wrote, and what it writes by now."""


def check_info(info: Any, file: Path) -> None:
    """Checks the content of `dataset.json`.

    Raises:
        UserError: an entry is missing, or is something else than it has to be.
    """
    if not isinstance(info, dict):
        raise UserError(f"{file} holds no object; {REMEDY}")
    missing = [name for name, entry in ENTRIES.items() if entry.required and name not in info]
    if missing:
        raise UserError(f"{file} has no {', '.join(missing)}; {REMEDY}")
    for name, entry in ENTRIES.items():
        if name in info and not entry.fits(info[name]):
            raise UserError(f"{file}: {name} is {_shown(info[name])}; expected {entry.expected}; {REMEDY}")
    for name in ("multilabel", "folds"):
        if unknown := [column for column in info.get(name, ()) if column not in info["labels"]]:
            raise UserError(f"{file}: {name} names {_shown(unknown[0])}, which is none of its labels; {REMEDY}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_SIGNS else f"{text[:SHOWN_SIGNS]}…"


def check_columns(names: Sequence[str], wanted: Sequence[str], file: Path) -> None:
    """Raises `UserError` if a clip table lacks columns."""
    if missing := [name for name in wanted if name not in names]:
        raise UserError(f"{file} has no column {', '.join(missing)}; {REMEDY}")
