"""Checks an exported encoder in a process of its own that cannot import this library.

All of it is done on CPUs: the memory of a GPU is this process' alone, and GPUs round in another way.
"""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf.data.evaluation_frames import as_shown
from brave_tf.data.spectrogram import log_mel
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.export.checker import median_milliseconds
from brave_tf.export.signature import clip_shape
from brave_tf.modalities import MODALITIES

TIMEOUT_SECONDS = 600
_CPU = "/CPU:0"
PROGRAM = Path(__file__).with_name("checker.py")


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """What an embedding may differ by from the original's.

    Attributes:
        error: largest difference, as a share of the largest value of that embedding.
        cosine: least cosine of the two; a few large values would hide in `error` what happens to many small ones.
    """

    error: float
    cosine: float


ROUNDING = Tolerance(error=1e-4, cosine=0.99999)
"""Of what computes in float32, as the original does."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """Clips with their embeddings, to compare with what an exported encoder makes of them.

    Attributes:
        file: what the program that checks reads.
        shape: of the clip that is timed, one as evaluation shows it, with its batch axis.
        keras_latency_ms: how long the Keras model takes for that clip here, as a graph.
    """

    file: Path
    shape: tuple[int, ...]
    keras_latency_ms: float


def verify(directory: Path, encoder: Encoder, scratch: Path | None = None) -> dict[str, Any]:
    """Loads an exported SavedModel in a fresh process and compares its embeddings with the original's.

    Args:
        directory: the SavedModel.
        encoder: the encoder that it was written from.
        scratch: where the clips to embed are put meanwhile; by default where temporary files are.

    Returns:
        What `check` gives, `loader` (the function that loaded it), and counts.

    Raises:
        UserError: it does not load there, or embeds differently.
    """
    with examples_of(encoder, scratch) as examples:
        return check("savedmodel", directory, examples)


@contextlib.contextmanager
def examples_of(encoder: Encoder, scratch: Path | None = None) -> Iterator[Examples]:
    """Clips for `check`, which are removed afterwards.

    Args:
        encoder: the encoder that is exported.
        scratch: where they are put; by default where temporary files are.
    """

    @tf.function
    def graph(clips: tf.Tensor) -> tf.Tensor:
        with tf.device(_CPU):
            return encoder(clips)

    with tf.device(_CPU):
        content = _examples(encoder)
        clip = tf.constant(content["clip"])
        content["clip_embedding"] = graph(clip).numpy()
        milliseconds = median_milliseconds(lambda: graph(clip).numpy())
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        file = Path(folder) / "examples.npz"
        np.savez(file, **content)
        yield Examples(file, tuple(clip.shape), milliseconds)


def check(loader: str, place: Path, examples: Examples, tolerance: Tolerance = ROUNDING) -> dict[str, Any]:
    """Loads what was exported in a fresh process and compares its embeddings with the original's.

    Args:
        loader: the one of `brave_tf.export.checker.LOADERS` that loads it.
        place: file, or directory of a SavedModel.
        examples: clips and embeddings of the original.
        tolerance: what is accepted.

    Returns:
        `errors` (as `Tolerance` has them, by way of calling), `cosine` (the least one),
        `latency_ms` (of the clip that is timed), `checked_with`, and what else the loader tells.

    Raises:
        UserError: it does not load there, or embeds differently.
    """
    what = "the exported encoder" if place.is_dir() else f"the exported {place.name}"
    try:
        process = _run_program(loader, str(place), str(examples.file))
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{what} was not verified within {TIMEOUT_SECONDS} s; expected some forward passes to take less; run the "
            "same command where the machine has less to do"
        ) from None
    if process.returncode != 0:
        reason = (process.stderr.strip().splitlines() or ["no output"])[-1]
        raise UserError(
            f"{what} does not load in a fresh process: {reason}; export it again, or choose other --formats"
        )
    found: dict[str, Any] = json.loads(process.stdout.strip().splitlines()[-1])
    worst = max(found["errors"].values())
    if not (worst <= tolerance.error and found["cosine"] >= tolerance.cosine):
        raise UserError(
            f"{what} embeds differently: off by {worst:.3g} of an embedding's largest value, cosine "
            f"{found['cosine']:.6g}; expected at most {tolerance.error:g}, and at least {tolerance.cosine:g}; export "
            "again, and choose other --formats if it stays so"
        )
    return found


def _run_program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(PROGRAM), *arguments]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )


def _examples(encoder: Encoder) -> dict[str, Any]:
    """What `brave_tf.export.checker` reads, without the embedding of the clip that is timed."""
    card, generator = encoder.card, np.random.default_rng(0)
    facts = MODALITIES[card.modality]
    if facts.is_sound:
        sound = card.input_view.sound
        waveform = generator.uniform(-1, 1, (2, sound.samples)).astype(np.float32)
        clips = log_mel(tf.constant(waveform), sound).numpy()
        clip, other = clips[:1], np.repeat(clips[:, : clips.shape[1] // 2], 2, axis=0)[:3]
        given = {"serving_default": waveform, "audio": waveform, "spectrogram": clips}
    else:
        # As large as evaluation makes them, so that only a crop lies between the stored frames and the clips.
        side, size = card.view.shorter_side, card.view.size
        stored = generator.integers(0, 256, (2, 4, side, side, facts.channels), dtype=np.uint8)
        inside = slice((side - size) // 2, (side - size) // 2 + size)
        clips = as_shown(tf.constant(stored[:, :, inside, inside]), card.modality, card.input_view.is_gray).numpy()
        clip = np.resize(clips, clip_shape(encoder))
        other = np.repeat(clips[:, :3, : size * 3 // 4, : size // 2 + 1], 2, axis=0)[:3]
        given = {"serving_default": clips, "video": clips, "video_uint8": stored}
    return {
        "clip": clip,
        "clips/0": clips,
        "clips/1": other,
        "embedding/0": encoder(clips).numpy(),
        "embedding/1": encoder(other).numpy(),
        **{f"signature/{name}": each for name, each in given.items()},
    }
