"""A mistyped name gets the nearest one, in the same words wherever it is given."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from brave_tf import presets
from brave_tf.ablation.rows import rows_of
from brave_tf.config.values import changed, override
from brave_tf.data.dataset import Dataset
from brave_tf.encoders.card import choose_tower
from brave_tf.errors import UserError, did_you_mean
from brave_tf.evaluation.folds import choose_label, make_folds
from brave_tf.evaluation.protocol import make_protocol, protocol_class
from brave_tf.method.arguments import check_choice
from brave_tf.preparation.layouts.choice import list_source
from brave_tf.training.strategy import make_local_strategy, make_strategy

CONFIG = presets.get("tiny-va")
LABELLED = Dataset(
    Path("dataset"), {"labels": {"motion": [], "theme": []}, "splits": {"train": {}, "test": {}}, "official_folds": []}
)


@pytest.mark.parametrize(
    ("received", "known", "question"),
    [
        ("preppare", ["demo", "prepare", "presets", "pretrain"], "did you mean prepare? "),
        ("--sed", ["--steps", "--seed", "--set"], "did you mean --seed? "),
        ("Batch_Size", ["batch-size", "steps"], "did you mean batch-size? "),
        ("momentum", ["steps", "optimizer.momentum"], "did you mean optimizer.momentum? "),
        ("tiny-vv", ["tiny-v", "tiny-va", "tiny-f"], "did you mean tiny-v or tiny-va? "),
        (["train", "tets"], ["train", "test"], "did you mean test? "),
        ("zebra", ["demo", "prepare"], ""),
        ("prepare", [], ""),
        ("", ["prepare"], ""),
    ],
)
def test_the_nearest_names_are_asked_for(received, known, question):
    assert did_you_mean(received, known) == question


def of_export(tmp_path):
    from brave_tf.export.saved_model import export_encoder

    export_encoder("run", tmp_path / "out", formats=["onxx"])


def of_encoder(name):
    def load(tmp_path):
        from brave_tf.encoders.loading import load_encoder

        load_encoder(name)

    return load


def of_checkpoint(tmp_path):
    from brave_tf.convert.released import locate

    locate("v-a-tsm5")


def write_csv(tmp_path):
    (tmp_path / "list.csv").write_text("video,split\na.mp4,train\n")
    list_source(tmp_path / "list.csv", path_column="videos")


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a preset": (lambda _: presets.get("tiny-vaa"), "tiny-va"),
    "a setting": (lambda _: override(CONFIG, ["optimizer.peak_learnin_rate=1"]), "optimizer.peak_learning_rate"),
    "the end of a setting": (lambda _: override(CONFIG, ["peak_learning_rate=1"]), "optimizer.peak_learning_rate"),
    "a setting of a protocol": (lambda _: make_protocol("knn", {"neighbors": 3}), "neighbours"),
    "a setting of the view": (lambda _: changed(CONFIG.evaluation, {"frame": 3}), "frames"),
    "a protocol": (lambda _: protocol_class("linaer"), "linear"),
    "a label": (lambda _: choose_label(LABELLED, "motoin"), "motion"),
    "folds": (lambda _: make_folds(SimpleNamespace(dataset=LABELLED, table=None), "motions"), "motion"),
    "a split": (lambda _: LABELLED.check_split("tain"), "train"),
    "a tower": (lambda _: choose_tower("narow", ["narrow", "audio"], "run"), "narrow"),
    "a table": (lambda _: rows_of("tabel3", "tiny"), "table3"),
    "a scale": (lambda _: rows_of("table3", "paperr"), "paper"),
    "a row": (lambda _: rows_of("collapse", "tiny", names=["vicregg"]), "vicreg"),
    "a setting of an ablation": (lambda _: rows_of("collapse", "tiny", settings=["batchsize=3"]), "batch_size"),
    "a layout": (lambda tmp_path: list_source(tmp_path, "ucf-101"), "ucf101"),
    "a column": (write_csv, "video"),
    "a strategy": (lambda _: make_strategy("mirored"), "mirrored"),
    "a strategy of an evaluation": (lambda _: make_local_strategy("mirored"), "mirrored"),
    "an argument": (lambda _: check_choice("heads", "shered", ("shared", "separate")), "shared"),
    "a format": (of_export, "onnx"),
    "a network": (of_encoder("random:tsm-50"), "tsm50"),
    "a preset at random initialisation": (of_encoder("random:tiny-w"), "tiny-v"),
    "a baseline": (of_encoder("baseline:pixel"), "baseline:pixels"),
    "a released encoder": (of_encoder("v-a-tsm5"), "v-a-tsm50"),
    "a released checkpoint": (of_checkpoint, "v-a-tsm50"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_typo_gets_the_nearest_name(case, tmp_path):
    provoke, name = CASES[case]
    with pytest.raises(UserError, match=r"^[^?]*; did you mean ([^?]* or )?\S+( or [^?]*)?\? \w[^?]*$") as error:
        provoke(tmp_path)
    question = str(error.value).partition("did you mean ")[2].partition("?")[0]
    assert question.split(" or ")[0] == name
