"""`brave-tf completion`."""

from typing import Literal

import tyro

Shell = Literal["bash", "zsh", "fish"]


def completion(shell: tyro.conf.Positional[Shell], /) -> None:
    """Print what makes the TAB key complete commands, options, presets and settings.

    Example: brave-tf completion bash > ~/.local/share/bash-completion/completions/brave-tf

    Run it again after an upgrade. For zsh, write it to a file `_brave-tf` in a folder of $fpath; for fish, to
    ~/.config/fish/completions/brave-tf.fish. See docs/command-line.md.

    Args:
        shell: the shell that completes.
    """
    from brave_tf.cli.completion_words import completed_commands
    from brave_tf.cli.main import commands
    from brave_tf.cli.manner import print_script
    from brave_tf.cli.shells import SCRIPTS

    print_script(SCRIPTS[shell](completed_commands(commands())))
