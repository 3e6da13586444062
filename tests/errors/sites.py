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
"""Where the words of a `ValueError` become part of a message."""


REASON_FILES = frozenset(
    f"brave_tf/{name}.py"
    for name in (
        *("verification/pictures", "verification/record_check", "verification/shard_walk", "verification/whole"),
        *("preparation/clock", "preparation/fetched_sources", "preparation/file_limits", "preparation/source_writer"),
        *("preparation/worker_processes", "embedding/clip_jobs", "embedding/decoding", "embedding/jobs"),
        "embedding/moment_job",
    )
)
"""Modules that say in plain strings why a file or a clip is left out, or what of it is missing."""
REASON_WORDS = 4
"""From so many words on, a string of theirs is such a reason."""


class Site(NamedTuple):
    """One place that makes a message."""

    file: str
    """Below the root, such as `brave_tf/data/open.py`."""
    first_line: int
    last_line: int
    kind: str
    """`error`, `usage`, `media`, `record`, `value`, `warning`, `words` of a function that builds them, or `reason`."""
    template: str
    """The message with `{expression}` for what differs."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What every message of this place matches."""
        pieces = re.split(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", self.template)
        words = ".*?".join(re.escape(piece) for piece in pieces)
        # What differs at the end goes on to the end.
        return re.compile(f"{words[:-1]}" if words.endswith(".*?") else words)

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
    if name in REASON_FILES:
        yield from _reasons(tree, name)
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
        words = template(message)
        # `warn` says itself that it is a warning.
        if kind == "warning" and not words.startswith("warning: "):
            words = f"warning: {words}"
        yield Site(name, call.lineno, call.end_lineno or call.lineno, kind, words)
        # A function of this module that puts the message together.
        if isinstance(message, ast.Call) and isinstance(message.func, ast.Name) and message.func.id in functions:
            for words in ast.walk(functions[message.func.id]):
                if isinstance(words, ast.Return) and words.value is not None and _has_words(words.value):
                    yield Site(name, words.lineno, words.end_lineno or words.lineno, "words", template(words.value))


def _reasons(tree: ast.Module, name: str) -> Iterator[Site]:
    """Strings that are reasons: whole ones, no documentation, and no part of a message that is found otherwise."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        is_message = isinstance(node, ast.Call) and _kind(node, name) is not None
        if isinstance(node, ast.JoinedStr) or is_message:
            inside.update(id(part) for part in ast.walk(node) if part is not node)
        elif isinstance(node, ast.Expr):  # documentation
            inside.add(id(node.value))
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if is_text and id(node) not in inside and len(template(node).split()) >= REASON_WORDS:
            yield Site(name, node.lineno, node.end_lineno or node.lineno, "reason", template(node))


def _has_words(node: ast.expr) -> bool:
    return re.fullmatch(r"\{[^{}]*\}", template(node)) is None


def _kind(call: ast.Call, file: str) -> str | None:
    if not isinstance(call.func, ast.Name) or not call.args:
        return None
    name = call.func.id
    if name == "ValueError" and file.startswith(SHOWN_VALUE_ERRORS):
        return "value"
    if name == "warn" or (name == "note" and template(call.args[0]).startswith("warning: ")):
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
