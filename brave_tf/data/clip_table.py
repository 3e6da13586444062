"""The columns of a dataset's table of clips."""

import pyarrow as pa

from brave_tf.modalities import MODALITIES

CLIP_COLUMNS = pa.schema(
    [
        ("clip_id", pa.int64()),
        ("split", pa.string()),
        ("shard", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("source", pa.string()),
        ("start_seconds", pa.float64()),
        ("end_seconds", pa.float64()),
        # What every dataset tells of comes first.
        *((record.column, pa.int32()) for record in MODALITIES.values() if record.in_every_dataset),
        *((record.column, pa.int32()) for record in MODALITIES.values() if not record.in_every_dataset),
    ]
)
"""`label/NAME` follows for every label column: a string, or a list if it is multi-label."""
