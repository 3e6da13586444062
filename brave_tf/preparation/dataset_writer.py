"""From a folder or list of media files to a dataset of records."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brave_tf.config import SOURCE_FPS
from brave_tf.config.words import FollowLinks, LayoutName, RunnerName
from brave_tf.data.dataset import CLIPS_FILE, FORMAT_VERSION, INFO_FILE, MISSING_FILE, WORK_FOLDER, Dataset
from brave_tf.data.flow_code import FlowSettings
from brave_tf.data.open import open_dataset
from brave_tf.errors import UsageError, UserError, one_line
from brave_tf.files import write_atomically, write_json
from brave_tf.machine import cores
from brave_tf.preparation.claim import claim
from brave_tf.preparation.clip_rows import ClipRows
from brave_tf.preparation.engine import Engine
from brave_tf.preparation.file_limits import FileLimits
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.choice import MOST_CLIP_SECONDS, default_clip_seconds, list_source
from brave_tf.preparation.layouts.walk import Reach
from brave_tf.preparation.media_settings import MediaSettings
from brave_tf.preparation.parts import check_complete, describe_part
from brave_tf.preparation.plan import ClipSettings, Plan, make_plan
from brave_tf.preparation.shard_jobs import write_shards
from brave_tf.preparation.splits import assign_splits, parse_shares
from brave_tf.preparation.work_folder import read_all_done
from brave_tf.progress import note, phase
from brave_tf.storage import as_path, as_source, remove_tree


def write_dataset(
    source: str | Path,
    out: str | Path,
    *,
    layout: LayoutName,
    path_column: str,
    annotations: str | Path | None,
    follow_links: FollowLinks,
    audio_rate: int,
    shorter_side: int,
    clip_seconds: float | None,
    split: str,
    seed: int,
    workers: int | None,
    flow: bool,
    flow_size: int,
    flow_stride: int,
    broad_size: int | None,
    max_seconds_per_file: float,
    part: str | None,
    merge: bool,
    runner: RunnerName,
    beam_options: Sequence[str],
) -> Dataset | None:
    """Does what `brave_tf.commands.prepare` documents."""
    source, out = as_source(source), as_path(out)
    engine = Engine.of(workers, part, merge, runner, beam_options)
    seconds = default_clip_seconds(layout) if clip_seconds is None else clip_seconds
    flow_settings = FlowSettings(flow_size, flow_stride)
    if not flow and flow_settings != FlowSettings():
        raise UsageError("received --flow-size or --flow-stride without --flow; add --flow to compute optical flow")
    media = MediaSettings(shorter_side, audio_rate or None, seconds)
    settings = ClipSettings(media, flow_settings if flow else None, broad_size)
    _check(settings, workers, max_seconds_per_file)
    if flow and not (out / INFO_FILE).is_file():
        from brave_tf.preparation.tv_l1 import check_opencv

        check_opencv()
    lists = None if annotations is None else as_source(annotations)
    # An interrupted dataset below its source is no part of it, and the same command finds what it found before.
    reach = Reach(follow_links, leave_out=out)
    with phase(f"listing {source}"):
        listing = list_source(source, layout, path_column=path_column, annotations=lists, reach=reach)
        sources, rule = assign_splits(listing.sources, parse_shares(split), seed)
        plan = make_plan(sources, settings.as_dict(), listing.classes)
    if (out / INFO_FILE).is_file():
        dataset = _finished(out, plan)
        if engine.part is None:
            return dataset
        note(f"{out} is finished; nothing is left to do for part {engine.part}")
        return None
    with claim(out, plan, settings, engine.part):
        if not engine.merge:
            _write_shards(out, plan, settings, engine, FileLimits(max_seconds_per_file))
        if engine.part is not None:
            note(describe_part(out, plan, engine.part))
            return None
        with phase("writing the clip table"):
            check_complete(out, plan)
            _finish(out, plan, settings, listing, listing.split_rule or rule)
    _tidy(out)
    return open_dataset(out)


def _write_shards(out: Path, plan: Plan, settings: ClipSettings, engine: Engine, limits: FileLimits) -> None:
    if engine.runner == "beam":
        from brave_tf.preparation.beam_pipeline import write_with_beam

        write_with_beam(out, plan, settings, engine.beam_options, limits)
    else:
        write_shards(out, plan, settings, cores() if engine.workers is None else engine.workers, limits, engine.part)


def _check(settings: ClipSettings, workers: int | None, seconds_per_file: float) -> None:
    media, flow, rate = settings.media, settings.flow, settings.media.audio_rate_hz
    limits = [
        ("--shorter-side", media.shorter_side, 16, 4096),
        ("--clip-seconds", media.clip_seconds, 0.04, MOST_CLIP_SECONDS),
        ("--audio-rate", 16_000 if rate is None else rate, 1_000, 192_000),
        ("--workers", 1 if workers is None else workers, 0, 4096),
        ("--max-seconds-per-file", seconds_per_file, 0.001, 31_536_000),
        *([] if settings.broad_size is None else [("--broad-size", settings.broad_size, 16, media.shorter_side)]),
        *(
            []
            if flow is None
            else [("--flow-size", flow.shorter_side, 16, 1024), ("--flow-stride", flow.stride, 1, 25)]
        ),
    ]
    for name, value, least, most in limits:
        if not least <= value <= most:
            raise UserError(f"received {name} {value}; expected {least} to {most}")


def _finished(out: Path, plan: Plan) -> Dataset:
    dataset = open_dataset(out)
    if dataset.fingerprint != plan.fingerprint:
        raise UserError(
            f"{out} holds a dataset of other files or settings ({json.dumps(dataset.info['settings'])}, "
            f"{dataset.info['sources']} sources); choose another --out, or remove it"
        )
    # There is one if the preparation was stopped while it tidied up.
    _tidy(out)
    return dataset


def _tidy(out: Path) -> None:
    with contextlib.suppress(OSError):
        remove_tree(out / WORK_FOLDER)


def _finish(out: Path, plan: Plan, settings: ClipSettings, listing: Listing, rule: str) -> None:
    rows = ClipRows(plan)
    quarantined: list[dict[str, str]] = []
    remarks: list[dict[str, str]] = []
    for shard, done in zip(plan.shards, read_all_done(out, plan.shards), strict=True):
        rows.add(shard, done["rows"])
        quarantined += done["quarantined"]
        remarks += done.get("remarks", ())  # what an older version began has none
    told = {"quarantined": _by_source(quarantined), "remarks": _by_source(remarks)}
    if not rows:
        reasons = "; ".join(f"{entry['source']} {entry['reason']}" for entry in told["quarantined"][:3])
        # Last the folder that tells what `out` is: stopped in between, the same command comes here again.
        for shard in plan.shards:
            (out / shard.name).unlink(missing_ok=True)
        remove_tree(out / WORK_FOLDER)
        raise UserError(
            f"none of the {len(plan.sources)} sources can be used ({reasons}); expected media that FFmpeg reads; "
            "convert these, or choose others"
        )
    try:
        rows.write(out / CLIPS_FILE)
        if listing.missing:
            names = [one_line(name) for split in listing.missing for name in listing.missing[split]]
            write_atomically(out / MISSING_FILE, "".join(f"{name}\n" for name in names))
        write_json(out / INFO_FILE, _info(plan, settings, listing, rule, rows) | told)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None


def _by_source(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(entries, key=lambda entry: entry["source"])


def _info(plan: Plan, settings: ClipSettings, listing: Listing, rule: str, rows: ClipRows) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "layout": listing.layout,
        "frame_rate": SOURCE_FPS,
        "shorter_side": settings.media.shorter_side,
        "audio_rate_hz": settings.media.audio_rate_hz,
        "clip_seconds": settings.media.clip_seconds,
        "flow": settings.flow.as_dict() if settings.flow else None,
        "broad_size": settings.broad_size,
        "splits": rows.split_info(),
        "labels": plan.classes,
        "multilabel": list(plan.multilabel),
        "folds": list(listing.folds),
        "sources": len(plan.sources),
        "missing": {split: len(names) for split, names in listing.missing.items()},
        "ignored": listing.ignored,
        "notes": listing.notes,
        "split_rule": rule,
        "settings": settings.as_dict(),
        "fingerprint": plan.fingerprint,
    }
