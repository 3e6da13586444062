"""Horizontal flip of pictures and of optical flow."""

import numpy as np
import tensorflow as tf

from brave_tf.data.augment.flip import flip, flip_flow


def test_flip_mirrors_only_the_chosen_views(frames):
    flipped = flip(frames, tf.constant([True, False, True, False])).numpy()
    np.testing.assert_array_equal(flipped[0], frames[0, ..., ::-1])
    np.testing.assert_array_equal(flipped[1], frames[1])


def test_a_flip_of_flow_turns_its_horizontal_component_around():
    flow = tf.constant(np.random.default_rng(0).normal(size=(2, 2, 3, 4, 5)), tf.float32)
    flipped = flip_flow(flow, tf.constant([True, False])).numpy()
    np.testing.assert_array_equal(flipped[0, 0], -flow[0, 0, ..., ::-1])
    np.testing.assert_array_equal(flipped[0, 1], flow[0, 1, ..., ::-1])
    np.testing.assert_array_equal(flipped[1], flow[1])


def test_flow_of_a_flipped_picture_is_the_flipped_flow():
    # A bright column that moves to the right, seen in a mirror, moves to the left.
    frames = np.zeros((2, 1, 8), np.float32)
    frames[0, 0, 2] = frames[1, 0, 4] = 1
    place = [int(frame[0].argmax()) for frame in frames]
    mirrored = [int(frame[0, ::-1].argmax()) for frame in frames]
    flow = tf.fill([1, 2, 1, 1, 8], float(place[1] - place[0]))
    assert float(flip_flow(flow, tf.constant([True]))[0, 0, 0, 0, 0]) == mirrored[1] - mirrored[0] == -2
