"""The batches that `Brave` takes, and what is said of one that it cannot take."""

from collections.abc import Mapping
from typing import Any

import keras

from brave_tf.errors import UserError
from brave_tf.method.networks import input_shape


def views_of(batch: Any, narrow: keras.layers.Layer, broad: Mapping[str, keras.layers.Layer]) -> dict[str, Any]:
    """The narrow and broad views of a batch, and nothing else that it holds.

    Args:
        batch: {"narrow": [B, ...], "broad": {name: [B, ...] or [B, K, ...]}}.
        narrow: the backbone of the narrow view.
        broad: the backbones of the broad views, by name.

    Raises:
        UserError: a view is missing, has no backbone, or has not as many axes as its backbone takes.
    """
    if not isinstance(batch, Mapping) or not {"narrow", "broad"} <= batch.keys():
        has = f"a dictionary of {_listed(batch)}" if isinstance(batch, Mapping) else type(batch).__name__
        raise UserError(f'received a batch that is {has}; expected {{"narrow": ..., "broad": {{name: ...}}}}')
    views = batch["broad"]
    if not isinstance(views, Mapping) or views.keys() != broad.keys():
        has = _listed(views) if isinstance(views, Mapping) else type(views).__name__
        raise UserError(
            f"received a batch whose broad views are {has}; expected {_listed(broad)}, one for each broad network"
        )
    _check_axes("narrow", batch["narrow"], narrow, several=False)
    for name, network in broad.items():
        _check_axes(f'broad["{name}"]', views[name], network, several=True)
    sizes = {"narrow": batch["narrow"].shape[0], **{name: views[name].shape[0] for name in broad}}
    if len(set(sizes.values()) - {None}) > 1:
        raise UserError(f"received views of different numbers of examples, {sizes}; expected one number for all")
    return {"narrow": batch["narrow"], "broad": {name: views[name] for name in broad}}


def without_strings(batch: Any) -> Any:
    """A batch less its entries of strings, at any depth."""
    if not isinstance(batch, Mapping):
        return batch
    return {name: without_strings(entry) for name, entry in batch.items() if not _is_strings(entry)}


def _is_strings(entry: Any) -> bool:
    kind = getattr(entry, "dtype", None)
    return kind is not None and (kind == "string" or getattr(kind, "kind", "") in ("S", "U", "O"))


def check_augmented(views: dict[str, Any]) -> None:
    """Raises UserError if views are stored pixels, which `augment` has not seen."""
    for name, view in {"narrow": views["narrow"], **views["broad"]}.items():
        if "uint" in keras.backend.standardize_dtype(view.dtype):
            raise UserError(
                f"received {name} as {keras.backend.standardize_dtype(view.dtype)}; expected views, which `augment` "
                "makes of a batch: call model(model.augmented_views(batch)), or model.predict(batch)"
            )


def _check_axes(name: str, view: Any, network: keras.layers.Layer, *, several: bool) -> None:
    takes = input_shape(network)
    axes, extra = len(view.shape), len(view.shape) - len(takes)
    if extra not in ((0, 1) if several else (0,)):
        more = f", or {len(takes) + 1} with K views of each example" if several else ""
        raise UserError(
            f"received {name} of shape {_shape(view.shape)}, {axes} axes; {network.name} takes {_shape(takes)}, "
            f"so expected {len(takes)} axes{more}"
        )
    if extra and not view.shape[1]:
        raise UserError(
            f"received {name} of shape {_shape(view.shape)}; expected at least one view of each example in axis 1, and "
            "as many in every batch"
        )


def _shape(shape: Any) -> str:
    return "[" + ", ".join("None" if size is None else str(size) for size in shape) + "]"


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(map(str, names)) or "nothing"
