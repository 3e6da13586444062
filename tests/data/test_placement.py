"""Where the views of a clip lie: in range, of the right span, wrapped at the end, aligned where they should be."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from brave_tf.config import (
    AudioViewConfig,
    AugmentConfig,
    BackboneConfig,
    BroadConfig,
    Config,
    ModelConfig,
    VideoViewConfig,
)
from brave_tf.data import sampling
from brave_tf.data.augment.crop import crop_window
from brave_tf.data.placement import place_views, window

FEW = settings(max_examples=40)
PLAIN = AugmentConfig()
# Networks that also take single frames.
IMAGES = ModelConfig(*[BackboneConfig(shift=0.0)] * 3)


def record(frames, samples=0):
    return {"frames": tf.fill([frames], b""), "audio": tf.zeros([samples])}


def placed(config, frames, samples=0, seed=0):
    views = place_views(record(frames, samples), sampling.example_seed(seed, tf.constant(3, tf.int64)), config)
    broad = {modality: [view.frames.numpy() for view in views.broad[modality]] for modality in views.broad}
    return views.narrow.frames.numpy(), broad, views.sound["audio"].numpy() if views.sound else None


def check_view(numbers, view, total):
    """In range, `step` apart, looping to the start of the clip."""
    assert len(numbers) == view.frames and numbers.min() >= 0 and numbers.max() < total
    np.testing.assert_array_equal((numbers[1:] - numbers[:-1]) % total, view.step % total)


VIEWS = st.builds(
    VideoViewConfig,
    frames=st.integers(1, 64),
    step=st.sampled_from([1, 2, 4, 6]),
    views=st.integers(1, 3),
    offset=st.sampled_from(["independent", "aligned"]),
)


@FEW
@given(narrow=VIEWS, rgb=VIEWS, total=st.integers(1, 400), seed=st.integers(0, 2**31 - 1))
def test_visual_views_of_any_kind_lie_in_clips_of_any_length(narrow, rgb, total, seed):
    narrow = dataclasses.replace(narrow, views=1, offset="independent")
    config = Config("test", BroadConfig(rgb=rgb, flow=dataclasses.replace(rgb, augment=FLOW)), narrow, IMAGES)
    found, broad, _ = placed(config, total, seed=seed)
    check_view(found, narrow, total)
    if total >= narrow.span_frames:
        assert found[-1] - found[0] == narrow.span_frames - 1, "a narrow view that fits does not wrap"
    for modality in ("rgb", "flow"):
        assert len(broad[modality]) == rgb.views
        for numbers in broad[modality]:
            check_view(numbers, rgb, total)
            if rgb.offset == "aligned":
                assert numbers[0] == found[0]


FLOW = AugmentConfig(blur=0.0, color=0.0, grayscale=0.0)


def test_every_broad_view_has_a_start_of_its_own():
    view = VideoViewConfig(frames=4, step=2, views=3)
    narrow_view = dataclasses.replace(view, views=1)
    config = Config("test", BroadConfig(rgb=view, flow=dataclasses.replace(view, augment=FLOW)), narrow_view)
    starts = []
    for seed in range(40):
        narrow, broad, _ = placed(config, 100, seed=seed)
        starts.append([narrow[0], *(numbers[0] for m in ("rgb", "flow") for numbers in broad[m])])
    starts = np.array(starts)
    correlations = np.corrcoef(starts.T)
    assert np.abs(correlations[~np.eye(7, dtype=bool)]).max() < 0.6
    # Broad views start anywhere, also where they do not fit; narrow ones only where they do.
    assert starts[:, 0].max() <= 93 and starts[:, 1:].max() > 93


RULES = [("aligned", "loop"), ("centered", "loop"), ("independent", "loop"), ("aligned", "zeros")]
AUDIO = st.builds(
    lambda seconds, rate, rule: AudioViewConfig(seconds, rate, offset=rule[0], padding=rule[1]),
    st.floats(0.1, 4),
    st.sampled_from([16_000, 22_050, 48_000]),
    st.sampled_from(RULES),
)


@FEW
@given(audio=AUDIO, total=st.integers(1, 300), share=st.floats(0.3, 1.2), seed=st.integers(0, 2**31 - 1))
def test_sound_views_of_any_kind_lie_in_sound_of_any_length(audio, total, share, seed):
    narrow = VideoViewConfig(frames=8, step=2)
    samples = max(int(total / 25 * share * audio.sample_rate_hz), 1)
    found, _, numbers = placed(Config("test", BroadConfig(audio=audio), narrow), total, samples, seed)
    assert numbers.shape == (audio.samples,) and numbers.max() < samples
    heard = numbers[numbers >= 0]
    assert audio.padding == "zeros" or len(heard) == len(numbers)
    np.testing.assert_array_equal((heard[1:] - heard[:-1]) % samples, 1 % samples)
    if audio.offset == "aligned":
        assert abs(numbers[0] - int(found[0]) * samples / total) <= 1
    elif audio.offset == "centered":
        middle = (numbers[0] + audio.samples // 2) % samples
        expected = (int(found[0]) + narrow.span_frames // 2) * samples / total % samples
        assert min(abs(middle - expected), samples - abs(middle - expected)) <= 1


def test_the_released_padding_goes_with_the_released_start():
    with pytest.raises(ValueError, match="padding=zeros with offset=centered; expected offset=aligned"):
        AudioViewConfig(offset="centered", padding="zeros")


def test_centered_sound_has_its_middle_at_the_middle_of_the_narrow_view():
    # The narrow view covers frames 100 to 130 of 250, its middle is frame 115, at 4.6 s.
    start = sampling.centered_sample(tf.constant(100, tf.int64), 31, tf.constant(250), 32_000, tf.constant(250 * 640))
    assert int(start) == 115 * 640 - 16_000


def test_released_padding_fills_sound_that_ends_before_its_picture():
    def numbers(frame, frames, samples, view_frames, count):
        found = sampling.released_sample_indices(
            tf.constant(frame, tf.int64), tf.constant(frames), tf.constant(samples), view_frames, count
        )
        return found.numpy().tolist()

    # Picture and sound are repeated twice; 12 samples are there, 10 from the second on, 16 are asked for.
    assert numbers(1, 4, 6, 6, 16) == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, *[-1] * 5]
    # The tiling rule counts frames times step, not the span: 4 frames for 4, 8 for 5.
    assert numbers(0, 4, 4, 4, 8) == [0, 1, 2, 3, -1, -1, -1, -1]
    assert numbers(0, 4, 4, 5, 8) == [0, 1, 2, 3, 0, 1, 2, 3]


@pytest.mark.parametrize("jitter", [(1.0, 1.0), (1.25, 1.25)])
def test_scale_jitter_zooms_into_the_window_that_is_drawn_without_it(jitter):
    view = VideoViewConfig(augment=AugmentConfig(scale_jitter=jitter))
    views = place_views(record(50), tf.constant([1, 2], tf.int64), Config("test", BroadConfig(rgb=view), view))
    height, width = tf.constant(256), tf.constant(340)
    drawn = crop_window(views.narrow.seed, height, width, PLAIN).numpy()
    found = window(views.narrow, height, width, view).numpy()
    np.testing.assert_allclose(found[2:] * jitter[0], drawn[2:], atol=1)
    np.testing.assert_allclose(found[:2] + found[2:] / 2, drawn[:2] + drawn[2:] / 2, atol=1)
