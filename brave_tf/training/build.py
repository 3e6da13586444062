"""From a `Config` to networks, `Brave` and its optimizer."""

from typing import TypeVar

import keras

from brave_tf import presets
from brave_tf.config import Config
from brave_tf.config.experiment import warmup_within
from brave_tf.data.augment.batch import AugmentedViews
from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.lars import LARS
from brave_tf.method.brave import Brave
from brave_tf.models.backbones import backbones
from brave_tf.schedules import WarmupCosine

AnyBrave = TypeVar("AnyBrave", bound=Brave)
POLICIES = {"float32": None, "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
"""Keras' names of what `Config.precision` means; float32 leaves the policy that is set in `keras.config`."""


def build(config: Config, model_class: type[AnyBrave] = Brave) -> AnyBrave:
    """The model of an experiment, freshly initialised.

    Args:
        config: the experiment.
        model_class: `Brave`, or a class that is derived from it.
    """
    settings = config.model
    policy = POLICIES[config.precision]
    modalities = config.broad.modalities
    networks = {tower: network for towers, network in backbones(settings, modalities, policy) for tower in towers}
    return model_class(
        networks["narrow"],
        {modality: networks[modality] for modality in modalities},
        hidden_size=settings.hidden_size,
        projection_size=settings.projection_size,
        heads=settings.heads,
        objective=settings.objective,
        loss_scale=settings.loss_scale,
        target_momentum=settings.target_momentum,
        predictor=settings.has_predictor,
        stop_gradient=settings.stop_gradient,
        micro_batches=config.micro_batches,
        augment=AugmentedViews(config),
        dtype=policy,
    )


def build_preset(name: str, model_class: type[AnyBrave] = Brave) -> AnyBrave:
    """The model of the preset called `name`, freshly initialised.

    Raises:
        UserError: there is no such preset.
    """
    return build(presets.get(name), model_class)


def make_optimizer(config: Config) -> keras.optimizers.Optimizer:
    """The optimizer of an experiment, with warm-up and cosine decay over its steps."""
    settings = config.optimizer
    warmup = warmup_within(config.steps, settings.warmup_steps)
    schedule = WarmupCosine(settings.peak_learning_rate, warmup, config.steps)
    if settings.name == "adam":
        return keras.optimizers.Adam(schedule)
    return LARS(
        schedule,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        trust_coefficient=settings.trust_coefficient,
        predictor_multiplier=settings.predictor_multiplier,
        mask=settings.mask,
    )


def make_model(config: Config) -> Brave:
    """The model of an experiment, initialised from its seed and compiled, under the current strategy."""
    with seeded_initialisation(config.seed):
        model: Brave = build(config)
    model.compile(optimizer=make_optimizer(config), jit_compile=config.jit_compile)
    return model
