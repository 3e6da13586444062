"""Sends an exported encoder to the Hugging Face Hub or to Kaggle, through the clients of these two."""

import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from brave_tf.encoders.exported import (
    COMMON_FILES,
    FORMAT_FILES,
    MODEL_CARD,
    VERIFICATION_FILE,
    Verification,
    changed_files,
    read_verification,
)
from brave_tf.encoders.hub_clients import asking_client, load_client
from brave_tf.encoders.hub_names import hugging_face_name, kaggle_name
from brave_tf.errors import UserError, one_line
from brave_tf.export.card_curves import CURVES
from brave_tf.export.card_text import license_of
from brave_tf.progress import phase
from brave_tf.storage import as_path, local_copy

FRAMEWORKS: Mapping[str, str] = {"tensorFlow2": "savedmodel", "keras": "keras", "onnx": "onnx", "tfLite": "litert"}
"""What a variation on Kaggle is of, and the format that it then has to hold."""
KAGGLE_LICENSES: Mapping[str, str] = {"apache-2.0": "Apache 2.0", "mit": "MIT", "cc0-1.0": "CC0: Public Domain"}
"""Licences by the identifier that the model card has, as Kaggle calls them."""
EARLIER_FILES = (*itertools.chain(*FORMAT_FILES.values()), *COMMON_FILES, *CURVES.values())
"""What an earlier version of a model may have, and must not be left of it beside the new one's files.

Whole names, and folders from the root on: the client's `*` also stands for `/`, so that `*.keras` would take files of
other folders, which may hold other models.
"""
NAMED = 5
"""Files that a message names."""

_HUGGING_FACE_FORM = "hf:OWNER/NAME"
_KAGGLE_FORM = f"kaggle:OWNER/MODEL/FRAMEWORK/VARIATION, where FRAMEWORK is {' or '.join(FRAMEWORKS)}"
_LOG_IN = (
    "log in there, by `hf auth login` or with an access token of Kaggle, and check that it is yours; run the same "
    "command again to send what is missing"
)
_UNCHECKED = (MODEL_CARD, VERIFICATION_FILE)
"""Files that may be there without a hash: the model card is there to be edited."""


@dataclasses.dataclass(frozen=True)
class Publication:
    """What is published, or would be.

    Attributes:
        place: its address on the web.
        files: size in bytes of every file, by path in the directory.
        card: the text of the model card.
        is_sent: whether it is there now; not after a dry run.
        notes: what is left to do there.
    """

    place: str
    files: Mapping[str, int]
    card: str
    is_sent: bool
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(self.files.values())

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, with `bytes`."""
        return {**dataclasses.asdict(self), "bytes": self.bytes}


@dataclasses.dataclass(frozen=True)
class _Target:
    """Where to: its address, what is left to do there, and who sends a folder by which client, of which extra."""

    place: str
    notes: tuple[str, ...]
    client: tuple[str, str]
    send: Callable[[Any, Path], None]


def publish_directory(
    directory: str | os.PathLike[str], to: str, *, private: bool = False, dry_run: bool = False
) -> Publication:
    """Does what `brave_tf.commands.publish` documents."""
    directory = as_path(directory)
    if directory.is_symlink():
        leads_to = one_line(os.path.realpath(directory))
        raise UserError(f"{directory} is a link to {leads_to}; expected the directory itself; give that one")
    if not directory.is_dir():
        raise UserError(f"{directory} is no directory; expected one that `brave-tf export` wrote")
    with local_copy(directory) as folder:
        files = _checked_files(folder, str(directory))
        card_file = folder / MODEL_CARD
        if not card_file.is_file():
            raise UserError(f"{directory} has no {MODEL_CARD}; expected the model card that `brave-tf export` writes")
        card = card_file.read_text(encoding="utf-8")
        target = _target(to, read_verification(folder), card, private)
        if not dry_run:
            client = load_client(*target.client, f"--to {to}")
            sent = f"sending {len(files)} files, {sum(files.values()) / 1e6:,.1f} MB, to {to}"
            with phase(sent), asking_client(f"--to {to} cannot be written", _LOG_IN):
                target.send(client, folder)
    return Publication(target.place, files, card, not dry_run, target.notes)


def _checked_files(folder: Path, source: str) -> dict[str, int]:
    """Size of every file of a directory, all of which an export has verified.

    Raises:
        UserError: it is none, a file is another than the one that was verified, is missing, was added, or is a link.
    """
    verification = read_verification(folder)
    entries = sorted(folder.rglob("*"))
    links = [str(each.relative_to(folder)) for each in entries if each.is_symlink()]
    if links:
        raise UserError(f"{source} holds links: {_named(links)}; expected files of its own; export it again")
    if not verification.formats:
        raise UserError(f"{source} has no verified format in {VERIFICATION_FILE}; export it again")
    changed = [name for name in changed_files(folder, verification.files) if name != MODEL_CARD]
    if changed:
        raise UserError(
            f"{source} is not as `brave-tf export` verified it: {_named(changed)} changed or missing; export it again"
        )
    files = {each.relative_to(folder).as_posix(): each.stat().st_size for each in entries if each.is_file()}
    added = sorted(files.keys() - verification.files.keys() - set(_UNCHECKED))
    if added:
        raise UserError(
            f"{source} holds files that `brave-tf export` did not verify: {_named(added)}; move them elsewhere"
        )
    return files


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(one_line, names[:NAMED])) + more


def _target(to: str, verification: Verification, card: str, private: bool) -> _Target:
    kind, colon, name = re.sub("^(hf|kaggle)://", r"\1:", to).partition(":")
    if kind == "hf" and colon:
        return _hugging_face(name, to, private)
    if kind == "kaggle" and colon:
        return _kaggle(name, to, verification, card, private)
    raise UserError(f"received --to {one_line(to)}; expected {_HUGGING_FACE_FORM}, or {_KAGGLE_FORM}")


def _hugging_face(name: str, to: str, private: bool) -> _Target:
    found = hugging_face_name(name, f"--to {to}", _HUGGING_FACE_FORM)
    if found.revision is not None or found.inside:
        raise UserError(f"received --to {to}; expected {_HUGGING_FACE_FORM}, without a revision or a folder")

    def send(client: Any, folder: Path) -> None:
        client.create_repo(found.repository, private=private, exist_ok=True)
        client.upload_folder(
            repo_id=found.repository,
            folder_path=str(folder),
            commit_message="Encoder exported by brave_tf",
            delete_patterns=list(EARLIER_FILES),
        )

    return _Target(f"https://huggingface.co/{found.repository}", (), ("huggingface_hub", "huggingface"), send)


def _kaggle(name: str, to: str, verification: Verification, card: str, private: bool) -> _Target:
    found = kaggle_name(name, f"--to {to}", _KAGGLE_FORM)
    framework = found.variation.split("/")[2]
    wanted = FRAMEWORKS.get(framework)
    if found.version is not None or wanted is None:
        raise UserError(f"received --to {to}; expected {_KAGGLE_FORM}, without a version: each is a new one")
    if not any(each.partition("-")[0] == wanted for each in verification.formats):
        raise UserError(
            f"received --to {to}, but the directory holds the formats {', '.join(verification.formats)}; expected "
            f"{wanted} for {framework}; export it with --formats {wanted}"
        )
    license_name = KAGGLE_LICENSES.get(license_of(card))
    notes = [] if private else ["a new model on Kaggle is private until you make it public there"]
    if license_name is None:
        notes.append("the model card tells no licence that Kaggle has by that name: choose one there")

    def send(client: Any, folder: Path) -> None:
        client.model_upload(found.variation, str(folder), license_name, version_notes="Encoder exported by brave_tf")

    return _Target(f"https://www.kaggle.com/models/{found.variation}", tuple(notes), ("kagglehub", "kaggle"), send)
