"""Encoders on the Hugging Face Hub and on Kaggle: fetched by the two places' own clients, into their caches."""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from brave_tf.encoders.card import CARD_NAME, choose_tower
from brave_tf.encoders.exported import SAVED_MODEL_FILES, VERIFICATION_FILE, check_listed
from brave_tf.encoders.hub_clients import client_reason, load_client, quiet_client
from brave_tf.encoders.hub_names import (
    HUGGING_FACE,
    KAGGLE,
    HuggingFaceName,
    KaggleName,
    hugging_face_name,
    kaggle_name,
)
from brave_tf.errors import UserError, one_line
from brave_tf.modalities import Tower, TowerChoice
from brave_tf.progress import phase
from brave_tf.runs.paths import ENCODER_FILE, TOWER_FILES
from brave_tf.storage import RemotePath


@dataclasses.dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes:
        path: the `.keras` file, or the SavedModel's folder, on this machine.
        name: where it comes from, with the commit or version that it is.
    """

    path: Path
    name: str


def fetch(place: str, tower: TowerChoice | None) -> Fetched:
    """Fetches an encoder, or finds it in the cache of its place's client.

    Of what is there an encoder's `.keras` file is taken, and only where there is none a SavedModel, which is a program.
    From the Hugging Face Hub nothing else is fetched; Kaggle's client fetches all of a variation. A download that was
    cut off goes on; what arrives is checked by the hashes that the place, and `verification.json` beside the encoder,
    tell.

    Args:
        place: `hf://...` or `kaggle://...`.
        tower: which of several is wanted.

    Raises:
        UserError: the name is none, the client is not installed, nothing can be fetched, what is fetched is damaged, or
            it is no encoder.
    """
    if place.startswith(HUGGING_FACE):
        return _from_hugging_face(hugging_face_name(place.removeprefix(HUGGING_FACE), place), place, tower)
    return _from_kaggle(kaggle_name(place.removeprefix(KAGGLE), place), place, tower)


def _from_hugging_face(name: HuggingFaceName, place: str, tower: TowerChoice | None) -> Fetched:
    client = load_client("huggingface_hub", "huggingface", place)

    def snapshot(*files: str) -> Path:
        inside = f"{name.inside}/" if name.inside and not is_file else ""
        wanted = [inside + file for file in files]
        with _fetching(place):
            found = client.snapshot_download(name.repository, revision=name.revision, allow_patterns=wanted)
        return Path(found)

    is_file = name.inside.endswith(".keras")
    if is_file:
        folder = snapshot(name.inside)
        encoder = folder / name.inside
    else:
        folder = snapshot(*_keras_files(tower), CARD_NAME, VERIFICATION_FILE)
        encoder = folder / name.inside
        if not _has_keras(encoder):
            folder = snapshot(*SAVED_MODEL_FILES, CARD_NAME, VERIFICATION_FILE)
    # ~/.cache/huggingface/hub/models--OWNER--NAME/snapshots/COMMIT, whose files are links to blobs in the same cache.
    check_links(encoder, folder.parents[2], place)
    _check_blobs(encoder, place)
    pinned = f"{HUGGING_FACE}{name.repository}@{folder.name}{f'/{name.inside}' if name.inside else ''}"
    return Fetched(_chosen(encoder, tower, place), pinned)


def _from_kaggle(name: KaggleName, place: str, tower: TowerChoice | None) -> Fetched:
    client = load_client("kagglehub", "kaggle", place)
    with _fetching(place):
        folder = Path(client.model_download(name.handle))
    check_links(folder, folder, place)
    version = name.version or (int(folder.name) if folder.name.isdecimal() else None)
    return Fetched(_chosen(folder, tower, place), KAGGLE + dataclasses.replace(name, version=version).handle)


@contextlib.contextmanager
def _fetching(place: str) -> Iterator[None]:
    with phase(f"fetching {place}"), quiet_client():
        try:
            yield
        except Exception as error:  # each client has its own kinds, and so have the libraries below them
            raise UserError(
                f"{place} cannot be fetched ({client_reason(error)}); is the name right, is there an internet "
                "connection, and are you logged in if it is private? The same command goes on with what is fetched"
            ) from error


def _keras_files(tower: TowerChoice | None) -> list[str]:
    return [ENCODER_FILE] if tower in (None, "narrow") else list(TOWER_FILES.values())


def _has_keras(folder: Path) -> bool:
    return any((folder / file).is_file() for file in TOWER_FILES.values())


def _chosen(path: Path, tower: TowerChoice | None, place: str) -> Path:
    """The `.keras` file of an encoder that was fetched, or the folder of its SavedModel."""
    if path.is_file():
        return path
    check_listed(path, place)
    towers: list[Tower] = [each for each, file in TOWER_FILES.items() if (path / file).is_file()]
    if len(towers) == 1:
        return path / TOWER_FILES[towers[0]]
    if towers:
        return path / TOWER_FILES[choose_tower(tower, towers, place)]
    if not (path / "saved_model.pb").is_file():
        raise UserError(f"{place} holds no encoder; expected {ENCODER_FILE} or saved_model.pb in it")
    return path


def links_out_of(path: Path, allowed: Path | None = None) -> list[Path]:
    """A file or folder, or what it holds, as far as links make it lie elsewhere.

    Args:
        path: on this machine; for one that is not, there are none.
        allowed: the folder that they may lead to; by default the one that has `path` in it, as it is written.
    """
    if isinstance(path, RemotePath):
        return []
    home = os.path.realpath(path.absolute().parent if allowed is None else allowed)
    if not Path(os.path.realpath(path)).is_relative_to(home):
        return [path]
    inside = sorted(path.rglob("*")) if path.is_dir() else []
    return [each for each in inside if not Path(os.path.realpath(each)).is_relative_to(home)]


def check_links(path: Path, cache: Path, place: str) -> None:
    """Raises `UserError` if a file or folder is, or holds, a link that leads out of the client's cache."""
    for link in links_out_of(path, cache):
        target = one_line(os.path.realpath(link))
        raise UserError(
            f"{place}: {one_line(link.name)} is a link that leads to {target}, out of {cache}; expected files of its "
            "own: do not trust it"
        )


def _check_blobs(path: Path, place: str) -> None:
    """Raises `UserError` if a file's content is not that which its name in the Hugging Face Hub's cache tells."""
    files = path.rglob("*") if path.is_dir() else [path]
    for file in sorted(each for each in files if each.is_symlink() and each.is_file()):
        digest = _link_target(file).name
        if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", digest) and _hash_like(digest, file) != digest:
            raise UserError(
                f"{place}: {file.name} is damaged (its hash is another than the Hub tells); remove {file.resolve()}, "
                "and run the same command again"
            )


def _link_target(link: Path) -> Path:
    """Where a link leads, one step far: what is stored once for several models has another name there."""
    return Path(os.readlink(link))


def _hash_like(digest: str, file: Path) -> str:
    """A file's SHA-256, or its name in Git, whichever is as long as `digest`."""
    hashed = hashlib.sha256() if len(digest) == 64 else hashlib.sha1(f"blob {file.stat().st_size}\0".encode())
    with file.open("rb") as stream:
        while piece := stream.read(2**20):
            hashed.update(piece)
    return hashed.hexdigest()
