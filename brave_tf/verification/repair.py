"""Writes a dataset once more without its damaged clips; no byte of the others changes."""

import contextlib
import csv
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from brave_tf.data.dataset import CLIPS_FILE, INFO_FILE, LABEL_PREFIX, MISSING_FILE, Dataset
from brave_tf.data.foreign import ForeignDataset
from brave_tf.data.open import open_dataset
from brave_tf.data.record_frame import FOOTER, FOOTER_BYTES, HEADER_BYTES, framed_bytes, masked_crc32c
from brave_tf.errors import UserError, reason_of
from brave_tf.files import partial_of, write_json
from brave_tf.storage import copy_file, is_remote, remove_tree
from brave_tf.verification.report import VerificationReport
from brave_tf.verification.whole import split_counts

REMOVED_FILE = "removed.csv"
"""The clips that were left out, as a list for `brave-tf prepare`; absent if none were."""


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a repaired dataset goes: `partial` becomes `out` when all of it is there.

    Elsewhere folders cannot be renamed at once, and both are the same; `dataset.json` comes last.
    """

    out: Path
    partial: Path
    is_written: bool = False


@contextlib.contextmanager
def repair_target(dataset: Dataset, out: Path | None) -> Iterator[Target | None]:
    """Makes sure before the work that its result can be written; leaves nothing behind but that.

    Raises:
        UserError: the dataset cannot be repaired, or `out` is taken or cannot be written.
    """
    if out is None:
        yield None
        return
    if isinstance(dataset, ForeignDataset):
        raise UserError(
            f"received --repair for {dataset.path}, which others wrote; expected a dataset that `brave-tf prepare` "
            "wrote; its damaged records are left out anyway, unless their pictures are damaged: remove these shards"
        )
    if out.exists():
        if not _removed_before(dataset, out):
            raise _taken(out)
        # As after a kill when all was written: the report alone is missing.
        yield Target(out, out, is_written=True)
        return
    target = Target(out, out if is_remote(out) else partial_of(out))
    # Elsewhere there are no empty folders, or nobody minds them.
    made = [] if is_remote(out) else [folder for folder in out.parents if not folder.exists()]
    try:
        with _written(out):
            _clear(target)
            target.partial.mkdir(parents=True)
        yield target
    finally:
        _clear(target)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _clear(target: Target) -> None:
    """Removes what is not a dataset."""
    with contextlib.suppress(OSError):
        if target.partial != target.out or not (target.out / INFO_FILE).is_file():
            remove_tree(target.partial)


def _taken(out: Path) -> UserError:
    return UserError(f"{out} exists already; choose another --repair, or remove it")


def _removed_before(dataset: Dataset, out: Path) -> list[int]:
    """The clips that a repair has left out of a dataset; none if `out` is no repaired one, or of another dataset."""
    try:
        repaired = open_dataset(out)
        earlier = len(dataset.info.get("removed", ()))
        removed = [entry["clip_id"] for entry in repaired.info["removed"][earlier:]]
    except (UserError, KeyError, TypeError):
        return []
    return removed if repaired.fingerprint == _fingerprint(dataset, removed) else []


@contextlib.contextmanager
def _written(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{out} cannot be written ({reason_of(error)}); choose another --repair") from None


def write_repaired(dataset: Dataset, target: Target, report: VerificationReport) -> VerificationReport:
    """Writes the dataset without the damaged clips of a report.

    Returns:
        The report with the number of clips that were written.

    Raises:
        UserError: no clip is left, a shard changed since it was verified, or the dataset cannot be written.
    """
    if target.is_written:
        if _removed_before(dataset, target.out) != [damaged.clip.clip_id for damaged in report.damaged]:
            raise _taken(target.out)
        return dataclasses.replace(report, repaired=open_dataset(target.out).clips().num_rows)
    removed = pa.array([damaged.clip.clip_id for damaged in report.damaged], pa.int64())
    table = dataset.clips().sort_by([("shard", "ascending"), ("offset", "ascending")])
    kept = table.filter(pc.invert(pc.is_in(table["clip_id"], removed)))
    if not kept.num_rows:
        raise UserError(f"{dataset.path} holds no undamaged clip; prepare it again")
    # Shards of which every byte stays.
    whole = set(table["shard"].to_pylist()) - {each.clip.shard for each in report.damaged}
    whole -= {each.shard for each in report.unlisted}
    with _written(target.out):
        kept = _write_shards(dataset.path, target.partial, kept, whole)
        with (target.partial / CLIPS_FILE).open("wb") as file:
            pq.write_table(kept, file)
        if (dataset.path / MISSING_FILE).is_file():
            copy_file(dataset.path / MISSING_FILE, target.partial / MISSING_FILE)
        if report.damaged:
            _write_list(dataset, table.filter(pc.is_in(table["clip_id"], removed)), target.partial / REMOVED_FILE)
        write_json(target.partial / INFO_FILE, _info(dataset, kept, report))
        if target.partial != target.out:
            target.partial.rename(target.out)
    return dataclasses.replace(report, repaired=kept.num_rows)


def _write_shards(source: Path, copy: Path, kept: pa.Table, whole: set[str]) -> pa.Table:
    """Writes the shards of some clips; gives their table with the places where they lie now."""
    offsets, lengths = kept["offset"].to_numpy().copy(), kept["length"].to_numpy()
    shards = kept["shard"].combine_chunks().dictionary_encode()
    codes = shards.indices.to_numpy()
    for code, name in enumerate(shards.dictionary.to_pylist()):
        if name in whole:
            _link_or_copy(source / name, copy / name)
            continue
        rows = np.flatnonzero(codes == code)
        offsets[rows] = _write_shard(source / name, copy / name, offsets[rows].tolist(), lengths[rows].tolist())
    return kept.set_column(kept.column_names.index("offset"), "offset", pa.array(offsets, pa.int64()))


def _link_or_copy(source: Path, copy: Path) -> None:
    # Nothing ever writes into a finished shard, so that two datasets can share it, and the disk its bytes.
    try:
        os.link(source.resolve(), copy)
    except OSError:  # elsewhere there are no links
        copy_file(source, copy)


def _write_shard(source: Path, copy: Path, offsets: list[int], lengths: list[int]) -> list[int]:
    """Copies records as they are; gives where they lie now."""
    places = []
    with source.open("rb") as stream, copy.open("wb") as written:
        for offset, length in zip(offsets, lengths, strict=True):
            stream.seek(offset - HEADER_BYTES)
            framed = stream.read(framed_bytes(length))
            payload, footer = framed[HEADER_BYTES:-FOOTER_BYTES], framed[-FOOTER_BYTES:]
            if len(framed) < framed_bytes(length) or FOOTER.unpack(footer)[0] != masked_crc32c(payload):
                raise UserError(
                    f"{source} changed while it was verified, at byte {offset}; check its disk, then run the same "
                    "command again"
                )
            places.append(written.tell() + HEADER_BYTES)
            written.write(framed)
        if not is_remote(copy):
            written.flush()
            os.fsync(written.fileno())
    return places


def _write_list(dataset: Dataset, removed: pa.Table, file: Path) -> None:
    # A cell has one name.
    labels = [column for column in dataset.labels if column not in dataset.multilabel]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "start", "end", "split", *labels])
        for row in removed.to_pylist():
            names = (row[f"{LABEL_PREFIX}{column}"] or "" for column in labels)
            writer.writerow([row["source"], row["start_seconds"], row["end_seconds"], row["split"], *names])


def _info(dataset: Dataset, kept: pa.Table, report: VerificationReport) -> dict[str, Any]:
    info = dict(dataset.info)
    removed = [
        {
            "clip_id": each.clip.clip_id,
            "split": each.clip.split,
            "source": each.clip.source,
            "start_seconds": each.clip.start_seconds,
            "reason": "; ".join(each.reasons),
        }
        for each in report.damaged
    ]
    splits = {}
    for name, split in info["splits"].items():
        rows = kept.filter(pc.equal(kept["split"], name))
        seconds = pc.sum(pc.subtract(rows["end_seconds"], rows["start_seconds"])).as_py() or 0.0
        shards = pc.unique(rows["shard"]).to_pylist()
        splits[name] = {**split, **split_counts(rows), "hours": round(seconds / 3600, 4), "shards": shards}
    note = f"{len(removed)} of {report.clips} clips were damaged and are left out (removed)"
    return {
        **info,
        "splits": splits,
        "notes": [*info.get("notes", ()), *([note] if removed else [])],
        "removed": [*info.get("removed", ()), *removed],
        "fingerprint": _fingerprint(dataset, [each.clip.clip_id for each in report.damaged]),
    }


def _fingerprint(dataset: Dataset, removed: Sequence[int]) -> str:
    """That of a dataset without some clips."""
    if not removed:
        return dataset.fingerprint
    return hashlib.sha256(json.dumps([dataset.fingerprint, list(removed)]).encode()).hexdigest()
