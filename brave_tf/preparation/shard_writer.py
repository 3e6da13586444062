"""Writes one shard: the unit of work that is done completely or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.data.dataset import CLIPS_PER_SOURCE, LABEL_PREFIX, PRIMARY_LABEL, WORK_FOLDER
from brave_tf.data.record_frame import HEADER_BYTES, framed_bytes
from brave_tf.errors import UserError
from brave_tf.files import write_json
from brave_tf.preparation.layouts import Source, names_of
from brave_tf.preparation.media import MediaError, read_clips
from brave_tf.preparation.plan import ClipSettings, Plan, Shard, temporary
from brave_tf.preparation.record_writer import build
from brave_tf.preparation.tv_l1 import flow_pictures


def write_shard(
    out: Path, plan: Plan, shard: Shard, settings: ClipSettings, source_done: Callable[[], None]
) -> dict[str, Any]:
    """Prepares the sources of one shard; a source that cannot be used is left out whole, with its reason.

    Args:
        out: the dataset's directory.
        plan: the preparation.
        shard: the shard to write.
        settings: what to make of the media files.
        source_done: called after each source.

    Returns:
        `rows` of the clip table and the `quarantined` sources; the same is in the shard's done-file.

    Raises:
        UserError: the shard cannot be written, for example on a full disk.
    """
    work = out / WORK_FOLDER
    # The process number keeps an orphan of a killed run away from our files.
    part = temporary(work, shard, f"{os.getpid()}.part")
    result: dict[str, Any] = {"rows": [], "quarantined": []}
    try:
        with open(part, "wb") as stream:
            for number in shard.sources:
                source = plan.sources[number]
                piece = temporary(work, shard, f"{os.getpid()}.piece")
                try:
                    rows = _write_source(piece, plan, number, settings)
                except MediaError as error:
                    result["quarantined"].append({"source": source.name, "reason": str(error)})
                else:
                    place = stream.tell()
                    with open(piece, "rb") as file:
                        shutil.copyfileobj(file, stream)
                    for row in rows:
                        result["rows"].append({**row, "shard": shard.name, "offset": row["offset"] + place})
                finally:
                    piece.unlink(missing_ok=True)
                source_done()
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, out / shard.name)
        write_json(temporary(work, shard, "done"), result)
    except (OSError, tf.errors.OpError) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{out / shard.name} cannot be written ({reason}); free some space and run it again") from None
    return result


def _write_source(file: Path, plan: Plan, number: int, settings: ClipSettings) -> list[dict[str, Any]]:
    source = plan.sources[number]
    labels = {f"{LABEL_PREFIX}{name}": _cell(plan, source, name) for name in plan.classes}
    label_indices = _label_indices(plan, source)
    rows = []
    place = 0
    with tf.io.TFRecordWriter(str(file)) as writer:
        clips = read_clips(source.path, settings.media, source.start_seconds, source.end_seconds)
        for index, clip in enumerate(clips):
            clip_id = number * CLIPS_PER_SOURCE + index
            pictures = flow_pictures(clip.frames, settings.flow) if settings.flow else []
            payload = build(
                clip,
                clip_id=clip_id,
                source=source.name,
                audio_rate_hz=settings.media.audio_rate_hz,
                labels=source.labels,
                label_indices=label_indices,
                flow=pictures,
                flow_stride=settings.flow.stride if settings.flow else 1,
            )
            writer.write(payload)
            row: dict[str, Any] = {
                "clip_id": clip_id,
                "split": source.split,
                "offset": place + HEADER_BYTES,
                "length": len(payload),
                "source": source.name,
                "start_seconds": clip.start_seconds,
                "end_seconds": clip.end_seconds,
                "frames": len(clip.frames),
                "samples": int(clip.samples.size),
                "flow_frames": len(pictures),
            }
            rows.append(row | labels)
            place += framed_bytes(len(payload))
    if not rows:
        raise MediaError("holds nothing to keep")
    return rows


def _cell(plan: Plan, source: Source, column: str) -> str | list[str] | None:
    """What the clip table holds: one name, a list of them in a multi-label column, or nothing."""
    names = names_of(source.labels.get(column))
    if column in plan.multilabel:
        return list(names) or None
    return names[0] if names else None


def _label_indices(plan: Plan, source: Source) -> list[int]:
    return [plan.classes[PRIMARY_LABEL].index(name) for name in names_of(source.labels.get(PRIMARY_LABEL))]
