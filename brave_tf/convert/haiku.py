"""Weights in the layout of the released trees: `params` and `state`, each {module: {array: values}}."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from brave_tf.convert.names import AUDIO, NARROW, SHARED_HEAD, Place, head_arrays, model_arrays, tower_arrays
from brave_tf.errors import UserError
from brave_tf.method.brave import Brave
from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.heads import Head

DECAY = 0.9
"""Of the moving averages."""

STEPS = 1000
"""Updates that moving averages are written with: so many that removing their bias changes no bit."""

Tree = dict[str, dict[str, np.ndarray]]


def flatten(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Arrays by their full name, module path and array name."""
    return {
        f"{module}/{name}": np.asarray(values) for module, arrays in tree.items() for name, values in arrays.items()
    }


def from_haiku(
    model: keras.layers.Layer, params: Mapping[str, Any], state: Mapping[str, Any], source: str = "the tree"
) -> None:
    """Sets all weights of a model; no weight changes if any array is not as expected.

    Args:
        model: a `Brave`, or a part of one: a `TSMResNet` (the narrow tower), an `AudioResNet`, or a `Head`
            (the shared one).
        params: {module: {array: values}}, learnt parameters.
        state: the same of moving averages; only `average` is read, and `hidden` and `counter` may be absent.
        source: what error messages call the tree.

    Raises:
        UserError: arrays are missing, unexpected, of another shape or type, all of which are named; or no released tree
            holds such a model.
    """
    places = _places(model)
    arrays = flatten(params) | flatten(state)
    problems = _problems(places, arrays)
    if problems:
        raise UserError(
            f"{source} does not hold the released arrays: {'; '.join(problems)}; expected a checkpoint of that network"
        )
    for name, place in places.items():
        place.variable.assign(arrays[name].reshape(place.variable.shape))
    if isinstance(model, Brave):
        model.reset_targets()


def to_haiku(model: keras.layers.Layer) -> dict[str, Tree]:
    """The weights of a model as a released tree.

    Reading the result with `from_haiku` gives every weight back bit for bit. Moving averages are written as after very
    many updates, since Keras keeps no count of them.

    Args:
        model: a `Brave`, or a part of one; see `from_haiku`.

    Returns:
        {"params": ..., "state": ...}.

    Raises:
        UserError: no released tree holds such a model.
    """
    trees: dict[str, Tree] = {"params": {}, "state": {}}
    for full_name, place in _places(model).items():
        module, _, name = full_name.rpartition("/")
        values = np.asarray(place.variable.numpy(), np.float32).reshape(place.shape)
        if name != "average":
            trees["params"].setdefault(module, {})[name] = values
            continue
        hidden = (values * (1 - DECAY**STEPS)).astype(np.float32)
        trees["state"][module] = {"average": values, "hidden": hidden, "counter": np.array(STEPS, np.int32)}
    return trees


def _places(model: keras.layers.Layer) -> dict[str, Place]:
    if isinstance(model, Brave):
        return model_arrays(model)
    if isinstance(model, Head):
        return head_arrays(model, SHARED_HEAD)
    return tower_arrays(model, AUDIO if isinstance(model, AudioResNet) else NARROW)


def _problems(places: Mapping[str, Place], arrays: Mapping[str, np.ndarray]) -> list[str]:
    missing = [name for name in places if name not in arrays]
    extra = [name for name in arrays if name not in places and not _is_bookkeeping(name, places)]
    unfit = []
    for name, place in places.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if array.shape != place.shape:
            unfit.append(f"{name} is {list(array.shape)}, expected {list(place.shape)}")
        elif array.dtype.kind != "f":
            unfit.append(f"{name} holds {array.dtype}, expected float32")
    groups = (("missing", missing), ("unexpected", sorted(extra)), ("of another shape or type", unfit))
    return [f"{len(names)} {what}: {', '.join(names)}" for what, names in groups if names]


def _is_bookkeeping(name: str, places: Mapping[str, Place]) -> bool:
    module, _, leaf = name.rpartition("/")
    return leaf in ("hidden", "counter") and f"{module}/average" in places
