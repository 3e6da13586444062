"""Which layout a source has, and what that layout lists."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from brave_tf.config.words import LayoutName
from brave_tf.errors import UserError, did_you_mean
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.audioset import list_audioset
from brave_tf.preparation.layouts.csv_list import list_csv
from brave_tf.preparation.layouts.diving48 import list_diving48
from brave_tf.preparation.layouts.esc50 import list_esc50
from brave_tf.preparation.layouts.folder import list_folder
from brave_tf.preparation.layouts.hmdb51 import list_hmdb51
from brave_tf.preparation.layouts.kinetics import list_kinetics
from brave_tf.preparation.layouts.ssv2 import list_ssv2
from brave_tf.preparation.layouts.ucf101 import list_ucf101
from brave_tf.preparation.layouts.vggsound import list_vggsound
from brave_tf.preparation.layouts.walk import INSIDE, Reach

BENCHMARKS: Mapping[str, Callable[[Path, Path | None, Reach], Listing]] = {
    "ucf101": list_ucf101,
    "hmdb51": list_hmdb51,
    "kinetics": list_kinetics,
    "audioset": list_audioset,
    "esc50": list_esc50,
    "ssv2": list_ssv2,
    "diving48": list_diving48,
    "vggsound": list_vggsound,
}
CLIP_SECONDS, MOST_CLIP_SECONDS = 10.0, 3600.0
WHOLE_MEDIA = frozenset(["ucf101", "hmdb51", "esc50", "ssv2", "diving48"])
"""Benchmarks whose protocols take windows over the whole of every file, so that each becomes one clip."""


def list_source(
    source: Path,
    layout: LayoutName = "auto",
    *,
    path_column: str = "path",
    annotations: Path | None = None,
    reach: Reach = INSIDE,
) -> Listing:
    """Lists what is in a source.

    Args:
        source: a folder, or a CSV file.
        layout: how it is laid out; "auto" tells folders and CSV files apart.
        path_column: a CSV file's column of paths.
        annotations: the folder or file of a benchmark's lists; None where they lie with the media.
        reach: which entries below a folder belong to it; a CSV file names what it wants.

    Raises:
        UserError: the source does not fit the layout, or holds nothing of it.
    """
    layouts = get_args(LayoutName)
    if layout not in layouts:
        raise UserError(
            f"received layout {layout}; {did_you_mean(layout, layouts)}expected one of {', '.join(layouts)}"
        )
    if not source.exists():
        raise UserError(f"{source} does not exist; expected a folder of media files, or a CSV file")
    if layout == "auto":
        layout = "folder" if source.is_dir() else "csv"
    if layout == "csv" and not source.is_file():
        kind = "a folder" if source.is_dir() else "neither a file nor a folder"
        raise UserError(f"{source} is {kind}; expected a CSV file, or a folder and --layout folder")
    if layout != "csv" and not source.is_dir():
        raise UserError(f"{source} is a file; expected a folder of media files, or --layout csv")
    if layout in BENCHMARKS:
        if annotations is not None and not annotations.exists():
            raise UserError(
                f"received --annotations {annotations}, which does not exist; expected a folder of list files"
            )
        return BENCHMARKS[layout](source, annotations, reach)
    if annotations is not None:
        raise UserError(f"received --annotations with the layout {layout}; expected it with {', '.join(BENCHMARKS)}")
    return list_folder(source, reach) if layout == "folder" else list_csv(source, path_column)


def default_clip_seconds(layout: str) -> float:
    """How long clips of a layout are where nothing is said."""
    return MOST_CLIP_SECONDS if layout in WHOLE_MEDIA else CLIP_SECONDS
