"""TensorFlow Datasets that is installed and does not load, as beside an older protobuf, is one line."""

import sys

import pytest

from brave_tf.data.tfds_source import open_tfds
from brave_tf.errors import UserError

PACKAGE = """
import logging
try:
    from tensorflow_datasets.public_api import core
except Exception as exception:
    logging.exception(exception)
"""
"""What TFDS does with an error of its own: it says so, and is imported without its names."""
REASON = "gencode 6.31.1 runtime 5.29.6"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            f"from google.protobuf.runtime_version import VersionError\nraise VersionError('{REASON}')",
            rf'beside this protobuf \({REASON}\): pip install "tensorflow-metadata<1.18"$',
        ),
        ("import no_such_package", r'\(No module named \'no_such_package\'\): pip install "brave_tf\[tfds\]"$'),
    ],
)
def test_a_package_that_does_not_load_is_one_line(error, words, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow_datasets"]:
        monkeypatch.delitem(sys.modules, name)
    package = tmp_path / "tensorflow_datasets"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "public_api.py").write_text(error)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=f"^received tfds:films; tensorflow-datasets does not load .*{words}"):
        open_tfds("tfds:films")
    sys.modules.pop("tensorflow_datasets", None)
