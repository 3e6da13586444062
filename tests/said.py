"""What a command says on standard error, apart from how far it is: that depends on how busy the machine is."""

import re

_PROGRESS = re.compile(r"[^:]+: (\d+(%|/\d+), )?([a-z ]+, )?\d+ s(, \d+ s left)?( .*)?")


def without_progress(text: str) -> list[str]:
    """The lines that do not tell how far something is."""
    return [line for line in text.splitlines() if not _PROGRESS.fullmatch(line)]
