"""requirements.txt and the extras name what the library imports, and nothing else."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
IMPORTED_AS = {
    "ai-edge-litert": "ai_edge_litert",
    "apache-beam": "apache_beam",
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "docstring-parser": "docstring_parser",
    "protobuf": "google",
    "google-crc32c": "google_crc32c",
    "keras-hub": "keras_hub",
    "mlflow-skinny": "mlflow",
    "opencv-contrib-python-headless": "cv2",
    "tensorflow-datasets": "tensorflow_datasets",
    "tensorflow-hub": "tensorflow_hub",
}
"""Top-level modules of the distributions that are called otherwise."""
USED_BY_TENSORFLOW = {"tensorboard": "tf.summary."}
"""What TensorFlow imports on our behalf without requiring it, and the call in the library that makes it do so."""


def module_of(requirement: str) -> str:
    """`scikit-learn>=1.5` -> `sklearn`."""
    name = re.split(r"[<>=!~ ]", requirement)[0]
    return IMPORTED_AS.get(name, name)


def library_files() -> list[Path]:
    return [file for folder in ("brave_tf", "export") for file in sorted((ROOT / folder).rglob("*.py"))]


def third_party_imports() -> set[str]:
    """Top-level modules that the library imports anywhere, also by name in `importlib.import_module`."""
    names: set[str] = set()
    for file in library_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
                names |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"brave_tf"}


def extras() -> set[str]:
    """Every string of the lists in setup.py that are extras of the library, not of its tests."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    lists = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.List)
    }
    for_developers = {"SERVING", "NOTEBOOKS", "TEST_TOOLS", "TEST", "BACKENDS", "DEV"}
    wanted = [value for name, value in lists.items() if name not in for_developers]
    return {item.value for value in wanted for item in value.elts if isinstance(item, ast.Constant)}


REQUIRED = [line for line in REQUIREMENTS if line and not line.startswith("#")]


@pytest.mark.parametrize("requirement", REQUIRED)
def test_what_is_required_is_imported(requirement):
    module = module_of(requirement)
    if module in USED_BY_TENSORFLOW:
        assert any(USED_BY_TENSORFLOW[module] in file.read_text(encoding="utf-8") for file in library_files())
    else:
        assert module in third_party_imports(), f"nothing in the library imports {module}"


@pytest.mark.parametrize("module", sorted(third_party_imports()))
def test_what_is_imported_is_required_or_an_extra(module):
    assert module in {module_of(line) for line in [*REQUIRED, *extras()]}


def test_the_modules_that_comments_name_exist():
    comments = " ".join(line for line in REQUIREMENTS if line.startswith("#"))
    names = re.findall(r"brave_tf(?:\.\w+)+", comments)
    assert names
    missing = [name for name in names if not _exists(name)]
    assert not missing


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
