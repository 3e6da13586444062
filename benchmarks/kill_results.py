"""What commands wrote, in a form in which the times that they took do not count."""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TIMED = {
    *("seconds", "clips_per_second", "timings"),
    *("input_wait_share", "input_cpu_seconds_per_clip", "memory_gib", "device_memory_gib"),
    "date_saved",
}
"""Keys of JSON objects whose values are times, speeds, or what the process took."""

# Rows of tables, sentences, and charts that show such values.
_TIMED_TEXT = (
    r"<tr><t[dh][^>]*>seconds for .*?</tr>",
    r"<h2>Where the time went</h2>.*?</section>",
    r"in \d+ (s|min)[^<]*",
)
FOLDER = "folder"
NAMES_BEFORE = 256
"""More than there is of names in a checkpoint before the first of this kind."""
_TENSORBOARD = "tensorboard"
"""Its files are only ever added to: one for each start."""


def results(folder: Path) -> dict[str, str]:
    """What tells the content of every file and folder below a folder apart, by its relative name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if _TENSORBOARD not in path.parts:
            name = str(path.relative_to(folder))
            found[name] = FOLDER if path.is_dir() else digest(path.name, path.read_bytes())
    return found


def digest(name: str, content: bytes) -> str:
    """What tells the content of a file apart, by the kind of file that its name says."""
    if name.endswith(".keras"):
        content = _members(content)
    elif name == "verification.json":
        # Names of files are left, without their hashes, their sizes, and times.
        content = b" ".join(re.findall(rb'"([^"]+)": "[0-9a-f]{64}"', content))
    elif name.endswith(".json"):
        content = _without_times(content)
    elif name.endswith(".parquet"):
        content = _rows(content)
    elif name.endswith(".jsonl"):
        content = b"\n".join(_without_times(line) for line in content.splitlines())
    elif name.endswith(".html"):
        content = re.sub("|".join(_TIMED_TEXT).encode(), b"", content, flags=re.DOTALL)
    elif name == "saved_model.pb":
        # How much the process had made before is part of the names of functions, by which they are sorted.
        content = b" ".join(sorted(re.findall(rb"[A-Za-z][A-Za-z_/]{5,}", content)))
    elif name.startswith("ckpt-") and ".data-" in name:
        # Of a checkpoint of a fine-tuning the values of variables; behind them are names, which count optimizers.
        content = content[: content.index(b"VARIABLE_VALUE") - NAMES_BEFORE]
    elif name == "fingerprint.pb" or name.startswith("ckpt-"):
        # Hashes of what is in the files beside it, names among it, and a number by chance.
        content = b""
    elif name == "checkpoint":
        content = b"\n".join(line for line in content.splitlines() if b"timestamp" not in line)
    return hashlib.sha256(content).hexdigest()


def _rows(content: bytes) -> bytes:
    """A Parquet file; of a table of embeddings without the folder that the command ran in."""
    facts = (pq.read_schema(pa.BufferReader(content)).metadata or {}).get(b"brave_tf")
    if facts is None:
        return content
    table = pq.read_table(pa.BufferReader(content)).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return json.dumps({**json.loads(facts), "folder": ""}, sort_keys=True).encode() + sink.getvalue().to_pybytes()


def _without_times(content: bytes) -> bytes:
    return json.dumps(_timeless(json.loads(content)), sort_keys=True).encode()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key not in TIMED}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _members(archive: bytes) -> bytes:
    """The members of a Keras archive, without the times at which they were added."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        # So is it part of the names that Keras gives to operations.
        members = {name: re.sub(rb'_\d+"', b'"', file.read(name)) for name in sorted(file.namelist())}
    return "\n".join(f"{name} {digest(name, content)}" for name, content in members.items()).encode()
