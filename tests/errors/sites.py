"""Every place in the library that makes a message for a user, found in its source: nothing is listed by hand."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCES = ("brave_tf", "export")

CLASSES = {
    "UserError": "error",
    "UsageError": "usage",
    "MediaError": "media",
    "DamagedRecordError": "record",
}
"""What is raised, and what becomes of it: the end of a command with status 1 or 2, or a file or record left out."""

SHOWN_VALUE_ERRORS = ("brave_tf/config/", "brave_tf/training/slurm.py", "brave_tf/evaluation/protocols/")
"""Where the words of a `ValueError` become part of a message: pydantic and the reader of SLURM's variables tell them."""


class Site(NamedTuple):
    """One place that makes a message."""

    file: str
    """Below the root, such as `brave_tf/data/open.py`."""
    first_line: int
    last_line: int
    kind: str
    """`error`, `usage`, `media`, `record`, `value`, `warning` or `words`: the last are of a function that builds them."""
    template: str
    """The message with `{expression}` for what differs."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What every message of this place matches."""
        pieces = re.split(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", self.template)
        return re.compile(".*?".join(re.escape(" ".join(piece.split("\n"))) for piece in pieces), re.DOTALL)

    @property
    def module(self) -> str:
        """The name of the module, as Python has it."""
        name = self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return name if name.startswith("brave_tf") else f"brave_tf.{name}"


def all_sites() -> list[Site]:
    """All of them, in the order of the files."""
    files = [file for folder in SOURCES for file in sorted((ROOT / folder).rglob("*.py"))]
    return [site for file in files for site in _sites_of(file)]


def _sites_of(file: Path) -> Iterator[Site]:
    name = file.relative_to(ROOT).as_posix()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        kind = _kind(call, name)
        if kind is None:
            continue
        message = call.args[0]
        if isinstance(message, ast.IfExp):
            for either in (message.body, message.orelse):
                yield Site(name, call.lineno, call.end_lineno or call.lineno, kind, template(either))
            continue
        yield Site(name, call.lineno, call.end_lineno or call.lineno, kind, template(message))
        # A function of this module that puts the message together.
        if isinstance(message, ast.Call) and isinstance(message.func, ast.Name) and message.func.id in functions:
            for words in ast.walk(functions[message.func.id]):
                if isinstance(words, ast.Return) and words.value is not None and template(words.value)[0] != "{":
                    yield Site(name, words.lineno, words.end_lineno or words.lineno, "words", template(words.value))


def _kind(call: ast.Call, file: str) -> str | None:
    if not isinstance(call.func, ast.Name) or not call.args:
        return None
    name = call.func.id
    if name == "ValueError" and file.startswith(SHOWN_VALUE_ERRORS):
        return "value"
    if name == "note" and template(call.args[0]).startswith("warning: "):
        return "warning"
    return CLASSES.get(name)


def template(node: ast.expr) -> str:
    """The text of an expression, with `{expression}` for what is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left) + template(node.right)
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    return "{" + re.sub(r"[{}]", "", ast.unparse(inner)) + "}"
