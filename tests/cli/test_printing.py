"""What commands print: JSON and nothing else, nothing but warnings, more than usual, no colours; and how they end."""

import dataclasses
import datetime
import importlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brave_tf import commands, presets
from brave_tf.cli.main import commands as command_line
from brave_tf.cli.main import main
from brave_tf.cli.manner import print_json
from brave_tf.config.values import to_dict
from brave_tf.convert.checkpoint import Converted
from brave_tf.data.dataset import Dataset
from brave_tf.doctor import Check, Diagnosis
from brave_tf.embedding.answers import Answer
from brave_tf.embedding.table import FileRemark, TableFacts
from brave_tf.encoders.card import EncoderCard
from brave_tf.errors import UserError
from brave_tf.export.publish import Publication
from brave_tf.pages.inspect_content import Draw, InspectContent, InspectedClip, VisualView, Window
from brave_tf.progress import note, phase, track, warn
from brave_tf.runs.ranking import CheckpointRanking, RankedCheckpoint
from brave_tf.runs.record import read_run
from brave_tf.verification.report import VerificationReport

CONFIG = presets.get("tiny-va")
PIXELS = np.zeros((2, 4, 4, 3), np.uint8)
VIEW = VisualView(
    Window("narrow view", "narrow", [(0.0, 1.0)]), "rgb", PIXELS[0], (0, 0, 4, 4), [0.5], PIXELS, PIXELS, ""
)
SPLIT = {"clips": 3, "with_video": 3, "with_audio": 2, "with_flow": 0, "hours": 0.1}
INFO = {"splits": {"train": SPLIT}, "labels": {"label": ["a"]}, "split_rule": "80 %", "ignored": {}, "quarantined": []}
ROW = {"name": "1-view", "mean": 0.5, "interval": None, "random_init": 0.2, "paper": {}, "agreement": {}}
ROW |= {"seeds": {"0": {}}, "against": None, "effective_rank": 2.0, "difference": None, "difference_interval": None}
ROW |= {"collapsed": {}}
CHECK = {"bytes": 9, "error": 0.0, "latency_ms": 1.0, "keras_latency_ms": 2.0, "checked_with": "keras"}
SCORES = {"label": "label", "metric": "top1", "mean": 0.5, "interval": [0.4, 0.6], "chance": 0.1}
RESULTS = {
    "demo": {"linear_top1": 0.6, "random_init_top1": 0.2, "v_v_theme_top1": 0.5, "v_v_theme_random_init_top1": 0.1}
    | {"labels": 25, "chance": 0.1, "seconds": 3.0, "export_verified": True},
    "prepare": Dataset(Path("dataset"), {**INFO, "sources": 3}),
    "verify": VerificationReport("dataset", 3, 1, 100),
    "inspect": InspectContent(
        CONFIG, [InspectedClip("a.mp4", 0.0, 2.0, 0, [Draw(0, VIEW, [], None)])], 4, "train", 3, {}, [], "again"
    ),
    "pretrain": {"steps": 3, "final_loss": float("nan"), "notes": [], "damaged": []},
    "evaluate": SCORES,
    "ablate": {"table": "table3", "rows": [ROW], "left_out": {"2-views": "no sound"}},
    "embed": TableFacts(
        "run", "0" * 64, EncoderCard(), "narrow", 4, 1.0, 0.5, rows=2, files=1, left_out=(FileRemark("b", "is empty"),)
    ),
    "export": {"formats": {"keras": CHECK}},
    "publish": Publication("https://huggingface.co/o/n", {"README.md": 7}, "# Card", False, ("a note",)),
    "convert": Converted(CONFIG, ("narrow",), {}, "", {"loader": "tf", "errors": {"call": 0.0}}),
    "search": [Answer("a.mp4", 0.0, 1.0, 0.9)],
    "doctor": Diagnosis((Check("system", "Python", "ok", "3.13"),)),
}
WORDS = {
    "demo": ["--out", "my demo"],
    "prepare": ["my videos", "--out", "my dataset", "--workers", "0"],
    "verify": ["dataset"],
    "presets": ["tiny-va"],
    "inspect": ["my dataset", "--preset", "tiny-va", "--out", "page.html", "--set", "steps=3", "seed=1"],
    "pretrain": ["tiny-va", "--data", "my dataset", "--run", "runs/my first"],
    "evaluate": ["runs/my first", "--data", "my dataset", "--out", "report"],
    "report": ["run", "--out", "run.html"],
    "ablate": ["table3", "--data", "my dataset", "--out", "ablations"],
    "embed": ["run", "my videos", "--out", "a.parquet", "--workers", "0"],
    "export": ["run", "--out", "my export"],
    "publish": ["my export", "--to", "hf:o/n", "--dry-run"],
    "convert": ["a.npy", "--out", "converted"],
    "search": ["a.parquet", "--near-duplicates"],
    "doctor": [],
}
ENDS = {
    "demo": ["wrote my demo (index.html)", "next: brave-tf prepare VIDEOS --out dataset"],
    "prepare": [
        "wrote dataset (dataset.json)",
        "next: brave-tf pretrain tiny-va --data dataset --run runs/first",
    ],
    "verify": ["next: brave-tf inspect dataset --preset tiny-va --out views.html"],
    "inspect": [
        "wrote page.html",
        "next: brave-tf pretrain tiny-va --data 'my dataset' --run runs/first --set steps=3 seed=1",
    ],
    "pretrain": [
        "wrote runs/my first (encoder.keras, summary.json)",
        "next: brave-tf report 'runs/my first' --out run.html",
    ],
    "evaluate": [
        "wrote report (report.html, report.json)",
        "next: brave-tf export 'runs/my first' --out exported",
    ],
    "report": ["run: tiny-va, at step 50 of 1,200, going on or interrupted", "wrote run.html"],
    "ablate": [
        "2-views is left out: no sound",
        "wrote ablations (ablation.html, ablation.json)",
        "next: brave-tf report ablations/1-view/seed-0/run --out run.html",
    ],
    "embed": ["wrote a.parquet", "next: brave-tf search a.parquet --near-duplicates"],
    "export": [
        "wrote my export (README.md, verification.json)",
        "next: brave-tf publish 'my export' --to hf:OWNER/NAME --dry-run",
    ],
    "publish": ["a note", "next: brave-tf publish 'my export' --to hf:o/n"],
    "convert": [
        "wrote converted (encoder.keras, brave.keras, saved_model, model_card.md)",
        "next: brave-tf embed converted VIDEOS --out embeddings.parquet",
    ],
}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder with a run, where every command does in a moment what it does, and says something of it."""
    # Commands take their documentation from these functions when they are imported.
    command_line()
    monkeypatch.setattr(os, "environ", {**os.environ, "COLUMNS": "200"})
    monkeypatch.chdir(tmp_path)
    # What is imported while this is replaced would keep the replacement.
    importlib.import_module("brave_tf.ablation.run")
    monkeypatch.setattr("brave_tf.data.open.open_dataset", lambda path: RESULTS["prepare"])
    for run in (Path("run"), Path("runs/my first")):
        run.mkdir(parents=True)
        (run / "config.json").write_text(json.dumps({"config": to_dict(CONFIG), "data": []}))
        (run / "metrics.jsonl").write_text('{"step": 50, "loss": 2.5, "knn": NaN}\n')

    def answering(name):
        def run(*args, **kwargs):
            with phase(name), track(1, "work") as advance:
                print("noise of a library")
                note("a note")
                warn("take care")
                advance(1)
            return RESULTS[name]

        return run

    for name in RESULTS:
        monkeypatch.setattr(commands, name, answering(name), raising=False)
    monkeypatch.setattr("brave_tf.demo.run_demo", answering("demo"))
    monkeypatch.setattr(
        "brave_tf.embedding.search.find",
        lambda *args, **kwargs: type("Found", (), {"answers": answering("search")()}),
    )
    monkeypatch.setattr("brave_tf.embedding.table.open_table", lambda path: Opened())


class Opened:
    """A table of which the files are gone."""

    facts = RESULTS["embed"]

    def first_file(self):
        return "gone.mp4"


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("where", ["before", "after"])
def test_json_is_one_value_and_all_that_is_on_standard_output(name, where, capsys):
    words = ["--json", name, *WORDS[name]] if where == "before" else [name, *WORDS[name], "--json"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    told = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(told, list if name == "search" else dict) and told
    assert name in ("presets", "report") or "noise of a library" in err


def test_json_is_of_the_commands_that_report():
    assert set(WORDS) == set(command_line()) - {"completion"}


def test_what_is_told_is_what_the_function_returns(capsys):
    def told(name):
        main([name, *WORDS[name], "--json"])
        return json.loads(capsys.readouterr().out)

    assert told("prepare") == {"path": "dataset", "info": RESULTS["prepare"].info}
    assert told("verify")["is_sound"] is True and set(told("verify")) > {"damaged", "leaks", "clips"}
    assert told("pretrain") == {**RESULTS["pretrain"], "final_loss": None}
    assert told("embed")["left_out"] == [{"file": "b", "text": "is empty"}]
    assert told("publish")["bytes"] == 7 and told("publish")["files"] == {"README.md": 7}
    assert told("convert")["config"] == to_dict(CONFIG) and told("convert")["towers"] == ["narrow"]
    assert told("search") == [{"file": "a.mp4", "start": 0.0, "end": 1.0, "score": 0.9}]
    record = told("report")
    assert record["state"] == "unfinished" and record["step"] == 50 and record["ranking"] is None
    assert record["lines"] == [{"step": 50, "loss": 2.5, "knn": None}]
    seen = told("inspect")
    (clip,) = seen["clips"]
    assert clip["source"] == "a.mp4" and seen["usable"] == 3 and seen["config"]["name"] == "tiny-va"
    # Of a view all but the pictures.
    assert set(clip["draws"][0]["narrow"]) == {field.name for field in dataclasses.fields(VIEW)} - {
        "whole",
        "before",
        "after",
    }


def test_a_part_of_a_dataset_is_no_dataset_yet(capsys, monkeypatch):
    monkeypatch.setattr(commands, "prepare", lambda *args, **kwargs: None)
    assert main(["prepare", *WORDS["prepare"], "--part", "1/2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"path": "my dataset", "info": None}


def test_values_that_json_does_not_know(capsys):
    @dataclasses.dataclass
    class Told:
        moment: datetime.datetime
        values: tuple[float, ...]
        number: np.floating
        place: Path

    print_json(Told(datetime.datetime(2030, 1, 2, 3, 4), (1.0, float("inf"), float("nan")), np.float32(0.5), Path("a")))
    assert json.loads(capsys.readouterr().out) == {
        "moment": "2030-01-02 03:04:00",
        "values": [1.0, None, None],
        "number": 0.5,
        "place": "a",
    }


def test_a_name_that_is_no_text_is_escaped(capsys):
    print_json(["\udce9.mp4", "é.mp4"])
    assert json.loads(capsys.readouterr().out) == ["\udce9.mp4", "é.mp4"]


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("where", ["before", "after"])
def test_quiet_is_nothing_but_warnings(name, where, capsys):
    assert main(["--quiet", name, *WORDS[name]] if where == "before" else [name, *WORDS[name], "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert not out
    assert err == ("" if name in ("presets", "report") else "warning: take care\n")


def test_quiet_and_json_is_json_alone(capsys):
    assert main(["--quiet", "evaluate", *WORDS["evaluate"], "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == SCORES and err == "warning: take care\n"


def test_errors_are_told_however_quiet(capsys):
    assert main(["--quiet", "presets", "tiny-vv"]) == 1
    assert capsys.readouterr().err.startswith("brave-tf: error: received preset 'tiny-vv'; did you mean tiny-v")


def test_a_quiet_preparation_names_what_it_left_out(capsys, monkeypatch):
    left_out = {"quarantined": [{"source": "b.mp4", "reason": "has no picture"}]}
    monkeypatch.setattr(
        commands, "prepare", lambda *args, **kwargs: Dataset(Path("dataset"), {**INFO, "sources": 3, **left_out})
    )
    assert main(["prepare", *WORDS["prepare"], "--quiet"]) == 0
    assert capsys.readouterr().err == "warning: 1 of 3 sources are left out, such as b.mp4 has no picture\n"


def test_verbose_tells_how_long_parts_took_and_where_an_error_arose(capsys, monkeypatch):
    assert main(["--verbose", "evaluate", *WORDS["evaluate"]]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" took ")[0] for line in lines if " took " in line] == [
        "loading TensorFlow",
        "work",
        "evaluate",
    ]

    def fail(*args, **kwargs):
        try:
            raise KeyError("the cause")
        except KeyError:
            raise UserError("received this; expected that") from None

    monkeypatch.setattr(commands, "evaluate", fail)
    assert main(["evaluate", *WORDS["evaluate"], "--verbose"]) == 1
    err = capsys.readouterr().err
    assert "KeyError: 'the cause'" in err and err.endswith("\nbrave-tf: error: received this; expected that\n")
    assert main(["evaluate", *WORDS["evaluate"]]) == 1
    assert capsys.readouterr().err == "brave-tf: error: received this; expected that\n"


def test_verbose_lets_tensorflow_speak():
    program = (
        "import os; from brave_tf import quiet; quiet.set_environment()\n"
        "import types\n"
        "def load(name):\n"
        "    os.write(2, b'a note of its own ' + os.environ['TF_CPP_MIN_LOG_LEVEL'].encode())\n"
        "    return types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=list))\n"
        "quiet.importlib.import_module = load\n"
        "with quiet.telling_all(): quiet.import_tensorflow()\n"
        "assert os.environ['TF_CPP_MIN_LOG_LEVEL'] == '2'\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == "a note of its own 0"


TERMINAL = """
import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
text = b""
while True:
    try:
        read = os.read(terminal, 65536)
    except OSError:
        break
    if not read:
        break
    text += read
sys.stdout.buffer.write(text)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
SHOWN = """
import time
from brave_tf.cli.console import print_table
from brave_tf.cli.main import main
from brave_tf.progress import note, phase, track
from brave_tf.progress import activity, speaker
activity.SPINNER_AFTER_SECONDS = 0.01
with track(2, "work") as advance:
    advance(1)
    note("a note 1.5")
    advance(1)
with phase("a phase"):
    time.sleep(0.2)
print_table("title", {"name": 0.5})
main(["presets"])
main(["presets", "--help"])
"""


def shown_on_a_terminal(**variables: str) -> str:
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    done = subprocess.run([sys.executable, "-c", TERMINAL, SHOWN], capture_output=True, env=environment, check=True)
    return done.stdout.decode()


def test_no_color_is_neither_colours_nor_control_signs():
    plain = shown_on_a_terminal(NO_COLOR="1")
    assert "work: 2/2" in plain and "a note 1.5" in plain and "tiny-va" in plain and "--json" in plain
    assert "\x1b" not in plain
    assert "\x1b[" in shown_on_a_terminal(NO_COLOR="")


@pytest.mark.parametrize("name", WORDS)
def test_a_command_ends_with_what_it_wrote_and_the_next_one(name, capsys):
    assert main([name, *WORDS[name]]) == 0
    lines = capsys.readouterr().out.splitlines()
    if name in ENDS:
        assert lines[-len(ENDS[name]) :] == ENDS[name]
    else:
        assert not [line for line in lines if line.startswith(("wrote ", "next: "))]


def test_scores_are_told_in_words(capsys, monkeypatch):
    scores = {**SCORES, "interval": [1 / 6, 5 / 12], "left_out": {"without video": 0, "without label": 1_200}}
    monkeypatch.setattr(commands, "evaluate", lambda *args, **kwargs: scores)
    main(["evaluate", *WORDS["evaluate"]])
    told = capsys.readouterr().out
    assert "0.1667 to 0.4167" in told and "0 without video, 1,200 without label" in told


def test_a_comparison_fits_into_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    verdicts = {f"{name} linear": "within the interval" for name in ("HMDB51", "UCF101", "Kinetics-600")}
    other = {**ROW, "name": "without-stop-gradient", "against": "1-view", "agreement": verdicts}
    other |= {"paper": dict.fromkeys(verdicts, 65.6)}
    monkeypatch.setattr(commands, "ablate", lambda *args, **kwargs: {**RESULTS["ablate"], "rows": [ROW, other]})
    main(["ablate", *WORDS["ablate"]])
    told = capsys.readouterr().out
    assert "│ without-stop-gradient │" in told and "65.6" not in told
    verdict = "without-stop-gradient minus 1-view, against the paper: HMDB51 linear is within the interval; UCF101"
    assert f"\n{verdict} linear is within" in told


@pytest.mark.parametrize(
    "words", [["publish", "nothing", "--to", "hf:o/n"], ["report", "nothing", "--out", "a.html", "--checkpoints"]]
)
def test_tensorflow_says_nothing(words):
    variables = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    program = [sys.executable, "-m", "brave_tf", *words]
    done = subprocess.run(
        program,
        capture_output=True,
        text=True,
        env={**variables, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("loading TensorFlow: ")]
    assert done.returncode == 1 and len(told) == 1 and told[0].startswith("brave-tf: error: nothing ")


def test_what_is_next_parses():
    from brave_tf.cli.parsing import parse

    for *_, last in ENDS.values():
        if last.startswith("next: "):
            program, *words = shlex.split(last.removeprefix("next: "))
            assert program == "brave-tf" and parse(words, command_line(), program, "").run


def test_next_depends_on_what_there_is(capsys, monkeypatch):
    def last(name, *words):
        main([name, *words])
        return capsys.readouterr().out.splitlines()[-1]

    # An encoder that cannot be exported, and one that looked at clips without labels.
    evaluate = ["baseline:sound", "--data", "d", "--out", "report", "--tower", "audio"]
    embed = "next: brave-tf embed baseline:sound --tower audio --data d --out embeddings.parquet"
    assert last("evaluate", *evaluate) == embed
    assert last("inspect", "d", "--encoder", "run") == "next: brave-tf embed run --data d --out embeddings.parquet"
    export = "next: brave-tf export run/checkpoints/step-5 --tower audio --out exported"
    assert last("evaluate", "run/checkpoints/step-5", "--data", "d", "--out", "r", "--tower", "audio") == export
    # A run that has ended, the best of its checkpoints, and an export that was sent.
    ended = dataclasses.replace(read_run(Path("run")), summary={})
    monkeypatch.setattr(commands, "report", lambda *args, **kwargs: ended)
    assert last("report", "run", "--out", "run.html") == "next: brave-tf export run --out exported"
    ranking = CheckpointRanking("audio", "d", 9, 4, [RankedCheckpoint(50, 3.0), RankedCheckpoint(40, 2.0)])
    monkeypatch.setattr(commands, "report", lambda *args, **kwargs: dataclasses.replace(ended, ranking=ranking))
    best = "next: brave-tf export run/checkpoints/step-00000050 --tower audio --out exported"
    assert last("report", "run", "--out", "run.html") == best
    sent = dataclasses.replace(RESULTS["publish"], is_sent=True, files={"saved_model.pb": 7})
    monkeypatch.setattr(commands, "publish", lambda *args, **kwargs: sent)
    embed = "next: brave-tf embed hf://o/n VIDEOS --out embeddings.parquet"
    assert last("publish", "my export", "--to", "hf:o/n") == last("publish", "my export", "--to", "hf://o/n") == embed
    # Labels, no sound, and a file to search for.
    Path("d").mkdir()
    Path("d/dataset.json").touch()
    pretrain = ["tiny-va", "--data", "d", "--run", "run"]
    assert last("pretrain", *pretrain) == "next: brave-tf evaluate run --data d --out report"
    assert last("inspect", "d", "--encoder", "run") == "next: brave-tf evaluate run --data d --out report"
    silent = {**INFO, "sources": 3, "splits": {"train": {**SPLIT, "with_audio": 0}}}
    monkeypatch.setattr(commands, "prepare", lambda *args, **kwargs: Dataset(Path("d"), silent))
    assert last("prepare", *WORDS["prepare"]) == "next: brave-tf pretrain tiny-v --data d --run runs/first"
    # No preset learns from sound alone, and of datasets of others less is known.
    for splits, following in (({"train": {**SPLIT, "with_video": 0}}, "next: brave-tf verify d"), ({"train": 3}, None)):
        monkeypatch.setattr(
            "brave_tf.data.open.open_dataset", lambda path, splits=splits: Dataset(path, {**INFO, "splits": splits})
        )
        if following:
            monkeypatch.setattr(
                commands, "prepare", lambda *a, splits=splits, **k: Dataset(Path("d"), {**silent, "splits": splits})
            )
            assert last("prepare", *WORDS["prepare"]) == following
        assert last("verify", "d") == "dataset: 3 clips in 1 shards, 0.000 GB; nothing is wrong"
    Path("gone.mp4").touch()
    assert last("embed", *WORDS["embed"]) == "next: brave-tf search a.parquet --query gone.mp4"
