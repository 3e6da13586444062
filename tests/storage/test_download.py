"""Downloads: they go on where they stopped, never with bytes of another version, and appear when they are whole."""

import base64
import hashlib

import numpy as np
import pytest

from brave_tf.storage.download import download
from tests.storage.web import serving

CONTENT = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def web():
    with serving(CONTENT) as server:
        yield server


def cut_off(web, target, after=100_000):
    """A download that ends early: the connection breaks, and then the server is gone."""
    web.breaks_after = after

    def tell(done, total):
        assert total == len(web.content)
        web.breaks_after = 0 if done else after

    with pytest.raises(OSError, match=r"the connection was lost after .* of 300,000 bytes"):
        download(web.url, target, tell)
    assert not target.exists()
    web.breaks_after = None
    web.asked.clear()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_goes_on_where_it_was_cut_off(web, tmp_path):
    target = tmp_path / "file.npy"
    cut_off(web, target)
    assert names_in(tmp_path) == [".file.npy.partial", ".file.npy.partial.json"]
    told = []
    download(web.url, target, lambda done, total: told.append((done, total)))
    assert web.asked == ["bytes=100000-"] and told[0] == (100_000, 300_000) and told[-1] == (300_000, 300_000)
    assert target.read_bytes() == CONTENT and names_in(tmp_path) == ["file.npy"]


def test_a_connection_that_is_lost_is_made_anew_while_that_helps(web, tmp_path):
    web.breaks_after = 100_000
    download(web.url, tmp_path / "file.npy")
    assert web.asked == [None, "bytes=100000-", "bytes=200000-"]
    assert (tmp_path / "file.npy").read_bytes() == CONTENT


@pytest.mark.parametrize("change", ["no parts", "no version", "another version", "no notes"])
def test_what_cannot_be_gone_on_with_is_fetched_anew(change, web, tmp_path):
    target = tmp_path / "file.npy"
    web.tells_version = change != "no version"
    cut_off(web, target)
    if change == "another version":
        web.content = CONTENT[::-1]
    elif change == "no notes":
        (tmp_path / ".file.npy.partial.json").write_text("{")
    web.sends_parts = change != "no parts"
    download(web.url, target)
    assert target.read_bytes() == web.content and names_in(tmp_path) == ["file.npy"]


def test_a_server_without_parts_that_always_breaks_off_is_given_up(web, tmp_path):
    web.sends_parts, web.breaks_after = False, 100_000
    with pytest.raises(OSError, match="the connection was lost after 100,000 of 300,000 bytes"):
        download(web.url, tmp_path / "file.npy")
    assert len(web.asked) == 2


def test_what_is_whole_needs_no_server(web, tmp_path):
    cut_off(web, tmp_path / "file.npy")
    (tmp_path / ".file.npy.partial").write_bytes(CONTENT)
    download(web.url, tmp_path / "file.npy")
    assert not web.asked and (tmp_path / "file.npy").read_bytes() == CONTENT


@pytest.mark.parametrize("is_right", [True, False])
def test_the_hash_that_googles_storage_tells_is_checked(is_right, web, tmp_path):
    told = CONTENT if is_right else b"other"
    md5 = base64.b64encode(hashlib.md5(told).digest()).decode()
    web.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={md5}"}
    if is_right:
        download(web.url, tmp_path / "file.npy")
        assert (tmp_path / "file.npy").read_bytes() == CONTENT
    else:
        with pytest.raises(OSError, match="is not what the server has"):
            download(web.url, tmp_path / "file.npy")
        assert not (tmp_path / "file.npy").exists() and not (tmp_path / ".file.npy.partial").exists()


def test_a_server_that_refuses_or_is_not_there_is_one_line(tmp_path):
    with serving(b"") as web:
        web.headers = {"Content-Length": "many"}
        url = web.url
    with pytest.raises(OSError, match="refused"):
        download(url, tmp_path / "file.npy")
    assert not names_in(tmp_path)
