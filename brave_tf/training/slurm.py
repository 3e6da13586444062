"""The cluster that a SLURM job step runs on, read from the variables that `srun` sets."""

import re
from collections.abc import Mapping

FIRST_PORT = 20_000
JOBS, TASKS = 1_000, 16
"""Ports are told apart by this many job numbers, and by this many tasks of one job on a host."""


def is_job_step(environment: Mapping[str, str]) -> bool:
    """Whether `srun` started this process as one of several."""
    return "SLURM_PROCID" in environment and int(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1


def workers(environment: Mapping[str, str]) -> list[str]:
    """The address of every task of the job step, "host:port", in the order of their ranks.

    TensorFlow's own `SlurmClusterResolver` sorts hosts by name, which is not the order of the ranks for n2 and n10.

    Args:
        environment: the variables that `srun` sets.

    Raises:
        ValueError: the list of hosts does not fit the number of tasks.
    """
    hosts = expand_hosts(environment["SLURM_STEP_NODELIST"])
    tasks = expand_tasks(environment["SLURM_STEP_TASKS_PER_NODE"])
    if len(hosts) != len(tasks) or max(tasks) > TASKS:
        raise ValueError(
            f"SLURM names the hosts {', '.join(hosts)} and {tasks} tasks on them; expected as many numbers as hosts, "
            f"none above {TASKS}"
        )
    first = FIRST_PORT + int(environment["SLURM_JOB_ID"]) % JOBS * TASKS
    return [f"{host}:{first + task}" for host, count in zip(hosts, tasks, strict=True) for task in range(count)]


def expand_hosts(text: str) -> list[str]:
    """Expands "gpu[01-03,7],login" into gpu01, gpu02, gpu03, gpu7, login.

    Raises:
        ValueError: the text is no list of hosts, or has several brackets in one name.
    """
    hosts = []
    # A comma divides hosts, unless it stands in brackets.
    for name in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        match = re.fullmatch(r"([^\[\]]*)(?:\[([\d,-]+)\])?([^\[\]]*)", name)
        if match is None:
            raise ValueError(f"received the hosts {text!r}; expected names such as gpu[01-03]")
        before, numbers, after = match.groups()
        hosts += [f"{before}{number}{after}" for number in _numbers(numbers)] if numbers else [name]
    return hosts


def expand_tasks(text: str) -> list[int]:
    """Expands "2(x3),1" into 2, 2, 2, 1."""
    counts = []
    for part in text.split(","):
        count, _, times = part.rstrip(")").partition("(x")
        counts += [int(count)] * int(times or 1)
    return counts


def _numbers(text: str) -> list[str]:
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]
    return numbers
