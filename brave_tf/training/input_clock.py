"""Processor time of the input, apart from that of the step, which runs in the same process."""

from pathlib import Path

_TASKS = Path("/proc/self/task")
_NANOSECOND = 1e-9


class InputClock:
    """Adds up the processor time of the threads that come with the first batch.

    They are the input's: its private threads (`brave_tf.data.pipeline`) and those that hand batches on. The step's
    threads come with TensorFlow's context. Only Linux tells the time of a thread.
    """

    def __init__(self) -> None:
        self._others = frozenset(_thread_seconds())
        self._spent: dict[str, float] | None = None

    def first_batch_came(self) -> None:
        """Takes every thread that is new since the clock was made for one of the input."""
        self._spent = dict.fromkeys(_thread_seconds().keys() - self._others, 0.0)

    @property
    def seconds(self) -> float | None:
        """Processor seconds so far; None before the first batch, and where the system does not tell."""
        if not self._spent:
            return None
        now = _thread_seconds()
        # What a thread that has ended had spent stays counted.
        self._spent = {thread: now.get(thread, before) for thread, before in self._spent.items()}
        return sum(self._spent.values())


def _thread_seconds() -> dict[str, float]:
    """Processor seconds of every thread of this process, by its number."""
    seconds = {}
    for task in _TASKS.iterdir() if _TASKS.is_dir() else ():
        try:
            seconds[task.name] = int((task / "schedstat").read_text().split()[0]) * _NANOSECOND
        except (OSError, ValueError, IndexError):
            continue  # It has ended, or this Linux keeps no such account.
    return seconds
