"""Every layer and model of the library, each in one line; the other files here run every check over all of them."""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.method.brave import Brave
from brave_tf.models import R3D, AudioResNet, Head, TSMResNet
from brave_tf.models.batch_norm import SyncBatchNormalization
from brave_tf.models.framewise import Framewise
from brave_tf.training.build import build

TINY = {"depth": 14, "width": 0.0625}
# The depths that conftest.py makes small.
ONE_UNIT, TWO_UNITS = ({**TINY, "depth": depth} for depth in (26, 101))
TOWERS = ("narrow", "rgb", "flow", "audio")
TINY_BRAVE = [f"model.{tower}.{setting}" for tower in TOWERS for setting in ("depth=26", "width=0.0625")]
TINY_BRAVE += ["model.hidden_size=16", "model.projection_size=8"]

VIDEO, AUDIO = (3, 32, 32, 3), (33, 80)


@dataclasses.dataclass(frozen=True)
class Spec:
    """A layer or model under test.

    Attributes:
        name: the test's name.
        make: builds it, always with the same weights.
        shapes: of its inputs without the batch axis: a shape, or a nested dictionary of them.
        exported: whether it is a thing to export; a `Brave` is not, its encoder is.
        variant: whether it is one of a kind that another spec holds already; `make test` leaves it out.
    """

    name: str
    make: Callable[[], keras.layers.Layer]
    shapes: Any
    exported: bool = True
    variant: bool = False

    def inputs(self, batch: int = 4, seed: int = 0) -> Any:
        """Random inputs in [0, 1)."""
        return _filled(self.shapes, np.random.default_rng(seed), batch)

    def model(self) -> keras.Model:
        """As a model, with weights that are not those it starts with."""
        with seeded_initialisation(0):
            made = self.make()
            if not isinstance(made, keras.Model):
                inputs = keras.Input(self.shapes)
                made = keras.Model(inputs, made(inputs))
        rng = np.random.default_rng(0)
        for weight in made.weights:
            weight.assign(weight + 0.1 * rng.random(tuple(weight.shape)))
        return made


def _filled(shapes: Any, rng: np.random.Generator, batch: int) -> Any:
    if isinstance(shapes, dict):
        return {name: _filled(inner, rng, batch) for name, inner in shapes.items()}
    return rng.random((batch, *shapes), dtype=np.float32)


def _brave(preset: str, *assignments: str) -> Brave:
    return build(override(presets.get(preset), [*TINY_BRAVE, *assignments]))


_VA = {"narrow": VIDEO, "broad": {"audio": AUDIO}}
_FA = {"narrow": VIDEO, "broad": {"flow": (1, 3, 32, 32, 2), "audio": AUDIO}}
_VV = {"narrow": VIDEO, "broad": {"rgb": (2, *VIDEO)}}

SPECS = [
    Spec("framewise", lambda: Framewise(keras.layers.Conv2D(4, 3, strides=2, padding="same")), VIDEO),
    Spec("tsm_resnet", lambda: TSMResNet(**TINY), VIDEO),
    Spec(
        "tsm_resnet_flow", lambda: TSMResNet(**ONE_UNIT, channels=2, shift_fraction=0.25), (3, 32, 32, 2), variant=True
    ),
    Spec("audio_resnet", lambda: AudioResNet(**TINY), AUDIO),
    Spec("tsm_resnet_rematerialised", lambda: TSMResNet(**TWO_UNITS, rematerialise=True), VIDEO, variant=True),
    Spec("r3d", lambda: R3D(**TINY), VIDEO),
    Spec("r3d_v2_cvrl", lambda: R3D(**TINY, version=2, stem="cvrl"), VIDEO, variant=True),
    Spec("batch_norm", lambda: SyncBatchNormalization(), (6, 5)),
    Spec("head", lambda: Head(16, 8), (12,)),
    Spec("brave_va", lambda: _brave("tiny-va"), _VA, exported=False),
    Spec("brave_fa_average", lambda: _brave("tiny-fa", "model.target_momentum=0.9"), _FA, False, variant=True),
    Spec("brave_vv_one_backbone", lambda: _brave("tiny-v", "model.share_backbone=true"), _VV, False, variant=True),
    Spec("brave_vv_shared", lambda: _brave("tiny-v", "model.heads=shared"), _VV, False, variant=True),
    Spec("brave_r3d", lambda: _brave("tiny-v", "model.narrow.network=r3d"), _VV, False, variant=True),
]


@functools.cache
def eager_model(name: str, training: bool) -> tuple[keras.Model, Any]:
    """The model of a spec, and what it gives eagerly for its four inputs.

    That in training moved averages which no output of it in training depends on.
    """
    spec = next(spec for spec in SPECS if spec.name == name)
    model = spec.model()
    return model, model(spec.inputs(), training=training)


def eager_outputs(name: str, training: bool) -> Any:
    """What all ways of running are compared with."""
    return eager_model(name, training)[1]


def as_parameters(specs: Iterable[Spec]) -> list[Any]:
    """Specs for `pytest.mark.parametrize`."""
    marks = {True: [pytest.mark.thorough], False: []}
    return [pytest.param(spec, id=spec.name, marks=marks[spec.variant]) for spec in specs]


every_spec = pytest.mark.parametrize("spec", as_parameters(SPECS))


def assert_alike(found: Any, expected: Any, tolerance: float) -> None:
    """All tensors of two structures are close, relative to the largest."""
    keras.tree.assert_same_structure(found, expected)
    for ours, theirs in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
        ours, theirs = (np.asarray(keras.ops.cast(value, "float32")) for value in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, atol=tolerance * max(np.abs(theirs).max(), 1.0))
