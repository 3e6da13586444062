"""Which clips have the same content, exactly or to the eye and ear, without comparing each with each."""

import itertools

import numpy as np
import numpy.typing as npt

from brave_tf.verification.fingerprint import APPEARANCE_BITS, BITS, MOTION_BITS, Bits

ORDERS, KEY_BITS, NEIGHBOURS = 32, 32, 4
"""Clips are put in order of some of their bits, several times, each time of others; clips that are alike come to lie
side by side in one of the orders (Charikar 2002). So the work grows with the number of clips, not with its square."""
MOST_SOUND, MOST_APPEARANCE_WITH_SOUND = 56, 16
"""Bits in which clips that sound alike differ at most. Sound tells takes of one speaker before one wall apart, which
look the same; then pictures need not agree closely: small ones suffer much from an encoder."""
MOST_APPEARANCE, MOST_MOTION = 5, 45
"""Bits in which clips differ at most that look alike, where not both have sound."""

_PARTS = np.cumsum([0, APPEARANCE_BITS, MOTION_BITS, BITS - APPEARANCE_BITS - MOTION_BITS]) // 8
"""Bytes at which the parts of a fingerprint begin, and the end."""

Numbers = npt.NDArray[np.int64]


def groups_of(first: Numbers, second: Numbers) -> list[Numbers]:
    """Joins pairs into groups: those that are linked by pairs, each in order."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = number = parent[parent[number]]
        return number

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for number in sorted(parent):
        members.setdefault(root(number), []).append(number)
    return [np.array(group) for group in members.values()]


def equal_groups(digests: Bits, usable: npt.NDArray[np.bool_]) -> list[Numbers]:
    """Clips with one digest, two or more each.

    Args:
        digests: [N, bytes] uint8 of all clips, a multiple of 8 bytes each.
        usable: [N] whether a clip has one.
    """
    numbers = np.flatnonzero(usable)
    words = np.ascontiguousarray(digests[numbers]).view(np.uint64)
    order = np.lexsort(words.T)
    new_group = np.flatnonzero(np.any(words[order][1:] != words[order][:-1], axis=1)) + 1
    return [np.sort(numbers[group]) for group in np.split(order, new_group) if group.size > 1]


def pairs_alike(bits: Bits, has: npt.NDArray[np.bool_], group: Numbers, seed: int = 0) -> tuple[Numbers, Numbers]:
    """Pairs of clips that look and sound alike and belong to different groups.

    Args:
        bits: [N, BITS / 8] fingerprints.
        has: [N, 3] whether each has appearance, motion and sound.
        group: [N] such as the number of its split.
        seed: of the orders.

    Returns:
        The first and the second clip of every pair, each pair once.
    """
    generator = np.random.default_rng(seed)
    pairs: set[tuple[int, int]] = set()
    pictures, sounds = range(APPEARANCE_BITS + MOTION_BITS), range(APPEARANCE_BITS + MOTION_BITS, BITS)
    for numbers, which in ((np.flatnonzero(has[:, 0]), pictures), (np.flatnonzero(has[:, 2]), sounds)):
        if numbers.size < 2:
            continue
        chances = _chances(bits[numbers], which)
        for _ in range(ORDERS):
            chosen = generator.choice(which, KEY_BITS, replace=False, p=chances)
            ordered = numbers[np.argsort(_keys(bits[numbers], chosen), kind="stable")]
            for distance in range(1, min(NEIGHBOURS, ordered.size - 1) + 1):
                one, other = ordered[:-distance], ordered[distance:]
                apart = group[one] != group[other]
                one, other = one[apart], other[apart]
                alike = _are_alike(bits[one], bits[other], has[one], has[other])
                pairs |= set(zip(*np.sort([one[alike], other[alike]], axis=0).tolist(), strict=True))
    first, second = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    return first, second


def _chances(bits: Bits, which: range) -> npt.NDArray[np.float64]:
    """How often each bit is to be part of a key: one that all clips share tells none from another."""
    shares = [(bits[:, bit // 8] >> np.uint8(7 - bit % 8) & np.uint8(1)).mean() for bit in which]
    spread = np.multiply(shares, np.subtract(1, shares)) + 1e-6
    chances: npt.NDArray[np.float64] = spread / spread.sum()
    return chances


def _keys(bits: Bits, chosen: Numbers) -> npt.NDArray[np.uint64]:
    keys = np.zeros(len(bits), np.uint64)
    for bit in chosen.tolist():
        keys = keys << np.uint64(1) | (bits[:, bit // 8] >> np.uint8(7 - bit % 8) & np.uint8(1)).astype(np.uint64)
    return keys


def _are_alike(
    one: Bits, other: Bits, one_has: npt.NDArray[np.bool_], other_has: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    different = np.bitwise_count(one ^ other)
    appearance, motion, sound = (
        different[:, begin:end].sum(axis=1, dtype=np.int64) for begin, end in itertools.pairwise(_PARTS)
    )
    both_shown, _, both_heard = (one_has & other_has).T
    sounds_alike = (sound <= MOST_SOUND) & (~both_shown | (appearance <= MOST_APPEARANCE_WITH_SOUND))
    # What stands still has no bits of motion.
    looks_alike = both_shown & (appearance <= MOST_APPEARANCE) & (motion <= MOST_MOTION)
    alike: npt.NDArray[np.bool_] = np.where(both_heard, sounds_alike, looks_alike)
    return alike
