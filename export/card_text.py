"""Parts of model cards that do not depend on the encoder, and how cards are written."""

import re
from collections.abc import Mapping, Sequence

from brave_tf.errors import UserError, one_line

PAPER = (
    "[Recasens et al., *Broaden Your Views for Self-Supervised Video Learning*, ICCV 2021]"
    "(https://arxiv.org/abs/2103.16559)"
)

CITATION = """```bibtex
@inproceedings{recasens2021broaden,
  title     = {Broaden Your Views for Self-Supervised Video Learning},
  author    = {Recasens, Adri{\\`a} and Luc, Pauline and Alayrac, Jean-Baptiste and Wang, Luyu and
               Strub, Florian and Tallec, Corentin and Malinowski, Mateusz and
               P{\\u{a}}tr{\\u{a}}ucean, Viorica and Altch{\\'e}, Florent and Valko, Michal and
               Grill, Jean-Bastien and van den Oord, A{\\"a}ron and Zisserman, Andrew},
  booktitle = {Proceedings of the IEEE/CVF International Conference on Computer Vision (ICCV)},
  year      = {2021}
}
```"""

UNTESTED_USE = """It has not been tested for finding or describing persons, nor for decisions about them; do not use it
for that. Clips that are longer, shorter, or of another frame rate than it was evaluated with give embeddings too, but
the scores above say nothing of those."""

INTENDED_USE = f"""Made for embeddings of short clips: to search, group and compare them, to train a small classifier
on with few labels, and to go on training from.

It has learned from its data alone, without labels. What that data shows often it tells apart well, what it lacks
badly, and it takes over what is one-sided in it. {UNTESTED_USE}"""
"""Of an encoder that was trained with BraVe."""

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; what its cells say is text, whatever they hold."""
    lines = [header, ["---"] * len(header), *([cell(each) for each in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(content: object) -> str:
    """Text for one cell of a table, in one line and without markup of its own."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", one_line(" ".join(str(content).split())))


def check_license(license: str) -> None:
    """Raises `UserError` if a licence is no identifier as the Hugging Face Hub has them."""
    if license and _IDENTIFIER.fullmatch(license) is None:
        raise UserError(
            f"received --license {one_line(license)}; expected an identifier such as apache-2.0, mit, cc-by-4.0 or "
            "other, as the Hugging Face Hub lists them"
        )


def front_matter(license: str, tags: Sequence[str], library: str) -> str:
    """What the Hugging Face Hub reads of a card.

    Args:
        license: its identifier; empty for none.
        tags: what the model is found by.
        library: what loads it, such as `keras`.
    """
    lines = [f"license: {license}"] if license else []
    lines += [f"library_name: {library}", "pipeline_tag: feature-extraction", "tags:", *(f"- {tag}" for tag in tags)]
    return "\n".join(["---", *lines, "---"])


def license_of(card: str) -> str:
    """The licence in a card's front matter; empty if it tells none."""
    head = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    found = re.search(r"^license:[ \t]*(\S+)[ \t]*$", head[1], re.MULTILINE) if head else None
    return found[1].strip("'\"") if found else ""


def sections(parts: Mapping[str, str]) -> str:
    """Parts of a card under their titles; empty ones are left out."""
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in parts.items() if text)
