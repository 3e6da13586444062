"""`brave-tf presets`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import tyro

if TYPE_CHECKING:
    from rich.table import Table

    from brave_tf.config import AudioViewConfig, Config, VideoViewConfig

PIPED_COLUMNS = 240


def presets(name: tyro.conf.Positional[str | None] = None, /, json: bool = False) -> None:
    """List the experiments that `brave-tf pretrain` knows by name, or show one in full.

    Example: brave-tf presets tiny-va

    Args:
        name: experiment to show; without it, all are listed.
        json: print JSON instead of a table or YAML.
    """
    import json as encoder

    from brave_tf import config_values
    from brave_tf import presets as library

    chosen = [library.get(each) for each in ([name] if name else library.names())]
    plain = {each.name: config_values.to_dict(each) for each in chosen}
    if json:
        print(encoder.dumps(plain[name] if name else plain, indent=2))
    elif name:
        print("\n".join([*_yaml(plain[name]), *_sizes(chosen[0])]))
    else:
        _print_table(chosen)


def _yaml(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    import json

    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _yaml(value, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(value)}"


def _sizes(config: "Config") -> Iterator[str]:
    """What the networks cost, as comments, so that the whole stays YAML."""
    from brave_tf.models.size import Size, experiment_sizes

    sizes = experiment_sizes(config)
    total = sum(sizes.values(), Size(0, 0))
    yield ""
    yield f"# {'network':22}{'trainable parameters':>22}{'GFLOPs per clip':>18}"
    for name, size in {**sizes, "all": total}.items():
        yield f"# {name:22}{size.parameters:>22,}{size.flops / 1e9:>18.3f}"


def _print_table(chosen: "list[Config]") -> None:
    import sys

    from brave_tf.cli.console import Console

    console = Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS)
    console.print(_table(chosen))
    console.print("brave-tf presets NAME shows one in full.", highlight=False)


def _table(chosen: "list[Config]") -> "Table":
    from rich.table import Table

    table = Table("preset", "narrow view", "broad view", "backbones", "optimizer", "steps", "batch")
    table.columns[0].no_wrap = True
    for config in chosen:
        backbones = {"narrow": config.model.narrow}
        broad = []
        if config.broad.rgb is not None:
            broad.append(_video(config.broad.rgb))
            backbones["rgb"] = config.model.rgb
        if config.broad.audio is not None:
            broad.append(_audio(config.broad.audio))
            backbones["audio"] = config.model.audio
        table.add_row(
            config.name,
            _video(config.narrow),
            "\n".join(broad),
            "\n".join(f"{tower} depth {size.depth}, width {size.width:g}" for tower, size in backbones.items()),
            f"{config.optimizer.name}, peak {config.optimizer.peak_learning_rate:g}",
            f"{config.steps:,}",
            str(config.batch_size),
        )
    return table


def _video(view: "VideoViewConfig") -> str:
    from brave_tf.config import SOURCE_FPS

    many = f"{view.views} times " if view.views > 1 else ""
    convolved = ", random convolution" if view.augment.random_convolution else ""
    extent = f"{view.frames} frames at {SOURCE_FPS / view.step:g} fps ({view.seconds:g} s)"
    return f"{many}rgb: {extent}, {view.size}x{view.size}{convolved}"


def _audio(view: "AudioViewConfig") -> str:
    return f"audio: {view.seconds:g} s at {view.sample_rate_hz / 1000:g} kHz, {view.mel_bands} mel bands"
