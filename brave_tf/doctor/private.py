"""Leaves out of a report who made it, and where: it is pasted where everybody can read it."""

import dataclasses
import functools
import getpass
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path

from brave_tf.doctor.check import Check

SHORTEST_HOST = 3
"""Shorter names of a machine are left: they are found in words that have nothing to do with it."""

Change = Callable[[str], str]


def without_names(check: Check) -> Check:
    """A check whose words name neither the user nor the machine."""
    found, fix = check.found, check.fix
    for change in _changes():
        found, fix = change(found), change(fix)
    return dataclasses.replace(check, found=found, fix=fix)


@functools.cache
def _changes() -> list[Change]:
    """What is done to every text, in this order."""
    changes = [_replaced(rf"(?<![\w.-]){re.escape(home)}(?=/|$|\W)", "~") for home in _homes()]
    # The homes of others, and those under another name, such as of a mount.
    changes.append(_replaced(r"(?<=/home/)[^/\s'\",:;)]+|(?<=/Users/)[^/\s'\",:;)]+", "USER"))
    if user := _user():
        changes.append(
            _replaced(rf"(?<=/){re.escape(user)}(?=/|$|[\s'\",:;)])|(?<![\w.-]){re.escape(user)}(?=@)", "USER")
        )
    changes += [_replaced(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "HOST") for host in _hosts()]
    return changes


def _homes() -> list[str]:
    try:
        home = Path.home()
    except RuntimeError:
        return []
    homes = {str(home), os.path.realpath(home)} - {"/"}
    return sorted(homes, key=len, reverse=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a number that has no name, as in containers
        return ""


def _hosts() -> list[str]:
    name = platform.node()
    hosts = {name, name.partition(".")[0]} - {"localhost"}
    return sorted((host for host in hosts if len(host) >= SHORTEST_HOST), key=len, reverse=True)


def _replaced(pattern: str, word: str) -> Change:
    return lambda text: re.sub(pattern, word, text)
