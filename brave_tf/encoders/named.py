"""Encoders by name: networks at random initialisation."""

import dataclasses
from collections.abc import Mapping

import keras

from brave_tf import presets
from brave_tf.config import AudioViewConfig, BackboneConfig, EvaluationConfig
from brave_tf.encoders.card import EncoderCard, card_of, choose_tower, network_of, weights_sha256
from brave_tf.errors import UserError, did_you_mean
from brave_tf.modalities import NARROW, TowerChoice
from brave_tf.models.backbones import audio_backbone, broad_backbone, narrow_backbone, video_backbone

VIDEO_NETWORKS: Mapping[str, tuple[BackboneConfig, EvaluationConfig]] = {
    "tsm50": (BackboneConfig(), EvaluationConfig()),
    "tsm50x2": (BackboneConfig(width=2.0), EvaluationConfig()),
    "r3d50": (BackboneConfig(network="r3d"), EvaluationConfig(step=4)),
}
AUDIO_NETWORKS: Mapping[str, BackboneConfig] = {"audio-resnet50": BackboneConfig()}
PRESETS = {"tiny": "tiny-va"}
"""Short names of presets."""


def random_network(name: str, choice: TowerChoice | None) -> tuple[keras.Model, EncoderCard]:
    """A backbone at random initialisation, and its card.

    Args:
        name: one of the networks above, or a preset.
        choice: which tower of a preset.

    Raises:
        UserError: there is no such network, or it has no such tower.
    """
    if name in VIDEO_NETWORKS:
        size, view = VIDEO_NETWORKS[name]
        return _alone(video_backbone(size, "narrow_backbone"), EncoderCard(view=view))
    if name in AUDIO_NETWORKS:
        model = audio_backbone(AUDIO_NETWORKS[name], "broad_audio_backbone")
        return _alone(model, EncoderCard("audio", "audio", audio=AudioViewConfig()))
    preset = PRESETS.get(name, name)
    if preset not in presets.names():
        networks = [*VIDEO_NETWORKS, *AUDIO_NETWORKS, *PRESETS]
        near = did_you_mean(name, [*networks, *presets.names()])
        raise UserError(
            f"received random:{name}; {near}expected a network ({', '.join(networks)}), or one of the "
            f"{len(presets.names())} presets that `brave-tf presets` lists"
        )
    config = presets.get(preset)
    tower = choose_tower(choice, ["narrow", *config.broad.modalities], f"random:{name}")
    if tower == "narrow" or (tower == NARROW and config.model.share_backbone):
        model = narrow_backbone(config.model)
    else:
        model = broad_backbone(config.model, tower)
    return model, card_of(config, model, steps=0, tower=tower)


def _alone(model: keras.Model, card: EncoderCard) -> tuple[keras.Model, EncoderCard]:
    return model, dataclasses.replace(card, network=network_of(model), weights_sha256=weights_sha256(model))
