"""What tests of several runs share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def models():
    from tests.training.kept_models import KeptModels

    return KeptModels()


@pytest.fixture(scope="module")
def kept_models(one_unit, models) -> Iterator[None]:
    """Runs of one configuration share a model, for all tests of a module: `KeptModels`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.make_model", models)
        yield
