"""A whole preparation of media that lie: every file is used or named with its reason, and little is written."""

import numpy as np

from brave_tf.commands import prepare
from tests.preparation.media_files import with_other_times, write_media, write_wav


def test_strange_media_are_used_or_named_with_their_reason(tmp_path, monkeypatch):
    folder = tmp_path / "videos"
    source = write_media(tmp_path / "source.mp4", seconds=3.0, size=(16, 16), in_order=True)
    write_media(folder / "12:30:00.mp4", seconds=1.0, size=(16, 16))
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile 12\\:30\\:00.mp4\n")
    write_wav(folder / "slow.wav", np.zeros((20_000, 1), np.int16), rate=1)
    write_wav(folder / "nan.wav", np.full((20_000, 1), np.nan, np.float32))

    def jump(seconds):
        return seconds + 1e6 if seconds >= 1.5 else seconds

    with_other_times(source, folder / "picture.mkv", picture=jump)
    with_other_times(source, folder / "sound.mkv", sound=jump)
    monkeypatch.chdir(folder)
    dataset = prepare(".", tmp_path / "out", split="train=1", workers=1)

    reasons = {entry["source"]: entry["reason"] for entry in dataset.info["quarantined"]}
    assert reasons == {
        "list.mp4": "is a list of other files, not media; give the files that it names",
        "nan.wav": "has sound that is not a finite number at 0.00 s",
        "slow.wav": "declares a sample rate of 1 Hz; expected 1,000 to 3,072,000",
    }
    clips = {(row["source"], round(row["start_seconds"])): row for row in dataset.clips().to_pylist()}
    assert {place: row["frames"] for place, row in clips.items()} == {
        ("12:30:00.mp4", 0): 25,
        ("picture.mkv", 0): 38,
        ("picture.mkv", 1_000_002): 37,
        ("sound.mkv", 0): 75,
    }
    # The sound that goes on is not that of the pictures after the gap.
    assert clips["picture.mkv", 0]["samples"] > 0 and clips["picture.mkv", 1_000_002]["samples"] == 0
    assert sum(file.stat().st_size for file in dataset.path.iterdir()) < 2_000_000
