"""What the page of a search shows."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Moment:
    """A stretch of a file, to be seen and played.

    Attributes:
        file: the name to show.
        start: seconds where it begins.
        end: where it ends; with both 0, the whole file is meant.
        kind: what the picture is of.
        picture: [H, W, 3] uint8, a frame or a spectrogram; None where there is none.
        address: of the file, from the page; empty where it is not there.
        problem: why there is no picture; empty if there is one.
    """

    file: str
    start: float
    end: float
    kind: Literal["frame", "spectrogram"]
    picture: npt.NDArray[np.uint8] | None = None
    address: str = ""
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the whole file is meant."""
        return self.end <= 0.0


@dataclasses.dataclass(frozen=True)
class SearchContent:
    """A search and its answers.

    Attributes:
        title: what was searched for.
        table: the path of the table.
        rows: how many moments it has.
        files: of how many files.
        encoder: whose embeddings they are.
        query: the moment that was searched for; None where files were compared with one another.
        answers: score and moments of each answer, one, or two of a pair; the best first.
        command: what makes this page again.
    """

    title: str
    table: str
    rows: int
    files: int
    encoder: str
    query: Moment | None
    answers: Sequence[tuple[float, Sequence[Moment]]]
    command: str
