"""The name under which services such as MLflow know a run, so that a run that goes on is the same one there."""

import uuid
from pathlib import Path

from brave_tf.files import write_first
from brave_tf.runs.json_files import damaged, read_object
from brave_tf.runs.paths import LOG_ID_FILE

_KEY = "log_id"


def log_id(run: Path) -> str:
    """The name of a run at such services; drawn when it is first asked for, and kept in its directory.

    Raises:
        UserError: the file that keeps it cannot be read.
        OSError: it cannot be written.
    """
    path = run / LOG_ID_FILE
    if not path.is_file():
        write_first(path, f'{{"{_KEY}": "{uuid.uuid4().hex}"}}\n')
    found = read_object(path).get(_KEY)
    if not isinstance(found, str) or not found.isalnum():
        raise damaged(path, f"it holds no {_KEY}")
    return found
