"""What a message has to say: what was received, what was expected or how to fix it, in one line."""

import re

from tests.errors.sites import Site

LONGEST = 900
"""Signs of a message; one that lists damaged clips is the longest."""

REMEDY = re.compile(
    r"add|build|change|check|choose|copy|drop|end|evaluate|export|fetch|fill|find"
    r"|free|give|install|join|keep|leave|log|look|make|mend|move|name|open|pip"
    r"|prepare|quote|raise|read|remove|repeat|replace|run|save|say|see|send|set|"
    r"start|take|train|try|unpack|upgrade|use|wait|write"
    r"|`brave-tf"
)
"""With which a clause begins that says what to do."""


def broken_rule(site: Site, message: str) -> str:
    """Which rule a message breaks; nothing if it breaks none."""
    if "\n" in message:
        return "is more than one line"
    if len(message) > LONGEST:
        return f"has {len(message)} signs"
    if site.kind in ("media", "record", "reason"):  # A reason, which stands beside the name of the file or the clip.
        return ""
    if site.kind == "warning":
        return ""
    if "{" not in site.template and "received" not in message and "--" not in message:
        return "names nothing that was received"
    if has_remedy(message):
        return ""
    return "says neither what was expected nor what to do"


def has_remedy(message: str) -> bool:
    """Whether a message says what was expected, or has a clause that says what to do."""
    if "expected" in message:
        return True
    clauses = re.split(r"[;:,(]| or | and | so ", message)
    starts = [(clause.split() or [""])[0] for clause in clauses[1:]]
    return any(map(REMEDY.fullmatch, starts))
