"""Commands that go on where they were stopped."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

EXIT_TERMINATED = 128 + 15  # what a shell reports after SIGTERM


@contextlib.contextmanager
def stopped_by_signals(command: str) -> Iterator[None]:
    """SIGTERM stops the work of a command in as orderly a way as Ctrl-C does; both say that it can go on."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread hears of signals.
        return

    def stop(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_IGN)  # The little that is left to do takes no time.
        raise SystemExit(EXIT_TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        print(f"{command}: stopped; the same command goes on", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
