"""The same encoder file under the other backends of Keras."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import save_encoder
from tests import golden_files
from tests.models.transcribed import BACKENDS, ENCODER_CLIP, NETWORKS, encoder, name_of

SCRIPT = """
import sys
sys.modules["brave_tf"] = None
import keras, numpy as np
encoder = keras.saving.load_model(sys.argv[1])
embedding = encoder(np.load(sys.argv[2]))
assert keras.backend.backend() == sys.argv[4], keras.backend.backend()
np.save(sys.argv[3], keras.ops.convert_to_numpy(embedding))
"""


def embedded(backend, network, folder):
    """What the file of an encoder gives under a backend, in a process without this library."""
    save_encoder(encoder(network), EncoderCard(), folder / "encoder.keras")
    np.save(folder / "video.npy", ENCODER_CLIP)
    arguments = [str(folder / name) for name in ("encoder.keras", "video.npy", "embedding.npy")]
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments, backend],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "embedding.npy")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("network", NETWORKS)
def test_an_encoder_file_embeds_alike_under_other_backends(backend, network, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `backends`: make backends")
    found = embedded(backend, network, tmp_path)
    np.testing.assert_allclose(found, encoder(network)(ENCODER_CLIP), rtol=1e-4, atol=1e-4)
    stored = golden_files.load("transcriptions")[name_of("encoder", backend, network)]
    np.testing.assert_allclose(stored, found, rtol=1e-4, atol=1e-4)
