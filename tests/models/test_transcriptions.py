"""R3D, and encoders under other backends, against the embeddings that PyTorch and JAX gave from the same weights."""

import numpy as np
import pytest

from tests import golden_files
from tests.models.transcribed import BACKENDS, ENCODER_CLIP, NETWORKS, R3D_CLIP, R3D_KINDS, encoder, name_of, r3d


@pytest.fixture(scope="module")
def stored():
    return golden_files.load("transcriptions")


@pytest.mark.parametrize(("version", "stem"), R3D_KINDS)
def test_r3d_equals_its_transcription(version, stem, stored):
    expected = stored[name_of("r3d", version, stem)]
    assert np.std(expected) > 0.01
    np.testing.assert_allclose(r3d(version, stem)(R3D_CLIP), expected, atol=1e-4)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_encoder_embeds_as_it_does_under_other_backends(network, stored):
    found = encoder(network)(ENCODER_CLIP)
    for backend in BACKENDS:
        expected = stored[name_of("encoder", backend, network)]
        assert np.std(expected) > 0.01
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=backend)
