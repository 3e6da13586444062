"""Published checkpoints as encoders, converted once into the user's cache."""

from pathlib import Path

from brave_tf.convert.checkpoint import BRAVE_FILE, write_networks
from brave_tf.convert.released import cache_folder, fetch_released
from brave_tf.encoders.encoder import ENCODER_FILE
from brave_tf.errors import UserError
from brave_tf.files import locked, new_folder
from brave_tf.modalities import TowerChoice
from brave_tf.progress import phase


def converted_release(name: str, tower: TowerChoice | None = None) -> Path:
    """The `.keras` file that a published checkpoint becomes; fetched and converted when it is not there yet.

    The folder in the cache is called by the SHA-256 of what was fetched, so that another file becomes another encoder.

    Args:
        name: a published name, such as `v-a-tsm50`.
        tower: the tower that is wanted; the broad ones are in the whole model.

    Returns:
        The encoder's file; of another tower than the narrow one the whole model's, if the checkpoint has it.

    Raises:
        UserError: it cannot be fetched, is damaged, or another process is converting it.
        OSError: the cache cannot be written.
    """
    checkpoint, digest = fetch_released(name)
    folder = cache_folder() / digest
    # It appears when all of it is there: who only reads it needs no lock, and may not be allowed to write one.
    if not folder.is_dir():
        try:
            with locked(folder.with_name(f"{digest}.lock")):
                if not folder.is_dir():
                    with phase(f"converting {name}"), new_folder(folder) as partial:
                        write_networks(partial, checkpoint, name)
        except BlockingIOError:
            raise UserError(f"another process is converting {name} into {folder}; try again when it is done") from None
    whole = folder / BRAVE_FILE
    return whole if tower not in (None, "narrow") and whole.is_file() else folder / ENCODER_FILE
