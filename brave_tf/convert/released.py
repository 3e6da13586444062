"""Fetching the published checkpoints."""

from pathlib import Path

from brave_tf import machine
from brave_tf.encoders.checksums import file_sha256
from brave_tf.errors import UserError, did_you_mean, reason_of
from brave_tf.files import locked, write_first
from brave_tf.presets import released_checkpoints
from brave_tf.progress import note, track
from brave_tf.storage import as_path
from brave_tf.storage.download import download

_SHOWN_PARTS = 1000
"""Of a download."""


def locate(checkpoint: str) -> tuple[Path, str]:
    """The file of a checkpoint and its published name, if it was fetched by that, once, into the user's cache.

    Raises:
        UserError: there is neither such a file nor such a name, it cannot be fetched, or it was changed since.
    """
    path = as_path(checkpoint)
    if path.is_file() or (path.exists() and checkpoint not in released_checkpoints):
        return path, ""
    if checkpoint not in released_checkpoints:
        raise UserError(
            f"received {checkpoint}; {did_you_mean(checkpoint, released_checkpoints)}expected a .npy file, or one of: "
            f"{', '.join(released_checkpoints)}"
        )
    return fetch_released(checkpoint)[0], checkpoint


def fetch_released(name: str) -> tuple[Path, str]:
    """The file of a published checkpoint, fetched where it is not there yet, and its SHA-256.

    No hash of it was published: the one that it has when it arrives is kept beside it, and has to stay its own.

    Raises:
        UserError: it cannot be fetched, another process is fetching it, or it was changed since.
    """
    url = released_checkpoints[name].url
    file = cache_folder() / Path(url).name
    if not file.is_file():
        _fetch(name, url, file)
    digest = file_sha256(file)
    recorded = _recorded(file, digest)
    if recorded != digest:
        raise UserError(
            f"{file} is not what was fetched as {name} (its SHA-256 is {digest}; it was {recorded}); remove it and "
            f"{_record_of(file)}, and run the same command again"
        )
    return file, digest


def _fetch(name: str, url: str, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f"{file.name}.lock")):
            if file.is_file():
                return
            # It may be of another file, which somebody removed.
            _record_of(file).unlink(missing_ok=True)
            with track(_SHOWN_PARTS, f"fetch {url}", percent=True, start_up="connecting") as advance:
                shown = 0

                def tell(done: int, total: int | None) -> None:
                    nonlocal shown
                    reached = _SHOWN_PARTS * done // total if total else 0
                    advance(max(reached - shown, 0), f"{done / 1e6:,.0f} MB")
                    shown = max(reached, shown)

                download(url, file, tell)
    except BlockingIOError:
        raise UserError(f"another process is fetching {name} to {file}; try again when it is done") from None
    except OSError as error:
        raise UserError(
            f"{name} cannot be fetched from {url} ({reason_of(error)}); check the internet connection, and run the "
            "same command again to go on with what has arrived; or fetch the file on another machine, and give its "
            "path instead"
        ) from error


def _recorded(file: Path, digest: str) -> str:
    """The SHA-256 that a file had when it was first looked at."""
    record = _record_of(file)
    try:
        if not record.is_file():
            write_first(record, f"{digest}  {file.name}\n")
        return record.read_text(encoding="utf-8").partition(" ")[0]
    except OSError as error:
        note(f"the hash of {file} cannot be kept ({reason_of(error)}): a change of the file would not be noticed")
        return digest


def _record_of(file: Path) -> Path:
    """As `sha256sum --check` takes it."""
    return file.with_name(f"{file.name}.sha256")


def cache_folder() -> Path:
    """Where published checkpoints, and what they are converted to, are kept."""
    return machine.cache_folder() / "released"
