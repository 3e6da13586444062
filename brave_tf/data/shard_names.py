"""What the names of shards tell: their splits, and which of a set are missing."""

import collections
import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from brave_tf.data.dataset import INFO_FILE, WORK_FOLDER
from brave_tf.data.foreign import ShardFile
from brave_tf.errors import UserError
from brave_tf.storage import RemotePath

DEFAULT_SPLIT = "train"
LISTED_NAMES = 10
"""Missing shards that are named one by one."""

_SET = re.compile(r"(?P<stem>.*)[-_](?P<number>\d+)[-_]of[-_](?P<count>\d+)(?P<ending>\.tfrec(?:ords?)?)?")
"""`x-00003-of-00010`, `x.tfrecord-00003-of-00010`, `x-00003-of-00010.tfrecord`: one file of a set of ten."""
_FILE = re.compile(r".*\.tfrec(?:ords?)?(?:[-_.]\d+)?(?:\.gz)?")
_SPLIT_WORD = re.compile(r"(train|test|val|valid|validation|eval)(?:ing|uation|set|list|split|val)?(\d{1,2})?")
_NUMBER_WORD = re.compile(r"(?:split|fold)(\d{1,2})?")


@dataclasses.dataclass(frozen=True)
class SplitName:
    """What a name tells about a split.

    Attributes:
        word: "train", "test", "val", "valid", "validation" or "eval"; None if it tells none.
        number: of a benchmark's official split, as in `hmdb51_split_2_train`; None if it tells none.
    """

    word: str | None
    number: int | None


def read_split(name: str, *, is_folder: bool = False) -> SplitName:
    """Reads the split off the name of a shard or folder.

    Only whole words count, between hyphens, underscores, dots and spaces: "restrained" tells nothing. The last word
    that names a split wins. An official split's number follows "split" or "fold", or, where the shards have numbers
    of their own (`-00000-of-00010`), the split's word: `train_2.tfrecord` is the second file of one split.
    """
    lowered = name.lower()
    of_set = _SET.fullmatch(lowered)
    words = [word for word in re.split(r"[-_. ]+", of_set["stem"] if of_set else lowered) if word]
    split, number = None, None
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        following = following if re.fullmatch(r"\d{1,2}", following) else ""
        if match := _SPLIT_WORD.fullmatch(word):
            split = match[1]
            digits = (match[2] or following) if of_set or is_folder else ""
        elif match := _NUMBER_WORD.fullmatch(word):
            digits = match[1] or following
        else:
            continue
        number = int(digits) if digits else number
    return SplitName(split, number)


def find_shards(folder: Path) -> list[ShardFile]:
    """The TFRecord files of a folder and of its sub-folders that are named for splits, by name; empty if none are.

    Splits are called by their word, "train" if a name tells none. Where shards of several official splits lie side by
    side, those of the lowest number are called so, and the others `train_2`, `test_2`, and so on: they hold the same
    clips, each divided in another way.
    """
    if not folder.is_dir():
        return []
    names = dict(_walk(folder, SplitName(None, None)))
    numbers = {split.number for split in names.values() if split.number is not None}
    lowest = min(numbers, default=None)

    def called(split: SplitName) -> str:
        word = split.word or DEFAULT_SPLIT
        return word if split.number in (None, lowest) else f"{word}_{split.number}"

    return [ShardFile(file, called(names[file])) for file in sorted(names)]


def _walk(folder: Path, above: SplitName) -> list[tuple[Path, SplitName]]:
    files: list[tuple[Path, SplitName]] = []
    for entry, is_folder in _entries(folder):
        if entry.name.startswith((".", "_")):
            continue
        if not is_folder and _is_shard(entry.name):
            own = read_split(entry.name)
            number = above.number if own.number is None else own.number
            files.append((entry, SplitName(own.word or above.word, number)))
        elif is_folder and not _is_dataset(entry):
            own = read_split(entry.name, is_folder=True)
            if own != SplitName(None, None):
                number = above.number if own.number is None else own.number
                files += _walk(entry, SplitName(own.word or above.word, number))
    return files


def _entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Files and folders in a folder, and whether each is a folder."""
    if isinstance(folder, RemotePath):
        yield from ((folder / name, is_folder) for name, is_folder in folder.entries())
        return
    for entry in folder.iterdir():
        if entry.is_file() or entry.is_dir():
            yield entry, entry.is_dir()


def _is_shard(name: str) -> bool:
    return bool(_SET.fullmatch(name.lower()) or _FILE.fullmatch(name.lower()))


def _is_dataset(folder: Path) -> bool:
    """Whether a folder is a dataset of its own, which is opened by its own name."""
    return any((folder / name).exists() for name in (INFO_FILE, WORK_FOLDER, "features.json"))


def check_sets(folder: Path, shards: Sequence[ShardFile]) -> list[str]:
    """A line on the shards that are missing from sets, such as `x-00002-of-00005` beside the other four.

    Raises:
        UserError: one set lies there twice, in different numbers of files.
    """
    present: dict[tuple[Path, str, str], dict[str, dict[int, str]]] = collections.defaultdict(dict)
    for shard in shards:
        if name := _SET.fullmatch(shard.path.name):
            numbers = present[shard.path.parent, name["stem"], name["ending"] or ""].setdefault(name["count"], {})
            numbers[int(name["number"])] = shard.path.name
    names: list[str] = []
    count_missing = 0
    for (place, _, _), sets in sorted(present.items()):
        if len({int(count) for count in sets}) > 1:
            first, second, *_ = (min(numbers.values()) for numbers in sets.values())
            raise UserError(
                f"{place} holds {first} and {second}, two divisions of the same records; remove one of them"
            )
        for count, numbers in sets.items():
            absent = (number for number in range(int(count)) if number not in numbers)
            template = min(numbers.values())
            chosen = itertools.islice(absent, LISTED_NAMES - len(names))
            names += [str((place / _renumbered(template, number)).relative_to(folder)) for number in chosen]
            count_missing += max(int(count) - len(numbers), 0)
    if not names:
        return []
    more = f" and {count_missing - len(names)} more" if count_missing > len(names) else ""
    return [f"{count_missing} of {len(shards) + count_missing} shards are missing: {', '.join(names)}{more}"]


def _renumbered(name: str, number: int) -> str:
    """The name of another shard of the same set."""
    match = _SET.fullmatch(name)
    assert match is not None
    start, end = match.span("number")
    return f"{name[:start]}{number:0{end - start}d}{name[end:]}"


def split_notes(folder: Path, shards: Sequence[ShardFile]) -> list[str]:
    """Lines on the splits of shards that their names do not tell plainly."""
    silent = [shard for shard in shards if not _names_split(folder, shard)]
    lines = []
    if silent and len(silent) < len(shards):
        name = silent[0].path.relative_to(folder)
        lines.append(f"{len(silent)} of {len(shards)} shards name no split, such as {name}; taken as {DEFAULT_SPLIT}")
    numbered = sorted({shard.split for shard in shards if re.search(r"_\d+$", shard.split)})
    if numbered:
        lines.append(
            f"it holds several official splits; the first has plain names, the others are {', '.join(numbered)}"
        )
    return lines


def _names_split(folder: Path, shard: ShardFile) -> bool:
    parents = shard.path.relative_to(folder).parts[:-1]
    return bool(read_split(shard.path.name).word) or any(read_split(part, is_folder=True).word for part in parents)
