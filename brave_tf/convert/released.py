"""Fetching the published checkpoints."""

import contextlib
import os
import sys
import uuid
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.presets import released_checkpoints
from brave_tf.progress import phase
from brave_tf.storage import as_path


def locate(checkpoint: str) -> tuple[Path, str]:
    """The file of a checkpoint and its published name, if it was fetched by that, once, into the user's cache.

    Raises:
        UserError: there is neither such a file nor such a name, or it cannot be fetched.
    """
    path = as_path(checkpoint)
    if path.is_file() or (path.exists() and checkpoint not in released_checkpoints):
        return path, ""
    if checkpoint not in released_checkpoints:
        raise UserError(f"received {checkpoint}; expected a .npy file, or one of: {', '.join(released_checkpoints)}")
    return _fetched(checkpoint), checkpoint


def _fetched(name: str) -> Path:
    """The file of a published checkpoint, fetched where it is not there yet; it appears when all of it is there."""
    import keras

    url = released_checkpoints[name].url
    file = cache_folder() / Path(url).name
    if file.is_file():
        return file
    partial = f".{file.name}.{uuid.uuid4().hex}.partial"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Keras tells how far it is on standard output, which has results alone.
        with phase(f"fetching {url}"), contextlib.redirect_stdout(sys.stderr):
            fetched = keras.utils.get_file(partial, url, cache_dir=str(file.parents[1]), cache_subdir=file.parent.name)
        os.replace(fetched, file)
    except Exception as error:  # Keras turns whatever went wrong into a bare Exception
        raise UserError(
            f"{name} cannot be fetched from {url} ({error}); is there an internet connection? "
            "fetch the file on another machine, and give its path instead"
        ) from None
    return file


def cache_folder() -> Path:
    """Where published checkpoints, and what they are converted to, are kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "brave_tf" / "released"
