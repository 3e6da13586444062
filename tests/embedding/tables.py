"""Tables of embeddings without media, and what they hold."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from brave_tf.embedding.table import TableFacts, as_column, table_schema
from brave_tf.encoders.card import EncoderCard


def write_table(path: Path, rows: list[tuple[str, float, float]], vectors: np.ndarray, **changed) -> Path:
    """A table of (file, start, end), with the vectors [rows, D]."""
    files, starts, ends = zip(*rows, strict=True) if rows else ((), (), ())
    facts = {"encoder": "runs/first", "weights_sha256": "0f" * 32, "card": EncoderCard(), "tower": "narrow"}
    facts |= {"embedding_size": vectors.shape[1], "window": 2.0, "stride": 1.0, "folder": str(path.parent)}
    facts |= {"rows": len(rows), "files": len(set(files))}
    columns = {"file": pa.array(files, pa.string()), "start": pa.array(starts, pa.float64())}
    columns |= {"end": pa.array(ends, pa.float64()), "modality": pa.array(["rgb"] * len(rows), pa.string())}
    columns["embedding"] = as_column(np.asarray(vectors, np.float32))
    schema = table_schema(TableFacts(**{**facts, **changed}))
    pq.write_table(pa.table(columns, schema=schema), path, row_group_size=64)
    return path
