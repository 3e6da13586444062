"""Each augmentation equals the released one, shows an effect, is one for all frames, and follows from its seed."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data import augment
from brave_tf.data.augment.blur import blur
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.crop import centered_window, crop_window
from brave_tf.data.augment.flip import flip
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.random import truncated_normal, uniform
from brave_tf.data.augment.random_convolution import LARGEST, convolve, convolve_one
from tests import golden_files

NOTHING = AugmentConfig(flip=0.0, blur=0.0, color=0.0, grayscale=0.0, random_convolution=0.0)
EVERYTHING = AugmentConfig(flip=0.5, blur=0.5, color=0.5, grayscale=0.5, random_convolution=0.5)


@pytest.fixture(scope="module")
def golden():
    return golden_files.load("views")


def seed_of(number):
    return tf.constant([7, number], tf.int64)


def batch_of(count, config):
    drawn = [augment.sample(seed_of(number), config) for number in range(count)]
    return drawn, {name: tf.stack([parameters[name] for parameters in drawn]) for name in drawn[0]}


@pytest.fixture(scope="module")
def frames():
    return tf.constant(np.random.default_rng(0).integers(0, 256, (4, 3, 32, 40, 3)), tf.uint8)


@pytest.mark.parametrize("parameter", [22, 11])
@pytest.mark.parametrize("sigma", [0.4, 1.3, 2.0])
def test_blur_equals_released_one(golden, parameter, sigma):
    blurred = blur(tf.constant(golden["aug/frames"])[None], tf.constant([sigma]), parameter)[0]
    np.testing.assert_allclose(blurred, golden[f"aug/blur_k{parameter}_s{sigma}"], atol=1e-6)


def test_color_jitter_equals_released_one(golden):
    inputs = tf.constant(golden["aug/color/in"])[None]
    jittered = jitter(inputs, *(tf.constant([amount]) for amount in (0.07, 1.3, 0.7, 0.1)))[0]
    np.testing.assert_allclose(jittered, golden["aug/color/5_clip"], atol=1e-5)


def test_grayscale_equals_released_one(golden):
    np.testing.assert_allclose(grayscale(golden["aug/color/in"]), golden["aug/color/grayscale"], atol=1e-6)


@pytest.mark.parametrize("size", [1, 5, 11])
def test_random_convolution_equals_released_one(golden, size):
    margin = (LARGEST - size) // 2
    kernel = np.pad(golden[f"aug/randconv/w{size}"], [(margin, margin)] * 2 + [(0, 0)] * 2)
    inputs = tf.constant(golden["aug/randconv/in"])
    expected = golden[f"aug/randconv/out{size}"]
    np.testing.assert_allclose(convolve(inputs[None], kernel[None])[0], expected, atol=1e-5)
    np.testing.assert_allclose(convolve_one(inputs, tf.constant(kernel), tf.constant(size)), expected, atol=1e-5)


def test_crop_windows_are_spread_like_the_released_ones(golden):
    draw = tf.function(lambda seed: crop_window(seed, tf.constant(256), tf.constant(340), AugmentConfig()))
    windows = np.stack([draw(seed_of(number)).numpy() for number in range(1500)])
    places = [0.1, 0.25, 0.5, 0.75, 0.9]
    areas = np.quantile(windows[:, 2] * windows[:, 3] / (256 * 340), places)
    np.testing.assert_allclose(areas, golden["crop/stats_area_quantiles"][1:-1], atol=0.03)
    aspects = np.quantile(windows[:, 3] / windows[:, 2], places)
    np.testing.assert_allclose(aspects, golden["crop/stats_aspect_quantiles"][1:-1], atol=0.06)
    assert (windows[:, 0] + windows[:, 2]).max() <= 256 and (windows[:, 1] + windows[:, 3]).max() <= 340


@pytest.mark.parametrize(
    ("size", "window"),
    [((224, 300), (16, 54, 192, 192)), ((300, 224), (54, 16, 192, 192)), ((40, 40), (10, 10, 20, 20))],
)
def test_whole_images_become_the_centred_window(size, window):
    assert tuple(centered_window(tf.constant(size[0]), tf.constant(size[1]), 16).numpy()) == window
    whole = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=(size[1] / size[0],) * 2)
    assert tuple(crop_window(seed_of(0), tf.constant(size[0]), tf.constant(size[1]), whole).numpy()) == window


@pytest.mark.parametrize(
    "change",
    [
        {"flip": 1.0},
        {"blur": 1.0, "blur_sigma": (1.0, 1.0)},
        {"color": 1.0},
        {"grayscale": 1.0},
        {"random_convolution": 1.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_step_has_an_effect_that_is_the_same_for_all_frames(frames, change):
    config = AugmentConfig(**{"flip": 0.0, "blur": 0.0, "color": 0.0, "grayscale": 0.0, **change})
    _, parameters = batch_of(1, config)
    still = tf.repeat(frames[:1, :1], 3, axis=1)
    changed = augment.apply(still, parameters, config).numpy()
    untouched = augment.apply(still, parameters, NOTHING).numpy()
    assert np.abs(changed - untouched).mean() > 0.01
    np.testing.assert_array_equal(changed[:, 0], changed[:, 2])


def test_flip_mirrors_only_the_chosen_views(frames):
    flipped = flip(frames, tf.constant([True, False, True, False])).numpy()
    np.testing.assert_array_equal(flipped[0], frames[0, :, :, ::-1])
    np.testing.assert_array_equal(flipped[1], frames[1])


def test_no_augmentation_only_scales(frames):
    _, parameters = batch_of(4, NOTHING)
    np.testing.assert_allclose(augment.apply(frames, parameters, NOTHING), frames.numpy() / 255, atol=1e-6)


def test_host_and_device_give_the_same_views(frames):
    drawn, parameters = batch_of(4, EVERYTHING)
    on_device = augment.apply(frames, parameters, EVERYTHING)
    on_host = tf.stack([augment.apply_one(frames[i], drawn[i], EVERYTHING) for i in range(4)])
    np.testing.assert_allclose(on_host, on_device, atol=1e-5)


def test_parameters_follow_from_the_seed():
    first, again, other = (augment.sample(seed_of(number), EVERYTHING) for number in (1, 1, 2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert float(first["hue"]) != float(other["hue"])
    assert not np.array_equal(first["kernel"], other["kernel"])


def test_parameters_are_the_same_eager_in_graphs_and_compiled():
    eager = augment.sample(seed_of(3), EVERYTHING)
    graph = tf.function(augment.sample)(seed_of(3), EVERYTHING)
    compiled = tf.function(augment.sample, jit_compile=True)(seed_of(3), EVERYTHING)
    for name, value in eager.items():
        np.testing.assert_allclose(
            tf.cast(value, tf.float32), tf.cast(graph[name], tf.float32), atol=1e-6, err_msg=name
        )
        np.testing.assert_allclose(
            tf.cast(value, tf.float32), tf.cast(compiled[name], tf.float32), atol=1e-6, err_msg=name
        )


def test_probabilities_and_ranges_are_kept():
    drawn = [augment.sample(seed_of(number), EVERYTHING) for number in range(300)]
    for name in ("flip", "blur", "color", "grayscale", "random_convolution"):
        assert np.mean([bool(parameters[name]) for parameters in drawn]) == pytest.approx(0.5, abs=0.1)
    hues = [float(parameters["hue"]) for parameters in drawn]
    assert -0.2 <= min(hues) < -0.15 and 0.15 < max(hues) <= 0.2
    assert {int(parameters["kernel_size"]) for parameters in drawn} == {1, 3, 5, 7, 9, 11}


def test_kernels_are_he_normal():
    kernels = [augment.sample(seed_of(number), EVERYTHING) for number in range(400)]
    chosen = np.stack([k["kernel"].numpy()[3:8, 3:8] for k in kernels if int(k["kernel_size"]) == 5])
    assert chosen.std() == pytest.approx(np.sqrt(2 / 75), rel=0.03)
    eleven = next(k for k in kernels if int(k["kernel_size"]) == 5)["kernel"].numpy()
    assert np.all(eleven[:3] == 0) and np.all(eleven[:, 8:] == 0)


def test_uniform_fills_its_range():
    values = uniform(seed_of(0), -1.0, 3.0, shape=(20_000,)).numpy()
    assert values.min() == pytest.approx(-1, abs=0.01) and values.max() == pytest.approx(3, abs=0.01)
    assert values.mean() == pytest.approx(1.0, abs=0.05)


def test_truncated_normal_has_variance_one():
    values = truncated_normal(seed_of(0), (50_000,)).numpy()
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.abs(values).max() <= 2 / 0.8796 + 1e-3


def test_describe_names_what_happens():
    parameters = {**augment.sample(seed_of(0), EVERYTHING), "flip": True, "blur": False, "grayscale": True}
    assert augment.describe(parameters).startswith("flipped") and "grey" in augment.describe(parameters)
    nothing = augment.sample(seed_of(0), NOTHING)
    assert augment.describe(nothing) == "unchanged"
