"""Writes an encoder as an ONNX file."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import ONNX_FILE
from brave_tf.errors import UserError, reason_of
from brave_tf.export.signature import clip_spec
from brave_tf.modalities import MODALITIES
from brave_tf.progress import phase

OPSET = 17
OUTPUT = "embedding"


def write_onnx(encoder: Encoder, directory: Path) -> None:
    """Writes `encoder.onnx`: any number of clips of any length and size.

    Its input is `video` [B, T, H, W, C], of sound `spectrogram` [B, S, M], as the encoder takes them; its output is
    `embedding` [B, D]. The card is in its metadata, as `brave_tf`.

    Args:
        encoder: an encoder with a Keras model.
        directory: where to.

    Raises:
        UserError: the network has an operation that ONNX, or the program that writes it, does not know.
    """
    import onnx

    spec = clip_spec(encoder)
    is_sound = MODALITIES[encoder.card.modality].is_sound
    file = directory / ONNX_FILE
    with phase("writing the ONNX file"):
        try:
            with warnings.catch_warnings():
                # Of Keras, which looks for names that NumPy had once, for tf2onnx.
                warnings.simplefilter("ignore", FutureWarning)
                encoder.own_network().export(
                    file, format="onnx", input_signature=[spec], opset_version=OPSET, verbose=False
                )
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            raise UserError(
                f"{encoder.path} cannot be written for ONNX: {reason_of(error)}; expected a network of this library, "
                "from a run or an encoder.keras; choose other --formats"
            ) from error
        model = onnx.load(file)
        _name_output(model.graph, OUTPUT)
        _name_axes(model.graph.input[0], ["B", "S", "M"] if is_sound else ["B", "T", "H", "W", "C"])
        _name_axes(model.graph.output[0], ["B", "D"])
        onnx.helper.set_model_props(model, {"brave_tf": encoder.card.to_json()})
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, file)


def _name_output(graph: Any, name: str) -> None:
    """Renames the one output, which the exporter calls `Identity:0`."""
    old = graph.output[0].name
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if each == old else each for each in names]
    graph.output[0].name = name
    # Shapes of what is in between, in which the axes have the exporter's names.
    del graph.value_info[:]


def _name_axes(value: Any, axes: Sequence[str]) -> None:
    for dimension, name in zip(value.type.tensor_type.shape.dim, axes, strict=True):
        if not dimension.HasField("dim_value"):
            dimension.dim_param = name
