"""Paths in a command line: `gs://bucket/folder` stays what it is."""

from pathlib import Path

import pytest

from brave_tf import commands
from brave_tf.cli.main import main
from brave_tf.storage import RemotePath


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("gs://bucket/folder/x", RemotePath),
        ("s3://bucket", RemotePath),
        ("folder//x", type(Path("folder"))),
        ("12:30:00", type(Path("folder"))),
    ],
)
def test_a_path_is_of_the_kind_that_is_given(text: str, kind: type[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def prepare(source: Path, out: Path, annotations: Path, **rest: object) -> None:
        given.update(source=source, out=out, annotations=annotations)
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "prepare", prepare)
    assert main(["prepare", text, "--out", text, "--annotations", text, "--workers", "0"]) == 130
    for path in given.values():
        assert type(path) is kind
        assert str(path) == (text if kind is RemotePath else str(Path(text)))


def test_several_datasets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def pretrain(preset: str, data: tuple[Path, ...], run: Path, **rest: object) -> None:
        given.extend([*data, run])
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "pretrain", pretrain)
    assert main(["pretrain", "tiny-v", "--data", "gs://a/b", "--data", "c", "--run", "ram://x"]) == 130
    assert list(map(str, given)) == ["gs://a/b", "c", "ram://x"]
