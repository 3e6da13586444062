"""What the tests of several tutorials share."""

import pytest

from tests.tutorials.notebooks import committed


@pytest.fixture(params=["as it runs", "as it is committed"])
def printed(request):
    """What the tutorial of a module printed, when it runs here and when it was committed."""
    if request.param == "as it runs":
        return request.getfixturevalue("ran").printed
    return committed(request.module.NAME).printed
