"""Commands to try next that depend on what there is, as words after `brave-tf`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brave_tf.cli.options import FIRST_RUN


def preset_for(info: Mapping[str, Any]) -> str:
    """The small preset that can use a dataset: with sound, if there is any.

    Args:
        info: the content of its `dataset.json`.
    """
    return "tiny-va" if any(split.get("with_audio") for split in info["splits"].values()) else "tiny-v"


def training(dataset: Path, info: Mapping[str, Any]) -> list[object]:
    """Trains on a dataset."""
    return ["pretrain", preset_for(info), "--data", dataset, "--run", FIRST_RUN]


def judging(encoder: object, dataset: Path) -> list[object]:
    """Tells how good an encoder is, where the dataset has labels to tell by; else nothing."""
    from brave_tf.data.dataset import INFO_FILE
    from brave_tf.data.open import open_dataset

    if (dataset / INFO_FILE).is_file() and open_dataset(dataset).labels:
        return ["evaluate", encoder, "--data", dataset, "--out", "report"]
    return []


def embedding(encoder: object, tower: str | None = None) -> list[object]:
    """Embeds media by an encoder."""
    return ["embed", encoder, "VIDEOS", *(("--tower", tower) if tower else ()), "--out", "embeddings.parquet"]
