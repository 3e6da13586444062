"""Run directories: the names in them, what they record, and whose they are; all of it without TensorFlow."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.runs.record import RunRecord as RunRecord
    from brave_tf.runs.record import read_run as read_run

__all__, __getattr__, __dir__ = public_names(__name__, {"RunRecord": "record", "read_run": "record"})
