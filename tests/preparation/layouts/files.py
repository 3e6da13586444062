"""Tiny benchmarks under the names that their authors use."""

from pathlib import Path

from tests.preparation.media_files import write_media


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Writes text files; names are relative to the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def touch(folder: Path, *names: str) -> Path:
    """Makes files that count as there, and that nothing decodes."""
    return write_files(folder, dict.fromkeys(names, "media"))


def write_video(path: Path, seconds: float = 0.4) -> Path:
    return write_media(path, seconds=seconds, size=(16, 16), sound_hz=None)


def write_sound(path: Path, seconds: float = 0.2) -> Path:
    return write_media(path, seconds=seconds, size=None)


def ucf101_lists(**changes: str) -> dict[str, str]:
    """Two classes with two groups each; split 1 trains on g01, split 2 on g02, split 3 on both classes' g01."""
    classes = ["Archery", "YoYo"]
    lines = {f"{side}list0{n}": "" for side in ("train", "test") for n in (1, 2, 3)}
    for number, name in enumerate(classes, 1):
        for group in ("g01", "g02"):
            video = f"{name}/v_{name}_{group}_c01.avi"
            for split in (1, 2, 3):
                trains = (group == "g02") == (split == 2)
                side = "train" if trains else "test"
                lines[f"{side}list0{split}"] += f"{video} {number}\r\n" if trains else f"{video}\r\n"
    lines["classInd"] = "".join(f"{number} {name}\r\n" for number, name in enumerate(classes, 1))
    return {f"{name}.txt": text for name, text in (lines | changes).items()}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}
