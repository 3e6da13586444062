"""Builds and installs `brave_tf`; the top-level folder `export/` is installed as `brave_tf.export`."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
REPOSITORY = "https://github.com/brave-tf/brave-tf"
SITE = "https://brave-tf.github.io/brave-tf"

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
WANDB = ["wandb>=0.28"]
# mlflow-skinny is the client; the other two are what it wants for a store on this machine, and for nothing else.
MLFLOW = ["mlflow-skinny>=3.10", "sqlalchemy>=2.0.30", "alembic>=1.13"]
BEAM = ["apache-beam>=2.77,<3"]  # an environment of its own: it wants protobuf < 7, pyarrow < 26 and pillow < 13
NOTEBOOKS = [
    "jupytext>=1.17",
    "nbclient>=0.10.2",
    "nbformat>=5.10.4",
    "ipykernel>=6.17.1",
]  # the tutorials are run by tests
TEST_TOOLS = ["pytest>=8.3", "pytest-xdist>=3.6.1", "hypothesis>=6.115"]
TEST = [
    *HUB,
    *FLOW,
    *TFDS,
    *SEARCH,
    *ONNX,
    *LITERT,
    *WANDB,
    *MLFLOW,
    *CLIENTS,
    *NOTEBOOKS,
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


def long_description() -> str:
    """README.md for the package index, which has none of the files that it links to: links become absolute."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    # Code, at odd places, is left alone: encoders["narrow"](video) is no link.
    parts = re.split(r"(^```.*?^```$|`[^`\n]+`)", readme, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if at % 2 else _with_absolute_links(part) for at, part in enumerate(parts))


def _with_absolute_links(text: str) -> str:
    links = (
        r"(\]\()([^)\s]+)(?=[)\s])",  # [words](docs/data.md)
        r"(^\[[^\]]+\]:\s*)(\S+)",  # [words]: docs/data.md
        r'((?:href|src|srcset)=")([^"]+)(?=")',
    )
    for pattern in links:
        text = re.sub(pattern, lambda found: found[1] + absolute_address(found[2]), text, flags=re.MULTILINE)
    return text


def absolute_address(link: str) -> str:
    """The address of a file of this version in the repository; of a picture, that of its bytes."""
    if re.match(r"[a-z]+:|#|//", link):
        return link
    path = link.removeprefix("./")
    is_picture = path.partition("#")[0].endswith((".png", ".svg", ".jpg", ".gif", ".webp"))
    place = REPOSITORY.replace("github.com", "raw.githubusercontent.com") if is_picture else f"{REPOSITORY}/blob"
    return f"{place}/v{version()}/{path}"


def packages() -> list[str]:
    """Every package, `export/` under its installed name."""
    exports = find_packages(include=["export", "export.*"])
    return find_packages(include=["brave_tf", "brave_tf.*"]) + [f"brave_tf.{name}" for name in exports]


setup(
    name="brave-tf",
    version=version(),
    description="BraVe, self-supervised video representation learning from narrow and broad views, for TensorFlow",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    author="The brave_tf authors",
    project_urls={
        "Homepage": REPOSITORY,
        "Documentation": SITE,
        "Issues": f"{REPOSITORY}/issues",
        "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
        "Paper": "https://arxiv.org/abs/2103.16559",
    },
    keywords=[
        "audio-visual learning",
        "BraVe",
        "embeddings",
        "Keras",
        "representation learning",
        "self-supervised learning",
        "TensorFlow",
        "video",
        "video retrieval",
    ],
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
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
        "Topic :: Scientific/Engineering :: Image Recognition",
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
        "wandb": WANDB,
        "mlflow": MLFLOW,
        "beam": BEAM,
        "test": TEST,
        "test-tools": TEST_TOOLS,  # for the tests of an extra that does not go into one environment with the others
        "backends": BACKENDS,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["brave-tf = brave_tf.cli.main:main"]},
    zip_safe=False,
)
