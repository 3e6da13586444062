"""Which part of the library may import which: the layers, and who may import TensorFlow and PyAV when."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

BASE = {"config", "errors", "files", "lazy", "machine", "modalities", "presets", "progress", "quiet", "storage"}
MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    "lars": set(),
    "losses": {"errors"},
    "schedules": set(),
    "models": BASE | {"models"},
    # Section 3 of the paper, for anybody's networks: it knows no configuration, no preset and no data.
    "method": {"errors", "lars", "lazy", "losses", "method", "models"},
    "data": BASE | {"data"},
    "preparation": BASE | {"data", "preparation"},
    "verification": BASE | {"data", "verification"},
    "runs": BASE | {"runs"},
    "encoders": BASE | {"data", "encoders", "method", "models", "runs"},
    # Its monitor looks at the encoder as an evaluation does.
    "training": BASE
    | {"data", "encoders", "evaluation", "lars", "losses", "method", "models", "runs", "schedules", "training"},
    "evaluation": BASE | {"data", "encoders", "evaluation", "lars", "models", "schedules"},
    "embedding": BASE | {"data", "embedding", "encoders", "evaluation", "models", "preparation"},
    # Its model card tells how the run went.
    "export": BASE | {"data", "encoders", "export", "models", "runs"},
    # It tries decoding and training as the commands do.
    "doctor": BASE | {"doctor", "lars", "method", "preparation", "training"},
    "convert": BASE | {"convert", "encoders", "export", "method", "models", "training"},
}
EXCEPTIONS = {
    ("method/brave.py", "training"),
    ("encoders/loading.py", "convert"),
    ("export/card_curves.py", "pages"),
}
"""When they are called, `Brave.from_preset` asks the part above for the model of a preset, `load_encoder` the one that
converts for a checkpoint that was published with the paper, and a model card the one that draws for its curves."""
AT_THE_TOP = {"__init__", "__main__", "ablation", "cli", "commands", "demo", "evaluator", "inspection", "pages"}
"""Parts that may import all others."""

OPENS_MEDIA = {
    *(f"preparation/{name}.py" for name in ("jpeg_encoder", "media_file", "picture", "sound", "steady_frames")),
    "demo/world.py",
    "doctor/media.py",
}
WITHOUT_TENSORFLOW = BASE | {"__init__", "__main__", "cli", "commands", "doctor", "pages", "preparation", "runs"}
LIGHT_FILES = {
    *(f"ablation/{name}.py" for name in ("results", "rows")),
    "evaluation/protocol.py",
    *(f"embedding/{name}.py" for name in ("frame_crop", "grid", "time_codes", "windows")),
}


class Import(NamedTuple):
    """One imported module or name, in full, and where."""

    name: str
    line: int
    when_loaded: bool


def modules() -> dict[str, ast.Module]:
    """Every module of the library by its path inside the installed package."""
    folders = {ROOT / "brave_tf": "", ROOT / "export": "export/"}
    files = {prefix + str(file.relative_to(at)): file for at, prefix in folders.items() for file in at.rglob("*.py")}
    return {path: ast.parse(file.read_text(encoding="utf-8")) for path, file in sorted(files.items())}


MODULES = modules()


def part_of(path: str) -> str:
    """`data/media.py` -> `data`, `losses.py` -> `losses`."""
    return path.removesuffix(".py").split("/")[0]


def imports(path: str, tree: ast.Module) -> Iterator[Import]:
    """Every import of a module, also those in functions; not those for type checkers only."""
    for node, when_loaded in _walk(tree, when_loaded=True):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the layer"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(name, node.lineno, when_loaded) for name in names)


def _walk(node: ast.AST, when_loaded: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child, when_loaded
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, when_loaded and not inside)


def own_parts(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Parts of the library that a module imports."""
    for found in imports(path, tree):
        package, _, rest = found.name.partition(".")
        if package == "brave_tf" and rest:
            yield rest.split(".")[0], found.line


@pytest.mark.parametrize("path", MODULES)
def test_a_module_imports_only_the_layers_below_it(path):
    part = part_of(path)
    if part in AT_THE_TOP:
        return
    assert part in MAY_IMPORT, f"{part} has no place among the layers yet: give it one in MAY_IMPORT"
    # `brave_tf.__version__` is not a layer.
    wrong = [
        f"{path}:{line} imports brave_tf.{other}; {part} may import {', '.join(sorted(MAY_IMPORT[part]))}"
        for other, line in own_parts(path, MODULES[path])
        if other not in MAY_IMPORT[part] | {"__version__"} and (path, other) not in EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


def test_the_method_loads_neither_configuration_nor_presets_nor_data():
    script = "import sys, brave_tf.method.brave\n"
    script += (
        "print([m for m in sys.modules if m.startswith(('brave_tf.config', 'brave_tf.presets', 'brave_tf.data'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_exceptions_are_imports_inside_functions():
    for path, other in EXCEPTIONS:
        names = [found for found in imports(path, MODULES[path]) if found.name.startswith(f"brave_tf.{other}.")]
        assert names and not any(found.when_loaded for found in names)


@pytest.mark.parametrize("path", MODULES)
def test_the_package_itself_gives_library_code_only_its_version(path):
    # `import brave_tf` and then `brave_tf.training` would go round the layers.
    names = {
        node.attr
        for node in ast.walk(MODULES[path])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "brave_tf"
    }
    assert names <= {"__version__"}


@pytest.mark.parametrize("path", [path for path in MODULES if path not in OPENS_MEDIA])
def test_only_media_files_are_opened_with_pyav(path):
    lines = [found.line for found in imports(path, MODULES[path]) if found.name.split(".")[0] == "av"]
    assert not lines, f"{path}:{lines} imports av; expected only in {', '.join(sorted(OPENS_MEDIA))}"


def test_apache_beam_is_imported_only_by_who_runs_it():
    found = {
        (path, each.when_loaded)
        for path, tree in MODULES.items()
        for each in imports(path, tree)
        if each.name.split(".")[0] == "apache_beam"
    }
    assert found == {("preparation/beam_pipeline.py", False)}


def loads_without_tensorflow(path: str) -> bool:
    """Whether a module must not import TensorFlow while it loads."""
    folder = "evaluation/protocols/"
    return part_of(path) in WITHOUT_TENSORFLOW or path in LIGHT_FILES or path.startswith(folder)


@pytest.mark.parametrize("path", [path for path in MODULES if loads_without_tensorflow(path)])
def test_light_modules_import_tensorflow_only_where_they_use_it(path):
    heavy = {"tensorflow", "keras", "tensorflow_hub"}
    lines = [
        found.line for found in imports(path, MODULES[path]) if found.when_loaded and found.name.split(".")[0] in heavy
    ]
    assert not lines, f"{path}:{lines} imports TensorFlow while it loads; move the import into the function"


def test_light_modules_load_without_tensorflow():
    # The check above sees one module at a time; this one sees also what those import in turn.
    light = [path for path in MODULES if loads_without_tensorflow(path) and part_of(path) != "__main__"]
    names = ["brave_tf." + path.removesuffix(".py").removesuffix("__init__").rstrip("/") for path in light]
    names = [name.replace("/", ".").rstrip(".") for name in names]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    loaded = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "    assert not loaded, f'{name} loads {loaded}'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES)
def test_modules_say_what_they_are(path):
    assert ast.get_docstring(MODULES[path]), f"{path} begins without a docstring"


def test_the_imports_of_a_module_are_found():
    source = (
        "import av.io\nfrom brave_tf.data import views\ndef f():\n    import keras\nif TYPE_CHECKING:\n    import jax\n"
    )
    found = list(imports("example.py", ast.parse(source)))
    assert found == [
        Import("av.io", 1, True),
        Import("brave_tf.data.views", 2, True),
        Import("keras", 4, False),
    ]
    assert list(own_parts("example.py", ast.parse(source))) == [("data", 2)]


def test_there_is_no_import_circle():
    names = {
        path: "brave_tf." + path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in MODULES
    }
    paths = {name: path for path, name in names.items()}
    uses = {}
    for path, tree in MODULES.items():
        needed = {found.name for found in imports(path, tree) if found.when_loaded}
        # A name may be a module, or something inside one.
        uses[path] = {paths.get(name, paths.get(name.rpartition(".")[0])) for name in needed} - {None, path}
    done, open_paths = set(), []

    def visit(path):
        assert path not in open_paths, "circle: " + " -> ".join([*open_paths[open_paths.index(path) :], path])
        if path in done:
            return
        open_paths.append(path)
        for other in sorted(uses[path]):
            visit(other)
        done.add(open_paths.pop())

    for path in uses:
        visit(path)
