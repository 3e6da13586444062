"""Run directories on storage elsewhere: whole files, no locks, and lines that are sent now and then."""

import json

import pytest

from brave_tf import presets
from brave_tf.commands import report
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.files import is_taken, new_folder, replaced
from brave_tf.runs.directory import claimed, finished_summary
from brave_tf.runs.metrics import MetricsLog, read_metrics
from brave_tf.runs.paths import METRICS_FILE, checkpoint_path, checkpoint_steps
from brave_tf.runs.record import read_run
from tests.storage.elsewhere import every_other_time, failing, new_place

CONFIG = override(presets.get("tiny-va"), ["steps=100"])


@pytest.fixture
def run():
    return new_place() / "run"


def steps(run):
    return [line["step"] for line in read_metrics(run).lines]


def test_the_process_that_comes_last_has_the_run_and_the_earlier_one_is_told(run):
    with claimed(run, CONFIG, ["abc"]) as check:
        check()
        with claimed(run, CONFIG, ["abc"]) as second:
            second()
            with pytest.raises(UserError, match=rf"{run} was taken over by process \d+ on .*: this one ends") as told:
                check()
    assert "\n" not in str(told.value)
    # A process that was killed leaves nothing that keeps out the next.
    with claimed(run, CONFIG, ["abc"]) as check:
        check()
        (run / ".lock").unlink()
        with pytest.raises(UserError, match="taken over by nobody"):
            check()


def test_another_experiment_is_refused_and_does_not_end_the_one_that_is_there(run):
    with claimed(run, CONFIG, ["abc"]) as check:
        with pytest.raises(UserError, match="belongs to another configuration"), claimed(run, CONFIG, ["xyz"]):
            pass
        checkpoint_path(run, 90).mkdir(parents=True)
        (checkpoint_path(run, 90) / "variables.index").write_bytes(b"x")
        with (
            pytest.raises(UserError, match=r"received steps=80 .* has trained 90 steps"),
            claimed(run, override(CONFIG, ["steps=80"]), ["abc"]),
        ):
            pass
        check()


def test_other_content_is_refused(run):
    run.mkdir()
    (run / "mine").mkdir()
    (run / "mine" / "a.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and not a run"), claimed(run / "mine", CONFIG, ["abc"]):
        pass
    assert finished_summary(run) is None


def test_lines_are_sent_as_a_whole(run):
    run.mkdir()
    log = MetricsLog(run, 0)
    log.append(50, {"loss": 2.5})
    log.append(100, {"loss": 2.0})
    assert not (run / METRICS_FILE).exists()
    log.flush()
    assert steps(run) == [50, 100]
    log = MetricsLog(run, 50)
    assert steps(run) == [50]
    log.append(100, {"loss": 1.5})
    log.flush()
    assert (run / METRICS_FILE).read_text() == '{"step": 50, "loss": 2.5}\n{"step": 100, "loss": 1.5}\n'


def test_lines_that_were_sent_twice_are_there_once(run):
    run.mkdir()
    log = MetricsLog(run, 0)
    with failing(every_other_time()) as failed:
        for step in (50, 100):
            log.append(step, {"loss": 1.0})
            log.flush()
    assert f"write {run / METRICS_FILE}" in failed
    assert steps(run) == [50, 100]


def test_a_run_is_read_and_drawn(run):
    with claimed(run, CONFIG, ["abc"]):
        log = MetricsLog(run, 0)
        log.append(50, {"loss": 2.5})
        log.flush()
    record = read_run(str(run))
    assert (record.step, record.state, record.path) == (50, "unfinished", run)
    assert record.logged_at is not None
    page = run.parent / "pages" / "run.html"
    report(str(run), str(page))
    assert str(run) in page.read_text()
    with pytest.raises(UserError, match=r"ram://.*/absent does not exist; expected a run directory"):
        report(str(run.parent / "absent"), str(page))


def test_what_cannot_be_read_for_good_is_not_called_damaged(run):
    with claimed(run, CONFIG, ["abc"]):
        pass
    with (
        failing(lambda name, path: name == "read"),
        pytest.raises(UserError, match=r"config\.json cannot be read \(the service is busy; given up after 5 tries\)"),
    ):
        read_run(run)


def test_a_checkpoint_without_its_index_is_none(run):
    for step in (4, 8):
        checkpoint_path(run, step).mkdir(parents=True)
        (checkpoint_path(run, step) / "variables.data-00000-of-00001").write_bytes(b"x")
    (checkpoint_path(run, 4) / "variables.index").write_bytes(b"x")
    assert checkpoint_steps(run) == [4]


def test_a_folder_is_free_until_all_of_it_is_there(run):
    def write(folder):
        (folder / "variables").mkdir()
        for name in ("variables/variables.index", "variables/variables.data", "saved_model.pb", "a.json"):
            (folder / name).write_text(name)

    with (
        failing(lambda name, path: path.endswith("saved_model.pb")),
        pytest.raises(OSError, match="busy"),
        new_folder(run) as folder,
    ):
        write(folder)
        (folder / "old").write_text("")
    assert (run / "a.json").exists()
    assert not is_taken(run)
    with new_folder(run) as folder:
        write(folder)
    assert is_taken(run)
    assert {path.name for path in run.iterdir()} == {"variables", "saved_model.pb", "a.json"}
    assert (run / "variables" / "variables.index").read_text() == "variables/variables.index"


def test_nothing_is_sent_of_what_fails_here(run):
    for writing in (new_folder, replaced):
        with pytest.raises(ZeroDivisionError), writing(run):
            raise ZeroDivisionError
    assert not run.exists()
    with replaced(run) as file:
        file.write_text("whole")
    assert run.read_text() == "whole"


def test_json_is_that_of_a_run_here(run, tmp_path):
    for folder in (run, tmp_path / "run"):
        with claimed(folder, CONFIG, ["abc"]):
            pass
    assert json.loads((run / "config.json").read_text()) == json.loads((tmp_path / "run/config.json").read_text())
