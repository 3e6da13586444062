"""Completion scripts, in the shells that they are for."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brave_tf.cli.main import commands, main

PATIENCE_SECONDS = 60
CASES = {
    "brave-tf pre": {"prepare", "presets", "pretrain"},
    "brave-tf --quiet conv": {"convert"},
    "brave-tf --ver": {"--version", "--verbose"},
    "brave-tf pretrain tiny-v": {"tiny-v", "tiny-va"},
    "brave-tf pretrain tiny-va --se": {"--seed", "--set"},
    "brave-tf pretrain --seed 3 tiny-l": {"tiny-lips"},
    "brave-tf pretrain tiny-va --strategy m": {"mirrored", "multiworker"},
    "brave-tf pretrain tiny-va --set optimizer.p": {"optimizer.peak_learning_rate=", "optimizer.predictor_multiplier="},
    "brave-tf pretrain tiny-va --set steps=3 narrow.fr": {"narrow.frames="},
    "brave-tf pretrain tiny-va --data my-": {"my-videos/"},
    "brave-tf ablate tab": {"table1", "table2", "table3", "table4"},
    "brave-tf ablate collapse --rows vic": {"vicreg"},
    "brave-tf search a.parquet --query not": {"notes.csv"},
    "brave-tf export run --formats savedmodel on": {"onnx"},
    "brave-tf evaluate run --protocol linear-": {"linear-lars"},
    "brave-tf evaluate run --classifier.le": {"--classifier.learning-rate", "--classifier.learning-rates"},
    "brave-tf embed run my-videos not": {"notes.csv"},
    "brave-tf presets v-vvv-r3d50": {"v-vvv-r3d50-k400", "v-vvv-r3d50-k600"},
    "brave-tf completion z": {"zsh"},
    "brave-tf verify notes.csv --js": {"--json"},
}
needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    for shell in ("bash", "zsh", "fish")
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where there is something to complete."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    (tmp_path / "my-videos").mkdir()
    (tmp_path / "notes.csv").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(shell: str, capsys) -> Path:
    assert main(["completion", shell]) == 0
    file = Path("script").absolute()
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


@needs["bash"]
def test_bash(folder, capsys):
    program = f"source {script('bash', capsys)}\n"
    for line in CASES:
        # Bash divides words at these signs.
        words = line.replace("=", " = ").split(" ")
        program += f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _brave_tf\n"
        program += 'echo "${COMPREPLY[@]}"\n'
    program += "complete -p brave-tf"
    done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
    *offered, registered = done.stdout.splitlines()
    assert not done.stderr and registered == "complete -F _brave_tf brave-tf"
    # That a folder is one shows when bash itself completes.
    assert [set(line.split()) for line in offered] == [{word.rstrip("/") for word in each} for each in CASES.values()]


@needs["bash"]
def test_bash_completes_what_has_spaces(folder, capsys):
    Path("two words.mp4").touch()
    program = f"source {script('bash', capsys)}; COMP_WORDS=(brave-tf prepare tw); COMP_CWORD=2; _brave_tf; "
    program += 'printf "%s|" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "two words.mp4|"


@needs["fish"]
def test_fish(folder, capsys):
    program = f"source {script('fish', capsys)}\n"
    program += "".join(f"complete -C {shlex.quote(line)}; echo\n" for line in CASES)
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "none")}
    done = subprocess.run(
        ["fish", "--no-config", "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert not done.stderr
    offered = [{line.split("\t")[0] for line in each.splitlines()} for each in done.stdout.split("\n\n")[:-1]]
    # Fish also finds what has the letters in another place.
    for (line, words), found in zip(CASES.items(), offered, strict=True):
        start = line.rpartition(" ")[2]
        assert {each for each in found if each.startswith(start)} == words, line


class Zsh:
    """A zsh on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._read = ""
        self._process, self._terminal = pty.fork()
        if not self._process:
            environment = {**os.environ, "HOME": str(folder), "TERM": "dumb"}
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def read_until(self, words: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while words not in self._read:
            assert select.select([self._terminal], [], [], max(end - time.monotonic(), 0))[0], self._read
            self._read += os.read(self._terminal, 65536).decode(errors="replace")
        self._read = self._read.partition(words)[2]

    def close(self) -> None:
        self.type("\x15exit\n")
        os.close(self._terminal)
        os.waitpid(self._process, 0)


@needs["zsh"]
def test_zsh(folder, capsys):
    shell = Zsh(folder)
    try:
        shell.type("stty cols 300; unsetopt list_beep; LISTMAX=9999; autoload -U compinit; compinit -u -D\n")
        # What is offered is also written to a file, whether zsh inserts or lists it.
        shell.type('compadd() { local -a hits; builtin compadd -O hits "$@"; print -rl -- $hits >> offered; ')
        shell.type('builtin compadd "$@" }\n')
        # It reads the keyboard itself once it shows the prompt.
        shell.type(f"source {script('zsh', capsys)}; PROMPT=at''-your-service\n")
        for line, words in CASES.items():
            shell.read_until("at-your-service")
            Path("offered").write_text("")
            shell.type(f"{line}\t\x15print DON''E\n")
            shell.read_until("DONE")
            offered = {word.strip() for word in Path("offered").read_text(encoding="utf-8").split("\n")}
            assert {word.rstrip("/") for word in words} <= offered, line
    finally:
        shell.close()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(shell, folder, capsys):
    text = script(shell, capsys).read_text(encoding="utf-8")
    assert all(name in text for name in commands())
    assert all(option in text for option in ("--max-seconds-per-file", "--no-random-init", "--svm-c-grid"))


def test_a_script_is_printed_even_quietly(capsys):
    assert main(["completion", "bash"]) == 0
    whole = capsys.readouterr().out
    assert main(["completion", "bash", "--quiet"]) == 0
    assert whole and capsys.readouterr().out == whole


def test_a_script_is_written_without_tensorflow(folder):
    program = (
        "import sys; from brave_tf.cli.main import main; assert main(['completion', 'bash']) == 0; "
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
