"""Things to look at that go wrong."""

import os
import signal
import sys
import time
from pathlib import Path

from brave_tf.doctor.check import ok


def hangs():
    yield ok("trial", "first", "there")
    time.sleep(600)


def crashes():
    yield ok("trial", "first", "there")
    print("this build needs another processor", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGILL)


def fails():
    yield ok("trial", "first", "there")
    raise LookupError("no such\nthing")


def leaves():
    yield ok("trial", "first", "there")
    os._exit(3)


def leaves_without_a_word():
    yield ok("trial", "first", "there")
    os._exit(0)


def babbles():
    os.write(1, b"not JSON\n")
    print("nor this")
    yield ok("trial", "first", "größer \n zwei")


def tells_where_it_is():
    yield ok("trial", "first", str(Path.home() / "folder"))


def fails_at_once():
    raise LookupError("no such thing")
