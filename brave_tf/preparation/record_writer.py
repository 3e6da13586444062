"""Clips as `SequenceExample` records in the MediaSequence and DMVR conventions."""

from collections.abc import Mapping, Sequence
from typing import Any

from brave_tf.config import SOURCE_FPS
from brave_tf.data.dataset import LABEL_PREFIX, PRIMARY_LABEL
from brave_tf.data.record_keys import (
    FLOW,
    FLOW_RATE,
    FLOW_TIMES,
    FRAME_TIMES,
    FRAMES,
    MICROSECONDS,
    WAVEFORM,
    WAVEFORM_RATE,
)
from brave_tf.preparation.layouts import LabelValue, names_of
from brave_tf.preparation.media import Clip
from brave_tf.preparation.sequence_example import Pieces, serialize


def build(
    clip: Clip,
    *,
    clip_id: int,
    source: str,
    audio_rate_hz: int | None,
    labels: Mapping[str, LabelValue],
    label_indices: Sequence[int] = (),
    flow: Sequence[bytes] = (),
    flow_stride: int = 1,
) -> Pieces:
    """One clip as a serialised `SequenceExample`, in pieces.

    Args:
        clip: frames and sound.
        clip_id: its number in the dataset.
        source: its media file, relative to the dataset's source.
        audio_rate_hz: rate of `clip.samples`.
        labels: label columns; the column `label` goes under `clip/label`, others under `label/NAME`. Of several names
            all are written, as MediaSequence does.
        label_indices: class index of every name in the column `label`.
        flow: optical flow pictures, see `brave_tf.preparation.tv_l1.flow_pictures`.
        flow_stride: frames from one of them to the next.
    """
    context: dict[str, Any] = {
        "clip/media_id": source,
        "clip/index": clip_id,
        "clip/start/timestamp": round(clip.start_seconds * MICROSECONDS),
        "clip/end/timestamp": round(clip.end_seconds * MICROSECONDS),
    }
    lists: dict[str, Any] = {}
    for name, value in labels.items():
        context["clip/label/string" if name == PRIMARY_LABEL else f"{LABEL_PREFIX}{name}"] = names_of(value)
    context["clip/label/index"] = label_indices
    if clip.frames:
        context |= {"image/format": "JPEG", "image/frame_rate": SOURCE_FPS, "image/channels": 3}
        context |= {"image/height": clip.height, "image/width": clip.width}
        lists[FRAMES] = [[jpeg] for jpeg in clip.frames]
        lists[FRAME_TIMES] = [[_time(clip, number)] for number in range(len(clip.frames))]
    if flow:
        context |= {"FORWARD_FLOW/image/format": "PNG", FLOW_RATE: SOURCE_FPS / flow_stride}
        context["FORWARD_FLOW/image/channels"] = 2
        lists[FLOW] = [[png] for png in flow]
        lists[FLOW_TIMES] = [[_time(clip, number * flow_stride)] for number in range(len(flow))]
    if clip.samples.size:
        context |= {WAVEFORM_RATE: float(audio_rate_hz or 0), "WAVEFORM/feature/num_samples": clip.samples.size}
        lists[WAVEFORM] = [clip.samples]
    listed = {key: value if isinstance(value, list | tuple) else [value] for key, value in context.items()}
    return serialize({key: values for key, values in listed.items() if values}, lists)


def _time(clip: Clip, frame: int) -> int:
    return round((clip.start_seconds + frame / SOURCE_FPS) * MICROSECONDS)
