"""Python, the system, this library and what it requires."""

import contextlib
import importlib.metadata
import platform
from collections.abc import Iterator

from brave_tf import __version__
from brave_tf.doctor.check import Check, ok, problem
from brave_tf.doctor.versions import DISTRIBUTION, Requirement, installed, meets, requirements

SYSTEM, PACKAGES = "system", "packages"


def look_at_system() -> Iterator[Check]:
    """Python and the operating system."""
    version, wanted = platform.python_version(), _python_bounds()
    found = f"{platform.python_implementation()} {version}"
    if meets(version, wanted):
        yield ok(SYSTEM, "Python", found)
    else:
        yield problem(SYSTEM, "Python", f"{found}; expected {wanted}", "make a virtual environment with another Python")
    yield ok(SYSTEM, "platform", _platform())


def look_at_packages() -> Iterator[Check]:
    """This library, and each package that it requires."""
    if installed(DISTRIBUTION) is None:
        yield problem(
            PACKAGES,
            DISTRIBUTION,
            f"{__version__}, not installed: what it requires is not known, and brave_tf.export is missing",
            "run `pip install .` in its folder",
        )
        return
    yield ok(PACKAGES, DISTRIBUTION, __version__)
    for wanted in requirements():
        version = installed(wanted.name)
        if not wanted.extra and not (version is None and wanted.is_conditional):
            yield _judged(wanted, version)


def _judged(wanted: Requirement, version: str | None) -> Check:
    expected = f"expected {wanted.bounds or 'any version'}"
    fix = f'pip install "{wanted.name}{wanted.bounds}"'
    if version is None:
        return problem(PACKAGES, wanted.name, f"not installed; {expected}", fix)
    if not meets(version, wanted.bounds):
        return problem(PACKAGES, wanted.name, f"{version}; {expected}", fix)
    return ok(PACKAGES, wanted.name, f"{version} ({expected})")


def _python_bounds() -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"] or ""
    return ""


def _platform() -> str:
    words = [platform.system(), platform.release(), platform.machine()]
    with contextlib.suppress(OSError):
        words.insert(0, f"{platform.freedesktop_os_release()['PRETTY_NAME']},")
    library = " ".join(platform.libc_ver()).strip()
    return " ".join(words) + (f", {library}" if library else "")
