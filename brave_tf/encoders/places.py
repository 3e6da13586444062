"""Encoders on the Hugging Face Hub and on Kaggle: fetched by the two places' own clients, into their caches."""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from brave_tf.encoders.card import CARD_NAME, choose_tower
from brave_tf.encoders.exported import HEADS_FILE, HEADS_FOLDER, SAVED_MODEL_FILES, VERIFICATION_FILE, check_listed
from brave_tf.encoders.hub_clients import asking_client, load_client
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


def fetch_heads(place: str) -> Path:
    """Fetches the heads of an export and the towers that they stand on, or a `.keras` file of a whole model.

    Args:
        place: `hf://...` or `kaggle://...`; of an export, or on the Hugging Face Hub of the file itself.

    Returns:
        The file, or the folder of the export, on this machine.

    Raises:
        UserError: see `fetch`; whether heads are there is for the caller to find out.
    """
    if place.startswith(KAGGLE):
        folder = _kaggle_folder(kaggle_name(place.removeprefix(KAGGLE), place), place)
        _check_listed_above(folder, folder, place)
        return folder
    name = hugging_face_name(place.removeprefix(HUGGING_FACE), place)
    inside = PurePosixPath(name.inside)
    if inside.name in (HEADS_FILE, *TOWER_FILES.values()):
        # Those of an export lie in a folder of their own, with each other.
        name = dataclasses.replace(name, inside="" if inside.parent == PurePosixPath() else str(inside.parent))
    parts = (HEADS_FILE, *TOWER_FILES.values())
    hub = _HuggingFace(name, place)
    hub.fetch(*(f"{HEADS_FOLDER}/{part}" for part in parts), HEADS_FILE)
    if not hub.is_file and (hub.path / HEADS_FILE).is_file():
        hub.fetch(*parts)
    hub.check()
    return hub.path


class _HuggingFace:
    """A model on the Hugging Face Hub, as far as it is fetched.

    Attributes:
        is_file: whether its name is that of a file.
        path: the file or the folder on this machine, once something is fetched.
    """

    def __init__(self, name: HuggingFaceName, place: str):
        self._name, self._place = name, place
        self._client = load_client("huggingface_hub", "huggingface", place)
        self.is_file = name.inside.endswith(".keras")
        self._folder = self.path = Path()

    def fetch(self, *files: str) -> None:
        """Fetches what is there of some files of its folder, and what the exports around it list; or itself, a file."""
        inside = PurePosixPath(self._name.inside)
        wanted = [str(inside)] if self.is_file else [str(inside / file) for file in files]
        # Its export may be a folder above it.
        wanted += [str(folder / VERIFICATION_FILE) for folder in (inside, *inside.parents)][self.is_file :]
        with _fetching(self._place):
            found = self._client.snapshot_download(
                self._name.repository, revision=self._name.revision, allow_patterns=wanted
            )
        self._folder = Path(found)
        self.path = self._folder / self._name.inside

    def check(self) -> None:
        """Raises `UserError` if what is fetched leads elsewhere, or is not what the Hub or an export tells."""
        # .../hub/models--OWNER--NAME/snapshots/COMMIT, whose files are links to blobs in the same cache.
        check_links(self.path, self._folder.parents[2], self._place)
        _check_blobs(self.path, self._place)
        _check_listed_above(self.path, self._folder, self._place)

    @property
    def pinned(self) -> str:
        """Its name with the commit that it is."""
        name = self._name
        return f"{HUGGING_FACE}{name.repository}@{self._folder.name}{f'/{name.inside}' if name.inside else ''}"


def _from_hugging_face(name: HuggingFaceName, place: str, tower: TowerChoice | None) -> Fetched:
    hub = _HuggingFace(name, place)
    hub.fetch(*_keras_files(tower), CARD_NAME)
    if not hub.is_file and not _has_keras(hub.path):
        hub.fetch(*SAVED_MODEL_FILES, CARD_NAME)
    hub.check()
    return Fetched(_chosen(hub.path, tower, place), hub.pinned)


def _from_kaggle(name: KaggleName, place: str, tower: TowerChoice | None) -> Fetched:
    folder = _kaggle_folder(name, place)
    _check_listed_above(folder, folder, place)
    version = name.version or (int(folder.name) if folder.name.isdecimal() else None)
    return Fetched(_chosen(folder, tower, place), KAGGLE + dataclasses.replace(name, version=version).handle)


def _kaggle_folder(name: KaggleName, place: str) -> Path:
    client = load_client("kagglehub", "kaggle", place)
    with _fetching(place):
        folder = Path(client.model_download(name.handle))
    check_links(folder, folder, place)
    return folder


@contextlib.contextmanager
def _fetching(place: str) -> Iterator[None]:
    remedy = (
        "check its name, the internet connection and, if it is private, that you are logged in; run the same command "
        "again to go on with what is fetched"
    )
    with phase(f"fetching {place}"), asking_client(f"{place} cannot be fetched", remedy):
        yield


def _keras_files(tower: TowerChoice | None) -> list[str]:
    return [ENCODER_FILE] if tower in (None, "narrow") else list(TOWER_FILES.values())


def _has_keras(folder: Path) -> bool:
    return any((folder / file).is_file() for file in TOWER_FILES.values())


def _chosen(path: Path, tower: TowerChoice | None, place: str) -> Path:
    """The `.keras` file of an encoder that was fetched, or the folder of its SavedModel."""
    if path.is_file():
        return path
    chosen = keras_file(path, tower, place)
    if chosen is None and not (path / "saved_model.pb").is_file():
        raise UserError(f"{place} holds no encoder; expected {ENCODER_FILE} or saved_model.pb in it")
    return chosen or path


def keras_file(folder: Path, tower: TowerChoice | None, source: str) -> Path | None:
    """The `.keras` file of a tower in the folder of a run or an export; None if there is no such file at all.

    Args:
        folder: where to look.
        tower: which of several; the only one is taken whatever it is, and has a card that tells.
        source: what the folder is called in messages.

    Raises:
        UserError: there are several, and it is not among them.
    """
    towers: list[Tower] = [each for each, file in TOWER_FILES.items() if (folder / file).is_file()]
    if not towers:
        return None
    return folder / TOWER_FILES[towers[0] if len(towers) == 1 else choose_tower(tower, towers, source)]


def _check_listed_above(path: Path, top: Path, place: str) -> None:
    """Raises `UserError` if a file is not what `verification.json` lists, in its folder or in one above it."""
    for folder in (path, *path.parents):
        if folder.is_dir():
            check_listed(folder, place)
        if folder == top:
            return


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
