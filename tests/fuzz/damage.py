"""Hypothesis strategies for content that was damaged, or never was what it should be."""

from hypothesis import strategies as st

PLACES = st.integers(0, 2**20)
"""Of any content; counted round its end."""
Edit = tuple[str, int, int, bytes]


def edits(pieces: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[Edit]]:
    """What to do to content: each a way, two places, and a piece to put there."""
    ways = st.sampled_from(["replace", "insert", "cut", "repeat"])
    return st.lists(st.tuples(ways, PLACES, st.integers(0, 40), pieces), min_size=1, max_size=5)


def edited(content: bytes, changes: list[Edit]) -> bytes:
    """The content after the changes."""
    for way, place, length, piece in changes:
        at = place % (len(content) + 1)
        stop = min(at + length, len(content))
        middle = {
            "replace": piece,
            "insert": piece + content[at:stop],
            "cut": b"",
            "repeat": content[at:stop] * 3,
        }[way]
        content = content[:at] + middle + content[stop:]
    return content
