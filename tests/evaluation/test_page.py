"""`report.html` of real evaluations, with the clips that were got wrong."""

import numpy as np
import pytest

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data.open import open_dataset
from brave_tf.inspection.mistakes import pictures_of
from brave_tf.presets import names
from brave_tf.presets.published import COLUMNS, published
from tests.pages.reading import Reading, pixels
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Eight videos with sound, whose labels say nothing."""
    folder = tmp_path_factory.mktemp("page")
    rows = ["path,label,split"]
    for number in range(8):
        write_media(folder / f"{number}.mp4", seconds=1.0, tone_hz=200.0 + 100 * number)
        rows.append(f"{number}.mp4,{'ab'[number // 2 % 2]},{'train' if number < 4 else 'test'}")
    (folder / "list.csv").write_text("\n".join(rows))
    return prepare(folder / "list.csv", folder / "dataset", workers=1)


@pytest.mark.parametrize(("tower", "picture"), [("narrow", "Frames of"), ("audio", "Spectrogram of")])
def test_the_command_writes_both_reports(dataset, tmp_path, capsys, tower, picture):
    small = {"frames": 2, "size": 32, "shorter-side": 32, "epochs": 1, "windows": 2, "crops": 1, "audio-seconds": 0.5}
    options = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    out = str(tmp_path / "out")
    main(["evaluate", "random:tiny", "--data", str(dataset.path), "--out", out, "--tower", tower, *options])
    assert "random_init" in capsys.readouterr().out
    reading = Reading((tmp_path / "out/report.html").read_text(encoding="utf-8"))
    wrong = reading.text.count("by a margin of")
    shown = [attributes for attributes in reading.attributes("img") if attributes["alt"].startswith(picture)]
    assert len(shown) == wrong


def test_a_record_that_cannot_be_read_has_no_picture(dataset, tmp_path):
    ids = dataset.clips("test")["clip_id"].to_pylist()
    drawn = pictures_of(dataset, ids[:2], "rgb")
    (address,) = (attributes["src"] for attributes in Reading(str(drawn[0])).attributes("img"))
    strip = pixels(address, "image/jpeg")
    assert strip.shape[0] == 120 and strip.shape[1] == 6 * 160 + 5 * 2
    # The frames brighten with time.
    assert np.mean(strip[:, -100:]) > np.mean(strip[:, :100]) + 10
    row = dataset.clips("test").to_pylist()[0]
    file = dataset.path / row["shard"]
    content = bytearray(file.read_bytes())
    content[row["offset"] + 5] ^= 255
    file.write_bytes(content)
    try:
        assert pictures_of(open_dataset(dataset.path), [row["clip_id"]], "rgb") == [None]
    finally:
        content[row["offset"] + 5] ^= 255
        file.write_bytes(content)
    assert pictures_of(dataset, [], "rgb") == []


def test_published_scores_stand_beside_what_they_are_of():
    assert published("v-a-tsm50-audioset", "ucf101", "linear", "narrow") == {
        "experiment": "v-a-tsm50-audioset",
        "column": "UCF101 linear",
        "value": 0.934,
        "source": "the paper, Table 5",
    }
    found = published("v-fa-tsm50x2-audioset", "audioset", "mlp", "audio")
    assert found is not None and found["value"] == 0.364
    assert published("v-a-tsm50-audioset", "esc50", "linear", "narrow") is None
    assert published("v-a-tsm50-audioset", "folder", "linear", "narrow") is None
    assert published("tiny-va", "ucf101", "linear", "narrow") is None
    assert published("", "ucf101", "linear", "narrow") is None
    towers = ("narrow", "audio")
    told = {published(name, *key, tower) is not None for name in names() for key in COLUMNS for tower in towers}
    assert told == {True, False}
