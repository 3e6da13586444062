"""What stands for the Hugging Face Hub and Kaggle, and for their clients: functions that write a cache as these do."""

import fnmatch
import hashlib
import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

COMMIT = "c" * 40


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, **functions: Callable[..., Any]) -> None:
    """Replaces a client by functions, each of which is called as that of the installed client, if it is, could be."""

    def checked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        # Looked up before there is another module in its place.
        signature = inspect.signature(getattr(importlib.import_module(module), name)) if is_installed else None

        def called(*args: Any, **kwargs: Any) -> Any:
            if signature is not None:
                signature.bind(*args, **kwargs)
            return function(*args, **kwargs)

        return called

    is_installed = importlib.util.find_spec(module) is not None

    fakes = {name: checked(name, function) for name, function in functions.items()}
    monkeypatch.setitem(sys.modules, module, types.SimpleNamespace(**fakes))


def git_name(content: bytes) -> str:
    """What Git calls a file, and the Hub's cache a small one."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class HuggingFaceHub:
    """Repositories on the Hub, and a client's cache.

    Attributes:
        fetched: the files that were sent, in order.
        revisions: what was asked for.
    """

    def __init__(self, cache: Path, repositories: Mapping[str, Mapping[str, bytes]]):
        self.cache, self.repositories = cache, repositories
        self.fetched: list[str] = []
        self.revisions: list[str | None] = []

    def snapshot_download(self, repo_id: str, *, revision: str | None = None, allow_patterns: list[str]) -> str:
        """Fetches what fits the patterns and is not there yet."""
        self.revisions.append(revision)
        if repo_id not in self.repositories:
            raise OSError(f"404 Client Error\n\nRepository Not Found for {repo_id}")
        home = self.cache / f"models--{repo_id.replace('/', '--')}"
        snapshot = home / "snapshots" / COMMIT
        snapshot.mkdir(parents=True, exist_ok=True)
        for name, content in self.repositories[repo_id].items():
            link = snapshot / name
            if link.exists() or not any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                continue
            large = len(content) > 1000
            blob = home / "blobs" / (hashlib.sha256(content).hexdigest() if large else git_name(content))
            for folder in (link.parent, blob.parent):
                folder.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(content)
            link.symlink_to(Path(*[".."] * (len(Path(name).parts) + 1)) / "blobs" / blob.name)
            self.fetched.append(name)
        return str(snapshot)


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of a folder by path within it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
