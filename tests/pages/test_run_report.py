"""The page of `brave-tf report` tells what the run wrote down, in every state, and holds everything itself."""

import dataclasses
import datetime
import json
import math
import re
from pathlib import Path
from typing import Any

from brave_tf import presets
from brave_tf.commands import report
from brave_tf.config.values import to_dict
from brave_tf.pages import run_charts, run_report
from brave_tf.runs.ranking import CheckpointRanking, RankedCheckpoint
from brave_tf.runs.record import RunRecord
from tests.pages.reading import Reading, data_of

COMMAND = "brave-tf report runs/first --out page.html"
BRIEF = [{"step": 50, "loss": 2.5}, {"step": 100, "loss": 2.0}]
"""Lines with little to draw."""

STEPS = presets.get("v-a-tsm50-audioset").steps


def line(step: int, **changes: Any) -> dict[str, Any]:
    values = {
        "step": step,
        "loss": 3.0,
        "learning_rate": 0.5,
        "narrow_to_audio": 1.5,
        "audio_to_narrow": 1.5,
        "spread_narrow_for_audio": 0.95,
        "spread_audio": 0.875,
        "effective_rank_narrow_for_audio": 50.0,
        "effective_rank_audio": 40.0,
        "predictor_norm": 30.0,
        "gradient_norm": 0.5,
        "clips_per_second": 1024.0,
        "input_wait_share": 0.031,
        "input_cpu_seconds_per_clip": 0.0385,
        "memory_gib": 11.5,
    }
    return values | changes


def fake(**changes: Any) -> RunRecord:
    record = RunRecord(
        path=Path("runs/first"),
        name="v-a-tsm50-audioset",
        steps=STEPS,
        config=to_dict(presets.get("v-a-tsm50-audioset")),
        data=["fingerprint-1"],
        lines=[line(50), line(100, loss=2.5, knn_top1=0.214, knn_chance=0.05)],
        damaged_lines=0,
        logged_at=datetime.datetime(2026, 5, 4, 3, 2, tzinfo=datetime.UTC),
        summary=None,
        diagnosis=None,
    )
    return dataclasses.replace(record, **changes)


SUMMARY = {
    "steps": STEPS,
    "final_loss": 1.25,
    "clips_per_second": 1203.4,
    "seconds": 100_000.0,
    "weights_sha256": "abcd",
    "clips": 1_234_567,
    "left_out": {"without sound": 2_345, "too short": 0},
    "notes": ["12 sources were quarantined"],
}
DIAGNOSIS = {
    "step": 100,
    "reason": "collapse",
    "message": "the spread stayed below 0.5",
    "clip_ids": [7, 2**62],
    "command": "brave-tf pretrain v-a-tsm50-audioset --data d --run again",
    "metrics": {"loss": 0.001234567, "spread_audio": 0.1},
}


def read(tmp_path: Path, record: RunRecord) -> tuple[str, Reading]:
    run_report.write(tmp_path / "page.html", record, COMMAND)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    return page, Reading(page)


def tiles(reading: Reading) -> list[str]:
    return [each["class"] for each in reading.attributes("div") if each.get("class", "").startswith("tile")][1:]


def titles(reading: Reading) -> list[str]:
    return [image["alt"].split(":")[0] for image in reading.attributes("img")]


def test_the_page_loads_nothing_and_describes_every_chart(tmp_path):
    page, reading = read(tmp_path, fake())
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert not reading.attributes("script") and not reading.attributes("link")
    assert titles(reading) == [
        "loss and its terms", "spread of the projections", "effective rank of the projections",
        "kNN probe of the encoder, top-1", "learning rate", "gradient norm", "norm of the predictors' weights",
        "clips per second", "share of the time spent waiting for clips",
        "processor seconds of the input for each clip", "peak memory, GiB",
    ]  # fmt: skip
    assert reading.text.count("Healthy: ") == len(titles(reading)) == len(reading.attributes("figcaption"))
    assert "loss 3 at step 50, 2.5 at step 100; narrow → sound 1.5" in reading.attributes("img")[0]["alt"]


def test_a_run_that_goes_on(tmp_path):
    _, reading = read(tmp_path, fake(steps=1000))
    left = 900 * presets.get("v-a-tsm50-audioset").batch_size / 1024
    told = (
        "v-a-tsm50-audioset: at step 100 of 1,000, going on or interrupted", "10 % of its steps are done",
        f"at its last speed the rest takes {left // 60:.0f} min", "at 2026-05-04 03:02 UTC", "100of 1,000 steps, 10 %",
        "2.5latest loss", "0.875least spread (sound): 1 is healthy, below 0.5 is collapse", "1,024clips per second",
        "3.1 %of the time spent waiting", "38.5 msof processor time for the input of each clip",
            "11.5 GiBpeak memory of the process",
        "21.4 %kNN top-1 at step 100; chance is 5.0 %", "fingerprint-1", COMMAND, "draws the page anew",
        'name: "v-a-tsm50-audioset"', "  peak_learning_rate: 1.0",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    assert tiles(reading) == ["tile"] * 8
    assert "Stopped" not in reading.text and "lines are damaged" not in reading.text
    assert "Damaged" not in reading.text and "stretches" not in reading.text


def test_a_finished_run(tmp_path):
    _, reading = read(tmp_path, fake(lines=BRIEF, summary=SUMMARY))
    told = (
        f"finished after {STEPS:,} steps", f"{STEPS:,}of {STEPS:,} steps", "1.25loss at the end",
        "1,203clips per second", "trained for 1 d 3 h 46 min", "1,234,567", "abcd", "left out: without sound2,345",
        "12 sources were quarantined",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    assert "too short" not in reading.text and "draws the page anew" not in reading.text


def test_a_stopped_run_tells_why_before_all_else(tmp_path):
    last = line(100, loss=0.001, spread_audio=0.1)
    _, reading = read(tmp_path, fake(lines=[line(50), last], diagnosis=DIAGNOSIS))
    told = (
        f"stopped at step 100 of {STEPS:,} (collapse)", "Stopped at step 100: collapse", DIAGNOSIS["message"],
        "easy to predict, and of no use", DIAGNOSIS["command"], "The 2 clips of that step", f"7, {2**62}",
        "0.00123457", "0.1least spread (sound)",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    assert reading.text.index(DIAGNOSIS["message"]) < reading.text.index("of its steps are done")
    assert tiles(reading).count("tile bad") == 1
    assert "the rest takes" not in reading.text


def test_a_stop_that_the_run_went_on_from_is_history(tmp_path):
    _, reading = read(tmp_path, fake(lines=BRIEF, diagnosis=DIAGNOSIS | {"step": 80}))
    assert "stopped before, at step 80the spread stayed below 0.5" in reading.text
    assert "Stopped at" not in reading.text and "going on or interrupted" in reading.text


def test_a_diagnosis_that_says_little_is_enough(tmp_path):
    _, reading = read(tmp_path, fake(lines=BRIEF, diagnosis={"step": 100, "reason": ["other"]}, logged_at=None))
    assert "Stopped at step 100: ['other']" in reading.text and "no message was written down" in reading.text
    assert "This command repeats it" not in reading.text and "was written at" not in reading.text


def test_what_is_absent_is_left_out(tmp_path):
    _, reading = read(tmp_path, fake(lines=[{"step": 50, "loss": 2.0, "gradient_norm": None, "novelty": {"a": 1}}]))
    assert titles(reading) == ["loss and its terms"]
    assert tiles(reading) == ["tile", "tile"]
    _, reading = read(tmp_path, fake(lines=[{"step": 50}], config={}, data=[]))
    assert titles(reading) == [] and "No curve" in reading.text


def test_an_older_configuration_has_no_limit_of_collapse(tmp_path):
    _, reading = read(tmp_path, fake(config={"name": "old"}))
    assert "1 is healthy" in reading.text and "below" not in reading.text
    assert "the rest takes" not in reading.text


def test_the_limit_of_collapse_and_chance_are_marked(tmp_path):
    config = to_dict(presets.get("tiny-va"))
    for limit, marks in [(0.35, ["collapse, below 0.35", "evenly spread"]), (0.0, ["evenly spread"])]:
        config["monitor"]["collapse_spread"] = limit
        _, reading = read(tmp_path, fake(config=config))
        drawn = {title: image["src"] for title, image in zip(titles(reading), reading.attributes("img"), strict=True)}
        source = data_of(drawn["spread of the projections"], "image/svg+xml").decode()
        words = {each for each in re.findall("<!-- (.*) -->", source) if not re.fullmatch(r"[\d.,]+", each)}
        assert words == {*marks, "spread of the projections", "training step", "narrow, for sound", "sound"}
        assert b"<!-- chance -->" in data_of(drawn["kNN probe of the encoder, top-1"], "image/svg+xml")


def test_values_that_are_not_finite_are_told_and_do_no_harm(tmp_path):
    bad = {key: math.nan for key in line(0) if key != "step"} | {"gradient_norm": math.inf, "knn_top1": math.nan}
    _, reading = read(tmp_path, fake(lines=[line(50), line(100, **bad)]))
    assert "NaNlatest loss" in reading.text and "NaNleast spread" in reading.text
    assert (
        "leave gaps in the curves: loss (1), narrow_to_audio (1)" in reading.text
        and "gradient_norm (1)" in reading.text
    )
    assert tiles(reading).count("tile bad") == 2
    _, reading = read(tmp_path, fake(lines=[line(50, spread_audio=math.nan)]))
    assert "NaNleast spread (sound)" in reading.text
    read(tmp_path, fake(lines=[line(100, **bad)], summary={**SUMMARY, "seconds": math.nan, "final_loss": math.inf}))
    read(tmp_path, fake(lines=[line(50, gradient_norm=0.0, clips_per_second=0.0)]))


def test_a_long_run_makes_a_small_page_that_says_so(tmp_path):
    extra = {f"{key}_{m}": 0.9 for m in ("rgb", "flow") for key in ("spread_narrow_for", "spread", "effective_rank")}
    lines = [line(step, loss=2 + math.sin(step) ** 2, **extra) for step in range(50, 300_001, 50)]
    page, reading = read(tmp_path, fake(lines=lines))
    assert len(page) < 2_000_000
    (loss,) = [each["src"] for each in reading.attributes("img") if each["alt"].startswith("loss")]
    assert data_of(loss, "image/svg+xml").count(b"FillBetween") >= 3
    assert "The run wrote 6,000 lines. A curve shows the means of at most 300 stretches" in reading.text


def test_damaged_lines_are_told(tmp_path):
    _, reading = read(tmp_path, fake(lines=BRIEF, damaged_lines=2))
    assert "2 of the lines are damaged and left out" in reading.text


DAMAGE = {"row": 3, "clip_id": 2**40, "shard": "d/a", "offset": 99, "source": "b.mp4", "reason": "its checksum"}


def test_damaged_clips_are_listed_once(tmp_path):
    lines = [line(50, damaged=[DAMAGE]), line(100, damaged=[DAMAGE | {"row": 4, "source": "c.mp4"}, DAMAGE, "x", {}])]
    _, reading = read(tmp_path, fake(lines=lines))
    assert "Damaged: 2 clips" in reading.text and "another clip took its place" in reading.text
    assert reading.text.count("b.mp4its checksumd/a99") == reading.text.count("c.mp4its checksumd/a99") == 1
    diagnosis = DIAGNOSIS | {"reason": "damaged clips", "damaged": [DAMAGE]}
    _, reading = read(tmp_path, fake(lines=BRIEF, diagnosis=diagnosis))
    assert "Damaged: 1 clip" in reading.text and "than monitor.damaged_share allows" in reading.text


def test_what_comes_from_files_is_escaped(tmp_path):
    bad = "<script>alert(1)</script> & 'x'"
    diagnosis = {"step": 100, "metrics": {bad: bad}, "clip_ids": [bad]} | dict.fromkeys(
        ("reason", "message", "command"), bad
    )
    record = fake(lines=BRIEF, name=bad, path=Path(bad), data=[bad], diagnosis=diagnosis, config={bad: {bad: 1}})
    _, reading = read(tmp_path, record)
    assert not reading.attributes("script")
    # Title twice, with its reason; the box: reason, message, command, clip; path twice; data; metric and value;
    # configuration twice.
    assert reading.text.count(bad) == 15
    _, reading = read(
        tmp_path, fake(lines=BRIEF, name=bad, summary={"left_out": {bad: 1}, "notes": [bad], "clips": bad})
    )
    assert not reading.attributes("script") and reading.text.count(bad) == 5


def test_a_page_replaces_an_older_one(tmp_path):
    (tmp_path / "page.html").write_text("old")
    page, _ = read(tmp_path, fake(lines=BRIEF))
    assert page.startswith("<!doctype html>") and [each.name for each in tmp_path.iterdir()] == ["page.html"]
    assert json.dumps(COMMAND)[1:-1] in page


def test_the_function_does_what_the_command_does(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": to_dict(presets.get("tiny-va")), "data": []}))
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in BRIEF))
    record = report(str(tmp_path), tmp_path / "sub" / "page.html")
    assert (record.state, record.step) == ("unfinished", 100)
    page = (tmp_path / "sub" / "page.html").read_text()
    assert f"brave-tf report {tmp_path} --out {tmp_path / 'sub' / 'page.html'}" in page


def test_steps_that_changed_are_told(tmp_path):
    page, _ = read(tmp_path, fake(earlier_steps=[1_000, 2_000]))
    assert f"1,000, then 2,000, then {STEPS:,}" in page


def test_a_low_rank_is_shaded_and_told_from_when_to_when(tmp_path):
    low = {"is_low": True, "view": "audio", "rank": 2.25, "limit": 12.8}
    lines = [line(50, low_rank=low), line(100, low_rank={**low, "is_low": False}), line(150, low_rank=low)]
    lines += [line(200, features_rank=31.0), line(300, features_rank=33.0)]
    _, reading = read(tmp_path, fake(lines=lines))
    told = "From step {} the effective rank of the projections (sound) was low{}: 2.2, below 12.8"
    assert told.format(50, " until step 100") in reading.text and told.format(150, ", and still is") in reading.text
    assert "a low rank is harmless" in reading.text and "the loss stayed high" in reading.text
    assert "effective rank of the encoder's features" in titles(reading)
    (rank,) = [chart for chart in run_charts.curves(fake()) if chart.title.startswith("effective rank of the proj")]
    assert rank.shaded == (0.0, 12.8, "low, below 12.8")
    assert run_charts.rank_limit(fake(config={"batch_size": 512})) is None


RANKING = CheckpointRanking(
    tower="narrow",
    dataset="data",
    clips=400,
    embedding_size=512,
    checkpoints=[
        RankedCheckpoint(300, 27.25, 0.5, (0.4, 0.6)),
        RankedCheckpoint(100, 26.0, 0.6, (0.45, 0.7)),
        RankedCheckpoint(200, 24.0, 0.2, (0.1, 0.3)),
    ],
    untrained=RankedCheckpoint(0, 2.7, 0.25, (0.2, 0.3)),
    label="color",
    queries=200,
    chance=0.25,
    remarks=["left out: one"],
)


def test_checkpoints_are_ranked_with_how_sure_that_is(tmp_path):
    _, reading = read(tmp_path, fake(ranking=RANKING))
    told = (
        "Which checkpoint?", "By RankMe, without labels, the checkpoint of step 300 comes first; ",
        "by labels that of step 100 does; another is within its interval.", "27.2", "60.0 % (45.0 to 70.0)",
        "random initialisation", "no rank can be above 400", "200 of them classified", "left out: one",
    )  # fmt: skip
    assert [words for words in told if words not in reading.text] == []
    assert {"RankMe of the encoder's features", "kNN top-1"} <= set(titles(reading))


def test_checkpoints_without_labels_have_no_accuracy(tmp_path):
    bare = [dataclasses.replace(each, knn_top1=None, knn_interval=None) for each in RANKING.checkpoints]
    ranking = dataclasses.replace(RANKING, checkpoints=bare, untrained=None, label=None, chance=None, remarks=())
    _, reading = read(tmp_path, fake(ranking=ranking))
    assert (
        "by labels" not in reading.text
        and "kNN top-1, color" not in reading.text
        and "of step 300 comes first." in reading.text
    )
    assert "no labels that kNN could use" in reading.text
    assert ranking.as_dict()["best_step_by_labels"] is None and ranking.as_dict()["best_step_by_rank"] == 300
    one = dataclasses.replace(ranking, checkpoints=bare[:1])
    assert "keeps one checkpoint alone, of step 300" in read(tmp_path, fake(ranking=one))[1].text
