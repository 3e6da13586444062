"""Specs of whole `Brave` models have small networks, for networks have specs of their own."""

from collections.abc import Iterator

import pytest

from brave_tf.models.depths import BLOCKS


@pytest.fixture(scope="module", autouse=True)
def two_units() -> Iterator[None]:
    """Leaves networks of depth 26 two blocks, one of them with strides."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCKS, 26, (1, 1))
        yield
