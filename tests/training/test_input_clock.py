"""The processor time of some threads, apart from that of the others."""

import sys
import threading
import time

import pytest

from brave_tf.training.input_clock import InputClock

SPENT = 0.05


def spend(seconds):
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the time of a thread")
def test_only_threads_that_come_before_the_first_batch_count():
    go_on, may_end = threading.Event(), threading.Event()
    reached = threading.Semaphore(0)

    def work():
        reached.release()
        go_on.wait()
        spend(SPENT)
        reached.release()
        may_end.wait()

    def start():
        thread = threading.Thread(target=work)
        thread.start()
        reached.acquire()
        return thread

    earlier = start()
    clock = InputClock()
    assert clock.seconds is None
    counted = start()
    clock.first_batch_came()
    later = start()
    before = clock.seconds
    go_on.set()
    for _ in range(3):
        reached.acquire()
    spend(SPENT)
    spent = clock.seconds - before
    # One thread of four, and it keeps what it had when it ends.
    assert SPENT <= spent < 2 * SPENT
    may_end.set()
    for thread in (earlier, counted, later):
        thread.join()
    assert clock.seconds - before >= SPENT


def test_a_system_that_does_not_tell_gives_none(monkeypatch, tmp_path):
    monkeypatch.setattr("brave_tf.training.input_clock._TASKS", tmp_path / "absent")
    clock = InputClock()
    clock.first_batch_came()
    assert clock.seconds is None
