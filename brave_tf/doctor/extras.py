"""The extras of the library: which are installed, what each gives, and the command that installs it."""

import importlib.util
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from brave_tf.doctor.check import Check, note, ok
from brave_tf.doctor.versions import DISTRIBUTION, Requirement, installed, meets, requirements

GROUP = "extras"


class Extra(NamedTuple):
    """What an extra is for.

    Attributes:
        gives: what it gives, in words that follow "gives".
        modules: what has to be found to import.
        advice: what to know before it is installed.
    """

    gives: str
    modules: Sequence[str]
    advice: str = ""


EXTRAS = {
    "flow": Extra(
        "optical flow, for `brave-tf prepare --flow`", ["cv2"], "remove other OpenCV packages first: they share files"
    ),
    "tfds": Extra("datasets of TensorFlow Datasets, as `--data tfds:NAME`", ["tensorflow_datasets"]),
    "storage": Extra("media on s3:// and in datasets of the Hugging Face Hub", ["fsspec", "s3fs", "huggingface_hub"]),
    "huggingface": Extra("encoders from the Hugging Face Hub, and publishing there", ["huggingface_hub"]),
    "kaggle": Extra("encoders from Kaggle Models, and publishing there", ["kagglehub"]),
    "keras-hub": Extra(
        "backbones of KerasHub, as `keras-hub:NAME`", ["keras_hub"], "in an environment without the extra kaggle"
    ),
    "hub": Extra("loading exports with tensorflow-hub, which the demo then tries", ["tensorflow_hub"]),
    "search": Extra("an index for millions of rows, for `brave-tf search --approximate`", ["usearch"]),
    "onnx": Extra("`brave-tf export --formats onnx`", ["tf2onnx", "onnx", "onnxruntime"]),
    "litert": Extra("`brave-tf export --formats litert`", ["ai_edge_litert"]),
    "beam": Extra(
        "preparing on a cluster, with `brave-tf prepare --runner beam`", ["apache_beam"], "in an environment of its own"
    ),
    "wandb": Extra("curves in Weights & Biases, with `brave-tf pretrain --log wandb`", ["wandb"]),
    "mlflow": Extra("curves in MLflow, with `brave-tf pretrain --log mlflow`", ["mlflow"]),
}
"""By name; those that are for developers alone are left out."""


def look_at_extras() -> Iterator[Check]:
    """Each extra that the installed library offers."""
    if installed(DISTRIBUTION) is None:
        return
    by_extra: dict[str, list[Requirement]] = {}
    for each in requirements():
        by_extra.setdefault(each.extra, []).append(each)
    for name, extra in EXTRAS.items():
        if name in by_extra:
            yield _judged(name, extra, by_extra[name])


def _judged(name: str, extra: Extra, wanted: Sequence[Requirement]) -> Check:
    command = f'pip install "brave_tf[{name}]"' + (f", {extra.advice}" if extra.advice else "")
    versions = {each: installed(each.name) for each in wanted if not each.is_conditional or installed(each.name)}
    missing = [each.name for each, version in versions.items() if version is None]
    missing += [module for module in extra.modules if not missing and not _is_found(module)]
    if missing:
        return note(GROUP, name, f"missing ({', '.join(missing)}); gives {extra.gives}", command)
    unfit = [
        f"{each.name} is {version}, expected {each.bounds}"
        for each, version in versions.items()
        if version is not None and not meets(version, each.bounds)
    ]
    if unfit:
        return note(GROUP, name, f"{'; '.join(unfit)}; gives {extra.gives}", command)
    found = ", ".join(f"{each.name} {version}" for each, version in versions.items())
    return ok(GROUP, name, f"{found}; gives {extra.gives}")


def _is_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
