"""The closed word lists stand in one place, and what implements them has an entry for each word."""

import ast
import dataclasses
from typing import get_args

import pytest

from brave_tf import modalities
from brave_tf.config import words
from brave_tf.encoders.encoder import TOWER_FILES
from brave_tf.evaluation.protocol import EvaluationProtocol, protocol_class
from brave_tf.preparation.layouts.choice import BENCHMARKS
from tests.test_imports import MODULES

LISTS = {
    name: set(get_args(value))
    for module in (modalities, words)
    for name, value in vars(module).items()
    if get_args(value)
}
HOMES = {"config/words.py", "modalities.py"}


def literals(tree: ast.Module) -> list[set[str]]:
    """The words of every `Literal[...]` of a module."""
    return [
        {each.value for each in ast.walk(node.slice) if isinstance(each, ast.Constant)}
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Literal", "typing.Literal")
    ]


@pytest.mark.parametrize("path", [path for path in MODULES if path not in HOMES])
def test_no_module_has_a_second_copy_of_a_list(path):
    copies = [
        found & LISTS[name] for found in literals(MODULES[path]) for name in LISTS if len(found & LISTS[name]) > 2
    ]
    assert not copies, f"{path} lists {copies} again; import it from {' or '.join(HOMES)}"


def test_every_tower_has_a_file_and_every_layout_a_reader():
    assert set(TOWER_FILES) == set(get_args(modalities.Tower))
    assert {"auto", "folder", "csv", *BENCHMARKS} == set(get_args(words.LayoutName))
    assert set(get_args(modalities.TowerChoice)) == {*TOWER_FILES, "broad"}


@pytest.mark.parametrize("name", words.PROTOCOLS)
def test_every_protocol_is_a_class_of_its_name_that_documents_its_settings(name):
    kind = protocol_class(name)
    assert issubclass(kind, EvaluationProtocol) and kind.name == name
    assert kind() == kind() and (kind.__doc__ or "").splitlines()[0].endswith(".")
    told = {line.partition(": ")[0].strip() for line in kind.__doc__.splitlines()}
    assert {field.name for field in dataclasses.fields(kind)} <= told
