"""Commands to try next that depend on what there is: each function gives the words after `brave-tf`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brave_tf.cli.options import FIRST_RUN


def preset_for(info: Mapping[str, Any]) -> str | None:
    """The small preset that can use a dataset: with sound, if there is any; None without video, or if nothing tells.

    Args:
        info: the content of its `dataset.json`.
    """
    # Of what others wrote, the number of clips is all that is known of a split.
    splits = [split for split in info["splits"].values() if isinstance(split, Mapping)]
    if not any(split.get("with_video") for split in splits):
        return None
    return "tiny-va" if any(split.get("with_audio") for split in splits) else "tiny-v"


def pretrain_words(preset: str, dataset: Path) -> list[object]:
    """Trains on a dataset."""
    return ["pretrain", preset, "--data", dataset, "--run", FIRST_RUN]


def evaluate_words(encoder: object, dataset: Path, tower: str | None = None) -> list[object]:
    """Tells how good an encoder is, where the dataset has labels to tell by; else nothing."""
    from brave_tf.data.dataset import INFO_FILE
    from brave_tf.data.open import open_dataset

    if (dataset / INFO_FILE).is_file() and open_dataset(dataset).labels:
        return ["evaluate", encoder, *_tower(tower), "--data", dataset, "--out", "report"]
    return []


def embed_words(encoder: object) -> list[object]:
    """Embeds media of one's own by an encoder."""
    return ["embed", encoder, "VIDEOS", "--out", "embeddings.parquet"]


def embed_dataset_words(encoder: object, dataset: Path, tower: str | None = None) -> list[object]:
    """Embeds the clips of a dataset by an encoder."""
    return ["embed", encoder, *_tower(tower), "--data", dataset, "--out", "embeddings.parquet"]


def export_words(encoder: object, tower: str | None = None) -> list[object]:
    """Exports an encoder."""
    return ["export", encoder, *_tower(tower), "--out", "exported"]


def _tower(tower: str | None) -> list[object]:
    return ["--tower", tower] if tower not in (None, "narrow") else []
