"""A preparation in parts, for several machines: which shards are whose."""

import dataclasses
import heapq
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.errors import UsageError, UserError
from brave_tf.preparation.plan import Plan, Shard
from brave_tf.preparation.work_folder import not_done, read_all_done

MOST_PARTS = 10_000

_TEXT = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_LOCK = re.compile(r"lock-([0-9]{5})-of-([0-9]{5})")


@dataclasses.dataclass(frozen=True)
class Part:
    """One of several commands, each of which writes its share of the shards.

    Attributes:
        number: which one, from 1 on.
        count: how many there are.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def name(self) -> str:
        """Part of the names of its files in the working folder."""
        return f"{self.number:05d}-of-{self.count:05d}"

    @property
    def lock(self) -> str:
        """The name of the file that it locks, which also tells that it was begun."""
        return f"lock-{self.name}"


def parse_part(text: str) -> Part:
    """Reads `3/10`.

    Raises:
        UsageError: it is no part.
    """
    found = _TEXT.fullmatch(text)
    part = Part(int(found[1]), int(found[2])) if found else Part(0, 0)
    if not 1 <= part.number <= part.count <= MOST_PARTS:
        raise UsageError(
            f"received --part {text}; expected I/N with I from 1 to N, such as 3/10, and N up to {MOST_PARTS:,}"
        )
    return part


def shards_of(plan: Plan, part: Part) -> tuple[Shard, ...]:
    """The shards that a part writes; every shard belongs to one part.

    The largest shard first, always to the part that has the fewest bytes of media so far. It follows from the plan
    alone, so that all parts agree.
    """
    return tuple(shard for shard, number in _owners(plan, part.count) if number == part.number)


def parts_of(plan: Plan, count: int, shards: Iterable[Shard]) -> list[int]:
    """The numbers of the parts, of so many, that write some shards."""
    names = {shard.name for shard in shards}
    return sorted({number for shard, number in _owners(plan, count) if shard.name in names})


def _owners(plan: Plan, count: int) -> list[tuple[Shard, int]]:
    """Every shard, in the order of the plan, with the number of its part."""
    sizes = [sum(plan.sizes[number] for number in shard.sources) for shard in plan.shards]
    loads = [(0, number) for number in range(1, count + 1)]
    owners = [0] * len(sizes)
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place], place)):
        load, owners[place] = loads[0]
        heapq.heapreplace(loads, (load + sizes[place], owners[place]))
    return list(zip(plan.shards, owners, strict=True))


def check_complete(out: Path, plan: Plan) -> None:
    """Raises `UserError` if shards are missing; it says which parts are to be run again."""
    missing = not_done(out, plan.shards)
    if not missing:
        return
    counts = _begun_counts(out / WORK_FOLDER)
    remedy = "run the same command without --merge"
    if counts:
        remedy = f"run --part I/{counts[0]} again for I = {ranges(parts_of(plan, counts[0], missing))}"
    raise UserError(f"{out} lacks {len(missing):,} of {len(plan.shards):,} shards, such as {missing[0].name}; {remedy}")


def describe_part(out: Path, plan: Plan, part: Part) -> str:
    """What is said when a part is done."""
    shards = shards_of(plan, part)
    sources = sum(len(shard.sources) for shard in shards)
    quarantined = sum(len(done["quarantined"]) for done in read_all_done(out, shards))
    return (
        f"part {part} of {out} is done: {len(shards):,} of {len(plan.shards):,} shards, {sources:,} files, of which "
        f"{quarantined:,} cannot be used; when all parts are done, run the same command with --merge instead of --part"
    )


def _begun_counts(work: Path) -> list[int]:
    """Into how many parts a preparation was divided, the latest number first; empty if it was not."""
    found = [(file.stat().st_mtime_ns, _LOCK.fullmatch(file.name)) for file in work.glob("lock-*")]
    latest_first = sorted(((time, int(match[2])) for time, match in found if match), reverse=True)
    return list(dict.fromkeys(count for _, count in latest_first))


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as schedulers take them: `1,4-6`."""
    runs = []
    for _, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        first, *_, last = [*(number for _, number in run)] * 2
        runs.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(runs)
