"""The temporal shift moves channels between frames, and puts them where the released code puts them."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.models.temporal_shift import temporal_shift
from tests import golden_files


def test_equals_released_code():
    golden = golden_files.load("shift")
    frames = golden["shift/x_batch_major"]
    clips = frames.reshape(2, 3, *frames.shape[1:])
    np.testing.assert_array_equal(temporal_shift(clips), golden["shift/gpu_out"].reshape(clips.shape))


def test_last_channels_come_from_the_next_frame_and_lead():
    clips = np.arange(3, dtype="float32").reshape(1, 3, 1, 1, 1) + np.arange(8, dtype="float32") * 10
    shifted = np.asarray(temporal_shift(clips))[0, :, 0, 0]
    np.testing.assert_array_equal(shifted[:, 0], [71, 72, 0])
    np.testing.assert_array_equal(shifted[:, 1:7], clips[0, :, 0, 0, 1:7])
    np.testing.assert_array_equal(shifted[:, 7], [0, 0, 1])


def test_too_few_channels_stay():
    clips = np.random.default_rng(0).random((1, 3, 2, 2, 7), dtype="float32")
    np.testing.assert_array_equal(temporal_shift(clips), clips)


def by_slices(clips, moved):
    """What the shift is, said by slices."""
    ends = [[0, 0], [0, 0], [0, 0]]
    from_next = tf.pad(clips[:, 1:, :, :, -moved:], [[0, 0], [0, 1], *ends])
    from_previous = tf.pad(clips[:, :-1, :, :, :moved], [[0, 0], [1, 0], *ends])
    return tf.concat([from_next, clips[..., moved:-moved], from_previous], axis=-1)


@pytest.mark.parametrize(("channels", "moved"), [(16, 2), (12, 1), (28, 3)])
@pytest.mark.parametrize("shape", [(2, 4, 3, 3), (None, None, None, None)])
def test_values_and_gradients_are_those_of_slices(channels, moved, shape):
    clips = tf.random.stateless_normal([2, 4, 3, 3, channels], [0, 1])
    direction = tf.random.stateless_normal(clips.shape, [2, 3])
    results = []
    for shift in (temporal_shift, lambda clips: by_slices(clips, moved)):

        @tf.function(input_signature=[tf.TensorSpec([*shape, channels])])
        def run(clips, shift=shift):
            with tf.GradientTape() as tape:
                tape.watch(clips)
                shifted = shift(clips)
            return shifted, tape.gradient(shifted, clips, direction)

        results.append(run(clips))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_gradient_fills_a_whole_tensor_from_a_slice():
    clips = tf.TensorSpec([2, 4, 3, 3, 16])

    @tf.function(input_signature=[clips])
    def gradient(clips):
        return tf.gradients(temporal_shift(clips), clips)[0]

    slices = [op for op in gradient.get_concrete_function().graph.get_operations() if op.type == "StridedSliceGrad"]
    assert {op.outputs[0].shape[-1] for op in slices} == {2}
