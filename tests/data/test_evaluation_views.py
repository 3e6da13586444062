"""What an evaluation shows: windows of pictures, optical flow and sound, each computed once."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AudioViewConfig, AugmentConfig, EvaluationConfig, EvaluationInput
from brave_tf.data import sampling
from brave_tf.data.evaluation_views import classifier_sample, evaluation_windows
from brave_tf.data.spectrogram import log_mel

RATE = 1000
AUDIO = AudioViewConfig(sample_rate_hz=RATE, mel_bands=8, window_samples=64, step_samples=32, low_hz=20, high_hz=400)


def jpegs(frames, height=40, width=60):
    """Grey pictures that brighten with time, darker in their right half."""
    pictures = np.zeros((frames, height, width, 3), np.uint8)
    pictures += (4 * np.arange(frames, dtype=np.uint8))[:, None, None, None] + 40
    pictures[:, :, width // 2 :] //= 2
    return tf.constant([tf.io.encode_jpeg(picture, quality=100).numpy() for picture in pictures])


def record(frames=30, samples=0, flow=None, flow_step=1):
    sound = np.sin(np.arange(samples) * np.linspace(0.05, 1.5, max(samples, 1))[:samples]).astype(np.float32)
    return {
        "frames": jpegs(frames),
        "flow": tf.constant(flow if flow is not None else [], tf.string),
        "flow_step": tf.constant(flow_step, tf.int64),
        "audio": tf.constant(sound),
    }


def input_view(modality="rgb", **view):
    return EvaluationInput(modality, EvaluationConfig(**view), AUDIO if modality == "audio" else None)


def test_windows_that_are_alike_are_shown_once():
    view = {"frames": 4, "step": 2, "size": 32, "shorter_side": 40, "windows": 5, "crops": 2}
    for frames, different in ((30, 5), (9, 3), (7, 1), (3, 1)):
        windows, places = evaluation_windows(record(frames), input_view(**view))
        assert windows.shape == (2 * different, 4, 32, 32, 3) and windows.dtype == tf.uint8
        starts = sampling.window_starts(tf.constant(frames), 7, 5).numpy()
        expected = [list((start + 2 * np.arange(4)) % frames * 4 + 40) for start in starts]
        # The left crop is as bright as the frames.
        brightness = tf.gather(windows, places)[:5, :, 16, 4, 0].numpy()
        np.testing.assert_allclose(brightness, expected, atol=2)
        assert len(places) == 10 and sorted(set(places.numpy())) == list(range(2 * different))


@pytest.mark.parametrize(
    ("places", "corners"),
    [("diagonal", [[0, 0], [16, 58], [32, 116]]), ("centered", [[16, 0], [16, 58], [16, 116]])],
)
def test_crops_lie_on_the_diagonal_or_in_a_centered_row(places, corners):
    found = sampling.crop_corners(tf.constant(256), tf.constant(340), 224, 3, places)
    assert found.numpy().tolist() == corners
    upright = sampling.crop_corners(tf.constant(340), tf.constant(256), 224, 3, places)
    assert upright.numpy().tolist() == [[top, left] for left, top in corners]


def test_sound_is_windowed_evenly_and_a_short_one_loops():
    view = input_view("audio", audio_seconds=1.0, windows=4, crops=3)
    clip = record(samples=2500)
    windows, places = evaluation_windows(clip, view)
    assert windows.shape == (4, 32, 8) and places.numpy().tolist() == [0, 1, 2, 3]
    sound = clip["audio"].numpy()
    for window, start in zip(windows, (0, 500, 1000, 1500), strict=True):
        np.testing.assert_allclose(window, log_mel(sound[start : start + 1000], view.sound), atol=1e-5)
    short = record(samples=700)
    windows, places = evaluation_windows(short, view)
    assert windows.shape == (1, 32, 8) and places.numpy().tolist() == [0, 0, 0, 0]
    looped = np.concatenate([short["audio"].numpy()] * 2)[:1000]
    np.testing.assert_allclose(windows[0], log_mel(looped, view.sound), atol=1e-5)


def test_samples_of_sound_start_anywhere_and_loop():
    view = input_view("audio", audio_seconds=1.0)
    clip = record(samples=1000)
    samples = [classifier_sample(clip, tf.constant([0, n], tf.int64), view).numpy() for n in range(6)]
    assert all(sample.shape == (32, 8) for sample in samples)
    assert len({sample.tobytes() for sample in samples}) == 6
    again = classifier_sample(clip, tf.constant([0, 3], tf.int64), view).numpy()
    np.testing.assert_array_equal(samples[3], again)
    # A shifted sound has about the same energy.
    energies = [sample.mean() for sample in samples]
    assert np.ptp(energies) < 0.2 * np.mean(energies)


def flow_pngs(count):
    """Flow pictures whose two channels tell their number: 128 + n, and 128 - n."""
    planes = [np.full((40, 60, 2), [128 + number, 128 - number], np.uint8) for number in range(count)]
    return [tf.io.encode_png(each).numpy() for each in planes]


@pytest.mark.parametrize("step", [1, 2])
def test_flow_is_taken_at_the_places_of_its_frames(step):
    view = input_view("flow", frames=4, step=2, size=32, shorter_side=40, windows=2, crops=1)
    clip = record(12, flow=flow_pngs(-(-12 // step)), flow_step=step)
    windows, _ = evaluation_windows(clip, view)
    assert windows.shape == (2, 4, 32, 32, 2) and windows.dtype == tf.uint8
    frames = np.array([[0, 2, 4, 6], [5, 7, 9, 11]])
    np.testing.assert_array_equal(windows[..., 16, 16, 0], 128 + frames // step)
    np.testing.assert_array_equal(windows[..., 16, 16, 1], 128 - frames // step)
    sample = classifier_sample(clip, tf.constant([0, 1], tf.int64), view)
    assert sample.shape == (4, 32, 32, 2) and float(tf.reduce_max(tf.abs(sample))) <= 1


def test_samples_are_augmented_as_the_encoder_was_in_pre_training_without_blur():
    plain = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=(1.5, 1.5), flip=0.0, blur=0.0, color=0.0, grayscale=0.0)
    clip, seed = record(1), tf.constant([0, 1], tf.int64)

    def sample(**changes):
        augment = dataclasses.replace(plain, **changes)
        return classifier_sample(
            clip, seed, dataclasses.replace(input_view(frames=1, size=32), augment=augment)
        ).numpy()

    left, right = sample()[0, :, :14].mean(), sample()[0, :, 18:].mean()
    assert left == pytest.approx(2 * right, abs=0.02)
    np.testing.assert_allclose(sample(flip=1.0), sample()[:, :, ::-1], atol=0.02)
    np.testing.assert_array_equal(sample(blur=1.0, blur_sigma=(2.0, 2.0), random_convolution=1.0), sample())
