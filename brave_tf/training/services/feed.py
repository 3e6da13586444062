"""Brings metrics to a service beside the training, which neither waits for it nor fails with it."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from brave_tf.errors import reason_of, short_reason
from brave_tf.progress import note, phase, warn
from brave_tf.runs.paths import METRICS_FILE
from brave_tf.training.services.service import Ending, Service, without_credentials

CLOSE_SECONDS = 30.0
"""How long the end of a run waits for a service."""


class _Figures(NamedTuple):
    step: int
    values: dict[str, float]


class Feed:
    """Lines of metrics on their way to a service, in a thread of its own.

    Nothing that goes wrong there is raised: it is said once, what could not be sent is tried again with the next line,
    and the end tells how many lines have not arrived.

    Args:
        service: its name, for messages.
        open_service: opens the run there; called in the thread.
    """

    def __init__(self, service: str, open_service: Callable[[], Service]):
        self._name = service
        self._open = open_service
        self._queue: queue.SimpleQueue[_Figures | Ending] = queue.SimpleQueue()
        self._received = self._sent = 0
        self._has_warned = self._is_closed = False
        self._thread = threading.Thread(target=self._work, name=f"brave_tf {service}", daemon=True)
        self._thread.start()

    def add(self, line: Mapping[str, Any]) -> None:
        """Takes a line of `metrics.jsonl`; its numbers are sent."""
        numbers = {name: float(value) for name, value in line.items() if isinstance(value, int | float)}
        self._received += 1
        self._queue.put(_Figures(int(numbers.pop("step")), numbers))

    def close(self, ending: Ending) -> None:
        """Waits until all is sent, `CLOSE_SECONDS` at most, and tells what has not arrived."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(ending)
        with phase(f"sending metrics to {self._name}"):
            self._thread.join(CLOSE_SECONDS)
        if missing := self._received - self._sent:
            note(
                f"{missing:,} of {self._received:,} lines of metrics did not reach {self._name}; {METRICS_FILE} has "
                "all of them, and the same command sends what is missing"
            )

    def _work(self) -> None:
        service: Service | None = None
        try:
            service = self._open()
            note(f"{self._name}: {service.place}")
        except Exception as error:
            self._warn(error)
        waiting: list[_Figures] = []
        while isinstance(item := self._queue.get(), _Figures):
            waiting.append(item)
            if service is not None:
                self._send(service, waiting)
        if service is not None:
            self._end(service, waiting, item)

    def _send(self, service: Service, waiting: list[_Figures]) -> None:
        try:
            while waiting:
                service.add(*waiting[0])
                waiting.pop(0)
                self._sent += 1
        except Exception as error:
            self._warn(error)

    def _end(self, service: Service, waiting: list[_Figures], ending: Ending) -> None:
        self._send(service, waiting)
        try:
            service.close(ending)
        except Exception as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            # In this order: half of an address may no longer look like one.
            reason = short_reason(Exception(without_credentials(reason_of(error))))
            warn(
                f"{self._name} does not take the metrics ({reason}); the training goes on, and {METRICS_FILE} has all "
                "of them"
            )
