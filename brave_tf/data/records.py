"""`SequenceExample` records in the MediaSequence and DMVR conventions."""

import tensorflow as tf

from brave_tf.config import SOURCE_FPS
from brave_tf.modalities import MODALITIES, NARROW, ModalityRecord

_WITH_OWN_RATE = [record for record in MODALITIES.values() if not record.is_sound and record.name != NARROW]
"""Pictures that a clip need not hold for each of its frames."""


def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Reads a record inside a tf.data graph, without decoding pictures.

    Returns:
        `frames` [F] JPEG strings, `flow` [G] PNG strings and `audio` [N] float32, by `ModalityRecord.key`; each is
        empty when the clip lacks it. `flow_step`, int64: frames from one flow picture to the next.
    """
    context, features = tf.io.parse_single_sequence_example(
        serialized,
        context_features={
            record.rate_feature: tf.io.FixedLenFeature([], tf.float32, SOURCE_FPS) for record in _WITH_OWN_RATE
        },
        sequence_features={record.feature: tf.io.VarLenFeature(_kind(record)) for record in MODALITIES.values()},
    )
    parsed = {record.key: features[record.feature].values for record in MODALITIES.values()}
    for record in _WITH_OWN_RATE:
        parsed[record.step_key] = tf.cast(tf.round(SOURCE_FPS / context[record.rate_feature]), tf.int64)
    return parsed


def parse_frames_and_sound(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Reads a record that others wrote like `parse`, but for its optical flow, whose form nothing promises."""
    promised = [record for record in MODALITIES.values() if record.in_every_dataset]
    _, features = tf.io.parse_single_sequence_example(
        serialized,
        sequence_features={record.feature: tf.io.VarLenFeature(_kind(record)) for record in promised},
    )
    return empty() | {record.key: features[record.feature].values for record in promised}


def empty() -> dict[str, tf.Tensor]:
    """What `parse` reads of a clip that holds nothing."""
    absent = {record.key: tf.zeros([0], _kind(record)) for record in MODALITIES.values()}
    return absent | {record.step_key: tf.constant(1, tf.int64) for record in _WITH_OWN_RATE}


def _kind(record: ModalityRecord) -> tf.DType:
    return tf.float32 if record.is_sound else tf.string
