"""The log-mel front end against the released one."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AudioViewConfig
from brave_tf.data.spectrogram import log_mel
from tests import golden_files


@pytest.mark.parametrize(("name", "rate"), [("48k", 48_000), ("16k", 16_000)])
def test_equals_released_front_end(name, rate):
    golden = golden_files.load("views")
    spectrogram = log_mel(tf.constant(golden[f"audio_fe/{name}/wave"]), AudioViewConfig(sample_rate_hz=rate))
    np.testing.assert_allclose(spectrogram, golden[f"audio_fe/{name}/logmel"], atol=2e-2)


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (160, 1), (161, 2), (80_000, 500)])
def test_frames_are_counted_up(samples, frames):
    assert log_mel(tf.zeros([2, 3, samples]), AudioViewConfig()).shape == (2, 3, frames, 80)


def test_a_tone_lights_its_band_and_silence_is_zero():
    time = np.arange(16_000) / 16_000
    tone = log_mel(tf.constant(np.sin(2 * np.pi * 1000 * time), tf.float32), AudioViewConfig()).numpy()
    mel_of = lambda hz: 1127 * np.log(1 + hz / 700)  # noqa: E731
    band = (mel_of(1000) - mel_of(80)) / (mel_of(7600) - mel_of(80)) * 81 - 1
    assert abs(tone[50].argmax() - band) <= 1
    assert not np.any(log_mel(tf.zeros([16_000]), AudioViewConfig()))


EMPTY_AT_48_KHZ = [0, 3, 4, 5, 6, 9, 10, 11, 14, 15, 18, 19, 22, 25, 28, 31]


@pytest.mark.parametrize(("rate", "empty"), [(48_000, EMPTY_AT_48_KHZ), (16_000, [])])
def test_at_48_khz_16_mel_bands_are_empty_and_at_16_khz_none(rate, empty):
    view = AudioViewConfig(sample_rate_hz=rate)
    noise = np.random.default_rng(0).uniform(-1, 1, 16_000).astype(np.float32)
    spectrogram = log_mel(tf.constant(noise), view).numpy()
    assert np.flatnonzero(spectrogram.max(axis=0) == 0).tolist() == empty
    assert np.median(spectrogram[:, np.setdiff1d(np.arange(80), empty)], axis=0).min() > 3
