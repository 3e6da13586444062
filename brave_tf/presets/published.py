"""The paper's scores, by experiment, benchmark and protocol."""

from typing import Any

from brave_tf.errors import UserError
from brave_tf.modalities import Tower
from brave_tf.presets import describe

COLUMNS = {
    ("ucf101", "linear"): "UCF101 linear",
    ("ucf101", "finetune"): "UCF101 fine-tuned",
    ("hmdb51", "linear"): "HMDB51 linear",
    ("hmdb51", "finetune"): "HMDB51 fine-tuned",
    ("kinetics", "linear-lars"): "Kinetics-600 linear",
    ("esc50", "linear"): "ESC-50 linear",
    ("audioset", "mlp"): "AudioSet mAP",
}
"""Columns of the paper's tables, by layout of the dataset and protocol."""
BROAD_COLUMNS: dict[str, Tower] = {"ESC-50 linear": "audio", "AudioSet mAP": "audio"}
"""Those that a broad tower is scored in; the others are of the narrow one."""


def published(preset: str, layout: str, protocol: str, tower: str) -> dict[str, Any] | None:
    """What the paper reports for an experiment; None if it reports nothing.

    Args:
        preset: the experiment.
        layout: how the dataset was laid out, such as "ucf101".
        protocol: the evaluation's protocol.
        tower: the tower that is evaluated.

    Returns:
        `experiment`, `column`, `value` in [0, 1], and `source`.
    """
    column = COLUMNS.get((layout, protocol))
    if column is None or tower != BROAD_COLUMNS.get(column, "narrow"):
        return None
    try:
        known = describe(preset)
    except UserError:
        return None
    if column not in known.scores:
        return None
    value = round(known.scores[column] / 100, 4)
    return {"experiment": preset, "column": column, "value": value, "source": f"the paper, {known.source}"}
