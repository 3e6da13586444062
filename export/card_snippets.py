"""How to load an exported encoder, one program for each way: what a model card prints and a test runs."""

import dataclasses
from collections.abc import Mapping

from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import FormatCheck
from brave_tf.export.signature import clip_shape, clip_spec
from brave_tf.modalities import MODALITIES


@dataclasses.dataclass(frozen=True)
class Snippet:
    """One way to load an encoder.

    Attributes:
        title: what loads it.
        program: Python, to be run in the encoder's directory; it leaves `embedding`.
    """

    title: str
    program: str


def snippets(encoder: Encoder, formats: Mapping[str, FormatCheck]) -> list[Snippet]:
    """The ways to load what is in an export.

    Args:
        encoder: what was exported.
        formats: as which.
    """
    argument = clip_spec(encoder).name

    def program(imported: str, load: str, run: str = "encoder(clips)", shape: tuple[int, ...] | None = None) -> str:
        return _program(encoder, imported, load, run, shape or clip_shape(encoder))

    found = []
    if "keras" in formats:
        found.append(Snippet("Keras", program("import keras", 'keras.saving.load_model("encoder.keras")')))
    if "savedmodel" in formats:
        # Of sound the serving default takes the waveform.
        layer = f'keras.layers.TFSMLayer(".", call_endpoint="{argument}")'
        found += [
            Snippet("TensorFlow", program("import tensorflow as tf", 'tf.saved_model.load(".")')),
            Snippet("TensorFlow Hub", program("import tensorflow_hub as hub", 'hub.load(".")')),
            Snippet("A layer of Keras", program("import keras", layer, 'encoder(clips)["embedding"]')),
        ]
    if "onnx" in formats:
        load = f'onnxruntime.InferenceSession("{_file_of(formats["onnx"], ".onnx")}")'
        run = f'encoder.run(["embedding"], {{"{argument}": clips}})[0]'
        found.append(Snippet("ONNX Runtime", program("import onnxruntime", load, run)))
    for name, check in formats.items():
        if name.startswith("litert-"):
            load = f'Interpreter("{_file_of(check, ".tflite")}").get_signature_runner("serving_default")'
            run = f'encoder({argument}=clips)["embedding"]'
            imported = "from ai_edge_litert.interpreter import Interpreter"
            title = f"LiteRT, {name.removeprefix('litert-')}, clips of this shape only"
            found.append(Snippet(title, program(imported, load, run, check.input_shape)))
    if {"keras", "savedmodel"} & formats.keys():
        found.append(Snippet("This library", program("import brave_tf", 'brave_tf.load_encoder(".")')))
    return found


def _program(encoder: Encoder, imported: str, load: str, run: str, shape: tuple[int, ...]) -> str:
    facts = MODALITIES[encoder.card.modality]
    meaning = "a log-mel spectrogram" if facts.is_sound else f"frames in [{'-1' if facts.zero else '0'}, 1]"
    clips = f'np.random.default_rng(0).random({list(shape)}, dtype="float32")  # {meaning}'
    imports = sorted([imported, "import numpy as np"], key=lambda line: line.split()[1])
    return "\n".join([*imports, "", f"encoder = {load}", f"clips = {clips}", f"embedding = {run}"])


def _file_of(check: FormatCheck, ending: str) -> str:
    return next(file for file in check.files if file.endswith(ending))
