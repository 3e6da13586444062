"""Whether this library can work on this machine: what is there, what is missing, and how to mend it.

Calling the package looks at everything: `brave_tf.doctor()` is `brave_tf.commands.doctor`.
"""

from typing import TYPE_CHECKING

from brave_tf.lazy import make_callable, public_names

if TYPE_CHECKING:
    from brave_tf.doctor.check import Check as Check
    from brave_tf.doctor.diagnosis import Diagnosis as Diagnosis
    from brave_tf.doctor.diagnosis import diagnose as diagnose

__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "Check": "check",
        "Diagnosis": "diagnosis",
        "diagnose": "diagnosis",
    },
)
make_callable(__name__)
