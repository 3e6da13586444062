"""Packages that are installed as far as their metadata tell."""

from pathlib import Path


def write_metadata(folder: Path, name: str, version: str, lines: tuple[str, ...] = ()) -> None:
    """What `importlib.metadata` finds where `folder` is in front of its path."""
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines])
    (place / "METADATA").write_text(f"{text}\n", encoding="utf-8")
