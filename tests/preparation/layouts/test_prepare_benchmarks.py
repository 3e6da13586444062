"""Benchmarks through `prepare`: clips, classes, missing files, and several labels per clip."""

import json

import pyarrow as pa
import pytest
import tensorflow as tf

from brave_tf.cli.main import main
from brave_tf.commands import evaluate, prepare
from brave_tf.data.open import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import choose_label, make_folds
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.plan import make_plan
from brave_tf.training.probe import ProbeClips
from tests.preparation.layouts.files import below, ucf101_lists, write_files, write_sound, write_video
from tests.preparation.layouts.test_audioset import LISTS as AUDIOSET_LISTS
from tests.preparation.layouts.test_diving48 import lists as diving48_lists
from tests.preparation.layouts.test_esc50 import ROWS as ESC50_ROWS
from tests.preparation.layouts.test_hmdb51 import LISTS as HMDB51_LISTS
from tests.preparation.layouts.test_ssv2 import lists as ssv2_lists
from tests.preparation.layouts.test_vggsound import LIST as VGGSOUND_LIST
from tests.preparation.media_files import write_media


def context_of(dataset, row):
    serialized, _ = RecordTable.of(dataset, dataset.clips()).reader()(tf.constant(row, tf.int64))
    return tf.train.SequenceExample.FromString(serialized.numpy()).context.feature


@pytest.fixture(scope="module")
def ucf101(tmp_path_factory):
    """The second class alone is there, with one of its two videos, which is longer than a clip usually is."""
    folder = tmp_path_factory.mktemp("ucf101")
    write_files(folder, below("ucfTrainTestlist", ucf101_lists()))
    write_video(folder / "UCF-101" / "YoYo" / "v_YoYo_g02_c01.avi", seconds=11.0)
    write_video(folder / "UCF-101" / "YoYo" / "v_YoYo_g99_c01.avi")
    return folder


def test_missing_files_keep_the_class_indices_and_are_named(ucf101, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["prepare", str(ucf101), "--layout", "ucf101", "--out", str(out), "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert f"listed and not there: 3 files (2 train, 1 test), see {out / 'missing.txt'}" in " ".join(printed.split())
    assert "note: ucf101: classInd.txt lists 2 classes" in printed and "passed over: 1 not listed" in printed
    dataset = open_dataset(out)
    assert dataset.info["missing"] == {"train": 2, "test": 1} and dataset.info["layout"] == "ucf101"
    assert (out / "missing.txt").read_text().splitlines() == [
        "Archery/v_Archery_g01_c01.avi",
        "YoYo/v_YoYo_g01_c01.avi",
        "Archery/v_Archery_g02_c01.avi",
    ]
    assert dataset.labels["label"] == ["Archery", "YoYo"] and len(dataset.labels["group"]) == 4
    assert dataset.official_folds == ("split1", "split2", "split3") and dataset.multilabel == ()
    assert context_of(dataset, 0)["clip/label/index"].int64_list.value == [1]
    clips = dataset.clips("test")
    assert clips["frames"].to_pylist() == [275], "one clip per video"
    assert clips["label/split2"].to_pylist() == ["train"] and clips["label/group"].to_pylist() == ["YoYo_g02"]


def test_clips_may_still_be_asked_for(ucf101, tmp_path):
    dataset = prepare(ucf101, tmp_path / "out", layout="ucf101", clip_seconds=5.5, workers=1)
    assert dataset.clips()["frames"].to_pylist() == [138, 137]


def test_hmdb51_uses_twenty_seconds_of_every_video(tmp_path):
    write_files(tmp_path, below("hmdb/testTrainMulti_7030_splits", HMDB51_LISTS))
    write_video(tmp_path / "hmdb" / "wave" / "with space.mp4", seconds=21.0)
    write_video(tmp_path / "hmdb" / "wave" / "rest.webm", seconds=1.0)
    dataset = prepare(tmp_path / "hmdb", tmp_path / "out", layout="hmdb51", workers=1)
    assert dataset.clips("test")["frames"].to_pylist() == [500]
    assert dataset.clips("unused")["frames"].to_pylist() == [25]
    assert dataset.clips("unused")["label/split1"].to_pylist() == [None] and not dataset.info["quarantined"]


def test_sounds_of_another_kind_than_listed_are_used(tmp_path):
    write_files(tmp_path, {"esc/meta/esc50.csv": ESC50_ROWS})
    write_sound(tmp_path / "esc" / "audio" / "5-9-A-3.ogg")
    dataset = prepare(tmp_path / "esc", tmp_path / "out", layout="esc50", workers=1)
    assert dataset.clips()["source"].to_pylist() == ["audio/5-9-A-3.ogg"]
    assert dataset.official_folds == ("fold",) and "fold 5" in dataset.info["split_rule"]
    assert context_of(dataset, 0)["clip/label/index"].int64_list.value == [1]
    assert "../../etc/passwd" in (tmp_path / "out" / "missing.txt").read_text().splitlines()


def folds_of(dataset):
    labelled = LabelledClips.of(dataset, choose_label(dataset, None))
    return labelled, make_folds(labelled, None)


def test_something_something_tests_on_the_videos_that_have_labels(tmp_path):
    source = write_files(tmp_path / "ssv2", below("labels", ssv2_lists("something-something-v2-")))
    for name, seconds in {"78687": 11.0, "42326": 0.4, "74225": 0.4, "1420": 0.4}.items():
        write_video(source / "20bn-something-something-v2" / f"{name}.webm", seconds)
    dataset = prepare(source, tmp_path / "out", layout="ssv2", workers=1)
    assert sorted(dataset.clips("train")["frames"].to_pylist()) == [10, 275], "one clip per video"
    assert dataset.clips("test")["label/label"].to_pylist() == [None] and not dataset.info["quarantined"]
    labelled, (fold,) = folds_of(dataset)
    assert labelled.left_out["without label"] == 1 and labelled.classes == 3
    splits = labelled.table["split"].to_numpy(zero_copy_only=False)
    assert (fold.name, set(splits[fold.train]), set(splits[fold.test])) == ("official", {"train"}, {"validation"})


def test_diving48_is_one_clip_per_dive(tmp_path):
    source = write_files(tmp_path / "diving48", diving48_lists())
    for name, seconds in {"_8Vy3dlHg2w_00000": 11.0, "2x00lRzlTVQ_00003": 0.4}.items():
        write_video(source / "rgb" / f"{name}.mp4", seconds)
    dataset = prepare(source, tmp_path / "out", layout="diving48", workers=1)
    assert dataset.clips("train")["frames"].to_pylist() == [275] and dataset.info["missing"] == {"train": 1}
    assert context_of(dataset, 0)["clip/label/index"].int64_list.value == [1]
    assert choose_label(dataset, None) == "label"
    _, (fold,) = folds_of(dataset)
    assert (fold.name, len(fold.train), len(fold.test)) == ("test", 1, 1)


def test_vggsound_is_cut_into_clips_of_ten_seconds(tmp_path):
    source = write_files(tmp_path / "vggsound", {"vggsound.csv": VGGSOUND_LIST})
    write_media(source / "video" / "--0PQM4-hqg_000030.mp4", seconds=10.04, size=(16, 16))
    write_media(source / "video" / "---g-f_I2yQ_000001.mp4", seconds=0.4, size=(16, 16))
    dataset = prepare(source, tmp_path / "out", layout="vggsound", workers=1)
    assert dataset.clips("train")["frames"].to_pylist() == [250]
    assert dataset.clips("test")["label/label"].to_pylist() == ["female speech, woman speaking"]
    assert dataset.clips("test")["samples"].to_pylist()[0] > 0 and dataset.multilabel == ()
    _, (fold,) = folds_of(dataset)
    assert (fold.name, len(fold.train), len(fold.test)) == ("test", 1, 1)


@pytest.fixture(scope="module")
def audioset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audioset")
    write_files(folder / "lists", AUDIOSET_LISTS)
    write_sound(folder / "media" / "--4gqARaEJE.ogg")
    write_sound(folder / "media" / "YZbcdefghijk_22.500.wav")
    return prepare(
        folder / "media", folder / "out", layout="audioset", annotations=folder / "lists", workers=1, clip_seconds=0.15
    )


def test_several_labels_go_into_the_table_and_the_records(audioset):
    assert audioset.multilabel == ("label",) and audioset.info["multilabel"] == ["label"]
    clips = audioset.clips()
    assert clips.schema.field("label/label").type == pa.list_(pa.string())
    assert clips.schema.field("label/subset").type == pa.string()
    rows = dict(zip(clips["label/subset"].to_pylist(), clips["label/label"].to_pylist(), strict=True))
    assert rows == {"balanced_train": ["Male speech, man speaking", "Speech"], "eval": ["Speech"]}
    for row, names in enumerate(clips["label/label"].to_pylist()):
        context = context_of(audioset, row)
        assert [name.decode() for name in context["clip/label/string"].bytes_list.value] == names
        indices = context["clip/label/index"].int64_list.value
        assert [audioset.labels["label"][index] for index in indices] == names
        assert context["label/subset"].bytes_list.value == [clips["label/subset"][row].as_py().encode()]


def test_several_labels_are_evaluated_by_average_precision(audioset, tmp_path):
    def run(protocol):
        small = {"audio_seconds": 0.1, "windows": 2, "epochs": 2}
        arguments = {"protocol": protocol, "tower": "audio", "view": small}
        return evaluate("random:tiny", audioset.path, tmp_path / "out", **arguments)

    report = run("mlp")
    assert (report["metric"], report["classes"], report["mean"]) == ("mAP", len(audioset.labels["label"]), 1.0)
    # One class alone has a test clip.
    assert [each["name"] for each in report["per_class"] if each["score"] is not None] == ["Speech"]
    assert report["interval"] == [1.0, 1.0] and "confusion" not in report
    with pytest.raises(UserError, match="received protocol linear for 'label', of which a clip has several"):
        run("linear")


def test_the_probe_passes_over_several_labels(audioset):
    assert choose_label(audioset, "subset") == "subset"
    assert ProbeClips.choose([audioset.path], 10) is None


def test_older_datasets_have_neither_folds_nor_several_labels(ucf101, tmp_path):
    dataset = prepare(ucf101 / "UCF-101", tmp_path / "out", workers=1)
    assert dataset.info["layout"] == "folder" and dataset.info["folds"] == [] and dataset.info["missing"] == {}
    assert not (dataset.path / "missing.txt").exists() and dataset.info["clip_seconds"] == 10.0
    info = json.loads((dataset.path / "dataset.json").read_text())
    for key in ("folds", "multilabel", "layout", "missing", "notes"):
        del info[key]
    (dataset.path / "dataset.json").write_text(json.dumps(info))
    old = open_dataset(dataset.path)
    assert old.official_folds == () and old.multilabel == ()


def test_official_classes_are_part_of_the_fingerprint(tmp_path):
    sources = [Source(tmp_path / "x.mp4", "x.mp4", split="train", labels={"label": "b", "speaker": "s"})]
    plain = make_plan(sources, {"size": 1})
    # As it was before there were official classes.
    assert plain.fingerprint == "26279535781e89fe56a471b89895ae9e4734ec0f0f112b2d5e25deb778f77003"
    official = make_plan(sources, {"size": 1}, {"label": ["c", "b"]})
    other = make_plan(sources, {"size": 1}, {"label": ["b", "c"]})
    assert len({plain.fingerprint, official.fingerprint, other.fingerprint}) == 3
    assert official.classes == {"label": ["c", "b"], "speaker": ["s"]} and plain.classes["label"] == ["b"]


def test_an_unfinished_dataset_of_other_classes_is_refused(ucf101, tmp_path):
    out = tmp_path / "out"
    (out / ".prepare").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brave_tf.preparation.dataset_writer.write_shards", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(ucf101, out, layout="ucf101", workers=1)
    lists = write_files(tmp_path / "lists", ucf101_lists())
    with open(lists / "classInd.txt", "a") as file:
        file.write("3 Zumba\n")
    with pytest.raises(UserError, match=r"begun with other files or settings \(the classes of label changed\)"):
        prepare(ucf101, out, layout="ucf101", annotations=lists, workers=1)
    assert prepare(ucf101, out, layout="ucf101", workers=1).labels["label"] == ["Archery", "YoYo"]


def _interrupt(*args):
    raise KeyboardInterrupt
