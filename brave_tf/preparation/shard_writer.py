"""Joins the pieces of a shard's sources: a shard is there completely or not at all."""

import os
import shutil
from typing import Any

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.files import write_json
from brave_tf.preparation.jobs import ShardJob, cannot_write
from brave_tf.preparation.plan import read_done, temporary


def write_shard(job: ShardJob) -> dict[str, Any]:
    """Writes a shard and its done-file, and removes the pieces.

    Where it is done already, as by a process that died with its last step, nothing is left to do.

    Returns:
        `rows` of the clip table, the `quarantined` sources, and `remarks` about those that are used; the same is in the
        shard's done-file.

    Raises:
        UserError: the shard cannot be written, for example on a full disk.
    """
    if (done := read_done(job.out, job.shard)) is not None:
        return done
    work, target = job.out / WORK_FOLDER, job.out / job.shard.name
    part = temporary(work, job.shard, f"{job.tag}.part")
    result: dict[str, Any] = {"rows": [], "quarantined": [], "remarks": []}
    try:
        with open(part, "wb") as stream:
            for name, piece, outcome in job.parts:
                if outcome.reason is not None:
                    result["quarantined"].append({"source": name, "reason": outcome.reason})
                    continue
                result["remarks"] += [{"source": name, "remark": remark} for remark in outcome.remarks]
                place = stream.tell()
                with open(piece, "rb") as file:
                    shutil.copyfileobj(file, stream)
                for row in outcome.rows:
                    result["rows"].append({**row, "shard": job.shard.name, "offset": row["offset"] + place})
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
        write_json(temporary(work, job.shard, "done"), result)
        # Not before: should this process die, another one needs them.
        for _, piece, _ in job.parts:
            piece.unlink(missing_ok=True)
    except (OSError, MemoryError) as error:
        part.unlink(missing_ok=True)
        raise cannot_write(target, error) from None
    return result
