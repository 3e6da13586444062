"""The page of `brave-tf search`: each answer as a picture, with its time code, to be played from the disk."""

import os
from collections.abc import Sequence

from brave_tf.embedding.time_codes import time_code
from brave_tf.errors import one_line
from brave_tf.pages.html import Html, code, element, image, page, paragraph, section, write_page
from brave_tf.pages.search_content import Moment, SearchContent

STYLE = """
h1 { overflow-wrap: anywhere; }
.found { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.found.pairs { grid-template-columns: minmax(0, 1fr); }
.found .card { margin: 0; padding: .7rem; min-width: 0; }
.found .card.query { border-color: var(--ink); }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .8rem; }
.moment video, .moment img, .moment .absent {
  display: block; width: 100%; aspect-ratio: 16 / 9; object-fit: contain; background: #10151c; border-radius: 5px;
}
.moment .absent {
  background: var(--wash); color: var(--quiet); font-size: .85rem; padding: 1rem; overflow-wrap: anywhere;
  overflow: auto;
}
.moment audio { max-width: none; }
.moment p { margin: .35rem 0 0; font-size: .9rem; line-height: 1.4; }
.moment .file { overflow-wrap: anywhere; color: var(--quiet); font-size: .82rem; }
.moment .file a { color: inherit; }
.moment summary { cursor: pointer; font-size: .9rem; margin-top: .35rem; font-variant-numeric: tabular-nums; }
.moment details[open] summary { margin-bottom: .35rem; }
.rank { display: flex; justify-content: space-between; gap: .5rem; margin: 0 0 .4rem; font-size: .9rem; }
.found .rank { max-width: none; font-variant-numeric: tabular-nums; }
"""


def write(path: str | os.PathLike[str], content: SearchContent) -> None:
    """Writes the page, one self-contained HTML file; the media themselves stay where they are.

    Args:
        path: the file; its folder is made if absent.
        content: what was found.

    Raises:
        UserError: the place cannot be written.
    """
    sections = [] if content.query is None else [section("What was searched for", _query(content.query))]
    sections += [section("What was found", _answers(content)), section("This page again", code(content.command))]
    write_page(path, page(one_line(content.title), [element("style", Html(STYLE)), *sections], lead=_lead(content)))


def _lead(content: SearchContent) -> Html:
    words = (
        f"{content.rows:,} moments of {content.files:,} files in {one_line(content.table)}, as "
        f"{one_line(content.encoder)} sees them. A score is a cosine similarity: 1 is the same. The media are not in "
        "this page: they play as long as they lie where they are now."
    )
    return paragraph(words)


def _query(moment: Moment) -> Html:
    return element("div", element("article", _moment(moment), class_="card query"), class_="found")


def _answers(content: SearchContent) -> Html:
    if not content.answers:
        return paragraph("Nothing.")
    cards = [
        element(
            "article",
            element("p", element("b", f"{number}"), element("span", f"score {score:.3f}"), class_="rank"),
            _pair(moments) if len(moments) > 1 else _moment(moments[0]),
            class_="card",
        )
        for number, (score, moments) in enumerate(content.answers, start=1)
    ]
    are_pairs = any(len(moments) > 1 for _, moments in content.answers)
    return element("div", *cards, class_="found pairs" if are_pairs else "found")


def _pair(moments: Sequence[Moment]) -> Html:
    return element("div", *(_moment(moment) for moment in moments), class_="pair")


def _moment(moment: Moment) -> Html:
    name = one_line(moment.file)
    span = "" if moment.is_whole else f"{time_code(moment.start)} – {time_code(moment.end)}"
    label = f"{name}, {span}" if span else name
    playing = element("p", span)
    if moment.picture is None:
        shown = element("div", moment.problem, class_="absent")
    else:
        shown = image(moment.picture, f"{moment.kind} of {label}")
        playing = _player(moment, label, span) if moment.address else playing
    return element(
        "div",
        shown,
        playing,
        element("p", element("a", name, href=moment.address) if moment.address else name, class_="file"),
        class_="moment",
    )


def _player(moment: Moment, label: str, span: str) -> Html:
    # Browsers begin at the first of the two times, and stop at the second.
    part = "" if moment.is_whole else f"#t={moment.start:.3f},{moment.end:.3f}"
    tag = "audio" if moment.kind == "spectrogram" else "video"
    player = element(tag, controls="", preload="metadata", src=moment.address + part, aria_label=label)
    return element("details", element("summary", f"play {span}".rstrip()), player)
