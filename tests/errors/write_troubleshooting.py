"""Writes `docs/troubleshooting.md` and `tests/errors/messages.json`: `python -m tests.errors.write_troubleshooting`.

It provokes every message anew; the tests compare each with what is written.
"""

import functools
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.errors.catalogue import AREAS, ENTRIES, ROOT, site_of
from tests.errors.entry import Area, Elsewhere, Entry

PAGE = ROOT / "docs" / "troubleshooting.md"
MESSAGES = Path(__file__).with_name("messages.json")

HEAD = """\
# Troubleshooting

<!-- Written by `python -m tests.errors.write_troubleshooting` from tests/errors/areas: edit those. -->

A message of `brave-tf` is one line. It says what was received, what was expected, and what to do:

```
brave-tf: error: received --split train=0.8,test=0.3; expected names and shares that sum to 1, such as train=0.8,test=0.2
```

Look for a few words of yours on this page with your browser's search. Names of files, numbers and settings differ from
those shown here, and what stands in round brackets is often the reason that the operating system or another library
gives.

| exit status | means |
|---|---|
| 0 | done |
| 1 | it could not be done; the message says why |
| 2 | the command line lacks something, or has something that does not go together |
| 130, 143 | you interrupted it, or the system ended it; most commands go on from there when you repeat them |

In Python the same messages are raised as `brave_tf.UserError`, with the same words. A stack trace on the command line is
always a bug: please report it, with the command.
"""


def main() -> None:
    MESSAGES.write_text(json.dumps(_provoked(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    recorded_messages.cache_clear()
    PAGE.write_text(page(), encoding="utf-8")


def _provoked() -> dict[str, str]:
    from tests.errors.provoking import message_of, outcome_of
    from tests.errors.world import World

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        return {
            entry.name: message_of(site_of(entry), outcome_of(entry, world))
            for entry in ENTRIES
            if not isinstance(entry.provoke, Elsewhere)
        }


@functools.cache
def recorded_messages() -> dict[str, str]:
    """The messages as they were last written, by the name of their entry."""
    messages: dict[str, str] = json.loads(MESSAGES.read_text(encoding="utf-8"))
    return messages | {entry.name: entry.provoke.message for entry in ENTRIES if isinstance(entry.provoke, Elsewhere)}


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Contents\n\n" + "\n".join(_contents()) + "\n", *(_section(area) for area in AREAS)]
    return "\n".join(parts)


def _contents() -> Iterator[str]:
    for area in AREAS:
        yield f"- [{area.title}](#{_anchor(area.title)})"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _section(area: Area) -> str:
    lines = [f"## {area.title}", "", area.introduction, ""]
    for entry in area.common:
        lines += [f"### {_heading(entry)}", "", "```", *_shown(entry), "```", "", entry.cause, ""]
        lines += [entry.remedy, ""] if entry.remedy else []
    if area.others:
        lines += [f"### {'More messages' if area.common else 'Messages'}: {area.title.lower()}", ""]
        lines += ["| message | means |", "|---|---|"]
        lines += [_row(entry) for entry in area.others]
        lines.append("")
    return "\n".join(lines)


def _heading(entry: Entry) -> str:
    """What makes a message known again: its words, without what differs."""
    return entry.title or entry.cause


def _shown(entry: Entry) -> list[str]:
    site = site_of(entry)
    message = recorded_messages()[entry.name]
    before = "brave-tf: error: " if site.kind in ("error", "usage", "words") else ""
    return [f"{before}{message}"]


def _row(entry: Entry) -> str:
    message = recorded_messages()[entry.name].replace("|", "\\|")
    meaning = " ".join(filter(None, [entry.cause, entry.remedy])).replace("|", "\\|")
    # A back-quote inside code needs more of them around it.
    quote = "``" if "`" in message else "`"
    space = " " if quote == "``" else ""
    return f"| {quote}{space}{message}{space}{quote} | {meaning} |"


if __name__ == "__main__":
    main()
