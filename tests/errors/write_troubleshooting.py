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

An error of `brave-tf` is one line. It says what was received, what was expected, and what to do:

`brave-tf: error: received --split train=0.8,test=0.3; expected names and shares that sum to 1, such as
train=0.8,test=0.2`

**To find a message**, search this page for a few of its words. Names of files, numbers and settings will differ from
those shown here. What stands in round brackets is often the reason that the operating system or another library gives.

A line that begins with `warning:` does not end the command. It tells you something that you should know.

## If there is no message, or it does not help

- **The shell does not find `brave-tf`.** The Python environment that it was installed in is not active. Activate it, or
  run `python -m brave_tf` with the Python of that environment.
- **TensorFlow does not load, the GPU is not used, or a video codec is missing.** Run
  [`brave-tf doctor`](doctor.md). It looks at everything that `brave-tf` needs on this machine, and says how to mend
  what does not work.
- **`runs/first: No space left on device; free some space, or choose another place`**, and other lines that begin with
  the name of a file. That is what the operating system said of the file, with what helps most often.
- **You want to know more.** Every command takes `--verbose`, which also shows where in the code an error arose.
- **A stack trace without `--verbose`, or the words “this is a bug”.** Please report it, with the command and with what
  `brave-tf doctor --json` prints.

In Python the same errors are raised, with the same words, as `brave_tf.errors.UserError`.

| exit status | means |
|---|---|
| 0 | done; also when SIGTERM stopped `pretrain` or `ablate`, which have saved themselves |
| 1 | it could not be done, and the message says why; or `brave-tf verify` or `brave-tf doctor` found something wrong |
| 2 | the command line lacks something, or holds something that does not go together |
| 130, 143 | you interrupted it, or the system ended it; most commands go on from there when you repeat them |
| 141 | what read its output, such as `head`, has gone |
"""

OFTEN = (
    "A name with spaces",
    "The source is not there",
    "None of the files can be used",
    "There is a dataset already",
    "The folder is no dataset",
    "No clip has what the preset needs",
    "Out of memory",
    "The loss became NaN",
    "The projections have collapsed",
    "The run directory is another run's",
    "The encoder is not there",
    "The dataset has no labels",
    "There is no test split",
    "A format needs a package",
)
"""Titles of the entries that most users meet first, in the order in which they meet them."""
MORE = "Other messages"
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

    messages = {}
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for entry in ENTRIES:
            try:
                messages[entry.name] = message_of(site_of(entry), outcome_of(entry, world))
            except AssertionError as error:
                raise AssertionError(f"{entry.name}: {error}") from error
    return messages


@functools.cache
def recorded_messages() -> dict[str, str]:
    """The messages as they were last written, by the name of their entry."""
    messages: dict[str, str] = json.loads(MESSAGES.read_text(encoding="utf-8"))
    return messages


def page() -> str:
    """The whole page."""
    often = "## What most people meet first\n\n" + "\n".join(_often()) + "\n"
    contents = "## All messages, by what you were doing\n\n" + "\n".join(_contents()) + "\n"
    return "\n".join([HEAD, often, contents, *(_section(area) for area in AREAS)])


def _often() -> Iterator[str]:
    anchors = {entry.title: _anchor(entry.title) for entry in ENTRIES}
    for title in OFTEN:
        yield f"- [{title}](#{anchors[title]})"


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
    # Keras puts words of its own around what a layer raises, and prints that in bold.
    if bold := re.search("\x1b\\[1m(.*?)\x1b\\[0m", message):
        message = bold[1]
    if len(message) > LONGEST_SHOWN:
        message = f"{message[:LONGEST_SHOWN].rsplit(' ', 1)[0]} …"
    return f"`` {message} ``" if "`" in message else f"`{message}`"


def _cell(*texts: str) -> str:
    return " ".join(filter(None, texts)).replace("|", "\\|")


if __name__ == "__main__":
    main()
