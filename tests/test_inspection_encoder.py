"""What `brave-tf inspect --encoder` shows is what the encoder makes of the clips."""

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import inspect, prepare
from brave_tf.config import EvaluationConfig
from brave_tf.config.values import override
from brave_tf.data.open import open_dataset
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.foreign import as_encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError
from brave_tf.inspection import gather
from brave_tf.inspection.components import Components
from brave_tf.inspection.sight import MOST_WINDOWS, Sight
from brave_tf.runs.directory import claimed
from brave_tf.training.build import make_model
from brave_tf.training.checkpoints import Checkpoints
from tests.pages.reading import Reading
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit")

RNG = np.random.default_rng(0)
CONFIG = override(
    presets.get("tiny-va"),
    [
        *("narrow.frames=4", "narrow.size=24", "broad.audio.seconds=0.5", "seed=1"),
        *("model.hidden_size=8", "model.projection_size=4"),
        *("model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625"),
        *("evaluation.frames=4", "evaluation.step=2", "evaluation.size=64", "evaluation.shorter_side=64"),
        *("evaluation.audio_seconds=0.5",),
    ],
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two clips that brighten over 2 s, and one without sound."""
    folder = tmp_path_factory.mktemp("videos")
    for name, sound_hz in (("a", 16_000), ("b", 16_000), ("c", None)):
        write_media(folder / f"{name}.mp4", seconds=2.0, size=(64, 80), sound_hz=sound_hz)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1, split="train=1").path


@pytest.fixture(scope="module")
def run(tmp_path_factory, dataset):
    run = tmp_path_factory.mktemp("run") / "run"
    model = make_model(CONFIG)
    model.counted_steps = 100
    with claimed(run, CONFIG, ["abc"], [dataset]):
        Checkpoints(run, model).save()
    return run


def test_windows_are_compared_over_the_whole_clip_and_the_map_is_that_of_the_middle_one(dataset):
    # The mean brightness of a window, and a constant.
    def bright(clips):
        return np.stack([clips.mean(axis=(1, 2, 3, 4)), np.ones(len(clips))], axis=1)

    card = EncoderCard(view=EvaluationConfig(frames=4, step=2, size=64, shorter_side=64))
    sight = Sight(as_encoder(bright, card, name="bright"), open_dataset(dataset))
    glance = sight.look(int(open_dataset(dataset).clips()["clip_id"][0].as_py()))
    # 50 frames are 25 units: windows of 4 at each of 22 places.
    assert len(glance.windows) == 22 <= MOST_WINDOWS
    np.testing.assert_allclose(glance.windows[:, 0], 0.08 * np.arange(22), atol=1e-6)
    np.testing.assert_allclose(np.diff(glance.windows), 0.32, atol=1e-6)
    assert np.all(np.diff(glance.embeddings[:, 0]) > 0)
    facts, (seen,) = sight.seen([glance])
    assert facts.map_places is None and "none is shown" in facts.remark and seen.colors is None
    # Without the mean, the dark half is the opposite of the bright half.
    assert seen.similarity[0, 1] == pytest.approx(1) and seen.similarity[0, -1] == pytest.approx(-1)


def test_colours_lie_over_the_frames_that_the_encoder_gets(dataset, run):
    sight = Sight(load_encoder(run), open_dataset(dataset))
    ids = open_dataset(dataset).clips()["clip_id"].to_pylist()
    glances = [sight.look(clip_id) for clip_id in ids]
    facts, seen = sight.seen(glances)
    assert facts.map_places == (16, 16) and 0 < facts.explained <= 1 and facts.steps == 100
    for glance, clip in zip(glances, seen, strict=True):
        assert clip.frames.shape == clip.colors.shape == (4, 64, 64, 3) and clip.frames.dtype == np.uint8
        middle = glance.windows[len(glance.windows) // 2]
        assert clip.seconds[0] == pytest.approx(middle[0]) and clip.seconds[-1] < middle[1]
        # Frames that brighten from 40 to 200 tell their own time.
        for second, frame in zip(clip.seconds, clip.frames, strict=True):
            assert frame.mean() == pytest.approx(40 + 160 * second * 25 / 49, abs=4)
        # Each place is one colour, but for the grey of the frame.
        tint = clip.colors[0, 8:12, 20:24].astype(int)
        assert np.ptp(tint[..., 0] - tint[..., 1]) <= 1
        # All of its moments are shown: their mean is the embedding.
        embedding = glance.embeddings[len(glance.windows) // 2]
        np.testing.assert_allclose(glance.maps.mean(axis=(0, 1, 2)), embedding, atol=1e-4)


def test_sound_is_compared_and_has_no_colours(dataset, run):
    content = gather(CONFIG, dataset, clips=2, redraws=0, encoder=load_encoder(run, "audio"))
    assert content.encoder.modality == "audio" and content.encoder.map_places is None
    for clip in content.clips:
        assert clip.seen.colors is None and len(clip.seen.similarity) == MOST_WINDOWS
        assert np.diag(clip.seen.similarity) == pytest.approx(1)


def test_a_clip_that_the_encoder_cannot_see_says_so(dataset, run):
    config = override(presets.get("tiny-v"), ["narrow.frames=4", "broad.rgb.frames=4"])
    content = gather(config, dataset, clips=3, redraws=0, encoder=load_encoder(run, "audio"))
    unseen = {clip.source: clip.seen.unseen for clip in content.clips}
    assert "no sound" in unseen["c.mp4"] and not unseen["a.mp4"]


def test_the_page_has_colours_and_similarities_and_the_experiment_of_the_run(dataset, run, tmp_path, capsys):
    page = tmp_path / "page.html"
    arguments = ["inspect", str(dataset), "--clips", "1", "--redraws", "0", "--out", str(page)]
    assert main([*arguments, "--encoder", str(run)]) == 0
    assert "1 clip; tiny-va can use 2 of 3 clips" in capsys.readouterr().out
    reading = Reading(page.read_text(encoding="utf-8"))
    for words in (
        "What the encoder sees",
        "16 × 16 places",
        "% of what differs",
        f"--encoder {run}",
        "100 training steps",
    ):
        assert words in reading.text
    alts = " ".join(image["alt"] for image in reading.attributes("img"))
    assert "coloured by the encoder's map" in alts and "similarity of 22 windows of clip 1" in alts


def test_components_are_those_of_all_maps_and_bear_outliers():
    base = np.linalg.qr(RNG.normal(size=(20, 3)))[0].T
    weights = RNG.uniform(-1, 1, size=(2, 500, 3)) * [9.0, 3.0, 1.0]
    maps = [each.reshape(5, 10, 10, 3) @ base + 7.0 for each in weights]
    found = Components.of(maps)
    assert found.explained == pytest.approx(1.0)
    np.testing.assert_allclose(np.abs(base @ found.directions), np.eye(3), atol=0.2)
    colors = found.colors(maps[0])
    assert colors.shape == (5, 10, 10, 3) and colors.min() == 0 and colors.max() == 1
    far = Components.of([*maps, np.full((1, 20), 1e3)])
    assert np.std(far.colors(maps[0])[..., 1]) > 0.1
    # Equal numbers give equal colours, and nothing that differs is grey.
    np.testing.assert_array_equal(found.colors(maps[0]), Components.of(maps).colors(maps[0]))
    assert np.all(Components.of([np.ones((4, 2))]).colors(np.ones((4, 2))) == 0.5)


def test_wrong_usage_is_one_line(dataset, run, tmp_path):
    page = tmp_path / "page.html"
    with pytest.raises(UsageError, match="received neither --preset nor --encoder"):
        inspect(dataset, out=page)
    with pytest.raises(UsageError, match="received --encoder random:tiny without --preset"):
        inspect(dataset, out=page, encoder="random:tiny")
    with pytest.raises(UsageError, match="received --tower audio without --encoder"):
        inspect(dataset, "tiny-v", page, tower="audio")
    with pytest.raises(UserError, match=r"received --tower flow; .* has the towers narrow, audio"):
        inspect(dataset, out=page, encoder=run, tower="flow")
    assert not page.exists()
