"""Which checkpoint of a run is best: its features' rank and their nearest neighbours, on the same clips for all."""

import json
import os
import shutil

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import prepare, report
from brave_tf.config.values import override
from brave_tf.data.open import open_dataset
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError
from brave_tf.evaluation.feature_rank import rank_me
from brave_tf.evaluation.features import Embedder, window_features
from brave_tf.method.brave import Brave
from brave_tf.runs.directory import claimed
from brave_tf.training.build import make_model
from brave_tf.training.checkpoint_ranking import rank_checkpoints
from brave_tf.training.checkpoints import Checkpoints
from tests.pages.reading import Reading
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit")

STEPS = (50, 100, 150)
CONFIG = override(
    presets.get("tiny-va"),
    [
        *("steps=200", "model.hidden_size=8", "model.projection_size=4", "seed=3"),
        *("model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625"),
        *("evaluation.frames=2", "evaluation.size=32", "evaluation.shorter_side=32", "evaluation.audio_seconds=0.5"),
    ],
)


def make_dataset(folder, labelled=True):
    for number in range(8):
        name = f"{'ab'[number % 2]}/{number}.mp4" if labelled else f"{number}.mp4"
        write_media(folder / "videos" / name, seconds=0.6)
    return prepare(folder / "videos", folder / "dataset", workers=1, split="train=0.5,test=0.5").path


def make_run(run, dataset):
    model: Brave = make_model(CONFIG)
    fingerprint = open_dataset(dataset).fingerprint
    generator = np.random.default_rng(0)
    for step in STEPS:
        for weight in model.weights:
            weight.assign(weight + 0.1 * generator.normal(size=weight.shape))
        model.counted_steps = step
        with claimed(run, CONFIG, [fingerprint], [dataset]):
            Checkpoints(run, model).save()
    (run / "metrics.jsonl").write_text(json.dumps({"step": 150, "loss": 2.0}) + "\n")
    return run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("ranked") / "run", dataset)


def test_every_kept_checkpoint_is_measured_on_the_runs_own_clips(run, dataset, tmp_path):
    found = rank_checkpoints(run, cache=tmp_path)
    assert sorted(each.step for each in found.checkpoints) == list(STEPS)
    ranks = [each.features_rank for each in found.checkpoints]
    assert ranks == sorted(ranks, reverse=True) and len(set(ranks)) == 3
    assert (found.clips, found.label, found.queries, found.chance) == (8, "label", 4, 0.5)
    assert found.untrained is not None and found.untrained.step == 0 and not found.remarks
    for each in found.checkpoints:
        assert each.knn_interval[0] <= each.knn_top1 <= each.knn_interval[1] and each.knn_top1 * 4 % 1 == 0
    # One of them by hand: the features of the windows of the labelled clips.
    encoder, data = load_encoder(run, step=100), open_dataset(dataset)
    view = encoder.card.input_view
    view = type(view)(view=type(view.view)(**{**vars(view.view), "windows": 1, "crops": 1}))
    (vectors,) = window_features([Embedder(encoder)], data, data.clips(), view, lambda *_: None)
    (middle,) = [each for each in found.checkpoints if each.step == 100]
    assert middle.features_rank == pytest.approx(rank_me(vectors[:, 0]), rel=1e-4)


def test_it_goes_on_from_kept_features_and_takes_any_tower(run, tmp_path, monkeypatch):
    first = rank_checkpoints(run, tower="audio", cache=tmp_path)
    assert first.tower == "audio"
    monkeypatch.setattr(Embedder, "__call__", lambda self, clips: pytest.fail("embedded again"))
    assert rank_checkpoints(run, tower="audio", cache=tmp_path) == first


def test_without_labels_there_is_the_rank_alone(run, tmp_path):
    other = make_dataset(tmp_path, labelled=False)
    found = rank_checkpoints(run, other, clips=6)
    assert (found.clips, found.label, found.best_by_labels) == (6, None, None)
    assert all(each.knn_top1 is None for each in found.checkpoints) and found.best.features_rank > 1
    with pytest.raises(UserError, match="can be scored by the label 'color'"):
        rank_checkpoints(run, other, label="color")


def test_a_label_column_that_is_not_there_is_told_with_those_that_are(run, dataset, capfd):
    with pytest.raises(UserError, match="can be scored by the label 'color'"):
        rank_checkpoints(run, dataset, label="color")
    assert "received --label color; its label columns are label; choose one with --label NAME" in capfd.readouterr().err


@pytest.mark.thorough
def test_a_damaged_checkpoint_is_named_and_the_others_are_ranked(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    os.truncate(copy / "checkpoints/step-00000100/variables.data-00000-of-00001", 64)
    found = rank_checkpoints(copy)
    assert sorted(each.step for each in found.checkpoints) == [50, 150]
    (line,) = found.remarks
    assert "left out" in line and "step-00000100 is damaged" in line


@pytest.mark.thorough
def test_the_command_prints_a_table_or_json_and_draws_the_page(run, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(run), "--out", str(page), "--checkpoints"]) == 0
    said = capsys.readouterr().out
    assert all(words in said for words in ("RankMe", "kNN top-1, label", "random initialisation", "8 clips"))
    reading = Reading(page.read_text(encoding="utf-8"))
    assert "Which checkpoint?" in reading.text and "--checkpoints" in reading.text
    assert main(["report", str(run), "--out", str(page), "--checkpoints", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    found = record["ranking"]
    assert record["state"] == "finished" and record["name"]
    assert found["best_step_by_rank"] in STEPS and found["possible_rank"] == 8 and len(found["checkpoints"]) == 3
    assert found["best_step_by_labels"] in STEPS and (tmp_path / "features").is_dir()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"clips": 10}, "received --clips without --checkpoints"),
        ({"label": "a"}, "received --label without --checkpoints"),
        ({"checkpoints": True, "clips": 1}, "received --clips 1; expected 4 to 20,000"),
    ],
)
def test_wrong_usage_is_one_line(run, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        report(run, tmp_path / "page.html", **options)
    assert not list(tmp_path.iterdir())


def test_a_run_that_does_not_say_where_its_data_is(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    record = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({key: record[key] for key in ("config", "data")}))
    with pytest.raises(UserError, match="does not say where its dataset is; give it with --data"):
        rank_checkpoints(copy)
    (copy / "config.json").write_text(json.dumps({**record, "data_places": [str(tmp_path / "gone")]}))
    with pytest.raises(UserError, match=r"gone is not a dataset; .*give it with --data"):
        rank_checkpoints(copy)
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(UserError, match="keeps no checkpoint yet"):
        rank_checkpoints(copy, tmp_path)
