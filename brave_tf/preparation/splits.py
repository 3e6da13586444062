"""Splits for sources that come without: stated, seeded, by source file."""

import collections
import dataclasses
import hashlib
import re
from collections.abc import Sequence

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import LabelValue, Source

DEFAULT_SHARES = "train=0.8,test=0.2"
SPLIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")


def parse_shares(text: str) -> dict[str, float]:
    """Reads `train=0.8,test=0.2`.

    Raises:
        UserError: a name or share does not fit, or the shares do not sum to 1.
    """
    try:
        pairs = [part.split("=") for part in text.split(",")]
        shares = {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        shares = {}
    usable = all(SPLIT_NAME.fullmatch(name) and share > 0 for name, share in shares.items())
    if not shares or not usable or abs(sum(shares.values()) - 1) > 1e-6:
        raise UserError(f"received --split {text}; expected names and shares that sum to 1, such as {DEFAULT_SHARES}")
    return shares


def assign_splits(sources: Sequence[Source], shares: dict[str, float], seed: int) -> tuple[list[Source], str]:
    """Gives every source a split, all pieces of one file the same.

    Sources that have one keep it. Otherwise files are ranked by a hash of seed and name within each value of the first
    label; all ranks are lined up, every value spread evenly over the line, which is cut by the shares. No split stays
    empty as long as there are enough files.

    Args:
        sources: the listing.
        shares: split names and shares.
        seed: decides the ranking.

    Returns:
        The sources with splits, and the rule in words.

    Raises:
        UserError: some sources have a split and others do not, or a split's name cannot be a file name.
    """
    given = {source.split for source in sources}
    if None not in given:
        for name in sorted(str(split) for split in given):
            if not SPLIT_NAME.fullmatch(name):
                raise UserError(f"received split {name!r}; expected letters, digits, dots and underscores")
        return list(sources), "as the source gives it"
    if given != {None}:
        without = next(source.name for source in sources if source.split is None)
        raise UserError(f"{without} has no split and other files have one; give all of them one, or none")
    groups: dict[LabelValue, set[str]] = collections.defaultdict(set)
    for source in sources:
        groups[next(iter(source.labels.values()), "")].add(source.name)
    places: dict[str, tuple[float, bytes]] = {}
    for names in groups.values():
        # Asked name by name: a difference of sets would go through all places for every group.
        ranked = sorted((_rank(seed, name), name) for name in names if name not in places)
        places |= {name: ((n + 0.5) / len(ranked), rank) for n, (rank, name) in enumerate(ranked)}
    split_of = _cut(sorted(places, key=lambda name: places[name]), shares)
    listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    rule = f"by source file, every label spread evenly, ranked by a hash of seed {seed} and name: {listed}"
    return [dataclasses.replace(source, split=split_of[source.name]) for source in sources], rule


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode()).digest()


def _cut(ranked: list[str], shares: dict[str, float]) -> dict[str, str]:
    assigned: dict[str, str] = {}
    begin, reached = 0, 0.0
    for number, (split, share) in enumerate(shares.items(), start=1):
        reached += share
        # At least one file each, this split and all that follow.
        end = max(min(round(reached * len(ranked)), len(ranked) - (len(shares) - number)), begin + 1)
        assigned |= dict.fromkeys(ranked[begin:end], split)
        begin = end
    return assigned
