"""Looks at everything that the library needs, and says what stops work."""

import contextlib
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from brave_tf import __version__
from brave_tf.doctor import cluster, disk, extras, framework, hardware, media, software, variables
from brave_tf.doctor.check import Check
from brave_tf.doctor.private import without_names
from brave_tf.doctor.probe import Apart, Probe, run_here

HANGING_DISK = "a disk or network share does not answer: set XDG_CACHE_HOME and TMPDIR to folders of this machine"
PROBES = (
    Probe(software.look_at_system, software.SYSTEM, ("Python", "platform")),
    Probe(software.look_at_packages, software.PACKAGES),
    Probe(hardware.look_at_hardware, hardware.GROUP, ("CPU", "memory")),
    Probe(disk.look_at_disk, disk.GROUP, disk.NAMES, limit_seconds=20.0, fix=HANGING_DISK),
    Probe(framework.look_at_tensorflow, framework.GROUP, framework.NAMES, limit_seconds=180.0, fix=framework.FIX),
    Probe(media.look_at_media, media.GROUP, media.NAMES, limit_seconds=60.0, fix=media.FIX),
    Probe(cluster.look_at_cluster, cluster.GROUP),
    Probe(variables.look_at_variables, variables.GROUP),
    Probe(extras.look_at_extras, extras.GROUP),
)
"""What is looked at, in the order in which it is told. What has a limit may hang or crash."""


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        checks: one for each thing that was looked at.
    """

    checks: tuple[Check, ...]

    @property
    def problems(self) -> tuple[Check, ...]:
        """What stops work."""
        return tuple(check for check in self.checks if check.status == "problem")

    @property
    def notes(self) -> tuple[Check, ...]:
        """What some commands lack."""
        return tuple(check for check in self.checks if check.status == "note")

    @property
    def is_well(self) -> bool:
        """Whether nothing stops work."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        checks = [dataclasses.asdict(check) for check in self.checks]
        return {"brave_tf": __version__, "is_well": self.is_well, "checks": checks}


def diagnose(probes: Sequence[Probe] = PROBES) -> Diagnosis:
    """Looks at everything. What may hang or crash is looked at meanwhile, in processes of its own.

    Args:
        probes: what to look at.
    """
    limited = [probe for probe in probes if probe.limit_seconds is not None]
    with ThreadPoolExecutor(max(len(limited), 1)) as pool, contextlib.ExitStack() as stack:
        apart = {probe: stack.enter_context(Apart(probe)) for probe in limited}
        waiting = {probe: pool.submit(each.checks) for probe, each in apart.items()}
        found = {probe: run_here(probe) for probe in probes if probe not in waiting}
        found |= {probe: each.result() for probe, each in waiting.items()}
    return Diagnosis(tuple(without_names(check) for probe in probes for check in found[probe]))
