"""Requests that TensorFlow Serving makes of a model when it loads it, so that the first user does not wait."""

from pathlib import Path

import tensorflow as tf

from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import WARM_UP_FILE
from brave_tf.export.signature import Signatures, clip_shape

# Numbers of fields in the messages of TensorFlow Serving: prediction_log.proto, predict.proto and model.proto.
_PREDICT_LOG_OF_PREDICTION_LOG = 6
_REQUEST_OF_PREDICT_LOG = 1
_MODEL_SPEC_OF_REQUEST, _INPUTS_OF_REQUEST = 1, 2
_SIGNATURE_NAME_OF_MODEL_SPEC = 3
_KEY_OF_ENTRY, _VALUE_OF_ENTRY = 1, 2
_DELIMITED = 2
"""How protocol buffers mark a field that says its own length."""


def write_warm_up(directory: Path, encoder: Encoder, signatures: Signatures) -> None:
    """Writes one request for each signature, of a clip of zeros as evaluation shows it.

    A tensor of one value takes some bytes, however large it is, so that the file costs nothing where nobody serves.

    Args:
        directory: of the SavedModel.
        encoder: what it was written from.
        signatures: the functions by name.
    """
    file = directory / WARM_UP_FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name, function in signatures.items():
            (argument,) = function.input_signature
            writer.write(prediction_log(name, tf.TensorSpec(_shape(encoder, argument), argument.dtype, argument.name)))


def _shape(encoder: Encoder, argument: tf.TensorSpec) -> tuple[int, ...]:
    """The shape of one clip as a signature takes it."""
    card = encoder.card
    if argument.shape.rank == 2:
        return (1, card.input_view.sound.samples)
    shape = clip_shape(encoder)
    if argument.dtype == tf.uint8:
        # Stored frames, which the signature crops.
        return (*shape[:2], card.view.shorter_side, card.view.shorter_side, shape[-1])
    return shape


def prediction_log(signature: str, clip: tf.TensorSpec) -> bytes:
    """A `PredictionLog` of TensorFlow Serving that asks a signature for one clip of zeros, in bytes.

    Args:
        signature: its name.
        clip: the name of its argument, type and full shape.
    """
    value = tf.make_tensor_proto(0, dtype=clip.dtype, shape=clip.shape).SerializeToString()
    entry = _field(_KEY_OF_ENTRY, clip.name.encode()) + _field(_VALUE_OF_ENTRY, value)
    model = _field(_SIGNATURE_NAME_OF_MODEL_SPEC, signature.encode())
    request = _field(_MODEL_SPEC_OF_REQUEST, model) + _field(_INPUTS_OF_REQUEST, entry)
    return _field(_PREDICT_LOG_OF_PREDICTION_LOG, _field(_REQUEST_OF_PREDICT_LOG, request))


def _field(number: int, content: bytes) -> bytes:
    return _whole_number(number << 3 | _DELIMITED) + _whole_number(len(content)) + content


def _whole_number(value: int) -> bytes:
    """A varint: seven bits a byte, the lowest first, and a mark on all bytes but the last."""
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
