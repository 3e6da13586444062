"""Builds and installs `brave_tf`; the top-level folder `export/` is installed as `brave_tf.export`."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

HUB = [
    "tensorflow-hub>=0.16.1",
    "setuptools<82",  # tensorflow-hub 0.16.1 imports pkg_resources, which setuptools 82 removed
]
FLOW = ["opencv-contrib-python-headless>=4.11.0.86"]
TFDS = [
    "tensorflow-datasets>=4.9.10",
    "tensorflow-metadata>=1.17.3",  # tensorflow-datasets imports it; 1.21 loads beside protobuf 6.31.1 and newer alone
    "importlib_resources>=7.1",  # tensorflow-datasets 4.9.10 imports it to prepare a dataset, without requiring it
]
# What lies where TensorFlow has no file system of its own; s3fs and fsspec come in pairs of one version.
STORAGE = ["fsspec>=2024.6", "s3fs>=2024.6", "huggingface_hub>=1.0"]
HUGGING_FACE = ["huggingface_hub>=1.0"]
KAGGLE = ["kagglehub>=1.0.2"]
KERAS_HUB = ["keras-hub>=0.28"]  # never in one extra with kagglehub: newer ones want a kagglesdk that it refuses
CLIENTS = [*HUGGING_FACE, *KAGGLE]
SEARCH = ["usearch>=2.26"]  # the index of `brave-tf search --approximate`; the exact search needs only NumPy
# onnx 1.23 wants protobuf 6.31.1: on Colab pip would replace the protobuf that the notebook's TensorFlow has loaded.
ONNX = ["tf2onnx>=1.17", "onnx>=1.19.1,<1.23", "onnxruntime>=1.23.2"]
LITERT = ["ai-edge-litert>=2.1"]
BEAM = ["apache-beam>=2.77,<3"]  # an environment of its own: it wants protobuf < 7, pyarrow < 26 and pillow < 13
TEST_TOOLS = ["pytest>=8.3", "pytest-xdist>=3.6.1", "hypothesis>=6.115"]
TEST = [
    *HUB,
    *FLOW,
    *TFDS,
    *SEARCH,
    *ONNX,
    *LITERT,
    *CLIENTS,
    "tensorflow-serving-api>=2.20",
    "fsspec>=2024.6",
    *TEST_TOOLS,
]
BACKENDS = ["jax>=0.7", "torch>=2.8"]  # only to compare with in tests; there is a CPU build of torch
DEV = [*TEST, "ruff>=0.17,<0.18", "mypy>=2.4,<3"]  # formatting and checks change with these two


def requirements() -> list[str]:
    """The lines of requirements.txt that are not comments."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def version() -> str:
    """`brave_tf.__version__`, read without importing the library."""
    source = (ROOT / "brave_tf" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', source, flags=re.MULTILINE)
    if found is None:
        raise RuntimeError('brave_tf/__init__.py has no line like: __version__ = "1.2.3"')
    return found.group(1)


def packages() -> list[str]:
    """Every package, `export/` under its installed name."""
    exports = find_packages(include=["export", "export.*"])
    return find_packages(include=["brave_tf", "brave_tf.*"]) + [f"brave_tf.{name}" for name in exports]


setup(
    name="brave-tf",
    version=version(),
    description="BraVe, self-supervised video representation learning from narrow and broad views, for TensorFlow",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Video",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.11,<3.14",
    packages=packages(),
    package_dir={"brave_tf.export": "export"},
    package_data={"brave_tf": ["py.typed"]},
    install_requires=requirements(),
    extras_require={
        "hub": HUB,
        "flow": FLOW,
        "tfds": TFDS,
        "storage": STORAGE,
        "huggingface": HUGGING_FACE,
        "kaggle": KAGGLE,
        "keras-hub": KERAS_HUB,
        "search": SEARCH,
        "onnx": ONNX,
        "litert": LITERT,
        "beam": BEAM,
        "test": TEST,
        "test-tools": TEST_TOOLS,  # for the tests of an extra that does not go into one environment with the others
        "backends": BACKENDS,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["brave-tf = brave_tf.cli.main:main"]},
    zip_safe=False,
)
