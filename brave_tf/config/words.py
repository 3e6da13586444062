"""The closed lists of words that users choose from: the one place of each, without TensorFlow.

The command line offers them, the implementations are typed by them. Those of modalities and towers are in
`brave_tf.modalities`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

LayoutName = Literal[
    "auto", "folder", "csv", "ucf101", "hmdb51", "kinetics", "audioset", "esc50", "ssv2", "diving48", "vggsound"
]
"""How a source of media files is laid out; "auto" tells folders and CSV files apart."""

FollowLinks = Literal["inside", "all", "none"]
"""Which links below a source are followed: those that stay inside it, all, or none."""

RunnerName = Literal["local", "beam"]
"""What prepares a dataset: processes of the command, or Apache Beam."""

StrategyName = Literal["auto", "mirrored", "multiworker", "tpu"]
"""Which devices train; "auto" takes whichever is there."""

LocalStrategyName = Literal["auto", "mirrored", "tpu"]
"""Which devices evaluate: those of one machine, or a TPU."""

LoggerName = Literal["tensorboard", "wandb", "mlflow"]
"""What shows the metrics of a run: TensorBoard, whose file every run writes, Weights & Biases, and MLflow."""

PoolName = Literal["windows", "video"]
"""What a row of a table of embeddings stands for: one window, or the mean over those of a file."""

TableName = Literal["table1", "table2", "table3", "table4", "collapse"]
"""Comparisons of the paper that `brave-tf ablate` makes again."""

ScaleName = Literal["tiny", "paper"]
"""At what scale: that of the presets `tiny-...`, or the paper's own."""

FormatName = Literal["savedmodel", "keras", "onnx", "litert"]
"""What an encoder is exported as."""

PROTOCOLS: Mapping[str, str] = {
    "linear": "brave_tf.evaluation.protocols.linear:Linear",
    "linear-lars": "brave_tf.evaluation.protocols.linear_lars:LinearLARS",
    "mlp": "brave_tf.evaluation.protocols.mlp:MLP",
    "attentive": "brave_tf.evaluation.protocols.attentive:Attentive",
    "finetune": "brave_tf.evaluation.protocols.finetune:FineTune",
    "knn": "brave_tf.evaluation.protocols.knn:KNN",
    "ridge": "brave_tf.evaluation.protocols.ridge:Ridge",
    "retrieval": "brave_tf.evaluation.protocols.retrieval:Retrieval",
}
"""The evaluation protocols and their classes. Another one is its file and a line here: see CONTRIBUTING.md."""

# The words are those of the table, of which type checkers know nothing.
if TYPE_CHECKING:
    ProtocolName = str
else:
    ProtocolName = Literal[tuple(PROTOCOLS)]
