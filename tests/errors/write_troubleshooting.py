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
from tests.errors.entry import Area, Entry

PAGE = ROOT / "docs" / "troubleshooting.md"
MESSAGES = Path(__file__).with_name("messages.json")

HEAD = """\
# Troubleshooting

<!-- Written by `python -m tests.errors.write_troubleshooting` from tests/errors/areas: edit those. -->

A message of `brave-tf` is one line. It says what was received, what was expected, and what to do:

`brave-tf: error: received --split train=0.8,test=0.3; expected names and shares that sum to 1, such as
train=0.8,test=0.2`

Where nothing works, or another package may be the reason, begin with `brave-tf doctor`: it looks at the installation
and says how to mend it ([doctor](doctor.md)).

To find a message, search this page for a few of its words. Names of files, numbers and settings differ from those that
are shown here. What stands in round brackets is often the reason that the operating system or another library gives.

| exit status | means |
|---|---|
| 0 | done |
| 1 | it could not be done, and the message says why; or `brave-tf verify` found something wrong |
| 2 | the command line lacks something, or holds something that does not go together |
| 130, 143 | you interrupted it, or the system ended it; most commands go on from there when you repeat them |
| 141 | what read its output, such as `head`, has gone |

In Python the same messages are raised, with the same words, as `brave_tf.errors.UserError`. A stack trace on the
command line is always a bug: please report it, with the command.

A line such as `runs/first: No space left on device; free some space, or choose another place` is what the operating
system said of a file, with what helps most often.
"""

MORE = "Also"
"""Begins the heading of what is told in a table."""
LONGEST_SHOWN = 360
"""Signs of a message on the page; those that list many clips are cut."""


def main() -> None:
    MESSAGES.write_text(json.dumps(_provoked(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    recorded_messages.cache_clear()
    PAGE.write_text(page(), encoding="utf-8")


def _provoked() -> dict[str, str]:
    from tests.errors.provoking import message_of, outcome_of
    from tests.errors.world import World

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        return {entry.name: message_of(site_of(entry), outcome_of(entry, world)) for entry in ENTRIES}


@functools.cache
def recorded_messages() -> dict[str, str]:
    """The messages as they were last written, by the name of their entry."""
    messages: dict[str, str] = json.loads(MESSAGES.read_text(encoding="utf-8"))
    return messages


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
        lines += [f"### {entry.title}", "", _message(entry), "", entry.cause, ""]
        lines += [entry.remedy, ""] if entry.remedy else []
    if area.others:
        lines += [f"### {MORE}: {area.title[0].lower()}{area.title[1:]}", ""] if area.common else []
        lines += ["| message | means |", "|---|---|"]
        # Several places say the same where a disk is full; the first of them stands for all.
        told = set(map(_message, area.common))
        for entry in area.others:
            if _message(entry) not in told:
                lines.append(f"| {_cell(_message(entry))} | {_cell(entry.cause, entry.remedy)} |")
                told.add(_message(entry))
        lines.append("")
    return "\n".join(lines)


def _message(entry: Entry) -> str:
    """The message as code, which takes more back-quotes where it has some itself."""
    message = recorded_messages()[entry.name]
    if len(message) > LONGEST_SHOWN:
        message = f"{message[:LONGEST_SHOWN].rsplit(' ', 1)[0]} …"
    return f"`` {message} ``" if "`" in message else f"`{message}`"


def _cell(*texts: str) -> str:
    return " ".join(filter(None, texts)).replace("|", "\\|")


if __name__ == "__main__":
    main()
