"""The closed lists of words that users choose from: the one place of each, without TensorFlow.

The command line offers them, the implementations are typed by them.
"""

from typing import Literal

from brave_tf.config.views import Modality

Tower = Literal["narrow", Modality]
"""The narrow tower, or the broad one of a modality."""

TowerChoice = Literal[Tower, "broad"]
"""What users call a tower: "broad" is the only broad one of a run, or the only one of frames."""

LayoutName = Literal["auto", "folder", "csv", "ucf101", "hmdb51", "kinetics", "audioset", "esc50"]
"""How a source of media files is laid out; "auto" tells folders and CSV files apart."""

StrategyName = Literal["auto", "mirrored", "multiworker", "tpu"]
"""Which devices train; "auto" takes whichever is there."""
