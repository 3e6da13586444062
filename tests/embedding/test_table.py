"""The table of embeddings, and files that are none."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brave_tf.embedding.table import KEY, FileRemark, TableFacts, as_column, open_table, read_table, table_schema
from brave_tf.encoders.card import EncoderCard
from brave_tf.errors import UserError

FACTS = TableFacts(
    encoder="runs/first",
    weights_sha256="0f" * 32,
    card=EncoderCard(preset="tiny-va", steps=600),
    tower="narrow",
    embedding_size=3,
    window=2.56,
    stride=1.28,
    rows=4,
    left_out=(FileRemark("a\n.mp4", "is empty"),),
)
VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def table(facts=FACTS, vectors=VECTORS):
    columns = {
        "file": ["a.mp4", "a.mp4", "b.mp4", 'quote " <b> \n'],
        "start": [0.0, 1.28, 0.0, 0.0],
        "end": [2.56, 3.84, 2.56, 1.0],
        "modality": ["rgb"] * 4,
        "embedding": as_column(vectors),
    }
    return pa.table(columns, schema=table_schema(facts))


def write(path, content):
    pq.write_table(content, path)
    return path


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = write(tmp_path / "a.parquet", table())
    facts, rows = read_table(path)
    assert facts == FACTS
    assert rows.remove_column(4).to_pydict() == table().drop(["embedding"]).to_pydict()
    assert np.array_equal(np.array(rows["embedding"].to_pylist(), np.float32), VECTORS)
    blocks = list(open_table(str(path)).blocks(3))
    assert [len(block) for block in blocks] == [3, 1] and np.array_equal(np.concatenate(blocks), VECTORS)


def changed(**values):
    text = json.dumps({**json.loads(FACTS.to_json()), **values})
    return table().replace_schema_metadata({KEY: text})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table().replace_schema_metadata(None), "does not say which encoder made it"),
        (table().replace_schema_metadata({KEY: "{"}), r"damaged metadata \(no readable JSON\)"),
        (table().replace_schema_metadata({KEY: "[]"}), r"damaged metadata"),
        (changed(window="long"), r"damaged metadata \(window: "),
        (changed(embedding_size=2**40), r"damaged metadata \(embedding_size: "),
        (changed(embedding_size=-5), r"damaged metadata \(embedding_size: "),
        (changed(stride=0.0), r"damaged metadata \(stride: "),
        (changed(color="red"), r"damaged metadata \(color: "),
        (changed(version=2), "has format 2; this version reads up to 1; upgrade"),
        (changed(embedding_size=4), r"embedding holds fixed_size_list<element: float>\[3\] instead of .*\[4\]"),
        (table().drop(["start"]).replace_schema_metadata(table().schema.metadata), "start is missing"),
        (table().slice(0, 2), "has 2 rows and tells of 4"),
        (table(vectors=np.where(VECTORS == 7, np.nan, VECTORS)), "the embedding in row 2 is not finite"),
        (table(vectors=np.where(VECTORS == 10, np.inf, VECTORS)), "the embedding in row 3 is not finite"),
        (
            table().set_column(4, "embedding", pa.array([[1, 2, 3], None, [4, 5, 6], [7, 8, 9]], FACTS_TYPE))
            if (FACTS_TYPE := pa.list_(pa.float32(), 3))
            else None,
            "has rows without an embedding",
        ),
        (table().set_column(0, "file", pa.array(["a", None, "b", "c"])), "has rows without file"),
        (table().set_column(1, "start", pa.array([0.0, np.nan, 0, 0])), "rows whose start is no number of seconds"),
        (table().set_column(2, "end", pa.array([1.0, np.inf, 1, 1])), "rows whose end is no number of seconds"),
        (table().set_column(1, "start", pa.array(["a", "b", "c", "d"])), "start holds string instead of double"),
    ],
)
def test_another_parquet_file_is_one_line(tmp_path, content, message):
    if message == "has rows without an embedding" and int(pa.__version__.partition(".")[0]) < 26:
        pytest.skip("this pyarrow neither writes nor reads vectors of which some are missing")
    with pytest.raises(UserError, match=message) as caught:
        read_table(write(tmp_path / "a.parquet", content))
    assert "\n" not in str(caught.value) and str(tmp_path / "a.parquet") in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"file,start\n" * 20])
def test_what_is_no_parquet_file_is_one_line(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is no readable Parquet file") as caught:
        open_table(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        open_table(tmp_path / "a.parquet")
    with pytest.raises(UserError, match="is no readable Parquet file"):
        open_table(tmp_path)


def test_damaged_bytes_are_one_line_or_nothing(tmp_path):
    whole = write(tmp_path / "whole.parquet", table()).read_bytes()
    generator = np.random.default_rng(0)
    told = 0
    for place in generator.integers(4, len(whole), 60):
        data = bytearray(whole)
        data[place] ^= 1 << generator.integers(8)
        (tmp_path / "a.parquet").write_bytes(data)
        try:
            read_table(tmp_path / "a.parquet")
        except UserError as error:
            told += 1
            assert "\n" not in str(error)
    assert told > 10


def test_a_million_rows_are_read_in_little_memory(tmp_path):
    rows = 1_000_000
    facts = dataclasses.replace(FACTS, rows=rows)
    with pq.ParquetWriter(tmp_path / "a.parquet", table_schema(facts), use_dictionary=["file"]) as writer:
        for first in range(0, rows, 100_000):
            numbers = np.arange(first, first + 100_000)
            vectors = as_column(np.repeat(numbers[:, None], 3, axis=1).astype(np.float32))
            columns = [pa.array(["a.mp4"] * 100_000), pa.array(numbers / 1.0), pa.array(numbers + 1.0)]
            writer.write_table(
                pa.table([*columns, pa.array(["rgb"] * 100_000), vectors], schema=writer.schema), row_group_size=8192
            )
    found = open_table(tmp_path / "a.parquet")
    before, first, most = pa.total_allocated_bytes(), 0, 0
    for block in found.blocks():
        assert block[0, 0] == first
        first += len(block)
        most = max(most, pa.total_allocated_bytes() - before)
    assert first == rows and most < 8_000_000
    assert found.places().num_rows == rows
