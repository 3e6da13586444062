"""Specs of whole `Brave` models have the smallest networks, for networks have specs of their own."""

from collections.abc import Iterator

import pytest

from brave_tf.models.depths import BLOCKS


@pytest.fixture(scope="module", autouse=True)
def one_unit() -> Iterator[None]:
    """Leaves networks of depth 26 one block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCKS, 26, (1,))
        yield
