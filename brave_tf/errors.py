"""The one exception that a user is meant to read, and what others come down to."""

import re
from collections.abc import Iterable

LONGEST_REASON = 200
"""Signs of what somebody else's program says went wrong."""
LEAST_LIKENESS, EQUALLY_LIKE, MOST_NAMES = 0.6, 0.08, 3
"""How like a mistyped word a name has to be to be offered, how much less so than the best, and how many are."""


class UserError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what was received, what was expected, how to fix it. The command line prints it
    without a stack trace and exits with status 1.
    """


class UsageError(UserError):
    """A command line that lacks something; the exit status is 2."""


def did_you_mean(received: str | Iterable[str], known: Iterable[str]) -> str:
    """The nearest names to a word that is none, as a question for a message: `did you mean prepare? `.

    Args:
        received: the word, or several of which some are known.
        known: the names that there are.

    Returns:
        The question, with a space after it for what follows; empty where no name is near.
    """
    names = list(dict.fromkeys(known))
    words = [received] if isinstance(received, str) else received
    near = dict.fromkeys(name for word in words if word not in names for name in _nearest(word, names))
    return f"did you mean {' or '.join(near)}? " if near else ""


def _nearest(word: str, names: list[str]) -> list[str]:
    """The names that are most like a word, whatever its capitals, and whichever of - and _ join its parts."""
    import difflib

    written = _plain(word)
    likeness = {}
    for name in names:
        known = _plain(name)
        # Of a long name, such as a dotted key, somebody may know the last part alone.
        is_last_part = known.rpartition(".")[2] == written
        likeness[name] = 1.0 if is_last_part else difflib.SequenceMatcher(None, known, written).ratio()
    best = max(likeness.values(), default=0.0)
    close = [name for name in names if likeness[name] >= max(LEAST_LIKENESS, best - EQUALLY_LIKE)]
    return sorted(close, key=lambda name: -likeness[name])[:MOST_NAMES]


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").lstrip("-")


def reason_of(error: Exception) -> str:
    """What went wrong, in one line: of an error of the system, of TensorFlow, or of any other kind."""
    message = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    # TensorFlow names the node of the graph before, and the operation after, what went wrong.
    plain = re.sub(r"\[*\{\{.*?\}\}\]*|\[Op:.*?\]|\bname: *$", "", message, flags=re.MULTILINE)
    lines = [" ".join(line.split()) for line in plain.splitlines() if line.strip(" \t[]")]
    if lines[:1] == ["in user code:"]:
        # AutoGraph quotes the code first.
        return re.sub(r"^\w*Error: ", "", lines[-1])
    lines = [line for line in lines if line != "Graph execution error:"]
    # Which node it names, of several that fail alike, is chance.
    told = [line for line in lines if not line.startswith(("Detected at node ", 'File "'))]
    return (told or lines or [type(error).__name__])[0]


def short_reason(error: Exception) -> str:
    """What went wrong, in one line of bounded length: some tell the whole of a request, or of a file."""
    reason = one_line(reason_of(error))
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"


def one_line(text: str) -> str:
    r"""What may hold anything, as a name does, to be shown: what does not print becomes escapes like \n or \xe9."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    # How Python holds a byte of a file's name that is not UTF-8.
    if "\udc80" <= sign <= "\udcff":
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()
