"""The cluster that this process belongs to, as training would understand it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from brave_tf.doctor.check import Check, note, ok, problem
from brave_tf.errors import UserError
from brave_tf.training import slurm, tf_config

GROUP = "cluster"


def look_at_cluster() -> Iterator[Check]:
    """What TF_CONFIG and SLURM say. Addresses name machines of the user's, and are only counted."""
    is_described = bool(os.environ.get("TF_CONFIG"))
    if is_described:
        yield _tf_config()
    if "SLURM_JOB_ID" in os.environ or "SLURM_PROCID" in os.environ:
        yield _slurm(gives_way=is_described)
    elif not is_described:
        yield ok(GROUP, "workers", "this process alone: neither TF_CONFIG nor SLURM names others")


def _tf_config() -> Check:
    fix = f"set it to JSON such as {tf_config.EXAMPLE}, or unset it"
    try:
        # The words of the error quote the variable.
        description = tf_config.read(os.environ)
    except UserError:
        return problem(GROUP, "TF_CONFIG", "does not describe a cluster in JSON", fix)
    try:
        return ok(GROUP, "TF_CONFIG", _place(description))
    except ValueError as error:
        return problem(GROUP, "TF_CONFIG", str(error), fix)


def _place(description: Mapping[str, Any]) -> str:
    """The place of this process in its cluster. Raises ValueError if there is none."""
    cluster, task = description.get("cluster", {}), description.get("task", {})
    for kind, each in cluster.items():
        if not isinstance(each, list) or not all(isinstance(address, str) and ":" in address for address in each):
            raise ValueError(f"the addresses of {kind!r} are no list of HOST:PORT")
    count = tf_config.addresses(description)
    if count <= 1:
        return f"{count} worker: this process trains alone"
    there = ", ".join(f"{len(each)} {kind}" for kind, each in cluster.items())
    kind, index = (task.get("type"), task.get("index")) if isinstance(task, dict) else (None, None)
    if not str(index).isdecimal() or int(str(index)) >= len(cluster.get(str(kind), [])):
        raise ValueError(f"this process is {kind} {index}, numbers beginning at 0; there are {there}")
    return f"{there}; this process is {kind} {index}"


def _slurm(gives_way: bool) -> Check:
    try:
        if not slurm.is_job_step(os.environ):
            return ok(GROUP, "SLURM", "a job, and no step of it with several tasks: this process trains alone")
        tasks, rank = len(slurm.workers(os.environ)), int(os.environ["SLURM_PROCID"])
    except (KeyError, ValueError) as error:
        # The words of other errors may quote the names of machines.
        lacks = f"{error.args[0]} is not set" if isinstance(error, KeyError) else "its variables do not fit together"
        found = f"does not describe its job step ({lacks})"
        if gives_way:
            return note(GROUP, "SLURM", f"{found}; TF_CONFIG is used", "nothing is to be done")
        return problem(GROUP, "SLURM", found, "start with srun, or set TF_CONFIG: docs/scaling.md")
    found = f"{tasks} tasks; this process is task {rank}"
    return ok(GROUP, "SLURM", f"{found}; TF_CONFIG is used instead" if gives_way else found)
