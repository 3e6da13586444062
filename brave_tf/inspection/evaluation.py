"""The page of an evaluation, with the clips that the encoder got wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from brave_tf.config import AudioViewConfig
from brave_tf.data.open import open_dataset
from brave_tf.inspection.mistakes import pictures_of
from brave_tf.pages import evaluation_report


def write_evaluation_page(path: Path, report: Mapping[str, Any]) -> None:
    """Writes `report.html`.

    Args:
        path: the file.
        report: what `brave_tf.evaluation.report.evaluate_and_report` returned.

    Raises:
        UserError: the dataset is not where it was, or the page cannot be written.
    """
    front_end = report["settings"]["input_view"]["audio"]
    audio = pydantic.TypeAdapter(AudioViewConfig | None).validate_python(front_end)
    ids = [mistake["clip_id"] for mistake in report.get("mistakes", ())]
    pictures = pictures_of(open_dataset(report["dataset"]["path"]), ids, report["modality"], audio)
    evaluation_report.write(path, report, pictures)
