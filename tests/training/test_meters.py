"""Clips per second, by a clock that the test moves."""

import pytest

from brave_tf.training import callbacks, meters


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(meters.time, "monotonic", lambda: now[0])
    return now


def test_throughput_is_counted_from_its_last_start(clock):
    throughput = meters.Throughput(batch_size=10)
    assert throughput.clips_per_second is None
    clock[0] += 5
    throughput.restart()
    for _ in range(3):
        clock[0] += 2
        throughput.count()
    assert throughput.seconds == 6 and throughput.clips_per_second == 5


def test_the_summary_leaves_the_first_step_out_of_the_speed_alone(clock):
    outcome = callbacks.FitSummary(batch_size=10)
    outcome.on_train_begin()
    for seconds, loss in [(30, 3.0), (2, 2.0), (2, 1.5)]:
        clock[0] += seconds
        outcome.on_train_batch_end(0, {"loss": loss})
        if loss == 3.0:
            assert outcome.summary()["clips_per_second"] is None
    assert outcome.summary() == {"final_loss": 1.5, "clips_per_second": 5, "seconds": 34}
