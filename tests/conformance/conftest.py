"""Specs of whole `Brave` models, and of variants of a network, have few blocks: each network has a spec of its own."""

from collections.abc import Iterator

import pytest

from brave_tf.models.depths import BLOCKS


@pytest.fixture(scope="module", autouse=True)
def few_units() -> Iterator[None]:
    """Leaves networks of depth 26 one block, and those of depth 101 two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCKS, 26, (1,))
        patch.setitem(BLOCKS, 101, (1, 1))
        yield
