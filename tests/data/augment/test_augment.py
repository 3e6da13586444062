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
from brave_tf.data.augment.random_convolution import LARGEST, convolve
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


def planes_of(frames):
    """One view [T, H, W, 3] as [1, 3, T, H, W]."""
    return tf.transpose(tf.constant(frames)[None], [0, 4, 1, 2, 3])


def frames_of(planes):
    return tf.transpose(planes, [0, 2, 3, 4, 1])[0].numpy()


@pytest.fixture(scope="module")
def frames():
    return tf.constant(np.random.default_rng(0).integers(0, 256, (4, 3, 32, 40, 3)), tf.uint8)


@pytest.mark.parametrize("parameter", [22, 11])
@pytest.mark.parametrize("sigma", [0.4, 1.3, 2.0])
def test_blur_equals_released_one(golden, parameter, sigma):
    blurred = blur(planes_of(golden["aug/frames"]), tf.constant([sigma]), parameter)
    np.testing.assert_allclose(frames_of(blurred), golden[f"aug/blur_k{parameter}_s{sigma}"], atol=1e-6)


def test_color_jitter_equals_released_one(golden):
    inputs = planes_of(golden["aug/color/in"])
    jittered = jitter(inputs, *(tf.constant([amount]) for amount in (0.07, 1.3, 0.7, 0.1)))
    np.testing.assert_allclose(frames_of(jittered), golden["aug/color/5_clip"], atol=1e-5)


@pytest.mark.parametrize("brightness", [-0.4, 0.0, 0.4])
def test_color_jitter_equals_the_one_through_hsv_also_outside_the_unit_range(brightness):
    colors = np.random.default_rng(0).random((1, 40, 50, 3), np.float32)
    colors[0, :4] = [[[0.0] * 3], [[1.0] * 3], [[0.5] * 3], [[1.0, 0.0, 0.0]]]
    changed = tf.image.adjust_brightness(tf.constant(colors), brightness)
    for saturation, contrast, hue in ((1.4, 0.6, 0.13), (0.0, 1.0, -0.2), (3.0, 2.0, 0.5)):
        expected = tf.image.adjust_contrast(_scale_saturation(changed, saturation), contrast)
        expected = tf.clip_by_value(_turn_hue(expected, hue), 0.0, 1.0)
        amounts = (tf.constant([amount]) for amount in (brightness, saturation, contrast, hue))
        np.testing.assert_allclose(frames_of(jitter(planes_of(colors), *amounts)), expected, atol=2e-5)


def _scale_saturation(colors, factor):
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(colors), axis=-1)
    return tf.image.hsv_to_rgb(tf.stack([hue, tf.clip_by_value(saturation * factor, 0.0, 1.0), value], axis=-1))


def _turn_hue(colors, turns):
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(colors), axis=-1)
    return tf.image.hsv_to_rgb(tf.stack([tf.math.floormod(hue + turns, 1.0), saturation, value], axis=-1))


def test_grayscale_equals_released_one(golden):
    grey = frames_of(grayscale(planes_of(golden["aug/color/in"])))
    np.testing.assert_allclose(grey, golden["aug/color/grayscale"], atol=1e-6)


@pytest.mark.parametrize("size", [1, 5, 11])
def test_random_convolution_equals_released_one(golden, size):
    margin = (LARGEST - size) // 2
    kernel = np.pad(golden[f"aug/randconv/w{size}"], [(margin, margin)] * 2 + [(0, 0)] * 2)
    inputs = np.stack([golden["aug/randconv/in"]] * 2)
    chosen = tf.constant([True, False])
    convolved = convolve(tf.constant(inputs), tf.constant([kernel] * 2), tf.constant([size] * 2), chosen)
    np.testing.assert_allclose(convolved[0], golden[f"aug/randconv/out{size}"], atol=1e-5)
    np.testing.assert_array_equal(convolved[1], inputs[1])


def test_crop_windows_are_spread_like_the_released_ones(golden):
    draw = tf.function(lambda seed: crop_window(seed, tf.constant(256), tf.constant(340), AugmentConfig()))
    seeds = tf.stack([tf.fill([4000], 7), tf.range(4000)], axis=1)
    windows = tf.function(lambda: tf.map_fn(draw, tf.cast(seeds, tf.int64), fn_output_signature=tf.int32))().numpy()
    places = [0.1, 0.25, 0.5, 0.75, 0.9]
    areas = np.quantile(windows[:, 2] * windows[:, 3] / (256 * 340), places)
    np.testing.assert_allclose(areas, golden["crop/stats_area_quantiles"][1:-1], atol=0.02)
    aspects = np.quantile(windows[:, 3] / windows[:, 2], places)
    np.testing.assert_allclose(aspects, golden["crop/stats_aspect_quantiles"][1:-1], atol=0.02)
    assert (windows[:, 0] + windows[:, 2]).max() <= 256 and (windows[:, 1] + windows[:, 3]).max() <= 340


def test_small_crops_are_drawn_when_asked_for():
    small = AugmentConfig(crop_area=(0.05, 0.1), crop_aspect=(1.0, 1.0))
    windows = np.stack(
        [crop_window(seed_of(number), tf.constant(200), tf.constant(200), small) for number in range(50)]
    )
    areas = windows[:, 2] * windows[:, 3] / 200**2
    assert areas.min() > 0.04 and areas.max() < 0.11 and len(np.unique(windows[:, 0])) > 20


def test_centred_windows_equal_the_released_ones(golden):
    # The last one is an image of 33 pixels, of which the released code keeps one.
    for (height, width), window in zip(golden["crop/center_in"][:-1], golden["crop/center_pad16"], strict=False):
        np.testing.assert_array_equal(centered_window(tf.constant(height), tf.constant(width), 16), window)
    assert tuple(centered_window(tf.constant(33), tf.constant(33), 16).numpy()) == (8, 8, 17, 17)


@pytest.mark.parametrize(
    ("size", "window"),
    [((224, 300), (16, 54, 192, 192)), ((300, 224), (54, 16, 192, 192)), ((40, 40), (10, 10, 20, 20))],
)
def test_whole_images_become_the_centred_window(size, window):
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
    np.testing.assert_array_equal(flipped[0], frames[0, ..., ::-1])
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
    graph = tf.function(augment.sample)
    compiled = tf.function(augment.sample, jit_compile=True)
    for number in range(100):
        eager = augment.sample(seed_of(number), EVERYTHING)
        for drawn in (graph(seed_of(number), EVERYTHING), compiled(seed_of(number), EVERYTHING)):
            for name, value in eager.items():
                np.testing.assert_array_equal(value, drawn[name], err_msg=name)


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
