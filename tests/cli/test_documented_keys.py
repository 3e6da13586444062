"""The keys that docs/command-line.md names are in what commands really print, one after another, on real files."""

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest

from brave_tf.cli.main import commands, main
from brave_tf.demo.world import write_world
from brave_tf.presets import names

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
TOY = ["batch_size=4", "log_every=1", "checkpoint_every=2", "narrow.frames=2", "narrow.size=32"]
TOY += ["model.narrow.width=0.0625", "model.narrow.depth=14", "model.audio.width=0.0625", "model.audio.depth=14"]
TOY += ["model.hidden_size=16", "model.projection_size=8", "monitor.probe_every=0"]
TOY += ["evaluation.epochs=1", "evaluation.windows=1", "evaluation.crops=1"]


def documented() -> dict[str, list[str]]:
    """The keys in the table of the page, by command."""
    rows = re.findall(r"^\| `brave-tf (\w+)[^`]*` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: re.findall(r"`(\w+)`", keys.replace("`null`", "").replace("`--part`", "")) for name, keys in rows}


def test_every_command_that_prints_json_has_its_keys():
    assert set(documented()) == set(commands()) - {"completion"}
    assert all(documented().values())


def test_the_keys_of_what_needs_no_tensorflow(capsys):
    assert main(["presets", "tiny-va", "--json"]) == 0
    assert set(documented()["presets"]) <= set(json.loads(capsys.readouterr().out))
    assert main(["presets", "--json"]) == 0
    assert tuple(json.loads(capsys.readouterr().out)) == names()


def test_the_keys_of_a_conversion():
    from brave_tf.convert.checkpoint import Converted

    assert set(documented()["convert"]) <= {field.name for field in dataclasses.fields(Converted)}


@pytest.mark.thorough
def test_the_keys_of_a_whole_project(one_unit, quick_verification, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(tmp_path)
    write_world(tmp_path / "videos", clips_per_motion={"train": 2, "test": 1}, seconds=3, size=48, workers=1)
    keys = documented()

    def told(name, *words):
        capfd.readouterr()
        assert main([name, *words, "--json"]) == 0
        value = json.loads(capfd.readouterr().out)
        # Of a search see below.
        assert name == "search" or set(keys[name]) <= set(value), (name, set(keys[name]) - set(value))
        return value

    assert told("doctor")["is_well"]
    assert told("prepare", "videos", "--out", "data", "--workers", "1")["info"]["splits"]["train"]["clips"]
    assert told("verify", "data")["is_sound"]
    told("inspect", "data", "--preset", "tiny-va", "--clips", "1", "--redraws", "0")
    assert told("pretrain", "tiny-va", "--data", "data", "--run", "run", "--steps", "2", "--set", *TOY)["steps"] == 2
    record = told("report", "run", "--out", "run.html", "--checkpoints", "--clips", "8")
    assert record["ranking"]["checkpoints"] and record["state"] == "finished"
    told("evaluate", "run", "--data", "data", "--out", "report", "--protocol", "knn")
    told("embed", "run", "videos", "--out", "a.parquet", "--workers", "0")
    file = next(Path("videos").rglob("*.mp4"))
    (answer, *_), (pair, *_) = (
        told("search", "a.parquet", *words) for words in (["--query", str(file)], ["--near-duplicates", "-1"])
    )
    assert set(answer) | set(pair) == set(keys["search"]) and "start" in answer and "other" in pair
    assert told("export", "run", "--out", "exported", "--formats", "keras")["formats"]["keras"]["bytes"]
    assert not told("publish", "exported", "--to", "hf:owner/name", "--dry-run")["is_sent"]
    rows = ["--rows", "paper", "--seeds", "1", "--steps", "2", "--protocol", "knn"]
    small = [each for each in TOY if "audio" not in each and "probe" not in each]
    told("ablate", "collapse", "--data", "data", "--out", "ablations", *rows, "--set", *small, "broad.rgb.size=32")
