"""Fetching the published checkpoints."""

from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.presets import released_checkpoints
from brave_tf.progress import phase
from brave_tf.storage import as_path


def locate(checkpoint: str) -> tuple[Path, str]:
    """The file of a checkpoint and its published name, if it was fetched by that, once, into Keras' cache.

    Raises:
        UserError: there is neither such a file nor such a name, or it cannot be fetched.
    """
    path = as_path(checkpoint)
    if path.is_file() or (path.exists() and checkpoint not in released_checkpoints):
        return path, ""
    if checkpoint not in released_checkpoints:
        raise UserError(f"received {checkpoint}; expected a .npy file, or one of: {', '.join(released_checkpoints)}")
    released = released_checkpoints[checkpoint]
    import keras

    try:
        with phase(f"fetching {released.url}"):
            file = keras.utils.get_file(Path(released.url).name, released.url, cache_subdir="brave_tf")
    except Exception as error:  # Keras turns whatever went wrong into a bare Exception
        raise UserError(
            f"{checkpoint} cannot be fetched from {released.url} ({error}); is there an internet connection? "
            "fetch the file on another machine, and give its path instead"
        ) from None
    return Path(file), checkpoint
