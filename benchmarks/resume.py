"""What it costs to go on far into a run: `python benchmarks/resume.py [SHARDS]`.

Repeats the clips of the demo's world until they fill 1,000 shards, 9 GB of disk, then takes the first batch of the
paper's size at step 0 and at step 250,000, each in a process of its own.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from startup import make_dataset

from brave_tf import presets
from brave_tf.data import open_dataset, pretraining_dataset
from brave_tf.data.dataset import CLIPS_FILE, CLIPS_PER_SOURCE, INFO_FILE

CLIPS_PER_SHARD = 64
STEPS = (0, 250_000)
BATCH = 512


def write_large(small: Path, large: Path, shards: int) -> None:
    dataset = open_dataset(small)
    rows = dataset.clips("train").to_pylist()
    source = {name: (small / name).read_bytes() for name in {row["shard"] for row in rows}}
    written = []
    for number in range(shards):
        name = f"train-{number:05d}-of-{shards:05d}.tfrecord"
        with open(large / name, "wb") as stream:
            for place in range(CLIPS_PER_SHARD):
                row = rows[(number * CLIPS_PER_SHARD + place) % len(rows)]
                # A record with its header and footer.
                begin = stream.tell()
                stream.write(source[row["shard"]][row["offset"] - 12 : row["offset"] + row["length"] + 4])
                clip_id = len(written) * CLIPS_PER_SOURCE
                written.append({**row, "shard": name, "offset": begin + 12, "clip_id": clip_id})
    pq.write_table(pa.Table.from_pylist(written, pq.read_schema(small / CLIPS_FILE)), large / CLIPS_FILE)
    (large / INFO_FILE).write_text(json.dumps(dataset.info))


def measure(dataset: str, step: int) -> None:
    config = dataclasses.replace(presets.get("tiny-va"), batch_size=BATCH)
    before, began = bytes_read(), time.perf_counter()
    batch = next(iter(pretraining_dataset(dataset, config, first_step=step)))
    print(time.perf_counter() - began, bytes_read() - before, len(set(batch["clip_id"].numpy().tolist())))


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        return measure(sys.argv[2], int(sys.argv[3]))
    shards = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as folder:
        write_large(make_dataset(Path(small)), Path(folder), shards)
        size = sum(path.stat().st_size for path in Path(folder).glob("*.tfrecord"))
        print(f"{shards} shards of {size / shards / 2**20:.1f} MiB, {size / 2**30:.1f} GiB in all; batches of {BATCH}")
        print("first step  seconds to the first batch  MiB read  clips")
        for step in STEPS:
            command = [sys.executable, __file__, "--measure", folder, str(step)]
            found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            print(f"{step:10}  {float(found[0]):26.1f}  {int(found[1]) / 2**20:8.1f}  {found[2]:>5}")


if __name__ == "__main__":
    main()
