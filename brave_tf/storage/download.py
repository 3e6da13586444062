"""Files of web servers: a download that was cut off goes on where it stopped, and a file appears when it is whole."""

import base64
import contextlib
import dataclasses
import errno
import hashlib
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from brave_tf.storage.patience import PassingError

STALL_SECONDS = 60.0
"""How long a server may send nothing."""
_PIECE_BYTES = 2**20

Tell = Callable[[int, int | None], None]
"""Is told how many bytes are there, and how many there will be; None if the server does not say."""


@dataclasses.dataclass(frozen=True)
class _Version:
    """What a server says about a file; kept beside the part of it that has arrived.

    Attributes:
        tag: what tells this version from others: the server's ETag, or its date; empty if there is neither.
        size: bytes; None if it does not say.
        md5: of the content, as Google's storage tells it; empty if the server does not.
    """

    tag: str
    size: int | None
    md5: str


def download(url: str, target: Path, tell: Tell = lambda done, total: None) -> None:
    """Fetches a file, or the rest of one whose download was cut off.

    What has arrived is kept in `.NAME.partial`, and which version of the file it belongs to in `.NAME.partial.json`.
    It is gone on from if the server still has that version and sends parts; else all is fetched anew. While a lost
    connection has brought some bytes more than there were, another one is made.

    Args:
        url: of the file.
        target: the file, in a folder that exists; one process at a time may fetch it.
        tell: is called after each piece.

    Raises:
        OSError: the server does not answer, or the connection is lost again and again; what has arrived is kept. Or it
            is another content than the server tells, which is removed; or the disk is full.
    """
    partial = target.with_name(f".{target.name}.partial")
    about = partial.with_name(f"{partial.name}.json")
    furthest = -1
    while not _is_whole(partial, about):
        before = max(furthest, _size_of(partial))
        try:
            _continue(url, partial, about, tell)
        except PassingError:
            if _size_of(partial) <= before:
                raise
            furthest = _size_of(partial)
    _check_md5(partial, about, url)
    os.replace(partial, target)
    about.unlink(missing_ok=True)


def _continue(url: str, partial: Path, about: Path, tell: Tell) -> None:
    """Adds to what has arrived what one connection brings."""
    start, known = _size_of(partial), _read_version(about)
    asked = {"Accept-Encoding": "identity", "User-Agent": "brave_tf"}
    if start and known is not None and known.tag:
        asked |= {"Range": f"bytes={start}-", "If-Range": known.tag}
    request = urllib.request.Request(url, headers=asked)
    with _as_system_errors(url), urllib.request.urlopen(request, timeout=STALL_SECONDS) as answer:
        version, goes_on = _version_of(answer.headers), answer.status == http.client.PARTIAL_CONTENT
        if known is None or not goes_on:
            # First, so that no bytes are ever beside what is said of another version, however this ends.
            partial.unlink(missing_ok=True)
            _write_version(about, version)
            known, start = version, 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise OSError(errno.EIO, "the server sends another part than was asked for", url)
        with partial.open("ab") as file:
            tell(start, known.size)
            while piece := answer.read(_PIECE_BYTES):
                file.write(piece)
                start += len(piece)
                tell(start, known.size)
            file.flush()
            os.fsync(file.fileno())
    if known.size is None:
        # Nobody can tell it from a part but the one who saw its end.
        _write_version(about, dataclasses.replace(known, size=start))
    elif start < known.size:
        raise PassingError(errno.EIO, f"the connection was lost after {start:,} of {known.size:,} bytes", url)


def _is_whole(partial: Path, about: Path) -> bool:
    """Whether all of a file has arrived; what is longer than it should be is removed."""
    known = _read_version(about)
    if known is None or known.size is None:
        return False
    if _size_of(partial) > known.size:
        partial.unlink()
    return partial.exists() and _size_of(partial) == known.size


def _check_md5(partial: Path, about: Path, url: str) -> None:
    known = _read_version(about)
    if known is None or not known.md5:
        return
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != known.md5:
        partial.unlink()
        raise OSError(errno.EIO, "what has arrived is not what the server has (its MD5 is another)", url)


def _version_of(headers: Any) -> _Version:
    tag = headers.get("ETag", "")
    # A weak one does not say that every byte is the same.
    tag = headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
    length = headers.get("Content-Length", "")
    md5 = re.search(r"\bmd5=([A-Za-z0-9+/]{22}==)", ",".join(headers.get_all("x-goog-hash") or ()))
    return _Version(tag, int(length) if length.isdecimal() else None, base64.b64decode(md5[1]).hex() if md5 else "")


def _read_version(about: Path) -> _Version | None:
    try:
        return _Version(**json.loads(about.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write_version(about: Path, version: _Version) -> None:
    about.write_text(json.dumps(dataclasses.asdict(version)), encoding="utf-8")


def _size_of(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


@contextlib.contextmanager
def _as_system_errors(url: str) -> Iterator[None]:
    """What goes wrong with a connection as `PassingError`, and what a server refuses as `OSError`."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise OSError(errno.EIO, f"the server answers {error.code} {error.reason}", url) from None
    except urllib.error.URLError as error:
        raise PassingError(errno.EIO, str(error.reason), url) from None
    except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
        raise PassingError(errno.EIO, f"the connection was lost: {error or type(error).__name__}", url) from None
