"""The command reference, from the commands' own documentation and options; TensorFlow is not imported."""

import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import tyro

from brave_tf.cli.main import commands
from brave_tf.cli.paths import path_registry

_LAST_BRACKET = re.compile(r"\s*\((?P<word>(?:default|required|optional|repeatable)[^()]*(?:\([^()]*\)[^()]*)*)\)$")
_SECTION = re.compile(r"^(Args|Returns|Raises):\n", re.MULTILINE)
_HEAD = """# Commands

`brave-tf COMMAND --help` tells the same in a terminal, and each command is also a function:
[Commands as functions](api/commands.md). What holds for all of them, such as exit statuses, is in
[What all commands share](command-line.md).

| command | does |
|---|---|
"""


def reference() -> str:
    """The whole page, as Markdown."""
    known = commands()
    rows = [f"| [`{name}`](#{name}) | {_escaped(_paragraphs(each)[0])} |\n" for name, each in known.items()]
    return _HEAD + "".join(rows) + "\n" + "\n".join(_command(name, each) for name, each in known.items())


def _command(name: str, command: Callable[..., Any]) -> str:
    sections = _sections(command)
    lines = [f"## {name}", ""]
    for paragraph in _paragraphs(command):
        lines += [_paragraph(paragraph), ""]
    arguments = list(_arguments(command))
    for title, chosen in (
        ("Arguments", [each for each in arguments if not each.startswith("`-")]),
        ("Options", [each for each in arguments if each.startswith("`-")]),
    ):
        if chosen:
            lines += [f"**{title}**", "", *chosen]
    if "Returns" in sections:
        lines += ["**In Python it returns**", "", _escaped(_joined(sections["Returns"])), ""]
    if "Raises" in sections:
        lines += ["**Errors**", "", *_errors(sections["Raises"]), ""]
    return "\n".join(lines)


def _sections(command: Callable[..., Any]) -> dict[str, str]:
    parts = _SECTION.split(inspect.getdoc(command) or "")
    return dict(zip(parts[1::2], map(inspect.cleandoc, parts[2::2]), strict=True))


def _paragraphs(command: Callable[..., Any]) -> list[str]:
    text = _SECTION.split(inspect.getdoc(command) or "")[0]
    return [_joined(each) for each in text.strip().split("\n\n")]


def _paragraph(text: str) -> str:
    """A paragraph; an example is a block of its own, also at the end of one."""
    words, example, shown = text.partition("Example: ")
    if example:
        return f"{_escaped(words.strip())}\n\n```bash\n{shown}\n```".strip()
    if text.startswith("In Python: "):
        return f"```python\n{text.removeprefix('In Python: ')}\n```"
    return _escaped(text)


def _arguments(command: Callable[..., Any]) -> Iterator[str]:
    """Every argument and option: how it is typed, its default, and what it does."""
    with warnings.catch_warnings():
        # It is to go from tyro one day; the version that is installed here is pinned.
        warnings.simplefilter("ignore", DeprecationWarning)
        parser = tyro.extras.get_parser(command, registry=path_registry())
    for action in parser._actions:
        if "--help" in action.option_strings:
            continue
        metavar = _values(action.metavar)
        typed = [f"{option} {metavar}".strip() for option in action.option_strings] or [_positional(action, metavar)]
        text = _joined(action.help or "")
        found = _LAST_BRACKET.search(text)
        default = _default(found["word"] if found else "")
        words = _escaped(text[: found.start()] if found else text)
        yield f"{', '.join(f'`{each}`' for each in typed)}{default}\n:   {words.rstrip('.')}.\n"


def _positional(action: Any, metavar: str) -> str:
    """What stands for an argument: its own name, where the kind of its values says less."""
    if metavar not in ("PATH", "TEXT", "[None|STR]"):
        return metavar
    return f"[{action.dest.upper()}]" if metavar.startswith("[") else action.dest.upper()


def _values(metavar: Any) -> str:
    """`{None}|PATH` is PATH; `{a,b}` is a|b; `[A [A ...]]` is A ..."""
    text = metavar if isinstance(metavar, str) else ""
    text = text.removeprefix("{None}|").replace("{None,", "{")
    text = re.sub(r"\{([^{}\[\]]*)\}", lambda found: found[1].replace(",", "|"), text)
    repeated = re.fullmatch(r"[\[{]*([^\[\]{} ]+) \[\1 \.\.\.\][\]}]*", text)
    if repeated:
        text = f"{repeated[1]} ..."
    return re.sub(r"\bSTR\b(?!\])", "TEXT", text)


def _default(word: str) -> str:
    name, _, value = word.partition(": ")
    if name == "default" and value in ("True", "False"):
        return f" ({'on' if value == 'True' else 'off'} by default)"
    if name == "default" and value not in ("None", "''", ""):
        return f" (default `{value}`)"
    return f" ({name})" if name in ("required", "repeatable") else ""


def _errors(text: str) -> list[str]:
    """A line for each kind of error, as a list."""
    kinds = re.split(r"^(\w+): ", text, flags=re.MULTILINE)[1:]
    return [f"- `{kind}`: {_escaped(_joined(said))}" for kind, said in zip(kinds[::2], kinds[1::2], strict=True)]


def _joined(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """Text whose signs Markdown would take for its own; what is in backquotes stays."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(each if each.startswith("`") else re.sub(r"([*_<|\[\]])", r"\\\1", each) for each in pieces)
