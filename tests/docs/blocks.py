"""The fenced blocks of the documents, and what a line of a shell block asks for."""

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md"),
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
)
SHELL = ("", "bash", "sh", "shell")
"""How a block is marked that a reader is to type into a terminal; `text` marks one that is not to be typed or run."""
_FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`(brave-tf [^`]+)`")
_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
_UNIX_LAUNCHERS = ("srun",)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        document: the file that it is in, from the root.
        line: of its first line.
        language: what stands behind the fence.
        text: what is in it.
    """

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    def commands(self) -> list[list[str]]:
        """Of a shell block the commands, each as its words, without comments, variables and launchers."""
        joined = self.text.replace("\\\n", " ")
        found = []
        for line in joined.splitlines():
            words = shlex.split(line, comments=True)
            while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in _UNIX_LAUNCHERS):
                words = words[1:]
            if words:
                # Where the output goes is the shell's business.
                found.append(words[: words.index(">")] if ">" in words else words)
        return found


def blocks(*languages: str) -> list[Block]:
    """The blocks of all documents, or those of some languages."""
    found = [block for document in DOCUMENTS for block in blocks_of(document)]
    return [block for block in found if not languages or block.language in languages]


def blocks_of(document: str) -> Iterator[Block]:
    """The blocks of one document, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for found in _FENCED.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield Block(document, line, found["language"], found["text"])


def inline_commands(document: str) -> list[str]:
    """What stands between backquotes in the running text, and is a command of this library."""
    text = _FENCED.sub("", (ROOT / document).read_text(encoding="utf-8"))
    return [" ".join(each.split()) for each in _INLINE.findall(text)]
