import errno
import html
import json
import os
import shlex
import subprocess
import sys
import time

import pytest
import tensorflow as tf

import brave_tf
from brave_tf import presets, quiet
from brave_tf.cli import main as dispatcher
from brave_tf.cli.main import main
from brave_tf.cli.preset_facts import facts
from brave_tf.config.values import from_dict, to_dict
from brave_tf.errors import UserError
from tests.said import without_progress

COMMANDS = (
    "demo",
    "prepare",
    "verify",
    "presets",
    "inspect",
    "pretrain",
    "evaluate",
    "report",
    "search",
    "export",
    "publish",
    "convert",
    "doctor",
    "completion",
)
HELP_SECONDS = 1.0


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    # main() sets variables of the process.
    monkeypatch.setattr(os, "environ", os.environ.copy())


def help_of(capsys, *command: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


def fail_with(monkeypatch, error: BaseException) -> int:
    def run(arguments):
        raise error

    monkeypatch.setattr(dispatcher, "_run", run)
    return main(["presets"])


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("OOM when allocating tensor\nmore", "out of memory: OOM when allocating tensor; choose a smaller batch"),
        (
            "{{node Save}} run/ckpt; No space left on device [Op:SaveV2]",
            "error: run/ckpt; No space left on device; free",
        ),
    ],
)
def test_shortages_that_tensorflow_reports_are_one_line(monkeypatch, capsys, message, words):
    def load(path, tower=None):
        raise tf.errors.ResourceExhaustedError(None, None, message)

    monkeypatch.setattr("brave_tf.export.saved_model.load_encoder", load)
    assert main(["export", "run", "--out", "x"]) == 1
    assert words in capsys.readouterr().err


def test_help_lists_every_command(capsys):
    text = help_of(capsys)
    assert all(command in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example_and_no_sections_of_a_function(capsys, command):
    text = help_of(capsys, command)
    assert f"Example: brave-tf {command}" in " ".join(text.split())
    assert not [word for word in ("Args:", "Returns:", "Raises:", "UserError") if word in text]


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"brave-tf {brave_tf.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["pretend"], ["presets", "--no-such-option"], ["export"]])
def test_bad_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert not capsys.readouterr().out


def test_presets_lists_all(capsys):
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines if line.split()}
    assert all(name in rows for name in presets.names())
    assert max(map(len, lines)) <= 120
    row = rows["v-fa-tsm50x2-audioset"]
    assert " ".join(row.split()) == (
        "v-fa-tsm50x2-audioset Table 5 V ↔ FA TSM-50x2 2.56 10.2, 5 93.9 197.6 70.6 92.8 70.5"
    )
    assert "…" not in "".join(rows[name] for name in presets.names() if name != "released")


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_as_json_is_that_preset(name, capsys):
    assert main(["presets", name, "--json"]) == 0
    assert from_dict(json.loads(capsys.readouterr().out)["config"]) == presets.get(name)


def test_all_presets_as_json(capsys):
    assert main(["presets", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert tuple(told) == presets.names()
    assert all(told[name] == facts(presets.describe(name)) for name in told)
    assert told["v-vvv-tsm50-k600"]["scores"]["HMDB51 fine-tuned"] == 73.1


def test_a_preset_in_full(capsys):
    assert main(["presets", "v-a-tsm50-audioset"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'name: "v-a-tsm50-audioset"' in lines
    assert "  peak_learning_rate: 1.0" in lines
    assert "    crop_area: [0.3, 1.0]" in lines
    assert lines[0] == "# V ↔ A, from Table 5; trained on AudioSet, 1.9M training clips"
    assert "HMDB51 fine-tuned 75.3" in " ".join(lines[1:3])
    assert "# - sound at 16 kHz, where none of the 80 mel bands is empty" in lines
    assert "# broad audio               5.00 s           500 x 80 = 40,000 cells" in lines


def test_equal_pixel_budgets_are_noted(capsys):
    main(["presets", "v-vvv-tsm50-k600"])
    text = capsys.readouterr().out
    assert text.count("= 802,816 pixels") == 2 and "same pixel budget" in text
    main(["presets", "v-fa-tsm50-audioset"])
    assert "same pixel budget" not in capsys.readouterr().out


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_in_full_is_yaml(name, capsys):
    assert main(["presets", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 120
    assert from_dict(read_yaml(lines)) == presets.get(name)


def read_yaml(lines):
    """The part of YAML that is nested mappings of JSON values, and comments."""
    root: dict = {}
    open_at = {0: root}
    for line in lines:
        key, colon, value = line.strip().partition(":")
        if not key or key.startswith("#"):
            continue
        assert colon, line
        depth = len(line) - len(line.lstrip())
        open_at[depth][key] = json.loads(value) if value else {}
        if not value:
            open_at[depth + 2] = open_at[depth][key]
    return root


@pytest.mark.parametrize("arguments", [["presets"], ["presets", "--json"], ["presets", "v-vvv-tsm50-k600"]])
def test_presets_come_without_tensorflow_and_at_once(arguments):
    script = (
        f"import sys; from brave_tf.cli.main import main; assert main({arguments}) == 0; "
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert time.perf_counter() - start < 3 * HELP_SECONDS  # alone it takes a third of a second


def test_a_report_comes_without_tensorflow(tmp_path):
    record = {"config": to_dict(presets.get("tiny-va")), "data": []}
    (tmp_path / "config.json").write_text(json.dumps(record))
    (tmp_path / "metrics.jsonl").write_text('{"step": 50, "loss": 2.5}\n')
    arguments = ["report", str(tmp_path), "--out", str(tmp_path / "page.html")]
    script = (
        f"import sys; from brave_tf.cli.main import main; assert main({arguments}) == 0; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    steps = presets.get("tiny-va").steps
    told = [f"{tmp_path}: tiny-va, at step 50 of {steps:,}, going on or interrupted", f"wrote {tmp_path / 'page.html'}"]
    assert done.stdout.splitlines() == told
    assert shlex.join(["brave-tf", *arguments]) in html.unescape((tmp_path / "page.html").read_text())


@pytest.mark.parametrize("out", ["file/page.html", "folder"])
def test_a_report_that_cannot_be_written_is_one_line(tmp_path, capsys, out):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "config.json").write_text('{"config": {"name": "mine", "steps": 100}}')
    (tmp_path / "metrics.jsonl").write_text('{"step": 50, "loss": 2.5}\n')
    assert main(["report", str(tmp_path), "--out", str(tmp_path / out)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"brave-tf: error: received {tmp_path / out} to write a page to; expected a place that can")
    assert err.count("\n") == 1


def test_a_report_of_something_else_is_one_line(tmp_path, capsys):
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 1
    out, err = capsys.readouterr()
    assert not out and not list(tmp_path.iterdir())
    assert err.startswith(f"brave-tf: error: {tmp_path} holds no config.json; expected a run directory")
    assert err.count("\n") == 1


def test_an_unknown_preset_is_one_line(capsys):
    assert main(["presets", "tiny-vv"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("brave-tf: error: received preset 'tiny-vv'; did you mean tiny-v")
    assert err.count("\n") == 1


def test_a_users_mistake_is_one_line(monkeypatch, capsys):
    assert fail_with(monkeypatch, UserError("received this;\n  expected that")) == 1
    assert capsys.readouterr().err == "brave-tf: error: received this; expected that\n"


def test_an_interrupt_is_one_line(monkeypatch, capsys):
    assert fail_with(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "brave-tf: interrupted\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "run/a"),
            "run/a: No space left on device; free some space, or choose another place",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "run"),
            "run: Permission denied; choose a place you may use, or change its permissions",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"), "a.csv: No such file or directory"),
        (OSError("the device is gone"), "the device is gone"),
    ],
)
def test_what_the_system_refuses_is_one_line(monkeypatch, capsys, error, line):
    assert fail_with(monkeypatch, error) == 1
    assert capsys.readouterr().err == f"brave-tf: error: {line}\n"


def test_a_bug_shows_where_it_is_and_asks_for_a_report(monkeypatch, capsys):
    assert fail_with(monkeypatch, ZeroDivisionError("division by zero")) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "ZeroDivisionError: division by zero"
    assert lines[-1].startswith(f"brave-tf: error: this is a bug in brave-tf {brave_tf.__version__}; please report it")


@pytest.mark.parametrize("arguments", [["presets"], ["presets", "--json"], ["--version"]])
def test_a_closed_pipe_is_no_error(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "brave_tf", *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


def test_help_is_quick():
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "brave_tf", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < HELP_SECONDS


def test_the_library_is_light_until_it_is_used():
    script = (
        "import contextlib, io, sys, brave_tf\n"
        "from brave_tf.cli.main import main\n"
        "dir(brave_tf); brave_tf.presets.get('tiny-v')\n"
        f"for command in {[[], *([name] for name in COMMANDS)]!r}:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        main([*command, '--help'])\n"
        "    loaded = {'tensorflow', 'keras', 'numpy', 'pyarrow'} & set(sys.modules)\n"
        "    assert not loaded, (command, loaded)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", brave_tf.__all__)
def test_every_public_name_is_there(name):
    assert name in dir(brave_tf)
    assert getattr(brave_tf, name).__name__ in (name, f"brave_tf.{name}")


def test_tensorflow_starts_without_a_word():
    script = (
        "from brave_tf import quiet; quiet.set_environment(); quiet.import_tensorflow()\n"
        "import tensorflow as tf; print((tf.zeros([2]) + 1).numpy().sum())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, without_progress(done.stderr)) == (0, "2.0\n", [])


def test_tensorflow_starts_without_what_no_command_uses():
    script = (
        "import sys; from brave_tf import quiet; quiet.set_environment(); quiet.import_tensorflow()\n"
        "print([name for name in quiet.USED_BY_NO_COMMAND if name in sys.modules], 'keras' in sys.modules)\n"
        "import sklearn.svm; print(sklearn.svm.LinearSVC.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[] True\nLinearSVC\n"


def test_what_tensorflow_says_is_shown_when_it_does_not_load(monkeypatch, capfd):
    def load(name):
        os.write(2, b"undefined symbol\n")
        raise ImportError(name)

    monkeypatch.setattr(quiet.importlib, "import_module", load)
    with pytest.raises(ImportError):
        quiet.import_tensorflow()
    assert capfd.readouterr().err == "undefined symbol\n"
