"""`brave-tf prepare`."""

from pathlib import Path
from typing import Any

import tyro

from brave_tf.config.words import LayoutName

SHOWN_REASONS = 10


def prepare(
    source: tyro.conf.Positional[Path],
    /,
    out: Path,
    layout: LayoutName = "auto",
    path_column: str = "path",
    annotations: Path | None = None,
    audio_rate: int = 16_000,
    shorter_side: int = 256,
    clip_seconds: float | None = None,
    split: str = "train=0.8,test=0.2",
    seed: int = 0,
    workers: int | None = None,
    flow: bool = False,
    flow_size: int = 128,
    flow_stride: int = 4,
    broad_size: int | None = None,
) -> None:
    """Turn media files into a dataset. The same command again finishes what was interrupted.

    Example: brave-tf prepare my-videos --out dataset

    Args:
        source: folder of media files, whose sub-folders name the classes, or a CSV file with a column `path` and
            optionally start, end (seconds), split, and label columns; or a benchmark's folder.
        out: directory of the dataset.
        layout: how the source is laid out; auto is folder or csv, the others are benchmarks as their authors ship them,
            see docs/data.md.
        path_column: the CSV's column of paths.
        annotations: folder (or file, for esc50) of a benchmark's lists, where they do not lie with the media.
        audio_rate: samples per second of the sound; 0 for no sound.
        shorter_side: shorter side of the frames in pixels; smaller pictures are not enlarged.
        clip_seconds: longer media are cut into clips of this length; by default 10, but one clip per file (3600) for
            ucf101, hmdb51 and esc50, whose protocols take windows over the whole of it.
        split: shares of the splits, where the source has none.
        seed: decides which file goes into which split.
        workers: processes; one per CPU core by default.
        flow: also compute optical flow (TV-L1), for experiments that train with it; slow, see docs/flow.md.
        flow_size: shorter side in pixels of the pictures that flow is computed on.
        flow_stride: frames from one flow picture to the next; 4 is 6.25 a second, the rate of the paper's broad views.
        broad_size: also store every frame with this shorter side in pixels, such as 128, for faster training with
            broad.rgb.decode=small; costs about a third more disk, see docs/scaling.md.
    """
    from brave_tf.preparation.dataset_writer import prepare as run_preparation

    dataset = run_preparation(
        source,
        out,
        layout=layout,
        path_column=path_column,
        annotations=annotations,
        audio_rate=audio_rate,
        shorter_side=shorter_side,
        clip_seconds=clip_seconds,
        split=split,
        seed=seed,
        workers=workers,
        flow=flow,
        flow_size=flow_size,
        flow_stride=flow_stride,
        broad_size=broad_size,
    )
    _print(dataset.path, dataset.info)


def _print(path: Path, info: dict[str, Any]) -> None:
    from rich.table import Table

    from brave_tf.cli.console import Console

    table = Table(title=str(path), title_justify="left")
    for heading in ("split", "clips", "with picture", "with sound", "with flow", "hours"):
        table.add_column(heading)
    for name, split in info["splits"].items():
        counts = (split.get(name, 0) for name in ("clips", "with_video", "with_audio", "with_flow", "hours"))
        table.add_row(name, *(str(count) for count in counts))
    console = Console()
    console.print(table)
    for line in _lines(path, info):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(path: Path, info: dict[str, Any]) -> list[str]:
    from brave_tf.data.dataset import MISSING_FILE

    labels = ", ".join(f"{name} ({len(classes)} classes)" for name, classes in info["labels"].items()) or "none"
    lines = [f"labels: {labels}", f"split: {info['split_rule']}"]
    if info["ignored"]:
        ignored = ", ".join(f"{count} {extension}" for extension, count in info["ignored"].items())
        lines.append(f"passed over: {ignored}")
    if missing := info.get("missing"):
        counts = ", ".join(f"{count:,} {split}" for split, count in missing.items())
        lines.append(f"listed and not there: {sum(missing.values()):,} files ({counts}), see {path / MISSING_FILE}")
    lines += [f"note: {line}" for line in info.get("notes", ())]
    quarantined = info["quarantined"]
    lines.append(f"quarantined: {len(quarantined)} of {info['sources']} sources")
    lines += [f"  {entry['source']} {entry['reason']}" for entry in quarantined[:SHOWN_REASONS]]
    if len(quarantined) > SHOWN_REASONS:
        lines.append(f"  and {len(quarantined) - SHOWN_REASONS} more, listed in dataset.json")
    return lines
