"""Writes the records of one source into a file of their own: the unit of work for a process."""

import dataclasses
from typing import Any

from brave_tf.config import SOURCE_FPS
from brave_tf.data.dataset import CLIPS_PER_SOURCE
from brave_tf.data.record_frame import FOOTER_BYTES, HEADER_BYTES, frame
from brave_tf.preparation.file_limits import OutputLimit
from brave_tf.preparation.jobs import Outcome, SourceJob, cannot_write
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media import Clip, read_clips
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.plan import ClipSettings
from brave_tf.preparation.record_writer import build


def write_source(job: SourceJob, course: Course) -> Outcome:
    """Writes the piece of a source; one that cannot be used is left out whole, and leaves no file.

    Raises:
        UserError: the piece cannot be written, for example on a full disk.
    """
    rows: list[dict[str, Any]] = []
    remarks: list[str] = []
    remembered = False
    course = dataclasses.replace(course, remark=remarks.append)
    output = OutputLimit(job.source.path)
    try:
        with open(job.piece, "wb") as stream:
            clips = read_clips(
                job.source.path, job.settings.media, job.source.start_seconds, job.source.end_seconds, course
            )
            for index, clip in enumerate(clips):
                output.add(_seconds(clip, job.settings))
                row, payload = _record(job, index, clip, course)
                pieces = frame(payload)
                place = stream.tell()
                stream.writelines(pieces)
                length = sum(map(len, pieces)) - HEADER_BYTES - FOOTER_BYTES
                rows.append(row | {"offset": place + HEADER_BYTES, "length": length})
        if rows:
            return Outcome(rows, remarks=tuple(remarks))
        reason = "holds nothing to keep"
    except MediaError as error:
        reason = str(error)
    except MemoryError:
        reason, remembered = "needs more memory than there is", True
    except OSError as error:
        job.piece.unlink(missing_ok=True)
        raise cannot_write(job.shard, error) from None
    job.piece.unlink(missing_ok=True)
    return Outcome([], reason, remembered)


def _seconds(clip: Clip, settings: ClipSettings) -> float:
    """How much of picture or sound a clip holds."""
    sound = clip.samples.size / settings.media.audio_rate_hz if settings.media.audio_rate_hz else 0.0
    return max(len(clip.frames) / SOURCE_FPS, sound)


def _record(job: SourceJob, index: int, clip: Clip, course: Course) -> tuple[dict[str, Any], list[bytes]]:
    clip_id = job.number * CLIPS_PER_SOURCE + index
    flow = job.settings.flow
    pictures: list[bytes] = []
    if flow:
        from brave_tf.preparation.tv_l1 import flow_pictures

        pictures = flow_pictures(clip.frames, flow, course.threads())
    small: list[bytes] = []
    if job.settings.broad_size:
        from brave_tf.preparation.small_frames import small_frames

        small = small_frames(clip.frames, job.settings.broad_size)
    payload = build(
        clip,
        clip_id=clip_id,
        source=job.source.name,
        audio_rate_hz=job.settings.media.audio_rate_hz,
        labels=job.source.labels,
        label_indices=job.label_indices,
        flow=pictures,
        flow_stride=flow.stride if flow else 1,
        small_frames=small,
    )
    row = {
        "clip_id": clip_id,
        "split": job.source.split,
        "source": job.source.name,
        "start_seconds": clip.start_seconds,
        "end_seconds": clip.end_seconds,
        "frames": len(clip.frames),
        "samples": int(clip.samples.size),
        "flow_frames": len(pictures),
    }
    return row, payload
