"""`SequenceExample` records in the MediaSequence and DMVR conventions."""

import tensorflow as tf

from brave_tf.config import SOURCE_FPS

FRAMES = "image/encoded"
FRAME_TIMES = "image/timestamp"
WAVEFORM = "WAVEFORM/feature/floats"
WAVEFORM_RATE = "WAVEFORM/feature/sample_rate"
FLOW = "FORWARD_FLOW/image/encoded"
FLOW_TIMES = "FORWARD_FLOW/image/timestamp"
FLOW_RATE = "FORWARD_FLOW/image/frame_rate"
MICROSECONDS = 1_000_000


def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Reads a record inside a tf.data graph, without decoding pictures.

    Returns:
        `frames` [F] JPEG strings, `flow` [G] PNG strings and `audio` [N] float32; each is empty when the clip lacks it.
        `flow_step`, int64: frames from one flow picture to the next.
    """
    context, features = tf.io.parse_single_sequence_example(
        serialized,
        context_features={FLOW_RATE: tf.io.FixedLenFeature([], tf.float32, SOURCE_FPS)},
        sequence_features={
            FRAMES: tf.io.VarLenFeature(tf.string),
            FLOW: tf.io.VarLenFeature(tf.string),
            WAVEFORM: tf.io.VarLenFeature(tf.float32),
        },
    )
    return {
        "frames": features[FRAMES].values,
        "flow": features[FLOW].values,
        "flow_step": tf.cast(tf.round(SOURCE_FPS / context[FLOW_RATE]), tf.int64),
        "audio": features[WAVEFORM].values,
    }


def parse_frames_and_sound(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Reads a record that others wrote like `parse`, but for its optical flow, whose form nothing promises."""
    _, features = tf.io.parse_single_sequence_example(
        serialized,
        sequence_features={FRAMES: tf.io.VarLenFeature(tf.string), WAVEFORM: tf.io.VarLenFeature(tf.float32)},
    )
    return {
        "frames": features[FRAMES].values,
        "flow": tf.zeros([0], tf.string),
        "flow_step": tf.constant(1, tf.int64),
        "audio": features[WAVEFORM].values,
    }
