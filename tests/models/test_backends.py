"""The same encoder file under the other backends of Keras."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import save_encoder
from brave_tf.models import R3D, TSMResNet

SCRIPT = """
import sys
sys.modules["brave_tf"] = None
import keras, numpy as np
encoder = keras.saving.load_model(sys.argv[1])
embedding = encoder(np.load(sys.argv[2]))
assert keras.backend.backend() == sys.argv[4], keras.backend.backend()
np.save(sys.argv[3], keras.ops.convert_to_numpy(embedding))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("network", [TSMResNet, R3D])
def test_an_encoder_file_embeds_alike_under_other_backends(backend, network, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `backends`: pip install '.[backends]'")
    model = network(depth=14, width=0.125)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight + 0.1 * rng.random(tuple(weight.shape)))
    video = rng.random((2, 5, 40, 33, 3), dtype=np.float32)
    save_encoder(model, EncoderCard(), tmp_path / "encoder.keras")
    np.save(tmp_path / "video.npy", video)
    arguments = [str(tmp_path / name) for name in ("encoder.keras", "video.npy", "embedding.npy")]
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments, backend],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "embedding.npy"), model(video), rtol=1e-4, atol=1e-4)
