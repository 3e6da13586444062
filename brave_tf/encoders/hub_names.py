"""Names of models on the Hugging Face Hub and on Kaggle."""

import dataclasses
import re
import urllib.parse
from collections.abc import Sequence

from brave_tf.errors import UserError, one_line

HUGGING_FACE = "hf://"
KAGGLE = "kaggle://"
HUGGING_FACE_FORM = "OWNER/NAME[@REVISION][/FOLDER]"
KAGGLE_FORM = "OWNER/MODEL/FRAMEWORK/VARIATION[/VERSION]"

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_OTHER_KINDS = ("datasets", "spaces", "buckets")
"""What the Hugging Face Hub holds besides models, by the first part of its name."""


@dataclasses.dataclass(frozen=True)
class HuggingFaceName:
    """A model on the Hugging Face Hub.

    Attributes:
        repository: `OWNER/NAME`.
        revision: a branch, a tag or a commit; None for the newest of the main branch.
        inside: the folder or `.keras` file in it; empty for all of it.
    """

    repository: str
    revision: str | None = None
    inside: str = ""


@dataclasses.dataclass(frozen=True)
class KaggleName:
    """A variation of a model on Kaggle.

    Attributes:
        variation: `OWNER/MODEL/FRAMEWORK/VARIATION`.
        version: its number; None for the newest.
    """

    variation: str
    version: int | None = None

    @property
    def handle(self) -> str:
        """What Kaggle's client calls it."""
        return self.variation if self.version is None else f"{self.variation}/{self.version}"


def is_hub(place: str) -> bool:
    """Whether a place is on the Hugging Face Hub or on Kaggle."""
    return place.startswith((HUGGING_FACE, KAGGLE))


def hugging_face_name(text: str, place: str, form: str = f"{HUGGING_FACE}{HUGGING_FACE_FORM}") -> HuggingFaceName:
    """Reads `OWNER/NAME[@REVISION][/FOLDER]`.

    A slash in a revision is written %2F.

    Args:
        text: what follows `hf://`.
        place: as it was given, for messages.
        form: what is expected, for messages.

    Raises:
        UserError: it is something else.
    """
    owner, _, rest = text.partition("/")
    with_revision, _, inside = rest.partition("/")
    name, at, revision = with_revision.partition("@")
    _check_words([owner, name, *(inside.split("/") if inside or rest.endswith("/") else [])], place, form)
    if owner in _OTHER_KINDS:
        raise UserError(f"received {place}, which is no model; expected {form}")
    if at:
        revision = urllib.parse.unquote(revision)
        _check_words(revision.split("/"), place, form)
    return HuggingFaceName(f"{owner}/{name}", revision if at else None, inside)


def kaggle_name(text: str, place: str, form: str = f"{KAGGLE}{KAGGLE_FORM}") -> KaggleName:
    """Reads `OWNER/MODEL/FRAMEWORK/VARIATION[/VERSION]`.

    Args:
        text: what follows `kaggle://`.
        place: as it was given, for messages.
        form: what is expected, for messages.

    Raises:
        UserError: it is something else.
    """
    parts = text.split("/")
    _check_words(parts, place, form)
    version = parts[4] if len(parts) == 5 else "1"
    if len(parts) not in (4, 5) or re.fullmatch("[1-9][0-9]{0,8}", version) is None:
        raise _unexpected(place, form)
    return KaggleName("/".join(parts[:4]), int(version) if len(parts) == 5 else None)


def _check_words(words: Sequence[str], place: str, form: str) -> None:
    if not all(_WORD.fullmatch(word) and ".." not in word for word in words):
        raise _unexpected(place, form)


def _unexpected(place: str, form: str) -> UserError:
    return UserError(
        f"received {one_line(place)}; expected {form}, each part of letters, digits, dashes, dots and underscores, "
        "and none empty or `..`"
    )
