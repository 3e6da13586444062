"""Constructors and configurations."""

import inspect

import keras

from tests.conformance.specs import assert_alike, every_spec

OF_EVERY_LAYER = {"name", "trainable", "dtype"}


@every_spec
def test_the_configuration_holds_the_constructors_arguments(spec):
    made = spec.make()
    kinds = inspect.signature(type(made).__init__).parameters.values()
    arguments = {each.name for each in kinds if each.kind is not each.VAR_KEYWORD} - {"self"}
    assert arguments <= made.get_config().keys() <= arguments | OF_EVERY_LAYER


@every_spec
def test_a_configuration_rebuilds_the_same_thing(spec):
    made = spec.make()
    again = type(made).from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert type(keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))) is type(made)


@every_spec
def test_what_is_made_again_has_the_same_weights_to_set(spec):
    model, again = spec.model(), spec.model()
    again.set_weights(model.get_weights())
    assert_alike(again(spec.inputs()), model(spec.inputs()), 1e-6)
