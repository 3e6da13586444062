"""Processes that decode: what becomes of a file whose process dies, hangs or grows."""

import os
import time

import pytest

from brave_tf.config import EvaluationInput
from brave_tf.embedding import decoding
from brave_tf.embedding.decoding import decoded_in_processes
from brave_tf.embedding.threads import done_in_threads, made_ahead
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.layouts import Source
from tests.embedding.odd_jobs import OddJob


def run(tmp_path, *names, workers=2):
    jobs = [
        OddJob(number, Source(tmp_path / f"{number}", name), EvaluationInput(), 1.0, 1.0)
        for number, name in enumerate(names)
    ]
    events = [event for event in decoded_in_processes(jobs, workers) if event]
    return [[content for number, content in events if number == job.number] for job in jobs]


def test_each_window_comes_once_and_in_order(tmp_path):
    for found in run(tmp_path, "nothing", "dies_once", "nothing", "dies_once"):
        assert found == [0, 1, 2, 3, 4, Outcome([])]


def test_a_file_whose_process_dies_twice_is_left_out(tmp_path):
    dead, other = run(tmp_path, "dies", "nothing")
    assert dead[:3] == [0, 1, 2] and "ended the process that read it, twice (it crashed, SIGSEGV)" in dead[-1].reason
    assert other[-1] == Outcome([]) and (tmp_path / "0").read_text() == "xx"


def test_a_file_that_hangs_is_left_out_and_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_SILENT_SECONDS", 3.0)
    hung, other = run(tmp_path, "hangs", "nothing")
    assert hung == [0, 1, 2, Outcome([], "gave nothing for 3 s")]
    assert other[-1] == Outcome([]) and (tmp_path / "0").read_text() == "x"


def test_a_process_that_waits_for_room_does_not_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_SILENT_SECONDS", 3.0)
    job = OddJob(0, Source(tmp_path / "0", "nothing"), EvaluationInput(), 1.0, 1.0)
    found = []
    for event in decoded_in_processes([job], 1):
        if event:
            found.append(event[1])
            time.sleep(4 * (event[1] == 0))
    assert found == [0, 1, 2, 3, 4, Outcome([])]


def test_a_file_that_fills_the_memory_is_left_out(tmp_path, monkeypatch):
    limits = decoding.FileLimits
    monkeypatch.setattr(decoding, "FileLimits", lambda seconds: limits(seconds, 300_000_000))
    grown, other = run(tmp_path, "grows", "nothing")
    assert "GiB of memory" in grown[-1].reason and other[-1] == Outcome([])


def test_processes_end_with_who_listens(tmp_path):
    job = OddJob(0, Source(tmp_path / "0", "hangs"), EvaluationInput(), 1.0, 1.0)
    events = decoded_in_processes([job], 1)
    while next(events) is None:
        pass
    processes = [decoder.worker.number for decoder in events.gi_yieldfrom.gi_frame.f_locals["self"]._decoders]
    events.close()
    for number in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_an_error_of_a_job_is_raised(tmp_path):
    with pytest.raises(AttributeError, match="unheard_of"):
        run(tmp_path, "unheard_of")


def test_threads_give_the_same(tmp_path):
    jobs = [OddJob(n, Source(tmp_path / str(n), "nothing"), EvaluationInput(), 1.0, 1.0) for n in range(5)]
    events = [event for event in done_in_threads(jobs, 3) if event]
    for job in jobs:
        assert [content for number, content in events if number == job.number] == [0, 1, 2, 3, 4, Outcome([])]


def test_an_error_in_a_thread_is_raised(tmp_path):
    job = OddJob(0, Source(tmp_path / "0", "unheard_of"), EvaluationInput(), 1.0, 1.0)
    with pytest.raises(AttributeError, match="unheard_of"):
        list(done_in_threads([job], 2))


def test_what_is_made_ahead_waits_for_room_and_ends_when_nobody_wants_it():
    made, closed = [], []

    def endless():
        try:
            while True:
                made.append(len(made))
                yield made[-1]
        finally:
            closed.append(True)

    with made_ahead(endless(), 2) as items:
        assert [next(items) for _ in range(3)] == [0, 1, 2]
    assert closed == [True] and len(made) <= 7


def test_an_error_of_what_is_made_ahead_is_raised():
    def failing():
        yield 1
        raise OSError("no more")

    with made_ahead(failing(), 2) as items, pytest.raises(OSError, match="no more"):
        assert list(items) == [1]
