"""`brave-tf prepare`."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.cli.stopping import stopped_by_signals
from brave_tf.config.words import FollowLinks, LayoutName, RunnerName

SHOWN_REASONS = 10


def prepare(
    source: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="SOURCE")],
    /,
    out: Path,
    layout: LayoutName = "auto",
    path_column: str = "path",
    annotations: Path | None = None,
    follow_links: FollowLinks = "inside",
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
    max_seconds_per_file: float = 14_400.0,
    part: str | None = None,
    merge: bool = False,
    runner: RunnerName = "local",
    beam_options: Sequence[str] = (),
    json: JSON = False,
) -> None:
    """`brave_tf.prepare`, whose documentation is also this command's."""
    from brave_tf.cli.manner import print_json
    from brave_tf.preparation.worker_server import running_server

    with stopped_by_signals("prepare"):
        # It loads while this process does. If it cannot be started, those who need it say so.
        if workers != 0 and not merge and runner == "local":
            with contextlib.suppress(OSError):
                running_server()
        dataset = commands.prepare(
            source,
            out,
            layout=layout,
            path_column=path_column,
            annotations=annotations,
            follow_links=follow_links,
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
            max_seconds_per_file=max_seconds_per_file,
            part=part,
            merge=merge,
            runner=runner,
            beam_options=beam_options,
        )
    if json:
        print_json({"path": out, "info": None} if dataset is None else dataset)
    elif dataset is not None:
        _print(dataset.path, dataset.info)
        _warn_if_quiet(dataset.info)


prepare.__doc__ = commands.prepare.__doc__


def _print(path: Path, info: dict[str, Any]) -> None:
    from rich.table import Table

    from brave_tf.cli.console import Console, print_end, print_lines
    from brave_tf.cli.following import preset_for, pretrain_words

    table = Table(title=str(path), title_justify="left")
    for heading in ("split", "clips", "with picture", "with sound", "with flow", "hours"):
        table.add_column(heading)
    for name, split in info["splits"].items():
        counts = (split.get(name, 0) for name in ("clips", "with_video", "with_audio", "with_flow", "hours"))
        table.add_row(name, *(str(count) for count in counts))
    Console().print(table)
    print_lines(*_lines(path, info))
    preset = preset_for(info)
    print_end(path, ["dataset.json"], pretrain_words(preset, path) if preset else ["verify", path])


def _warn_if_quiet(info: dict[str, Any]) -> None:
    """Says how much is left out, where what else says so is not printed."""
    from brave_tf.errors import one_line
    from brave_tf.progress import is_quiet, warn

    if is_quiet() and info["quarantined"]:
        first, count = info["quarantined"][0], len(info["quarantined"])
        told = f"{one_line(first['source'])} {one_line(first['reason'])}"
        warn(f"{count:,} of {info['sources']:,} sources are left out, such as {told}")


def _lines(path: Path, info: dict[str, Any]) -> list[str]:
    from brave_tf.data.dataset import MISSING_FILE
    from brave_tf.errors import one_line

    labels = ", ".join(f"{name} ({len(classes)} classes)" for name, classes in info["labels"].items()) or "none"
    lines = [f"labels: {labels}", f"split: {info['split_rule']}"]
    if info["ignored"]:
        ignored = ", ".join(f"{count} {extension}" for extension, count in info["ignored"].items())
        lines.append(f"passed over: {ignored}")
    if missing := info.get("missing"):
        counts = ", ".join(f"{count:,} {split}" for split, count in missing.items())
        lines.append(f"listed and not there: {sum(missing.values()):,} files ({counts}), see {path / MISSING_FILE}")
    lines += [f"note: {line}" for line in info.get("notes", ())]
    quarantined = [f"{one_line(entry['source'])} {entry['reason']}" for entry in info["quarantined"]]
    remarks = [f"{one_line(entry['source'])} {entry['remark']}" for entry in info.get("remarks", ())]
    lines += [f"quarantined: {len(quarantined)} of {info['sources']} sources", *_first(quarantined)]
    if remarks:
        lines += ["used, and not whole:", *_first(remarks)]
    return lines


def _first(entries: list[str]) -> list[str]:
    more = len(entries) - SHOWN_REASONS
    rest = [f"  and {more} more, listed in dataset.json"] if more > 0 else []
    return [*(f"  {entry}" for entry in entries[:SHOWN_REASONS]), *rest]
