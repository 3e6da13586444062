"""Checks an exported encoder in a process of its own that cannot import this library."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf.data.augment import to_unit
from brave_tf.data.spectrogram import log_mel
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES

TOLERANCE = 1e-4
"""Of embeddings; where they are large, so is the rounding of what they are made of."""
TIMEOUT_SECONDS = 600

_SCRIPT = """
import json, sys
sys.modules["brave_tf"] = None
import numpy as np
import tensorflow as tf
directory, examples = sys.argv[1:]
try:
    import tensorflow_hub
    load, loader = tensorflow_hub.load, "tensorflow_hub.load"
except ImportError:
    load, loader = tf.saved_model.load, "tf.saved_model.load"
model = load(directory)
data = np.load(examples)
clips = tf.constant(data["clips"])
results = {"call": model(clips), "call_training_false": model(clips, training=False)}
for key in data.files:
    name, _, argument = key.partition("/")
    if argument:
        results[name] = model.signatures[name](**{argument: tf.constant(data[key])})["embedding"]
scale = max(1.0, float(np.abs(data["embedding"]).max()))
errors = {name: float(np.abs(value.numpy() - data["embedding"]).max()) / scale for name, value in results.items()}
print(json.dumps({
    "loader": loader,
    "errors": errors,
    "trainable": len(model.trainable_variables),
    "variables": len(model.variables),
}))
"""


def verify(directory: Path, encoder: Encoder, scratch: Path | None = None) -> dict[str, Any]:
    """Loads an exported encoder in a fresh process and compares its embeddings with the original's.

    Args:
        directory: the SavedModel.
        encoder: the encoder that it was written from.
        scratch: where the clips to embed are put meanwhile; by default where temporary files are.

    Returns:
        `loader` (the function that loaded it), `errors` (by way of calling, the largest difference as a share of the
        largest value, or of 1 where all are smaller), and counts.

    Raises:
        UserError: it does not load there, or embeds differently.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        file = Path(folder) / "examples.npz"
        np.savez(file, **_examples(encoder))
        process = _run_script(str(directory), str(file))
    if process.returncode != 0:
        reason = (process.stderr.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"the exported encoder does not load in a fresh process: {reason}")
    verification: dict[str, Any] = json.loads(process.stdout.strip().splitlines()[-1])
    worst = max(verification["errors"].values())
    if not worst <= TOLERANCE:
        raise UserError(
            f"the exported encoder embeds differently: off by {worst:.3g}; expected at most {TOLERANCE:.0e}"
        )
    return verification


def _run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", _SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def _examples(encoder: Encoder) -> dict[str, Any]:
    """Clips, their embeddings, and the same clips as each signature takes them, by `signature/argument`."""
    card, generator = encoder.card, np.random.default_rng(0)
    facts = MODALITIES[card.modality]
    if facts.is_sound:
        sound = card.input_view.sound
        waveform = generator.uniform(-1, 1, (2, sound.samples)).astype(np.float32)
        clips = log_mel(tf.constant(waveform), sound).numpy()
        given = {"serving_default/audio": waveform, "audio/audio": waveform, "spectrogram/spectrogram": clips}
    else:
        # As large as evaluation makes them, so that only a crop lies between the stored frames and the clips.
        side, size = card.view.shorter_side, card.view.size
        stored = generator.integers(0, 256, (2, 4, side, side, facts.channels), dtype=np.uint8)
        inside = slice((side - size) // 2, (side - size) // 2 + size)
        clips = to_unit(tf.constant(stored[:, :, inside, inside]), card.modality).numpy()
        given = {"serving_default/video": clips, "video/video": clips, "video_uint8/video": stored}
    return {"clips": clips, "embedding": encoder(clips).numpy(), **given}
