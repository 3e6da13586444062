"""What is said of Python and of packages."""

import platform

from brave_tf.doctor.software import look_at_packages, look_at_system
from tests.doctor.packages import write_metadata


def looked_at(name, checks):
    (check,) = [check for check in checks if check.name == name]
    return check


def test_the_packages_of_these_tests_will_do():
    checks = list(look_at_packages())
    assert {check.status for check in checks} == {"ok"}
    assert {"brave-tf", "tensorflow", "keras", "numpy", "av"} <= {check.name for check in checks}
    assert not {"usearch", "pytest"} & {check.name for check in checks}


def test_a_package_that_is_too_old_is_a_problem(tmp_path, monkeypatch):
    write_metadata(tmp_path, "numpy", "1.26.4")
    monkeypatch.syspath_prepend(tmp_path)
    check = looked_at("numpy", look_at_packages())
    assert (check.status, check.found.split(";")[0]) == ("problem", "1.26.4")
    assert check.found.split("; expected ")[1] in check.fix and check.fix.startswith('pip install "numpy>=')


def test_a_package_that_is_missing_is_a_problem(tmp_path, monkeypatch):
    lines = ("Requires-Dist: no-such-package>=1.5,<2", 'Requires-Dist: not-here; python_version < "3"')
    write_metadata(tmp_path, "brave-tf", "0.1.0", lines)
    monkeypatch.syspath_prepend(tmp_path)
    _, check = look_at_packages()
    assert (check.name, check.status, check.found) == ("no-such-package", "problem", "not installed; expected >=1.5,<2")
    assert check.fix == 'pip install "no-such-package>=1.5,<2"'


def test_a_library_that_is_not_installed_is_a_problem(monkeypatch):
    monkeypatch.setattr("brave_tf.doctor.versions.DISTRIBUTION", "brave-tf-not-here")
    monkeypatch.setattr("brave_tf.doctor.software.DISTRIBUTION", "brave-tf-not-here")
    (check,) = look_at_packages()
    assert check.status == "problem" and "not installed" in check.found and "pip install ." in check.fix


def test_python_is_compared_with_what_the_library_takes(tmp_path, monkeypatch):
    assert looked_at("Python", look_at_system()).status == "ok"
    write_metadata(tmp_path, "brave-tf", "0.1.0", ("Requires-Python: >=4",))
    monkeypatch.syspath_prepend(tmp_path)
    check = looked_at("Python", look_at_system())
    assert check.status == "problem" and check.found.endswith("; expected >=4") and check.fix


def test_the_platform_is_told_without_the_name_of_the_machine():
    found = looked_at("platform", look_at_system()).found
    assert platform.machine() in found and platform.system() in found and platform.node() not in found.split()
