"""What a service that shows metrics has to do."""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

Ending = Literal["finished", "stopped", "failed"]
"""How a run ends: complete, stopped by somebody, or by an error."""


@dataclasses.dataclass(frozen=True)
class ServiceRun:
    """What a service is told of a run before its figures.

    Attributes:
        log_id: its name there, see `brave_tf.runs.log_id.log_id`.
        folder: its directory.
        settings: its configuration, the fingerprints of its data, and the like.
    """

    log_id: str
    folder: Path
    settings: Mapping[str, Any]


class Service(Protocol):
    """A run as a service has it. Its methods raise errors of whatever kind.

    Attributes:
        place: where to look at it, without credentials.
    """

    place: str

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds the figures of a step, unless the service has them."""

    def close(self, ending: Ending) -> None:
        """Says how the run has ended; the same run may be opened again later."""


def set_defaults(environment: Mapping[str, str]) -> None:
    """Sets variables of the environment that the user has not set."""
    for name, value in environment.items():
        os.environ.setdefault(name, value)


def without_credentials(text: str) -> str:
    """A text without the user's name and password of the addresses in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)
