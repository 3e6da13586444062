"""Media that the tests of a module share."""

import pytest

from tests.preparation.media_files import write_media


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Five videos with sound, one that is shorter than a window, and what is no media."""
    place = tmp_path_factory.mktemp("embedded") / "videos"
    for number in range(5):
        write_media(place / f"{number}.mp4", seconds=0.6 + 0.4 * number, noise_seed=number)
    write_media(place / "short.mp4", seconds=0.2, noise_seed=9)
    (place / "notes.txt").write_text("no media")
    return place
