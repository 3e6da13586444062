"""Executes the tutorials and writes them as notebooks, with their outputs: `make notebooks`.

In Python: python -m tests.tutorials.write [tutorial_1_views ...]
"""

import base64
import io
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image

from tests.tutorials.notebooks import EXAMPLES, NAMES, outputs, run


def write(name: str) -> None:
    """Writes `examples/NAME.ipynb`."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = run(name, Path(folder)).notebook
    tidy(notebook)
    nbformat.write(notebook, EXAMPLES / f"{name}.ipynb")


def tidy(notebook: NotebookNode) -> None:
    """Makes the outputs fit to be kept.

    What a cell says on standard error while it works, such as the time left, differs from run to run and is left out.
    Pictures get 256 colours, which halves them.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = _smaller(output.data["image/png"])


def _smaller(picture: str) -> str:
    """A picture in base64, with a table of colours."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


if __name__ == "__main__":
    for each in sys.argv[1:] or NAMES:
        began = time.monotonic()
        write(each)
        print(f"examples/{each}.ipynb: {time.monotonic() - began:.0f} s", flush=True)
