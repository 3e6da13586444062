"""What `brave-tf prepare` says about the list files of benchmarks."""

import errno
import os
from collections.abc import Callable

from tests.errors.areas.preparing import prepare
from tests.errors.entry import Area, Entry
from tests.errors.world import World
from tests.preparation.layouts import test_audioset, test_diving48, test_kinetics, test_ssv2, test_vggsound
from tests.preparation.layouts.files import ucf101_lists, write_files
from tests.preparation.layouts.test_esc50 import HEADER as ESC50_HEADER
from tests.preparation.layouts.test_hmdb51 import LISTS as HMDB51

LAYOUTS = "brave_tf/preparation/layouts"
KINETICS_HEADER = test_kinetics.HEADER

LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "audioset": lambda: dict(test_audioset.LISTS),
    "diving48": lambda: test_diving48.lists(),
    "esc50": lambda: {"esc50.csv": ESC50_HEADER + "a.wav,1,1,dog,True,1,A\n"},
    "hmdb51": lambda: dict(HMDB51),
    "kinetics": lambda: {"train.csv": test_kinetics.TRAIN},
    "ssv2": lambda: test_ssv2.lists(),
    "ucf101": ucf101_lists,
    "vggsound": lambda: {"vggsound.csv": test_vggsound.LIST},
}
"""Small list files of each benchmark, as its authors write them."""


def lists(layout: str, changed: dict[str, str | None] | None = None) -> Callable[[World], object]:
    """Prepares a benchmark of one video whose list files are changed, or lack those that are None."""

    def provoke(world: World) -> object:
        files = {name: text for name, text in (LISTS[layout]() | (changed or {})).items() if text is not None}
        write_files(world.here / "lists", files)
        world.file("media/other.mp4", "media")
        return prepare(world, "media", layout=layout, annotations="lists")

    return provoke


def _pipe(world: World) -> None:
    write_files(world.here / "lists", LISTS["ucf101"]())
    (world.here / "lists" / "classInd.txt").unlink()
    os.mkfifo(world.here / "lists" / "classInd.txt")
    prepare(world, world.file("media/other.mp4", "media").parent.name, layout="ucf101", annotations="lists")


def _closed(world: World) -> None:
    # Which one pathlib calls depends on the version of Python.
    for name in ("os.listdir", "os.scandir"):
        world.failing(name, PermissionError(errno.EACCES, "Permission denied"))
    lists("ucf101")(world)


def _json(name: str, content: object) -> dict[str, str]:
    import json

    return {f"{name}.json": json.dumps(content)}


COMMON = (
    Entry(
        f"{LAYOUTS}/list_files.py",
        "found no list files in",
        "prepare {videos} --layout ucf101 --out dataset --workers 0",
        "A benchmark's layout was asked for, and its list files are neither with the media nor beside them.",
        "Download the list files from the benchmark's own page and name their folder: `--annotations FOLDER`. For "
        "videos of your own leave `--layout` out.",
        title="The list files are not there",
    ),
    Entry(
        f"{LAYOUTS}/listed.py",
        "expected some of the",
        lists("ucf101"),
        "None of the files that the list files name is in the source. The message shows one of each, so that you see "
        "how they differ.",
        "Most often the source is the wrong folder, or the videos were renamed.",
        title="The files are not those that are listed",
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "holds {excerpt}; expected",
        lists("vggsound", {"vggsound.csv": "--0PQM4-hqg,1,a\n"}),
        "A line of a list file is not what such a line is. The message quotes it.",
        "Download the list file again. Spreadsheet programs change such files when they save them.",
        title="A line of a list file is malformed",
    ),
)

OTHERS = (
    Entry(
        f"{LAYOUTS}/list_files.py",
        "is no CSV",
        lists("kinetics", {"train.csv": KINETICS_HEADER + 'yoga,"x'}),
        "A quote in the list file is not closed.",
        varies=True,
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "expected also",
        lists("kinetics", {"train.csv": "youtube_id,time_start,time_end,split\n"}),
        "The list file lacks columns.",
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "is no JSON",
        lists("ssv2", {"train.json": "["}),
        "The list file is damaged, or another kind of file.",
        varies=True,
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "is a pipe, a socket or a device",
        _pipe,
        "What has the name of a list file is none.",
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "expected a list file, UTF-8 text",
        lists("audioset", {"class_labels_indices.csv": None}),
        "A list file is missing, or cannot be read.",
    ),
    Entry(
        f"{LAYOUTS}/list_files.py",
        "or name the folder of the list files",
        _closed,
        "You may not look into the folder of the list files.",
    ),
    Entry(
        f"{LAYOUTS}/audioset.py",
        "expected every id once",
        lists("audioset", {"eval_segments.csv": "--4gqARaEJE, 0, 10, /m/09x0r\n"}),
        "AudioSet has every video once. This one is in two lists.",
    ),
    Entry(
        f"{LAYOUTS}/audioset.py",
        "expected a mid of",
        lists("audioset", {"eval_segments.csv": "Zbcdefghijk, 0.000, 10.000, /m/none\n"}),
        "A segment has a class that the list of classes does not name.",
    ),
    Entry(
        f"{LAYOUTS}/diving48.py",
        "names a class twice",
        lists("diving48", _json("Diving48_vocab", [["Back"], ["Back"]])),
        "The list of classes was changed.",
    ),
    Entry(
        f"{LAYOUTS}/diving48.py",
        "expected every video once",
        lists("diving48", _json("Diving48_V2_test", test_diving48.TRAIN[:1])),
        "A video is in training and test.",
    ),
    Entry(
        f"{LAYOUTS}/esc50.py",
        "gives two categories one target",
        lists("esc50", {"esc50.csv": ESC50_HEADER + "a.wav,1,1,dog,True,1,A\nb.wav,2,1,cow,True,1,A\n"}),
        "The list was changed: targets and categories belong together.",
    ),
    Entry(
        f"{LAYOUTS}/esc50.py",
        "again; expected it once",
        lists("esc50", {"esc50.csv": ESC50_HEADER + "a.wav,1,1,dog,True,1,A\na.wav,2,1,dog,True,1,A\n"}),
        "The list names a file twice.",
    ),
    Entry(
        f"{LAYOUTS}/esc50.py",
        "as before; use the published list",
        lists("esc50", {"esc50.csv": ESC50_HEADER + "a.wav,1,1,dog,True,1,A\nb.wav,2,2,dog,True,1,A\n"}),
        "The list was changed: a category has one target.",
    ),
    Entry(
        f"{LAYOUTS}/esc50.py",
        "choose with --annotations FILE",
        lists("esc50", {"other.csv": ESC50_HEADER + "a.wav,1,1,dog,True,1,A\n"}),
        "Several files look like the list of ESC-50.",
    ),
    Entry(
        f"{LAYOUTS}/hmdb51.py",
        "a second time with another code",
        lists("hmdb51", {"wave_test_split2.txt": "name.avi 1\nname.avi 2"}),
        "A split has a video in training and test.",
    ),
    Entry(
        f"{LAYOUTS}/kinetics.py",
        "label maps",
        lists("kinetics", {"label_map_k400.txt": "yoga\n", "label_map_k600.txt": "yoga\n"}),
        "The label maps of several versions of Kinetics lie in one folder.",
    ),
    Entry(
        f"{LAYOUTS}/kinetics.py",
        "names a class twice",
        lists("kinetics", {"label_map_k400.txt": "yoga\nyoga\nzumba\nair drumming\n"}),
        "The label map was changed.",
    ),
    Entry(
        f"{LAYOUTS}/kinetics.py",
        "labels of the lists, such as",
        lists("kinetics", {"label_map_k400.txt": "yoga\nair drumming\n"}),
        "The label map is of another version of Kinetics than the lists.",
    ),
    Entry(
        f"{LAYOUTS}/kinetics.py",
        "holds two lists of the",
        lists("kinetics", {"kinetics_train.csv": KINETICS_HEADER}),
        "The lists of two versions of Kinetics lie in one folder.",
    ),
    Entry(
        f"{LAYOUTS}/kinetics.py",
        "belongs to the split",
        lists("kinetics", {"train.csv": KINETICS_HEADER + "yoga,x,1,2,test\n"}),
        "A list holds a row of another split.",
    ),
    Entry(
        f"{LAYOUTS}/ssv2.py",
        "and no labels.json",
        lists("ssv2", {"labels.json": None}),
        "The list of classes is missing.",
    ),
    Entry(
        f"{LAYOUTS}/ssv2.py",
        "does not number its",
        lists("ssv2", _json("labels", {"a": "0", "b": "2"})),
        "The list of classes was changed.",
    ),
    Entry(
        f"{LAYOUTS}/ssv2.py",
        "again; expected every video once; use the published list",
        lists("ssv2", _json("train", test_ssv2.TRAIN + test_ssv2.TRAIN[:1])),
        "A list names a video twice.",
    ),
    Entry(
        f"{LAYOUTS}/ssv2.py",
        "again, after",
        lists("ssv2", _json("validation", test_ssv2.TRAIN[:1])),
        "A video is in two lists.",
    ),
    Entry(
        f"{LAYOUTS}/ssv2.py",
        "keep the lists of one release",
        lists("ssv2", {"something-something-v2-train.json": "[]"}),
        "The lists of two releases lie in one folder.",
    ),
    Entry(
        f"{LAYOUTS}/ucf101.py",
        "has the class",
        lists("ucf101", {"trainlist01.txt": "Sleeping/v_Sleeping_g01_c01.avi 1\n"}),
        "A video has a class that the list of classes does not name.",
    ),
    Entry(
        f"{LAYOUTS}/ucf101.py",
        "the number",
        lists("ucf101", {"trainlist03.txt": "YoYo/v_YoYo_g01_c01.avi 1\n"}),
        "A video has another number than its class.",
    ),
    Entry(
        f"{LAYOUTS}/ucf101.py",
        "expected every video on one side of a split",
        lists("ucf101", {"testlist02.txt": "YoYo/v_YoYo_g02_c01.avi\n"}),
        "A split has a video in training and test.",
    ),
    Entry(
        f"{LAYOUTS}/vggsound.py",
        "labels of",
        lists("vggsound", {"stat.csv": "zebra,1,x\n"}),
        "The list of classes is of another release.",
    ),
    Entry(
        f"{LAYOUTS}/vggsound.py",
        "expected every segment once",
        lists("vggsound", {"vggsound.csv": "--0PQM4-hqg,1,a,train\n--0PQM4-hqg,1,b,test\n"}),
        "A segment is in the list twice.",
    ),
)

AREA = Area(
    "Benchmarks and their list files",
    "UCF101, HMDB51, Kinetics, AudioSet, ESC-50, Something-Something v2, Diving48 and VGGSound come with list files, "
    "which `brave-tf prepare --layout` reads before it opens a video.",
    COMMON,
    OTHERS,
)
