"""Writes an encoder for LiteRT, which was TensorFlow Lite."""

import re
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import LITERT_FILES
from brave_tf.errors import UserError, reason_of
from brave_tf.export.signature import clip_shape, clip_spec
from brave_tf.progress import phase
from brave_tf.quiet import silenced_libraries


def write_litert(encoder: Encoder, directory: Path) -> None:
    """Writes `encoder_float32.tflite`, `encoder_float16.tflite` and `encoder_int8.tflite`.

    Each takes clips of `clip_shape` and computes with LiteRT's own operations alone. The weights of the second are
    half-precision numbers, those of the third whole numbers of eight bits, with a scale for each channel; all give and
    take float32. Their signature is `serving_default`, from `video` (of sound: `spectrogram`) to `embedding`.

    Args:
        encoder: an encoder with a Keras model.
        directory: where to.

    Raises:
        UserError: the network needs an operation that LiteRT does not have.
    """
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        with phase("building the graph for LiteRT"):
            _save_fixed(encoder, folder)
        for precision, file in LITERT_FILES.items():
            with phase(f"writing the LiteRT file of {precision}"):
                content = _converted(folder, precision, encoder)
                (directory / file).write_bytes(content)


def _save_fixed(encoder: Encoder, folder: str) -> None:
    """A SavedModel of one shape: converting from a function of a Keras model gave NaN without a word."""
    network = encoder.own_network()
    root = tf.train.Checkpoint()
    root.variables = [variable.value for variable in network.variables]
    spec = tf.TensorSpec(clip_shape(encoder), tf.float32, name=clip_spec(encoder).name)

    @tf.function(input_signature=[spec])
    def embed(clips: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": network(clips, training=False)}

    tf.saved_model.save(root, folder, signatures={"serving_default": embed})


def _converted(folder: str, precision: str, encoder: Encoder) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        with silenced_libraries():
            content: bytes = converter.convert()
    except Exception as error:  # the converter's own is no public name
        raise UserError(_why(error, encoder)) from error
    return content


def _why(error: Exception, encoder: Encoder) -> str:
    missing: Any = re.search(r"(?:TF Select|Flex|Custom) ops: (.+)", str(error))
    reason = f"it needs {missing[1]}, which LiteRT does not have" if missing else reason_of(error)
    return (
        f"{encoder.path} cannot be written for LiteRT: {reason}; expected a network of this library, from a run or an "
        "encoder.keras; choose other --formats"
    )
