"""JSON files of a run directory."""

import json
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError, reason_of


def read_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise damaged(path, f"received {type(content).__name__}")
    return content


def damaged(path: Path, why: str) -> UserError:
    """What is raised for a file that `brave-tf pretrain` cannot have left like this."""
    return UserError(f"{path} is damaged ({why}); expected it as `brave-tf pretrain` wrote it; choose another run")


def unreadable(path: Path, error: OSError) -> UserError:
    """What is raised for a file of a run that the system, or storage elsewhere, does not give."""
    return UserError(f"{path} cannot be read ({reason_of(error)}); expected it as `brave-tf pretrain` wrote it")
