"""How to load an exported encoder, one program for each way: what a model card prints and a test runs."""

import dataclasses
from collections.abc import Iterator, Mapping

from brave_tf.encoders.card import EncoderCard
from brave_tf.export.verification import FormatCheck
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


def snippets(card: EncoderCard, formats: Mapping[str, FormatCheck]) -> list[Snippet]:
    """The ways to load what is in an export."""
    found = []
    if "keras" in formats:
        found.append(_keras(card))
    if "savedmodel" in formats:
        found.extend(_saved_model(card))
    if "onnx" in formats:
        found.append(_onnx(card, _file_of(formats["onnx"], ".onnx")))
    for name, check in formats.items():
        if name.startswith("litert"):
            found.append(_litert(card, name, _file_of(check, ".tflite"), check.input_shape))
    if {"keras", "savedmodel"} & formats.keys():
        found.append(
            Snippet("This library", _program(card, "import brave_tf", 'brave_tf.load_encoder(".")', "encoder(clips)"))
        )
    return found


def clip_shape(card: EncoderCard) -> tuple[int, ...]:
    """The shape of one clip as it is evaluated, with its batch axis."""
    facts, view = MODALITIES[card.modality], card.input_view
    if facts.is_sound:
        return (1, view.sound.spectrogram_frames, view.sound.mel_bands)
    return (1, card.view.frames, card.view.size, card.view.size, facts.channels)


def argument(card: EncoderCard) -> str:
    """What the signatures call the clips."""
    return "spectrogram" if MODALITIES[card.modality].is_sound else "video"


def _keras(card: EncoderCard) -> Snippet:
    return Snippet(
        "Keras", _program(card, "import keras", 'keras.saving.load_model("encoder.keras")', "encoder(clips)")
    )


def _saved_model(card: EncoderCard) -> Iterator[Snippet]:
    # Of sound the serving default takes the waveform.
    endpoint = argument(card)
    layer = f'keras.layers.TFSMLayer(".", call_endpoint="{endpoint}")'
    yield Snippet("TensorFlow", _program(card, "import tensorflow as tf", 'tf.saved_model.load(".")', "encoder(clips)"))
    yield Snippet("TensorFlow Hub", _program(card, "import tensorflow_hub as hub", 'hub.load(".")', "encoder(clips)"))
    yield Snippet("A layer of Keras", _program(card, "import keras", layer, 'encoder(clips)["embedding"]'))


def _onnx(card: EncoderCard, file: str) -> Snippet:
    load = f'onnxruntime.InferenceSession("{file}")'
    run = f'encoder.run(["embedding"], {{"{argument(card)}": clips}})[0]'
    return Snippet("ONNX Runtime", _program(card, "import onnxruntime", load, run))


def _litert(card: EncoderCard, name: str, file: str, shape: tuple[int, ...]) -> Snippet:
    load = f'Interpreter("{file}").get_signature_runner("serving_default")'
    run = f'encoder({argument(card)}=clips)["embedding"]'
    title = f"LiteRT, {name.partition('-')[2]}, clips of this shape only"
    return Snippet(title, _program(card, "from ai_edge_litert.interpreter import Interpreter", load, run, shape))


def _program(card: EncoderCard, imported: str, load: str, run: str, shape: tuple[int, ...] | None = None) -> str:
    facts = MODALITIES[card.modality]
    low = "-1" if facts.zero else "0"
    meaning = "a log-mel spectrogram" if facts.is_sound else f"frames in [{low}, 1]"
    clips = f'np.random.default_rng(0).random({list(shape or clip_shape(card))}, dtype="float32")  # {meaning}'
    imports = sorted(
        [imported, "import numpy as np"], key=lambda line: line.removeprefix("from ").removeprefix("import ")
    )
    return "\n".join([*imports, "", f"encoder = {load}", f"clips = {clips}", f"embedding = {run}"])


def _file_of(check: FormatCheck, ending: str) -> str:
    return next(file for file in check.files if file.endswith(ending))
