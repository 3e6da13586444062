"""What a line of the catalogue says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.errors.world import World


class Entry(NamedTuple):
    """One message that a user may get."""

    file: str
    """The module that makes it, below the root, such as `brave_tf/data/open.py`."""
    words: str
    """Words of its template, as they stand in that module, which no other template there has."""
    provoke: "str | Callable[[World], object]"
    """A command line without `brave-tf`, whose `{words}` are attributes of `World`; or a function that does it."""
    cause: str
    """What it means, for the page."""
    remedy: str = ""
    """What to do about it, where that is more than the message says."""
    says: str = ""
    """A regular expression that the message matches, where the template leaves everything open."""
    title: str = ""
    """A heading for the page, where it is told in full."""
    varies: bool = False
    """Whether it differs between versions of other people's libraries, which finish the sentence or size the files."""

    @property
    def name(self) -> str:
        """What it is called in the tests and in `messages.json`."""
        return f"{self.file}: {self.words}" + (f" ~ {self.says}" if self.says else "")


class Area(NamedTuple):
    """A section of the page: what somebody was doing."""

    title: str
    introduction: str
    common: tuple[Entry, ...]
    """Told in full, most useful first."""
    others: tuple[Entry, ...] = ()
    """Told in a table."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        return self.common + self.others
