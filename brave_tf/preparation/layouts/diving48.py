"""Diving48, version 2 of its lists: JSON files of dives with 48 classes (Li, Li, Vasconcelos 2018)."""

import re
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import (
    differences,
    excerpt,
    find_list_folder,
    malformed,
    read_entries,
    read_json,
)
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "annotations"
CLASS_LIST = "Diving48_vocab.json"
LISTS = {"train": "Diving48_V2_train.json", "test": "Diving48_V2_test.json"}
PUBLISHED_CLASSES = 48
PUBLISHED_VIDEOS = {"train": 15_027, "test": 1_970}
_NAME = re.compile(r"(.+)_\d+")


def list_diving48(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists Diving48 as its authors ship it, by version 2 of its lists.

    Videos are already cut to one dive each and called ID_00000.mp4. Label columns: `label`, such as
    `Back+15som+05Twis+FREE` (the authors' words for take-off, somersaults, twists and position), and `group`, the
    longer video that a dive was cut from.

    Args:
        folder: a folder with the videos anywhere below it.
        annotations: the folder of the JSON files; None to find them in the source, or in `annotations` in or next to
            it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent, malformed or contradict each other, or no listed video is there.
    """
    expected = f"{CLASS_LIST}, and {' or '.join(LISTS.values())}"
    lists = find_list_folder(folder, annotations, [LISTS_FOLDER], set(LISTS.values()).__contains__, expected)
    return match(folder, read_diving48(lists), reach)


def read_diving48(folder: Path) -> Lists:
    """Reads the list files of Diving48; a list that is not there is passed over.

    Raises:
        UserError: one is malformed, the list of classes is absent, or they contradict each other.
    """
    classes = _read_classes(folder / CLASS_LIST)
    figures = [(f"{CLASS_LIST} lists {{}} classes", len(classes), PUBLISHED_CLASSES)]
    files = [folder / CLASS_LIST]
    owners: dict[str, str] = {}
    listed: list[Listed] = []
    for split, name in LISTS.items():
        file = folder / name
        if not file.exists():
            continue
        files.append(file)
        before = len(listed)
        for place, entry in read_entries(file, {"vid_name": str, "label": int}):
            video, label = entry["vid_name"], entry["label"]
            if not video.isprintable() or not 0 <= label < len(classes):
                raise malformed(place, f"{video} {label}", f"a name, and a label from 0 to {len(classes) - 1}")
            if video in owners:
                raise UserError(
                    f"{place} lists {video} again, after {owners[video]}; expected every video once; use the list "
                    "files as their authors ship them"
                )
            owners[video] = name
            listed.append(Listed(f"{video}.mp4", split, {"label": classes[label], "group": _group(video)}))
        figures.append((f"{name} lists {{}} videos", len(listed) - before, PUBLISHED_VIDEOS[split]))
    return Lists(
        "diving48",
        files,
        listed,
        classes={"label": classes, "group": list(dict.fromkeys(str(item.labels["group"]) for item in listed))},
        notes=differences("diving48", figures),
        split_rule="the official lists of version 2",
    )


def _read_classes(file: Path) -> list[str]:
    """Class names in the order of their indices: the words of each, joined."""
    content = read_json(file)
    if not isinstance(content, list) or not content:
        raise malformed(str(file), excerpt(content), "a list of classes, each a list of words")
    for number, words in enumerate(content, 1):
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise malformed(
                f"{file}, entry {number}", excerpt(words), "a list of words, such as Back, 15som, 05Twis, FREE"
            )
        if not "".join(words).isprintable():
            raise malformed(f"{file}, entry {number}", excerpt(words), "words that can be read")
    classes = ["+".join(words) for words in content]
    if len(set(classes)) < len(classes):
        raise UserError(f"{file} names a class twice; expected every class once; use the file as it was published")
    return classes


def _group(video: str) -> str:
    found = _NAME.fullmatch(video)
    return found[1] if found else video
