"""Checks an exported encoder in a process of its own that cannot import this library."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from brave_tf.errors import UserError
from brave_tf.models.encoder import Encoder

TOLERANCE = 1e-4
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
video = tf.constant(data["video"])
results = {
    "call": model(video),
    "call_training_false": model(video, training=False),
    "serving_default": model.signatures["serving_default"](video=video)["embedding"],
    "video": model.signatures["video"](video=video)["embedding"],
}
errors = {name: float(np.abs(value.numpy() - data["embedding"]).max()) for name, value in results.items()}
uint8 = model.signatures["video_uint8"](video=tf.zeros([1, 3, 50, 70, 3], tf.uint8))["embedding"]
print(json.dumps({
    "loader": loader,
    "errors": errors,
    "uint8_shape": uint8.shape.as_list(),
    "trainable": len(model.trainable_variables),
    "variables": len(model.variables),
}))
"""


def verify(directory: Path, encoder: Encoder) -> dict[str, Any]:
    """Loads an exported encoder in a fresh process and compares its embeddings with the original's.

    Args:
        directory: the SavedModel.
        encoder: the encoder that it was written from.

    Returns:
        `loader` (the function that loaded it), `errors` (largest absolute difference by way of calling), and counts.

    Raises:
        UserError: it does not load there, or embeds differently.
    """
    video = np.random.default_rng(0).random((2, 4, 48, 40, 3), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        examples = Path(folder) / "examples.npz"
        np.savez(examples, video=video, embedding=encoder(video).numpy())
        process = subprocess.run(
            [sys.executable, "-I", "-c", _SCRIPT, str(directory), str(examples)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    if process.returncode != 0:
        reason = (process.stderr.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"the exported encoder does not load in a fresh process: {reason}")
    found: dict[str, Any] = json.loads(process.stdout.strip().splitlines()[-1])
    worst = max(found["errors"].values())
    if not worst <= TOLERANCE:
        raise UserError(
            f"the exported encoder embeds differently: off by {worst:.3g}; expected at most {TOLERANCE:.0e}"
        )
    return found
