"""The curves of a model card: how the run went that the encoder comes from."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError
from brave_tf.progress import note

CURVES: Mapping[str, str] = {
    "loss and its terms": "training_loss.png",
    "spread of the projections": "training_spread.png",
    "kNN probe of the encoder, top-1": "training_probe.png",
}
"""Charts of a run's report that a card shows, by their titles, and their files."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """A chart of a card.

    Attributes:
        file: in the export's directory.
        title: what is measured.
        aid: what healthy looks like.
        chart: what is drawn, a `brave_tf.pages.charts.Chart`.
    """

    file: str
    title: str
    aid: str
    chart: Any

    def drawing(self) -> bytes:
        """The content of its file, a PNG."""
        from brave_tf.pages.charts import drawing

        return drawing([self.chart], "png")


def curves_of(run: Path) -> list[Curve]:
    """The curves of a run; one whose metrics cannot be read has none, which is said."""
    from brave_tf.pages.run_charts import chart_of, curves
    from brave_tf.runs.record import read_run

    try:
        record = read_run(run)
    except UserError as error:
        note(f"the model card has no curves: {error}")
        return []
    charts = [chart for chart in curves(record) if chart.title in CURVES]
    return [Curve(CURVES[each.title], each.title, each.aid, chart_of(record, each)) for each in charts]
