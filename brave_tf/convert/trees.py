"""What a checkpoint holds: its towers, their sizes, and modules that have no place here."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from brave_tf.convert.names import AUDIO, BROAD_RGB, NARROW, SHARED_HEAD, TowerNames
from brave_tf.errors import UserError
from brave_tf.models.depths import BLOCKS

WIDEST = 4
LARGEST_HEAD = 2**14
LONGEST_NAME = 120
"""Signs of a name in messages."""


@dataclasses.dataclass(frozen=True)
class Trees:
    """The modules of a checkpoint that have a place here, and the names of those that have none.

    Attributes:
        params: {module: {array: values}} of learnt parameters.
        state: the same of moving averages.
        towers: prefixes of the towers, and of the shared head.
        passed_over: number of arrays that have no place, by their top module.
        source: what error messages call the checkpoint.
    """

    params: dict[str, Mapping[str, Any]]
    state: dict[str, Mapping[str, Any]]
    towers: tuple[str, ...]
    passed_over: dict[str, int]
    source: str

    @classmethod
    def of(cls, params: Any, state: Any, source: str) -> "Trees":
        """Sorts the modules of a checkpoint.

        Raises:
            UserError: these are not trees of arrays, or there is no narrow video tower.
        """
        for what, tree in (("params", params), ("state", state)):
            _check(what, tree, source)
        modules = {*params, *state}
        prefixes = [names.prefix for names in (NARROW, BROAD_RGB, AUDIO)]
        present = [prefix for prefix in prefixes if any(_under(module, prefix) for module in modules)]
        if NARROW.prefix not in present:
            listed = ", ".join(map(_shown, sorted(modules)[:5])) or "nothing"
            raise UserError(
                f"{source} holds no narrow video tower; expected modules below {NARROW.prefix}; received {listed}"
            )
        # Without a broad tower a head has nothing to regress, and without a head a broad tower neither.
        if len(present) > 1 and any(_under(module, SHARED_HEAD) for module in modules):
            return cls._with(params, state, (*present, SHARED_HEAD), source)
        return cls._with(params, state, (NARROW.prefix,), source)

    @classmethod
    def _with(cls, params: Any, state: Any, towers: tuple[str, ...], source: str) -> "Trees":
        passed_over: dict[str, int] = {}
        for module in sorted({*params, *state}):
            if not _under(module, *towers):
                top = module.split("/")[0]
                arrays = len(params.get(module, {})) + len(state.get(module, {}))
                passed_over[top] = passed_over.get(top, 0) + arrays
        kept = [{m: arrays for m, arrays in tree.items() if _under(m, *towers)} for tree in (params, state)]
        return cls(kept[0], kept[1], towers, passed_over, source)

    def narrow(self) -> "Trees":
        """The narrow tower alone; everything else is passed over."""
        alone = self._with(self.params, self.state, (NARROW.prefix,), self.source)
        return dataclasses.replace(alone, passed_over={**self.passed_over, **alone.passed_over})

    @property
    def is_whole(self) -> bool:
        """Whether towers and head make up a model that can be trained."""
        return SHARED_HEAD in self.towers

    def backbone(self, names: TowerNames, channels: int = 3) -> dict[str, Any]:
        """A `BackboneConfig` of a tower as plain values, from its stem and the number of its blocks.

        Raises:
            UserError: the stem is wider than any released one, or takes other pictures.
        """
        stem = self._shape(f"{names.prefix}/{names.stem}", "w") or (7, 7, channels, 64)
        if len(stem) != 4 or stem[2] != channels or not 1 <= stem[3] <= 64 * WIDEST:
            raise UserError(
                f"{self.source} has a first convolution {names.prefix}/{names.stem}/w of shape {list(stem)}; expected "
                f"[7, 7, {channels}, C] with C up to {64 * WIDEST}"
            )
        block = re.escape(f"{names.prefix}/{names.block}/").replace(r"\{\}", "2", 1).replace(r"\{\}", r"(\d+)")
        blocks = {match[1] for match in (re.match(block, module) for module in self.params) if match}
        # The depths differ in the blocks of unit 2; with another number of them, what is missing at 50 is listed.
        depths = {sizes[2]: depth for depth, sizes in BLOCKS.items()}
        return {"depth": depths.get(len(blocks), 50), "width": stem[3] / 64}

    def head_sizes(self) -> tuple[int, int]:
        """Hidden units and outputs of the shared head; the released ones where the tree does not say.

        Raises:
            UserError: they are larger than any released ones.
        """
        layers = ("projector/linear", "projector/linear_1")
        sizes = [self._shape(f"{SHARED_HEAD}/{layer}", "b") for layer in layers]
        hidden, projection = (
            shape[0] if len(shape) == 1 else size for shape, size in zip(sizes, (4096, 128), strict=True)
        )
        if not (1 <= hidden <= LARGEST_HEAD and 1 <= projection <= LARGEST_HEAD):
            raise UserError(
                f"{self.source} has a head of {hidden} and {projection} units; expected up to {LARGEST_HEAD}"
            )
        return hidden, projection

    def _shape(self, module: str, array: str) -> tuple[int, ...]:
        return np.shape(self.params.get(module, {}).get(array, 0.0))


def _under(module: str, *prefixes: str) -> bool:
    return any(module == prefix or module.startswith(prefix + "/") for prefix in prefixes)


def _shown(name: Any) -> str:
    """A name in a message; one of a stranger may be as long as the file."""
    text = str(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def _check(what: str, tree: Any, source: str) -> None:
    expected = f"received {what} of {source}; expected {{module: {{array: values}}}}"
    if not isinstance(tree, Mapping):
        raise UserError(f"{expected}: they are a {type(tree).__name__}")
    for module, arrays in tree.items():
        if not isinstance(module, str) or not isinstance(arrays, Mapping):
            raise UserError(f"{expected}: {_shown(module)!r} holds a {type(arrays).__name__}")
        for name, values in arrays.items():
            if not isinstance(name, str) or not isinstance(values, (np.ndarray, np.generic, int, float)):
                raise UserError(f"{expected}: {_shown(module)}/{_shown(name)} is a {type(values).__name__}")
