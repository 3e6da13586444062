"""How many labels the demo's classifiers are shown."""

from collections.abc import Mapping
from typing import Any

FRACTIONS = (0.05, 0.1, 0.25, 1.0)
"""Of the training clips' labels."""
FEW = 0.1
"""What the headline tells: where labels are few, it matters most what a network has learned without them."""


def few_labels(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an evaluation's report tells of the classifier that was shown few labels."""
    (record,) = (each for each in report["label_fractions"] if each["fraction"] == FEW)
    return dict(record)
