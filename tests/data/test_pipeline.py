"""Batches: their shapes, that (seed, step) decides them, and which clips are left out."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import prepare
from brave_tf.config import EvaluationInput
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset
from brave_tf.data.evaluation_views import classifier_sample
from brave_tf.data.pipeline import augmented_samples, clip_windows, shuffled_samples, windows_across_clips
from brave_tf.data.training_clips import TrainingClips
from brave_tf.data.views import training_views
from brave_tf.errors import UserError
from tests.preparation.media_files import write_media

SMALL = ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"]
RGB_SMALL = [*SMALL, "broad.rgb.size=24", "broad.rgb.frames=6", "broad.rgb.views=2"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(10):
        label = "abc"[number % 3]
        write_media(folder / label / f"{number}.mp4", seconds=1.2, sound_hz=None if number == 9 else 16_000)
    write_media(folder / "a" / "only-sound.wav", size=None)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1, split="train=1")


def batches(dataset, config, count, **kwargs):
    return list(pretraining_dataset(dataset.path, config, **kwargs).take(count))


def assert_equal(first, second):
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)


def test_shapes(dataset):
    va, v = (override(presets.get(name), s) for name, s in (("tiny-va", SMALL), ("tiny-v", RGB_SMALL)))
    (batch,) = batches(dataset, va, 1)
    assert batch["narrow"].shape == (4, 4, 32, 32, 3) and batch["narrow"].dtype == tf.uint8
    assert batch["broad"]["audio"].shape == (4, 200, 80)
    assert batch["augment"]["narrow"]["hue"].shape == (4,)
    (batch,) = batches(dataset, v, 1)
    assert batch["broad"]["rgb"].shape == (4, 2, 6, 24, 24, 3)
    assert batch["augment"]["rgb"]["flip"].shape == (4, 2)
    assert not np.array_equal(batch["broad"]["rgb"][:, 0], batch["broad"]["rgb"][:, 1])


@pytest.fixture(scope="module")
def every_kind(dataset):
    """A dataset of each kind, and how often the graph of its elements was traced, by what makes them."""
    config = override(presets.get("tiny-va"), SMALL)
    clips = dataset.clips("train")
    arguments = dataset, clips, EvaluationInput()
    traces = []

    def counted(make):
        def traced(*arguments):
            traces.append(make.__name__)
            return make(*arguments)

        return traced

    with pytest.MonkeyPatch.context() as patch:
        for make in (training_views, classifier_sample):
            patch.setattr(f"brave_tf.data.pipeline.{make.__name__}", counted(make))
        datasets = [
            pretraining_dataset(dataset.path, config),
            shuffled_samples(dataset, clips, np.zeros(clips.num_rows), EvaluationInput(), seed=0),
        ]
    datasets += [augmented_samples(*arguments, seed=0), windows_across_clips(*arguments, size=2)]
    return datasets, traces


def test_nothing_is_tuned_while_it_runs(every_kind):
    # A dataset waits for the thread that tunes it when it is dropped, for half a minute if the two miss each other.
    assert [each.options().autotune.enabled for each in every_kind[0]] == [False] * 4


def test_what_replaces_a_damaged_clip_is_not_traced_anew(every_kind):
    # Half of the time before the first step of a small experiment.
    assert every_kind[1] == ["training_views", "classifier_sample"]


@pytest.mark.parametrize("name", ["tiny-va", pytest.param("tiny-v", marks=pytest.mark.thorough)])
def test_a_batch_follows_from_seed_and_step_alone(dataset, name):
    config = override(presets.get(name), RGB_SMALL if name == "tiny-v" else SMALL)
    first = batches(dataset, config, 5)
    assert_equal(first, batches(dataset, override(config, ["data.parallel_calls=1"]), 5))
    assert_equal(first[3:], batches(dataset, config, 2, first_step=3))
    other = batches(dataset, override(config, ["seed=4"]), 1)
    assert not np.array_equal(first[0]["narrow"], other[0]["narrow"])


def test_every_epoch_shows_every_clip_once(dataset):
    config = override(presets.get("tiny-v"), [*RGB_SMALL, "batch_size=2"])
    ids = np.concatenate([batch["clip_id"] for batch in batches(dataset, config, 10)])
    assert len(set(ids[:10])) == 10 and set(ids[10:]) == set(ids[:10])
    assert ids[:10].tolist() != ids[10:].tolist()


def test_host_augmentation_equals_device_augmentation(dataset):
    from brave_tf.training.build import build

    device = override(presets.get("tiny-v"), [*RGB_SMALL, "broad.rgb.augment.random_convolution=0.5"])
    host = override(device, ["data.augment_on=host"])
    (on_device,), (on_host,) = batches(dataset, device, 1), batches(dataset, host, 1)
    assert "augment" not in on_host
    views = build(device).augmented_views(on_device)
    np.testing.assert_allclose(views["narrow"], on_host["narrow"], atol=1e-5)
    np.testing.assert_allclose(views["broad"]["rgb"], on_host["broad"]["rgb"], atol=1e-4)


def test_clips_without_a_modality_are_left_out_and_counted(dataset):
    clips = TrainingClips.open(dataset.path, presets.get("tiny-va"))
    assert clips.count == 9 and clips.left_out == {"without video": 1, "without sound": 1}
    clips = TrainingClips.open(dataset.path, presets.get("tiny-v"))
    assert clips.count == 10 and clips.left_out == {"without video": 1, "without sound": 0}


def test_two_datasets_are_one(dataset):
    both = TrainingClips.open([dataset.path, dataset.path], presets.get("tiny-va"))
    assert both.count == 18 and len(both.fingerprints) == 2


def test_silent_videos_cannot_train_an_audio_preset(tmp_path):
    write_media(tmp_path / "v" / "a.mp4", seconds=0.5, sound_hz=None)
    silent = prepare(tmp_path / "v", tmp_path / "d", workers=1, split="train=1")
    with pytest.raises(UserError, match=r"video and sound that tiny-va needs \(1 without sound\)"):
        TrainingClips.open(silent.path, presets.get("tiny-va"))


def test_sound_of_another_rate_is_refused(dataset):
    config = override(presets.get("tiny-va"), ["broad.audio.sample_rate_hz=48000"])
    with pytest.raises(UserError, match=r"16000 Hz.*expects 48000 Hz"):
        TrainingClips.open(dataset.path, config)


def test_damaged_shards_are_named(dataset, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(dataset.path, copy)
    (shard,) = copy.glob("*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"{shard.name} is cut off"):
        TrainingClips.open(copy, presets.get("tiny-va"))
    shard.unlink()
    with pytest.raises(UserError, match=f"{shard.name} is missing"):
        TrainingClips.open(copy, presets.get("tiny-va"))


def test_evaluation_views(dataset):
    config = override(
        presets.get("tiny-v"),
        [
            "evaluation.frames=4",
            "evaluation.size=32",
            "evaluation.shorter_side=40",
            "evaluation.windows=2",
            "evaluation.epochs=2",
        ],
    )
    clips = dataset.clips().slice(0, 3)
    assert clips["frames"].to_pylist() == [30, 30, 30]
    input_view = EvaluationInput(view=config.evaluation)
    windows = [each for each, _ in clip_windows(dataset, clips, input_view)]
    assert len(windows) == 3 and windows[0].shape == (6, 4, 32, 32, 3) and windows[0].dtype == tf.uint8
    assert_equal(windows[1:], [each for each, _ in clip_windows(dataset, clips, input_view, first=1)])
    # The clips brighten with time, so windows tell early from late, and crops of one window are alike.
    brightness = [np.mean(windows[0][i]) / 255 for i in range(6)]
    assert brightness[0] < brightness[1] and brightness[0] == pytest.approx(brightness[2], abs=0.01)
    samples = list(augmented_samples(dataset, clips, input_view, seed=1))
    assert len(samples) == 6 and samples[0].shape == (4, 32, 32, 3)
    assert not np.array_equal(samples[0], samples[3])
    assert_equal(samples, list(augmented_samples(dataset, clips, input_view, seed=1)))
    assert_equal(samples[4:], list(augmented_samples(dataset, clips, input_view, seed=1, first=4)))
