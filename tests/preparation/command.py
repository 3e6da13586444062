"""`brave-tf prepare` as a process of its own, the processes that it starts, and what it wrote."""

import os
import signal
import subprocess
import time


def content(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def arguments(videos, out, workers, *more):
    return ["prepare", str(videos), "--out", str(out), "--split", "train=1", "--workers", str(workers), *more]


def interrupted(command, reached, number=signal.SIGINT, everybody=True):
    """Runs a command in a group of its own, sends the group a signal when `reached(process)`, and waits for all of it.

    Without `everybody` the signal goes to the command alone.

    Returns its exit status and what it said on standard error.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        while not reached(process):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        (os.killpg if everybody else os.kill)(process.pid, number)
        # Ends only when every process that holds the pipe has ended.
        _, said = process.communicate()
        while is_group(process.pid):
            time.sleep(0.05)
        return process.returncode, said
    finally:
        if is_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_group(number):
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def descendants(number):
    """Process numbers of the children of a process, of theirs, and so on."""
    try:
        with open(f"/proc/{number}/task/{number}/children") as file:
            children = file.read().split()
    except FileNotFoundError:  # it has ended meanwhile
        return []
    return [each for child in children for each in (child, *descendants(child))]


def is_working(out):
    return any((out / ".prepare").glob("*.piece"))


def worker_on(command, source):
    """The number of the process that writes the piece of a source, by the source's number; None if there is none."""
    for number in descendants(command):
        try:
            files = [os.readlink(f"/proc/{number}/fd/{file}") for file in os.listdir(f"/proc/{number}/fd")]
        except OSError:  # it has ended meanwhile
            continue
        if any(f".{source}.{command}.piece" in file for file in files):
            return int(number)
    return None
