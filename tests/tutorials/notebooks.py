"""The tutorials in `examples/`: text in which cells are marked by `# %%`, and the notebooks that are made from it."""

import base64
import dataclasses
import io
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat
import numpy as np
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("tutorial_*.py"))

TIMEOUT_SECONDS = 900
"""Of one cell, on a machine that is busy with other tests."""
METADATA = {
    "colab": {"provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""The same on every machine, hence without the version of the Python that ran it."""


def read(name: str) -> NotebookNode:
    """The notebook that a tutorial's text describes, not executed."""
    notebook = jupytext.read(EXAMPLES / f"{name}.py", fmt="py:percent")
    notebook.metadata = NotebookNode(METADATA)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = NotebookNode()
    return notebook


_NOT_FOR_NOTEBOOKS = ("MPLBACKEND", "PYTEST_CURRENT_TEST")


@dataclasses.dataclass(frozen=True)
class Ran:
    """A notebook that ran to its end.

    Attributes:
        notebook: with its outputs.
        folder: where it ran, with the files that it wrote; of one that is committed, where it lies.
    """

    notebook: NotebookNode
    folder: Path

    @property
    def printed(self) -> str:
        """All that it wrote to standard output, from first to last."""
        return "".join(_streams(self.notebook, "stdout"))

    @property
    def notes(self) -> str:
        """All that it wrote to standard error."""
        return "".join(_streams(self.notebook, "stderr"))

    @property
    def warnings(self) -> list[str]:
        """Lines of standard error that warn, but for what Keras 3.13.0 says of NumPy when it is imported."""
        return [line for line in self.notes.splitlines() if "Warning" in line and "np.object" not in line]

    @property
    def pictures(self) -> list[np.ndarray]:
        """[H, W, 3] uint8, in order."""
        return [np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in pngs(self.notebook)]


def run(
    name: str, folder: Path, instead: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Ran:
    """Executes a tutorial as a reader does, from its first cell to its last, in a folder.

    Args:
        name: the tutorial's.
        folder: where it writes.
        instead: lines of code by those that they stand for, such as {"STEPS = 1000": "STEPS = 40"}, where a test has
            less time than a reader.
        environment: environment variables besides those of this process.

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a line to be replaced is not there exactly once.
    """
    notebook = read(name)
    for line, other in (instead or {}).items():
        _replace(notebook, line, other)
    with tempfile.TemporaryDirectory() as settings:
        # Without the settings of whoever runs it, and with figures in the notebook, which the other tests do not want.
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_NOTEBOOKS}
        variables = {**kept, "IPYTHONDIR": settings, "TF_CPP_MIN_LOG_LEVEL": "2", **(environment or {})}
        kernel = _OwnKernel(transport="ipc", connection_file=f"{settings}/kernel.json")
        place = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, km=kernel, timeout=TIMEOUT_SECONDS, record_timing=False, resources=place)
        client.execute(env=variables, cleanup_kc=True)
    notebook.metadata = NotebookNode(METADATA)
    return Ran(notebook, folder)


def committed(name: str) -> Ran:
    """A tutorial as readers find it, with the outputs that it was committed with."""
    return Ran(nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4), EXAMPLES)


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    """Of all cells, in order."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def pngs(notebook: NotebookNode) -> list[bytes]:
    """Every figure, as the file that it is."""
    found = [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]
    return [base64.b64decode(each) for each in found]


def _replace(notebook: NotebookNode, line: str, other: str) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    places = [(cell, at) for cell in cells for at, each in enumerate(cell.source.split("\n")) if each == line]
    if len(places) != 1:
        raise ValueError(f"received {line!r}, which is there {len(places)} times; expected a line that is there once")
    cell, at = places[0]
    lines = cell.source.split("\n")
    cell.source = "\n".join([*lines[:at], other, *lines[at + 1 :]])


def _streams(notebook: NotebookNode, name: str) -> list[str]:
    return [each.text for each in outputs(notebook) if each.output_type == "stream" and each.name == name]


class _OwnKernel(AsyncKernelManager):
    """A kernel of the Python that runs this, whatever is registered under the name of `python3`."""

    @property
    def kernel_spec(self) -> KernelSpec:
        words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=words, display_name="Python 3", language="python")
