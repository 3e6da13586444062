"""What the TAB key offers: commands with their options, and the words that may follow each."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from brave_tf import presets
from brave_tf.cli.interface import Argument, Command, read_command
from brave_tf.cli.parsing import postponed
from brave_tf.config.values import setting_keys, to_dict
from brave_tf.presets import released_checkpoints

_HELP = Argument("help", ("--help",), True, "text", (), 0, 0, "", False, "show what the command takes")
SETTINGS = "set"
"""Options of this name take keys, each followed by = and a value."""


def completed_commands(functions: Mapping[str, Callable[..., Any]]) -> list[Command]:
    """The commands, with the names that are known of what is no closed list: presets, settings and encoders."""
    return [_with_names(read_command(name, postponed(function))) for name, function in functions.items()]


def _with_names(command: Command) -> Command:
    known = {
        "preset": presets.names(),
        SETTINGS: tuple(f"{key}=" for key in _settings()),
        "checkpoint": tuple(released_checkpoints),
        "encoder": tuple(released_checkpoints),
        # Of `brave-tf presets`, alone.
        "name": presets.names(),
    }

    def named(argument: Argument) -> Argument:
        return dataclasses.replace(argument, words=argument.words or known.get(argument.name, ()))

    places, options = (tuple(map(named, each)) for each in (command.places, command.options))
    return dataclasses.replace(command, places=places, options=(*options, _HELP))


def _settings() -> list[str]:
    """The keys of the settings of all presets; what is a group in one of them is none."""
    keys = {key for name in presets.names() for key in setting_keys(to_dict(presets.get(name)))}
    groups = {key.rpartition(".")[0] for key in keys}
    return sorted(keys - groups - {"name"})
