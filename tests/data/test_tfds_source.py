"""Datasets of TensorFlow Datasets: prepared ones are read, and everything else is refused in one line."""

import io
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import brave_tf
from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.config import EvaluationInput
from brave_tf.config.values import override
from brave_tf.data import open_dataset, pretraining_dataset
from brave_tf.data.pipeline import clip_windows
from brave_tf.data.training_clips import TrainingClips
from brave_tf.errors import UserError
from tests.data.dmvr_files import record, write_shard

SMALL = ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"]
VA = override(presets.get("tiny-va"), SMALL)
V = override(presets.get("tiny-v"), [*SMALL, "broad.rgb.size=24", "broad.rgb.frames=6"])
HEIGHT, WIDTH, FRAMES, SAMPLES = 32, 48, 12, 7_680


def frames(number):
    """Grey noise of its own for every clip, with a bright left half."""
    video = np.random.default_rng(number).integers(0, 100, (FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    video[:, :, : WIDTH // 2] += 100
    return video


def waveform(number):
    return np.random.default_rng(number).integers(-(2**15), 2**15, SAMPLES)


class _Films(tfds.core.GeneratorBasedBuilder):
    """Three training and two test clips."""

    VERSION = tfds.core.Version("1.0.0")
    FEATURES: dict

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(self.FEATURES))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(range(3)), "test": self._generate_examples(range(3, 5))}

    def _generate_examples(self, numbers):
        for number in numbers:
            clip = {
                "film": frames(number),
                "later": frames(9),
                "sound": waveform(number),
                "stereo": np.stack([waveform(number), waveform(number + 1)], axis=1),
                "label": number % 2,
                "scene": {"film": frames(number), "sound": waveform(number) / 2.0**15},
                "name": "x",
                "packed": io.BytesIO(b"fLaC"),
            }
            yield number, {key: clip[key] for key in self.FEATURES}


def video(**kwargs):
    return tfds.features.Video(shape=(None, HEIGHT, WIDTH, 3), **kwargs)


LABEL = tfds.features.ClassLabel(names=["walk", "run"])
SOUND = tfds.features.Audio(sample_rate=16_000)
PACKED = tfds.features.Audio(sample_rate=16_000, lazy_decode=True, file_format="flac", dtype=np.int16)
DATASETS = {
    "png_films": {"film": video(), "sound": SOUND, "label": LABEL, "name": tfds.features.Text()},
    "jpeg_films": {"film": video(encoding_format="jpeg"), "label": LABEL},
    "stereo_films": {"film": video(), "stereo": tfds.features.Audio(shape=(None, 2), sample_rate=16_000)},
    "rateless_films": {"later": video(), "film": video(), "sound": tfds.features.Audio()},
    "packed_films": {"film": video(), "packed": PACKED},
    "sounds_only": {"sound": SOUND, "label": LABEL},
    "nested_films": {
        "scene": {"film": video(), "sound": tfds.features.Audio(sample_rate=16_000, dtype=np.float32)},
    },
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    for name, features in DATASETS.items():
        # TFDS names a dataset for its class; unregistered, so that only the files tell of it afterwards.
        with tfds.core.registered.skip_registration():
            camel = "".join(word.title() for word in name.split("_"))
            builder = type(camel, (_Films,), {"FEATURES": features, "__module__": __name__})
        builder(data_dir=folder).download_and_prepare()
    return folder


@pytest.fixture(autouse=True)
def _environment(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))


def batches(data, config, count, **kwargs):
    return list(pretraining_dataset(data, config, **kwargs).take(count))


def parsed(name):
    """Every record of a dataset, as its parser reads it inside a graph, in the order of its table."""
    dataset = open_dataset(name)
    parse = tf.function(dataset.parser)
    for row in dataset.clips().to_pylist():
        with open(row["shard"], "rb") as stream:
            stream.seek(row["offset"])
            yield row, parse(tf.constant(stream.read(row["length"])))


def same_clip(pixels):
    return next(number for number in range(5) if np.array_equal(pixels, frames(number)))


def test_a_record_has_the_frames_and_the_sound_that_went_in():
    found = []
    for row, clip in parsed("tfds:png_films"):
        number = same_clip(tf.stack([tf.io.decode_png(frame) for frame in clip["frames"]]))
        np.testing.assert_array_equal(clip["audio"], waveform(number).astype(np.float32) / 2**15)
        assert row["label/label"] == ["walk", "run"][number % 2]
        assert row["split"] == ("train" if number < 3 else "test")
        assert (row["frames"], row["samples"]) == (FRAMES, SAMPLES) and clip["flow"].shape == (0,)
        found.append(number)
    assert sorted(found) == list(range(5))


def test_the_mean_of_the_channels_is_heard():
    for row, clip in parsed("tfds:stereo_films"):
        number = same_clip(tf.stack([tf.io.decode_png(frame) for frame in clip["frames"]]))
        mean = (waveform(number) + waveform(number + 1)) / 2**16
        np.testing.assert_allclose(clip["audio"], mean, atol=1e-6)
        assert row["samples"] == SAMPLES


def test_features_may_lie_deeper_and_sound_may_be_floats():
    for row, clip in parsed("tfds:nested_films"):
        number = same_clip(tf.stack([tf.io.decode_png(frame) for frame in clip["frames"]]))
        np.testing.assert_allclose(clip["audio"], waveform(number) / 2**15, atol=1e-6)
        assert row["frames"] == FRAMES


def test_batches():
    name = "tfds:png_films"
    first = batches(name, VA, 3)
    assert first[0]["narrow"].shape == (4, 4, 32, 32, 3) and first[0]["broad"]["audio"].shape == (4, 200, 80)
    for one, other in zip(first[1:], batches(name, VA, 2, first_step=1), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)
    assert not np.array_equal(first[0]["narrow"], batches(name, override(VA, ["seed=4"]), 1)[0]["narrow"])


def test_a_version_may_be_named():
    latest, named = (open_dataset(name) for name in ("tfds:png_films", "tfds:png_films:1.0.0"))
    assert named.clips().equals(latest.clips()) and named.fingerprint == latest.fingerprint
    (batch,) = batches("tfds:png_films:1.0.0", VA, 1)
    assert batch["narrow"].shape == (4, 4, 32, 32, 3) and batch["broad"]["audio"].shape == (4, 200, 80)


def test_jpeg_frames_and_evaluation():
    assert batches("tfds:jpeg_films", V, 1)[0]["broad"]["rgb"].shape[2:] == (6, 24, 24, 3)
    view = ["evaluation.frames=4", "evaluation.size=32", "evaluation.shorter_side=32", "evaluation.crops=1"]
    for name in ("tfds:jpeg_films", "tfds:png_films"):
        dataset = open_dataset(name)
        assert dataset.labels == {"label": ["walk", "run"]}
        input_view = EvaluationInput(view=override(V, view).evaluation)
        windows, _ = next(iter(clip_windows(dataset, dataset.clips("test"), input_view)))
        assert np.mean(windows[0, ..., :16, :]) - np.mean(windows[0, ..., 16:, :]) > 0.3 * 255


def test_kinds_mix_and_each_row_is_read_by_its_own_parser(tmp_path):
    write_shard(tmp_path / "shards" / "train-00000-of-00001", [record(30), record(30)])
    mixed = ["tfds:png_films", tmp_path / "shards", "tfds:stereo_films"]
    clips = TrainingClips.open(mixed, VA)
    assert clips.count == 8
    reader = clips.table.reader()
    read = tf.function(lambda row: clips.parser(reader(row)[0], row))
    sizes = [
        tuple(int(tf.size(read(tf.constant(row, tf.int64))[key])) for key in ("frames", "audio")) for row in range(8)
    ]
    assert sizes == [(FRAMES, SAMPLES)] * 3 + [(30, 19_200)] * 2 + [(FRAMES, SAMPLES)] * 3
    left, mean = (read(tf.constant(row, tf.int64))["audio"].numpy() for row in (0, 5))
    assert np.std(left) > 1.2 * np.std(mean)
    first = batches(mixed, VA, 3)
    for one, other in zip(first[1:], batches(mixed, VA, 2, first_step=1), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_what_is_assumed_is_said():
    notes = TrainingClips.open("tfds:png_films", VA).notes
    assert notes == ("tfds:png_films: 5 of 5 records do not tell their frame rate; taken as 25 frames a second",)
    assert any(
        "its sound 'sound' has no sample rate; not used" in line for line in open_dataset("tfds:rateless_films").notes()
    )
    assert any(
        "its sound 'packed' is not stored as numbers; not used" in line
        for line in open_dataset("tfds:packed_films").notes()
    )
    with pytest.raises(UserError, match=r"video and sound that tiny-va needs \(3 without sound\)"):
        TrainingClips.open("tfds:rateless_films", VA)


def test_sound_of_another_rate_is_refused():
    with pytest.raises(UserError, match="tfds:png_films holds sound at 16000 Hz; tiny-va expects 48000 Hz"):
        TrainingClips.open("tfds:png_films", override(VA, ["broad.audio.sample_rate_hz=48000"]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tfds:sounds_only", r"tfds:sounds_only has no Video feature; it has: label \(ClassLabel\), sound \(Audio\)"),
        ("tfds:ucf101", r"tfds:ucf101 is not prepared in .*: tfds build ucf101; or set TFDS_DATA_DIR"),
        ("tfds:ucf101/ucf101_1", r"tfds build ucf101/ucf101_1;"),
        ("tfds:no_such_films", r"neither is it in .* nor does TFDS know 'no_such_films'"),
        ("tfds:png_films:2.0.0", r"png_films holds 1.0.0, not what is asked for"),
        ("tfds:png_films/small", r"png_films holds 1.0.0, not what is asked for"),
        ("tfds:", r"tfds: cannot be opened .*expected tfds:NAME/CONFIG:VERSION"),
        ("tfds:a b", r"expected tfds:NAME/CONFIG:VERSION"),
    ],
)
def test_what_cannot_be_read_is_one_line(name, words, monkeypatch):
    # Nothing is fetched: any attempt to reach another machine would fail the test.
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("reached for the network"))
    with pytest.raises(UserError, match=words) as caught:
        open_dataset(name)
    assert "\n" not in str(caught.value)


def test_unknown_splits_are_refused():
    with pytest.raises(UserError, match="tfds:png_films has no split 'validation'; expected one of: test, train"):
        TrainingClips.open("tfds:png_films", VA, split="validation")


def test_other_file_formats_are_refused(data_dir, monkeypatch):
    import shutil

    other = data_dir.parent / "other"
    shutil.copytree(data_dir / "jpeg_films", other / "jpeg_films")
    info = other / "jpeg_films" / "1.0.0" / "dataset_info.json"
    info.write_text(info.read_text().replace("tfrecord", "array_record"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(other))
    with pytest.raises(
        UserError, match=r"stored as array_record; expected tfrecord: tfds build jpeg_films --file_format"
    ):
        open_dataset("tfds:jpeg_films")
    shutil.rmtree(other)


def test_shards_that_are_cut_off_or_gone_are_named(data_dir, tmp_path, monkeypatch):
    import shutil

    shutil.copytree(data_dir / "jpeg_films", tmp_path / "jpeg_films")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    (shard,) = (tmp_path / "jpeg_films" / "1.0.0").glob("*test*")
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(UserError, match=r"jpeg_films-test.tfrecord-00000-of-00001 is cut off"):
        open_dataset("tfds:jpeg_films")
    shard.unlink()
    with pytest.raises(UserError, match=r"jpeg_films-test.tfrecord-00000-of-00001 cannot be read"):
        open_dataset("tfds:jpeg_films")


def test_a_prepared_folder_by_its_path_is_told_what_to_write(data_dir):
    with pytest.raises(UserError, match=r"was prepared by TensorFlow Datasets; expected tfds:NAME"):
        open_dataset(data_dir / "png_films" / "1.0.0")


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(UserError, match=r'pip install "brave_tf\[tfds\]"'):
        open_dataset("tfds:png_films")


@pytest.mark.thorough
@pytest.mark.usefixtures("one_unit")
def test_pretrain_takes_a_tfds_name(tmp_path, capsys):
    tiny = ["model.hidden_size=16", "model.projection_size=8", "jit_compile=false"]
    tiny += ["model.narrow.width=0.0625", "model.audio.width=0.0625", "batch_size=2", "narrow.size=32"]
    tiny += ["model.narrow.depth=14"]
    command = ["pretrain", "tiny-va", "--data", "tfds:png_films", "--run", str(tmp_path / "run"), "--steps", "1"]
    assert main([*command, "--set", *tiny, "narrow.frames=4"]) == 0
    said = capsys.readouterr().err
    assert "tfds:png_films: 5 of 5 records do not tell their frame rate" in said and "WARNING" not in said
    assert (tmp_path / "run" / "encoder.keras").is_file()


def test_a_verification_reads_them_to_the_end(data_dir, tmp_path, monkeypatch):
    report = brave_tf.verify("tfds:png_films")
    assert report.is_sound and report.clips == 5 and report.shards == 2
    assert main(["verify", "tfds:png_films"]) == 0
    shutil.copytree(data_dir / "jpeg_films", tmp_path / "jpeg_films")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    (shard,) = (tmp_path / "jpeg_films" / "1.0.0").glob("*test*")
    content = shard.read_bytes()
    shard.write_bytes(content[:-600] + bytes(100) + content[-500:])
    (damaged,) = brave_tf.verify("tfds:jpeg_films").damaged
    assert damaged.reasons[0] == "the checksum of its content fails" and damaged.clip.split == "test"
