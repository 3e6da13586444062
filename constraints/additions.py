"""Tells what `pip install` would add to an environment of pinned packages; fails if it would replace one of them.

Nothing is installed: the pins are written as bare metadata into a throw-away environment, where pip only plans.

    python constraints/additions.py constraints/colab.txt                      # brave_tf itself
    python constraints/additions.py constraints/colab.txt '.[hub]'             # with an extra
    python constraints/additions.py constraints/colab.txt '.[onnx]' --hold     # with pip held to the pins
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pins_of(file: Path) -> dict[str, str]:
    """Versions by normalised name; comments and empty lines are passed over."""
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return {normalised(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def normalised(name: str) -> str:
    """`Google_Pasta` -> `google-pasta`, as package indices compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write_stubs(python: Path, pins: dict[str, str]) -> None:
    """Makes pip of that environment believe that the pinned packages are installed."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    for name, version in pins.items():
        folder = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (folder / "INSTALLER").write_text("pip\n", encoding="utf-8")
        (folder / "RECORD").write_text("", encoding="utf-8")


def planned(python: Path, arguments: list[str], report: Path) -> dict[str, str]:
    """What `pip install` would install there: versions by normalised name."""
    plan = ["install", "--quiet", "--disable-pip-version-check", "--dry-run", "--report", str(report), *arguments]
    if subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *plan], cwd=ROOT).returncode:
        sys.exit("pip has no plan")
    found = [item["metadata"] for item in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {normalised(item["name"]): item["version"] for item in found}


def main() -> int:
    """Prints both lists; 1 if a pinned package would be replaced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pins", type=Path, help="a file of lines NAME==VERSION: what is installed")
    parser.add_argument("requirements", nargs="*", default=["."], help="what pip is asked for; by default this library")
    parser.add_argument("--hold", action="store_true", help="hold pip to the pins, as its option -c does")
    arguments = parser.parse_intermixed_args()
    pins = pins_of(arguments.pins)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder) / "venv", with_pip=False)
        python = Path(folder) / "venv" / "bin" / "python"
        write_stubs(python, pins)
        limits = ["-c", str(arguments.pins.resolve())] if arguments.hold else []
        plan = planned(python, [*arguments.requirements, *limits], Path(folder) / "report.json")
    added = [f"{name} {version}" for name, version in sorted(plan.items()) if name not in pins]
    replaced = [f"{name} {pins[name]} by {plan[name]}" for name in sorted(plan.keys() & pins.keys())]
    print(f"adds {len(added)}: {', '.join(added) or 'nothing'}")
    print(f"replaces {len(replaced)}: {', '.join(replaced) or 'nothing'}")
    return 1 if replaced else 0


if __name__ == "__main__":
    sys.exit(main())
