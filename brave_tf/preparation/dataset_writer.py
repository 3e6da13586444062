"""From a folder or list of media files to a dataset of records."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brave_tf.config import SOURCE_FPS
from brave_tf.config.words import FollowLinks, LayoutName
from brave_tf.data.dataset import (
    CLIPS_FILE,
    FORMAT_VERSION,
    INFO_FILE,
    LABEL_PREFIX,
    MISSING_FILE,
    WORK_FOLDER,
    Dataset,
)
from brave_tf.data.flow_code import FlowSettings
from brave_tf.data.open import open_dataset
from brave_tf.errors import UsageError, UserError, one_line
from brave_tf.files import locked, write_atomically, write_json
from brave_tf.machine import cores
from brave_tf.preparation.file_limits import FileLimits
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.choice import MOST_CLIP_SECONDS, default_clip_seconds, list_source
from brave_tf.preparation.layouts.walk import Reach
from brave_tf.preparation.media_settings import MediaSettings
from brave_tf.preparation.plan import ClipSettings, Plan, make_plan
from brave_tf.preparation.shard_jobs import write_shards
from brave_tf.preparation.splits import assign_splits, parse_shares
from brave_tf.progress import phase

if TYPE_CHECKING:
    import pyarrow as pa

PLAN_FILE = "plan.json"


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
) -> Dataset:
    """Does what `brave_tf.commands.prepare` documents."""
    source, out = Path(source), Path(out)
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
    lists = None if annotations is None else Path(annotations)
    # An interrupted dataset below its source is no part of it, and the same command finds what it found before.
    reach = Reach(follow_links, leave_out=out)
    with phase(f"listing {source}"):
        listing = list_source(source, layout, path_column=path_column, annotations=lists, reach=reach)
        sources, rule = assign_splits(listing.sources, parse_shares(split), seed)
        plan = make_plan(sources, settings.as_dict(), listing.classes)
    if (out / INFO_FILE).is_file():
        return _finished(out, plan)
    with _claim(out, plan, settings):
        limits = FileLimits(max_seconds_per_file)
        results = write_shards(out, plan, settings, cores() if workers is None else workers, limits)
        with phase("writing the clip table"):
            _finish(out, plan, settings, listing, listing.split_rule or rule, results)
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return open_dataset(out)


def _check(settings: ClipSettings, workers: int | None, seconds_per_file: float) -> None:
    media, flow, rate = settings.media, settings.flow, settings.media.audio_rate_hz
    limits = [
        ("shorter side", media.shorter_side, 16, 4096),
        ("clip seconds", media.clip_seconds, 0.04, MOST_CLIP_SECONDS),
        ("audio rate", 16_000 if rate is None else rate, 1_000, 192_000),
        ("workers", 1 if workers is None else workers, 0, 4096),
        ("max seconds per file", seconds_per_file, 0.001, 31_536_000),
        *([] if settings.broad_size is None else [("broad size", settings.broad_size, 16, media.shorter_side)]),
        *([] if flow is None else [("flow size", flow.shorter_side, 16, 1024), ("flow stride", flow.stride, 1, 25)]),
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
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return dataset


@contextlib.contextmanager
def _claim(out: Path, plan: Plan, settings: ClipSettings) -> Iterator[None]:
    """Makes `out` this preparation's alone, and checks that what is begun there is the same one."""
    work = out / WORK_FOLDER
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not work.is_dir())):
        raise UserError(f"{out} exists and is not a dataset; choose another --out")
    with contextlib.ExitStack() as stack:
        try:
            work.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(work / "lock"))
        except BlockingIOError:
            raise UserError(f"another process is writing {out}; wait for it, or choose another --out") from None
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); choose another --out") from None
        begun = {"settings": settings.as_dict(), "listing": plan.listing, "classes": plan.official}
        try:
            if (work / PLAN_FILE).is_file():
                _compare(out, json.loads((work / PLAN_FILE).read_text(encoding="utf-8")), begun)
            else:
                write_json(work / PLAN_FILE, begun)
            for leftover in [*work.glob("*.part"), *work.glob("*.piece")]:
                leftover.unlink()
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None
        yield


def _compare(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    different = [
        f"{name}: {before['settings'].get(name)} -> {now['settings'].get(name)}"
        for name in before["settings"] | now["settings"]
        if before["settings"].get(name) != now["settings"].get(name)
    ]
    # What an older version began knows no official classes.
    old_classes, new_classes = before.get("classes", {}), now["classes"]
    different += [
        f"the classes of {column} changed"
        for column in old_classes | new_classes
        if old_classes.get(column) != new_classes.get(column)
    ]
    old, new = before["listing"], now["listing"]
    different += [
        f"{name.split(':', 1)[1]} changed" for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)
    ]
    if different:
        changes = "; ".join(different[:5]) + (f"; and {len(different) - 5} more" if len(different) > 5 else "")
        raise UserError(f"{out} was begun with other files or settings ({changes}); choose another --out, or remove it")


def _finish(
    out: Path, plan: Plan, settings: ClipSettings, listing: Listing, rule: str, results: list[dict[str, Any]]
) -> None:
    # A shard that was done before there was flow does not count it.
    rows = [{"flow_frames": 0, **row} for result in results for row in result["rows"]]
    rows.sort(key=lambda row: (row["shard"], row["offset"]))
    quarantined, remarks = (_by_source(results, key) for key in ("quarantined", "remarks"))
    if not rows:
        reasons = "; ".join(f"{entry['source']} {entry['reason']}" for entry in quarantined[:3])
        # Last the folder that tells what `out` is: stopped in between, the same command comes here again.
        for shard in plan.shards:
            (out / shard.name).unlink(missing_ok=True)
        shutil.rmtree(out / WORK_FOLDER)
        raise UserError(f"none of the {len(plan.sources)} sources can be used ({reasons})")
    # It takes as long to load as all else: not before it is needed.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(pa.Table.from_pylist(rows, schema=_schema(plan)), out / CLIPS_FILE)
        if listing.missing:
            names = [one_line(name) for split in listing.missing for name in listing.missing[split]]
            write_atomically(out / MISSING_FILE, "".join(f"{name}\n" for name in names))
        told = {"quarantined": quarantined, "remarks": remarks}
        write_json(out / INFO_FILE, _info(plan, settings, listing, rule, rows) | told)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None


def _by_source(results: list[dict[str, Any]], key: str) -> list[dict[str, str]]:
    # What an older version began has no remarks.
    return sorted((entry for result in results for entry in result.get(key, ())), key=lambda entry: entry["source"])


def _schema(plan: Plan) -> "pa.Schema":
    import pyarrow as pa

    from brave_tf.data.clip_table import CLIP_COLUMNS

    kinds = {name: pa.list_(pa.string()) if name in plan.multilabel else pa.string() for name in plan.classes}
    return pa.schema([*CLIP_COLUMNS, *(pa.field(f"{LABEL_PREFIX}{name}", kind) for name, kind in kinds.items())])


def _info(
    plan: Plan, settings: ClipSettings, listing: Listing, rule: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "layout": listing.layout,
        "frame_rate": SOURCE_FPS,
        "shorter_side": settings.media.shorter_side,
        "audio_rate_hz": settings.media.audio_rate_hz,
        "clip_seconds": settings.media.clip_seconds,
        "flow": settings.flow.as_dict() if settings.flow else None,
        "broad_size": settings.broad_size,
        "splits": {split: _split_info(split, plan, rows) for split in sorted({shard.split for shard in plan.shards})},
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


def _split_info(split: str, plan: Plan, rows: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [row for row in rows if row["split"] == split]
    return {
        "clips": len(mine),
        "with_video": sum(row["frames"] > 0 for row in mine),
        "with_audio": sum(row["samples"] > 0 for row in mine),
        "with_flow": sum(row["flow_frames"] > 0 for row in mine),
        "hours": round(sum(row["end_seconds"] - row["start_seconds"] for row in mine) / 3600, 4),
        "shards": [shard.name for shard in plan.shards if shard.split == split],
    }
