"""Everything that `brave-tf presets` tells of an experiment, as plain values."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brave_tf.config import BackboneConfig
    from brave_tf.presets import Preset

NARROW, TOTAL = "narrow backbone", "all"
"""Two of the keys of `parameters`."""


def facts(preset: "Preset") -> dict[str, Any]:
    """An experiment, ready for JSON.

    Returns:
        `name`, `source`, `data`, `modality` (in the paper's letters), `scores` (percent), `choices`, `views` (see
        `brave_tf.presets.facts.view_facts`), `equal_budget` (pixels of every visual view, or None), `parameters` and
        `flops` (per clip) by network and of `all` together, and the whole `config`.
    """
    from brave_tf.config import values as config_values
    from brave_tf.models.size import Size, experiment_sizes
    from brave_tf.presets.facts import equal_budget, letters, view_facts

    config = preset.config
    sizes = experiment_sizes(config)
    sizes[TOTAL] = sum(sizes.values(), Size(0, 0))
    return {
        "name": preset.name,
        "source": preset.source,
        "data": preset.data,
        "modality": letters(config),
        "scores": dict(preset.scores),
        "choices": list(preset.choices),
        "views": view_facts(config),
        "equal_budget": equal_budget(config),
        "parameters": {network: size.parameters for network, size in sizes.items()},
        "flops": {network: size.flops for network, size in sizes.items()},
        "config": config_values.to_dict(config),
    }


def backbone_name(backbone: "BackboneConfig") -> str:
    """A picture backbone as the paper writes it, such as `TSM-50x2`; `ResNet-50` if it shifts nothing in time."""
    network = "R3D" if backbone.network == "r3d" else "TSM" if backbone.shift else "ResNet"
    return f"{network}-{backbone.depth}" + ("" if backbone.width == 1 else f"x{backbone.width:g}")
