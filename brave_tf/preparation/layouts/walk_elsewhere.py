"""What lies below a folder that is elsewhere, where there are files and folders and nothing else."""

from collections.abc import Collection
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.walk import HIDDEN_FILES, HIDDEN_FOLDERS, NO_PERMISSION, Tally
from brave_tf.storage import RemotePath


def walk_elsewhere(folder: RemotePath, left_out: Collection[Path]) -> Tally:
    """Takes down every entry below a folder.

    Args:
        folder: where to look.
        left_out: files and folders that count for nothing.

    Raises:
        UserError: a folder cannot be read, though it may be.
    """
    tally = Tally()
    uncounted = frozenset(map(str, left_out))
    folders = [""]
    while folders:
        path = folders.pop()
        place = folder / path if path else folder
        try:
            entries = list(place.entries())
        except PermissionError:
            if not path:
                raise UserError(f"{folder} cannot be read (permission denied); make it readable") from None
            tally.ignore(NO_PERMISSION, path)
            continue
        except OSError as error:
            raise UserError(f"{place} cannot be read ({error.strerror or error}); try again later") from None
        for name, is_folder in entries:
            if str(place / name) in uncounted:
                continue
            inner = f"{path}/{name}" if path else name
            if name.startswith("."):
                tally.kinds[HIDDEN_FOLDERS if is_folder else HIDDEN_FILES] += 1
            elif is_folder:
                folders.append(inner)
            else:
                tally.take_file(name, inner)
    return tally
