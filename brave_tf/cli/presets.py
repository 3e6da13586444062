"""`brave-tf presets`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from brave_tf.cli.options import JSON

if TYPE_CHECKING:
    from rich.table import Table

    from brave_tf.config import Config

PIPED_COLUMNS = 120
SOURCE_COLUMNS = 14
LISTED_SCORES = ("HMDB51 linear", "UCF101 linear", "Kinetics-600 linear")
"""Of the table; all of them are shown with a preset's name."""


def presets(
    name: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[PRESET]")] = None,
    /,
    json: JSON = False,
) -> None:
    """List the experiments that `brave-tf pretrain` knows by name, or show one in full.

    Example: brave-tf presets tiny-va

    Args:
        name: experiment to show; without it, all are listed.
        json: print an object of all experiments by name, or the one that is named, as JSON, and nothing else.
    """
    from brave_tf import presets as library
    from brave_tf.cli.manner import print_json
    from brave_tf.cli.preset_facts import facts
    from brave_tf.config.values import yaml_lines

    chosen = {each: facts(library.describe(each)) for each in ([name] if name else library.names())}
    if json:
        print_json(chosen[name] if name else chosen)
    elif name:
        known = chosen[name]
        print("\n".join([*_about(known), "", *yaml_lines(known["config"]), "", *_budgets(known), "#", *_sizes(known)]))
    else:
        _print_table({each: library.get(each) for each in chosen}, chosen)


def _about(known: Mapping[str, Any]) -> Iterator[str]:
    """Where an experiment comes from, as comments, so that the whole stays YAML."""
    scores = ", ".join(f"{benchmark} {score:g}" for benchmark, score in known["scores"].items())
    yield from _comment(f"{known['modality']}, from {known['source']}; trained on {known['data']}")
    yield from _comment(f"published scores, percent: {scores}" if scores else "no published scores")
    if known["choices"]:
        yield "# chosen where the paper is silent:"
        for choice in known["choices"]:
            yield from _comment(choice, "- ")


def _comment(words: str, mark: str = "") -> Iterator[str]:
    import textwrap

    wrapped = textwrap.wrap(words, PIPED_COLUMNS - 4)
    yield from (f"# {mark if not number else ' ' * len(mark)}{line}" for number, line in enumerate(wrapped))


def _budgets(known: Mapping[str, Any]) -> Iterator[str]:
    """How much each view shows."""
    for name, view in known["views"].items():
        side = (
            name if name == "narrow" else f"broad {name}" + (f", each of {view['views']}" if view["views"] > 1 else "")
        )
        if "cells" in view:
            grid, budget = f"{view['spectrogram_frames']:,} x {view['mel_bands']}", f"{view['cells']:,} cells"
        else:
            grid, budget = f"{view['frames']} x {view['size']} x {view['size']}", f"{view['pixels']:,} pixels"
        yield f"# {side:22}{view['seconds']:>8.2f} s {grid:>18} = {budget}"
    if known["equal_budget"]:
        yield "# narrow and broad pictures have the same pixel budget"


def _sizes(known: Mapping[str, Any]) -> Iterator[str]:
    """What the networks cost."""
    yield f"# {'network':22}{'trainable parameters':>22}{'GFLOPs per clip':>18}"
    for name, parameters in known["parameters"].items():
        yield f"# {name:22}{parameters:>22,}{known['flops'][name] / 1e9:>18.3f}"


def _print_table(configs: "Mapping[str, Config]", known: Mapping[str, Mapping[str, Any]]) -> None:
    import sys

    from brave_tf.cli.console import Console
    from brave_tf.modalities import MODALITIES

    console = Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS)
    console.print(_table(configs, known))
    letters = ", ".join(f"{record.letter} {record.word}" for record in MODALITIES.values())
    console.print(
        f"{letters}; M par.: millions of parameters of the narrow network and of all; scores: published "
        "top-1 of linear classifiers.\nbrave-tf presets NAME shows one in full.",
        highlight=False,
    )


def _table(configs: "Mapping[str, Config]", known: Mapping[str, Mapping[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table

    from brave_tf.cli.preset_facts import NARROW, TOTAL, backbone_name

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for heading in ("preset", "source", "views", "network"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    table.columns[1].max_width = SOURCE_COLUMNS
    for heading in ("narrow seconds", "broad seconds", "narrow M par.", "all M par.", "HMDB 51", "UCF 101", "K600"):
        table.add_column(heading, justify="right")
    for name, entry in known.items():
        narrow, *broad = (f"{view['seconds']:.3g}" for view in entry["views"].values())
        parameters = entry["parameters"]
        table.add_row(
            name,
            entry["source"].split(",")[0],
            entry["modality"],
            backbone_name(configs[name].model.narrow),
            narrow,
            ", ".join(broad),
            *(f"{parameters[network] / 1e6:.1f}" for network in (NARROW, TOTAL)),
            *(f"{entry['scores'][score]:.1f}" if score in entry["scores"] else "" for score in LISTED_SCORES),
        )
    return table
