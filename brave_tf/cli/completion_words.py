"""What the TAB key offers: commands with their options, and the words that may follow each."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from brave_tf import presets
from brave_tf.ablation.rows import rows_of
from brave_tf.cli.interface import Argument, Command, Values, read_command
from brave_tf.cli.parsing import postponed
from brave_tf.config.values import setting_keys, to_dict
from brave_tf.config.words import TableName
from brave_tf.presets import released_checkpoints

_HELP = Argument("help", ("--help",), True, "text", (), 0, 0, "", False, "show what the command takes")
SETTINGS = "set"
"""Options of this name take keys, each followed by = and a value."""
ALSO_FILES = ("checkpoint", "query")
"""Arguments of these names are text that may be the name of a file."""


def completed_commands(functions: Mapping[str, Callable[..., Any]]) -> list[Command]:
    """The commands, with the names that are known of what is no closed list: presets, settings, rows and encoders."""
    known = _known_names()
    return [_with_names(read_command(name, postponed(function)), known) for name, function in functions.items()]


def _with_names(command: Command, known: Mapping[str, Sequence[str]]) -> Command:
    def named(argument: Argument) -> Argument:
        values: Values = "path" if argument.name in ALSO_FILES else argument.values
        words = argument.words or tuple(known.get(argument.name, ()))
        return dataclasses.replace(argument, words=words, values=values)

    places, options = (tuple(map(named, each)) for each in (command.places, command.options))
    return dataclasses.replace(command, places=places, options=(*options, _HELP))


def _known_names() -> dict[str, Sequence[str]]:
    """Names by the argument that takes them."""
    rows = (row.name for table in get_args(TableName) for row in rows_of(table, "tiny"))
    return {
        "preset": presets.names(),
        "name": presets.names(),  # of `brave-tf presets`
        SETTINGS: [f"{key}=" for key in _settings()],
        "rows": list(dict.fromkeys(rows)),
        "encoder": list(released_checkpoints),
        "checkpoint": list(released_checkpoints),
    }


def _settings() -> list[str]:
    """The keys of the settings of all presets; what is a group in one of them is none."""
    keys = {key for name in presets.names() for key in setting_keys(to_dict(presets.get(name)))}
    groups = {key.rpartition(".")[0] for key in keys}
    return sorted(keys - groups - {"name"})
