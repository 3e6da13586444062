"""Media and tables on storage elsewhere."""

import pytest

import brave_tf
from brave_tf.embedding.table import read_table
from brave_tf.errors import UserError
from brave_tf.storage import upload_tree
from tests.embedding.encoders import video_encoder
from tests.storage.elsewhere import every_other_time, failing, new_place


@pytest.mark.parametrize("workers", [0, 2])
def test_the_same_table_there(folder, tmp_path, monkeypatch, workers):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    encoder, place = video_encoder(), new_place()
    upload_tree(folder, place / "videos")
    facts = brave_tf.embed(encoder, folder, out=tmp_path / "here.parquet", workers=0)
    with failing(every_other_time()) as failed:
        there = brave_tf.embed(encoder, place / "videos", out=place / "there.parquet", workers=workers)
    assert failed and there.rows == facts.rows and there.files == facts.files
    assert brave_tf.embed(encoder, place / "videos", out=place / "there.parquet", workers=0) == there
    _, rows = read_table(place / "there.parquet")
    _, expected = read_table(tmp_path / "here.parquet")
    assert rows["embedding"].to_pylist() == expected["embedding"].to_pylist()
    names = [name.replace(str(folder), f"{place}/videos") for name in expected["file"].to_pylist()]
    assert rows["file"].to_pylist() == names
    assert not [entry for entry in (tmp_path / "cache").rglob("*") if entry.is_file()]


def test_maps_stay_here(folder):
    with pytest.raises(UserError, match=r"--dense with --out ram://.*; maps are written on this machine"):
        brave_tf.embed(video_encoder(), folder, out=new_place() / "a.parquet", dense=True)
