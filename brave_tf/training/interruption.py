"""Ctrl-C while training: the step that runs is finished and recorded first."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import keras


class StopOnInterrupt(keras.callbacks.Callback):
    """Raises KeyboardInterrupt after a step during which Ctrl-C was pressed; comes last in the list of callbacks.

    A signal would otherwise strike when the weights have changed and no callback has run: a checkpoint made then has
    no line in the metrics. The second Ctrl-C is not held back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes over SIGINT; does nothing outside the main thread, where Python delivers no signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops if asked to."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: Any) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        print("\nstopping after this step; Ctrl-C again stops at once", file=sys.stderr, flush=True)
