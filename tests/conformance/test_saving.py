"""Files: whole models, and exports."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.specs import SPECS, as_parameters, assert_alike, every_spec


@every_spec
def test_a_keras_file_gives_the_same_outputs_and_weights(spec, tmp_path):
    model = spec.model()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert_alike(loaded(spec.inputs()), model(spec.inputs()), 1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("spec", as_parameters(spec for spec in SPECS if spec.exported))
def test_an_export_gives_the_same_outputs(spec, tmp_path):
    model = spec.model()
    model.export(tmp_path / "export", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "export"))
    assert_alike(loaded.serve(spec.inputs()), model(spec.inputs()), 1e-5)
