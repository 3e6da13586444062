"""Kills every command of `brave-tf` again and again: `python benchmarks/kills.py OUT [NAME ...]`.

Each command first runs undisturbed. Then, for each kill, in a folder of its own: it is started, ended by `kill -9` with
all processes that it started, started once more, and left alone. What there is then has to be what the undisturbed one
left: the same exit status, the same files with the same content (times and speeds do not count), no temporary files
but those of TensorFlow and Keras, and no process.

A command is at work from the moment at which it opens a file of its input to the moment at which it has written its
last file. One kill falls into the time before, one into the time after, and the others into its work, each at a random
moment of an equal share of it. Where a kill comes too late it is tried again, earlier.
"""

import argparse
import dataclasses
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kill_attempt import HERE, TEMPORARY, Attempt
from kill_commands import Command, commands
from kill_results import digest, results

OF_KERAS = re.compile(r"tmp\w+(/(config\.json|metadata\.json|brave_tf\.json|model\.weights\.h5))?")
TRIES = 4
EARLIER = 0.6
"""A kill that came too late is tried again at this share of its time."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a command is killed.

    Attributes:
        seconds: how long after its start, or, if it `waits`, after its work began.
        at_work: whether that is in its work.
        waits: whether its work is waited for.
    """

    seconds: float
    at_work: bool
    waits: bool = False


@dataclasses.dataclass(frozen=True)
class Ending:
    """What a command left.

    Attributes:
        status: its exit status.
        files: what it wrote and left among temporary files, as `kill_results.results`; and what it printed.
    """

    status: int
    files: dict[str, str]

    @property
    def written(self) -> dict[str, str]:
        """The results among the files."""
        return {name: each for name, each in self.files.items() if not name.startswith(f"{TEMPORARY}/")}

    @classmethod
    def of(cls, command: Command, attempt: Attempt, folder: Path) -> "Ending":
        """What there is in the folder of an attempt that has ended."""
        files = results(folder / HERE)
        files |= {f"{TEMPORARY}/{name}": each for name, each in results(folder / TEMPORARY).items() if _is_ours(name)}
        if command.prints:
            files["what it printed"] = digest("printed.json", attempt.printed)
        return cls(attempt.status, files)

    def differences(self, whole: "Ending") -> Iterator[str]:
        """How this differs from an undisturbed ending."""
        if self.status != whole.status:
            yield f"ended with status {self.status} instead of {whole.status}"
        for name in sorted(self.files.keys() | whole.files.keys()):
            if name not in self.files:
                yield f"{name} is missing"
            elif name not in whole.files:
                yield f"{name} is left over"
            elif self.files[name] != whole.files[name]:
                yield f"{name} differs"


def _is_ours(name: str) -> bool:
    """Whether a temporary file or folder is none that TensorFlow makes, or Keras of every model that it loads."""
    return not (name.startswith("__autograph_generated_file") or OF_KERAS.fullmatch(name))


@dataclasses.dataclass
class Row:
    """What came of a command.

    Attributes:
        name: of the command.
        seconds: that it takes undisturbed.
        kills: how many struck.
        at_work: how many of them struck when it was at work, but not done.
        done: how many struck when all was written.
        equal: how many ended as if nothing had been.
        problems: what was wrong, a line for each.
    """

    name: str
    seconds: float = 0.0
    kills: int = 0
    at_work: int = 0
    done: int = 0
    equal: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.kills:>5}  {self.at_work:>7}  {self.done:>15}  {self.equal:>5}"
        return f"{self.name:<22}  {self.seconds:>7.1f}  {counts}  {len(self.problems):>8}"


HEADER = f"{'command':<22}  seconds  kills  at work  all was written  equal  problems"


def examine(command: Command, folder: Path, options: argparse.Namespace) -> Row:
    """Runs a command undisturbed, then kills it again and again."""
    row = Row(command.name)
    undisturbed = Attempt(command, folder / "undisturbed")
    start = undisturbed.at_work()
    row.seconds = undisturbed.end()
    whole = Ending.of(command, undisturbed, folder / "undisturbed")
    row.problems += [f"undisturbed: {name} is left over" for name in whole.files if name.startswith(f"{TEMPORARY}/")]
    seed = f"{options.seed} {command.name}"
    moments = _moments(start, undisturbed.written, row.seconds, options.kills, seed)
    for number, moment in enumerate(moments):
        place = folder / f"kill-{number:02d}"
        problems = _one_kill(command, place, whole, row, moment, options.alone)
        row.problems += [f"{place}: {problem}" for problem in problems]
        row.equal += not problems
        if not problems and not options.keep:
            shutil.rmtree(place)
    return row


def _moments(start: float | None, written: float | None, end: float, kills: int, seed: str) -> list[Moment]:
    """When to kill a command: once before its work and once after it, and else in equal shares of it.

    Args:
        start: when it was at work; None for what neither reads nor writes a file, and is at work all the time.
        written: when it had written the last of its files; None for what writes none, and is at work to its end.
        end: when it ended.
        kills: how many.
        seed: decides the moments.
    """
    generator = random.Random(seed)
    before = [] if start is None else [Moment(generator.uniform(0, start), at_work=False)]
    work = (written or end) - (start or 0.0)
    after = [] if written is None else [Moment(generator.uniform(work, end - (start or 0.0)), at_work=True, waits=True)]
    during = kills - len(before) - len(after)
    shares = [(number + generator.random()) / during for number in range(during)]
    return [*before, *(Moment(share * work, at_work=True, waits=start is not None) for share in shares), *after]


def _one_kill(command: Command, folder: Path, whole: Ending, row: Row, moment: Moment, alone: bool) -> list[str]:
    """Kills a command, finishes it, and says what is wrong then."""
    seconds = moment.seconds
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        attempt = Attempt(command, folder)
        if moment.waits:
            attempt.at_work()
        time.sleep(seconds)
        if attempt.kill(alone):
            break
        seconds *= EARLIER
    else:
        return [f"had ended before it was killed, {TRIES} times"]
    is_done = not command.prints and results(folder / HERE) == whole.written
    row.kills += 1
    row.done += is_done
    row.at_work += moment.at_work and not is_done
    again = Attempt(command, folder)
    again.end()
    problems = list(Ending.of(command, again, folder).differences(whole))
    left = [*attempt.left_behind(), *again.left_behind()]
    return [*problems, *([f"{len(left)} processes were left behind"] if left else [])]


def main() -> None:
    everything = commands()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a folder for everything; inputs that are there are used again")
    parser.add_argument("names", nargs="*", metavar="NAME", help="commands, by what their names begin with")
    parser.add_argument("--kills", type=int, default=10, help="of each command, at least 3")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--alone", action="store_true", help="kill the command and not the processes that it started")
    parser.add_argument("--keep", action="store_true", help="keep also what was as it should be")
    options = parser.parse_args()
    out = options.out.resolve()
    if not (out / "inputs").is_dir():
        script = str(Path(__file__).with_name("kill_commands.py"))
        subprocess.run([sys.executable, script, str(out / "inputs.partial")], check=True)
        (out / "inputs.partial").rename(out / "inputs")
    print(HEADER, flush=True)
    rows = []
    for number, command in enumerate(everything):
        if options.names and not command.name.startswith(tuple(options.names)):
            continue
        folder = out / "commands" / f"{number:02d}"
        shutil.rmtree(folder, ignore_errors=True)
        rows.append(examine(command, folder, options))
        print("\n".join([str(rows[-1]), *(f"    {problem}" for problem in rows[-1].problems)]), flush=True)
    sys.exit(any(row.problems for row in rows))


if __name__ == "__main__":
    main()
