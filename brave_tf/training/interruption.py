"""Ctrl-C and SIGTERM while training: the step that runs is finished, recorded and saved first."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras

from brave_tf.method.step_function import finished_steps
from brave_tf.training.agreement import Agreement


class TerminatedError(SystemExit):
    """SIGTERM came and the run has saved itself; ends the process with status 0 if nobody catches it."""

    def __init__(self) -> None:
        super().__init__(0)


class StopOnSignal(keras.callbacks.Callback):
    """Stops after a step during which Ctrl-C was pressed or SIGTERM came; comes last in the list of callbacks.

    A signal would otherwise strike when the weights have changed and no callback has run: a checkpoint made then has
    no line in the metrics. With several workers a signal to one stops them all, after the same step. The second Ctrl-C
    is not held back.

    Raises `KeyboardInterrupt` for Ctrl-C and `TerminatedError` for SIGTERM, from `on_train_batch_end`.

    Args:
        save: saves the model as it is, for example `Checkpoints.save`.
    """

    def __init__(self, save: Callable[[], None]):
        super().__init__()
        self._save = save
        self._signal: int | None = None
        self._before: dict[int, Any] = {}
        self._agreement: Agreement | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes over both signals; does nothing outside the main thread, where Python delivers none.

        Training listens by itself; a caller may begin earlier, and is then stopped when the training begins.
        """
        listens = not self._before and threading.current_thread() is threading.main_thread()
        if listens:
            self._before = {number: signal.signal(number, self._receive) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            if listens:
                self._stop_listening()

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins to listen; stops at once if a signal came before."""
        self._agreement = Agreement(self.model.distribute_strategy)
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(self.listening())
        self._stop_after_signal()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves and stops if any worker has received a signal."""
        self._stop_after_signal()

    def on_train_end(self, logs: Any = None) -> None:
        """Listens no longer."""
        self._stack.close()

    def _stop_after_signal(self) -> None:
        if self._agreement is None or not self._agreement.any(self._signal is not None):
            return
        self._save()
        self._stack.close()
        print(f"stopped after step {finished_steps(self.model)}", file=sys.stderr, flush=True)
        # A worker that received none itself stops as after SIGTERM.
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        raise TerminatedError

    def _stop_listening(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _receive(self, number: int, frame: Any) -> None:
        if number == self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        self._signal = number
        again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
        print(f"\nstopping after this step{again}", file=sys.stderr, flush=True)
