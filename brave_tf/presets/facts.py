"""What follows from a configuration by arithmetic: how much each view shows, and its modalities in letters."""

from typing import Any

from brave_tf.config import SOURCE_FPS, AudioViewConfig, Config, Modality, VideoViewConfig
from brave_tf.modalities import MODALITIES, NARROW


def letters(config: Config) -> str:
    """The narrow view and the broad ones in the paper's letters, such as `V ↔ VVV` or `V ↔ FA`."""
    visual = config.broad.visual
    broad = "".join(MODALITIES[m].letter * (visual[m].views if m in visual else 1) for m in config.broad.modalities)
    return f"{MODALITIES[NARROW].letter} ↔ {broad}"


def view_facts(config: Config) -> dict[str, dict[str, Any]]:
    """What each view shows, by `narrow` and the modalities of the broad views.

    Returns:
        Of visual views: `modality`, `views` (K), `frames`, `fps`, `seconds`, `size` (pixels a side) and `pixels` of one
        view. Of sound: `modality`, `views`, `seconds`, `sample_rate_hz`, `spectrogram_frames`, `mel_bands` and `cells`
        of the spectrogram. All have `offset`, how the view is placed in time.
    """
    facts = {"narrow": {**_visual(NARROW, config.narrow), "offset": "independent"}}
    facts |= {modality: _visual(modality, view) for modality, view in config.broad.visual.items()}
    return facts | {modality: _sound(modality, view) for modality, view in config.broad.sound.items()}


def equal_budget(config: Config) -> int | None:
    """Pixels of the narrow view if every visual broad view has as many (paper, section 3.2), otherwise None."""
    budgets = {config.narrow.pixels, *(view.pixels for view in config.broad.visual.values())}
    return config.narrow.pixels if config.broad.visual and len(budgets) == 1 else None


def _visual(modality: Modality, view: VideoViewConfig) -> dict[str, Any]:
    return {
        "modality": modality,
        "views": view.views,
        "frames": view.frames,
        "fps": SOURCE_FPS / view.step,
        "seconds": view.seconds,
        "size": view.size,
        "pixels": view.pixels,
        "offset": view.offset,
    }


def _sound(modality: Modality, view: AudioViewConfig) -> dict[str, Any]:
    return {
        "modality": modality,
        "views": 1,
        "seconds": view.seconds,
        "sample_rate_hz": view.sample_rate_hz,
        "spectrogram_frames": view.spectrogram_frames,
        "mel_bands": view.mel_bands,
        "cells": view.spectrogram_frames * view.mel_bands,
        "offset": view.offset,
    }
