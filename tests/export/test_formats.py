"""ONNX and LiteRT: what each file takes and gives, and which networks become one."""

import dataclasses
import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from brave_tf.encoders.card import EncoderCard, network_of
from brave_tf.encoders.encoder import Encoder, save_encoder
from brave_tf.encoders.exported import read_verification
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.export import export_encoder
from brave_tf.export.formats import FORMATS, check_formats
from brave_tf.export.verify import examples_of
from brave_tf.models import R3D

onnx = pytest.importorskip("onnx", reason='needs the extra: pip install "brave_tf[onnx]"')
onnxruntime = pytest.importorskip("onnxruntime", reason='needs the extra: pip install "brave_tf[onnx]"')
litert = pytest.importorskip("ai_edge_litert.interpreter", reason='needs the extra: pip install "brave_tf[litert]"')

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

TFLITE = ("encoder_float32.tflite", "encoder_float16.tflite", "encoder_int8.tflite")


@pytest.fixture(scope="module")
def encoder(tiny_export):
    return tiny_export.encoder


@pytest.fixture(scope="module")
def exported(tiny_export):
    return tiny_export.folder


def of(network: keras.Model) -> Encoder:
    card = dataclasses.replace(small(EncoderCard()), network=network_of(network))
    return Encoder(network, card, Path("of this test"), network.variables, network.trainable_variables)


def small(card: EncoderCard) -> EncoderCard:
    return dataclasses.replace(card, view=dataclasses.replace(card.view, frames=4, size=32, shorter_side=36))


def test_each_precision_is_checked_by_itself(encoder, exported):
    assert {"encoder.onnx", *TFLITE} <= {path.name for path in exported.iterdir()}
    found = read_verification(exported).formats
    assert list(found) == ["savedmodel", "keras", "onnx", "litert-float32", "litert-float16", "litert-int8"]
    assert found["onnx"].error < 1e-4 and found["onnx"].facts["opset"] == 17
    assert found["litert-float32"].error < 1e-4
    assert found["litert-float16"].error < 1e-2 and found["litert-float16"].cosine > 0.9999
    assert found["litert-int8"].cosine > 0.999
    sizes = [found[f"litert-{name}"].bytes for name in ("float32", "float16", "int8")]
    # The graph, which is as large in all of them, is a third of so small a network's file.
    assert sizes[0] > 1.4 * sizes[1] and sizes[1] > 1.1 * sizes[2]


@pytest.mark.thorough
def test_the_same_command_again_checks_every_format_and_writes_nothing(encoder, tmp_path):
    exported = tmp_path / "exported"
    export_encoder(encoder, exported, formats=["litert", "onnx"])
    assert {path.name for path in exported.iterdir()} == {
        *("README.md", "brave_tf.json", "encoder.onnx", "verification.json"),
        *TFLITE,
    }
    before = {path: path.stat().st_mtime_ns for path in exported.rglob("*")}
    found = export_encoder(encoder, exported, formats=["onnx", "litert"])["formats"]
    assert list(found) == ["onnx", "litert-float32", "litert-float16", "litert-int8"]
    assert {path: path.stat().st_mtime_ns for path in exported.rglob("*")} == before
    for formats in (["onnx"], ["litert"], ["onnx", "litert", "savedmodel"]):
        with pytest.raises(UserError, match="exists already"):
            export_encoder(encoder, exported, formats=formats)


def test_onnx_takes_clips_of_any_number_length_and_size(encoder, exported):
    session = onnxruntime.InferenceSession(exported / "encoder.onnx", providers=["CPUExecutionProvider"])
    assert [(each.name, each.shape) for each in session.get_inputs()] == [("video", ["B", "T", "H", "W", 3])]
    assert [(each.name, each.shape) for each in session.get_outputs()] == [("embedding", ["B", encoder.embedding_size])]
    for shape in [(1, 2, 33, 40, 3), (3, 5, 24, 50, 3)]:
        clips = np.random.default_rng(0).random(shape, dtype=np.float32)
        (found,) = session.run(["embedding"], {"video": clips})
        np.testing.assert_allclose(found, encoder(clips), atol=1e-4)


def test_an_onnx_file_says_which_encoder_it_is(encoder, exported):
    model = onnx.load(exported / "encoder.onnx")
    (card,) = [each.value for each in model.metadata_props if each.key == "brave_tf"]
    assert EncoderCard.from_json(card, exported) == encoder.card
    assert [each.version for each in model.opset_import if each.domain == ""] == [17]


@pytest.mark.parametrize("name", TFLITE)
def test_litert_files_have_one_shape_and_no_operation_of_tensorflow(encoder, exported, name):
    interpreter = litert.Interpreter(str(exported / name))
    runner = interpreter.get_signature_runner("serving_default")
    view = encoder.card.view
    shape = (1, view.frames, view.size, view.size, 3)
    assert {key: tuple(each["shape"]) for key, each in runner.get_input_details().items()} == {"video": shape}
    operations = {each["op_name"] for each in interpreter._get_ops_details()}
    assert "CONV_2D" in operations and not any(each.startswith(("Flex", "CUSTOM")) for each in operations)
    clips = np.random.default_rng(0).random(shape, dtype=np.float32)
    found = runner(video=clips)["embedding"]
    expected = encoder(clips).numpy()
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 0.05


@pytest.mark.parametrize("format_name", ["onnx", "litert"])
@pytest.mark.parametrize(
    "network",
    [
        pytest.param("r3d", marks=pytest.mark.thorough),
        pytest.param("audio", marks=pytest.mark.thorough),
        "stock layers",
    ],
)
def test_other_networks_become_files_too(tmp_path, network, format_name):
    if network == "r3d":
        encoder = of(R3D(depth=14, width=0.0625))
    elif network == "audio":
        encoder = load_encoder("random:tiny-va", "audio")
    else:
        # What a finished run has: LiteRT lacks an operation of it.
        whole = load_encoder("random:tiny-v")
        save_encoder(whole.model, small(whole.card), tmp_path / "encoder.keras")
        encoder = load_encoder(tmp_path / "encoder.keras")
        assert any(isinstance(layer, keras.layers.MaxPooling3D) for layer in encoder.model.layers)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "brave_tf.json").write_text("{}")
    FORMATS[format_name].write(encoder, folder)
    with examples_of(encoder) as examples:
        found = check_formats(folder, [format_name], examples)
    assert len(found) == {"onnx": 1, "litert": 3}[format_name]
    argument = "spectrogram" if network == "audio" else "video"
    assert all(list(each.facts["input"]) == [argument] for each in found.values())


def test_a_network_that_litert_cannot_compute_is_one_line(tmp_path):
    clip = keras.Input((None, None, None, 3))
    pooled = keras.layers.GlobalAveragePooling3D()(keras.layers.MaxPooling3D((1, 2, 2))(clip))
    network = keras.Model(clip, pooled)
    card = small(EncoderCard())
    encoder = Encoder(network, card, tmp_path / "mine.keras", network.variables, network.trainable_variables)
    with pytest.raises(UserError, match=r"mine\.keras cannot be written for LiteRT: it needs MaxPool3D") as caught:
        export_encoder(encoder, tmp_path / "out", formats="litert")
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_a_file_of_another_encoder_does_not_verify(encoder, exported):
    other = encoder.random_twin(seed=1)
    with examples_of(other) as examples, pytest.raises(UserError, match=r"encoder\.onnx embeds differently: off by"):
        check_formats(exported, ["onnx"], examples)


@pytest.mark.parametrize(("format_name", "package"), [("onnx", "tf2onnx"), ("litert", "ai_edge_litert")])
def test_without_its_package_a_format_is_one_line_that_names_the_extra(tmp_path, monkeypatch, format_name, package):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    words = f'--formats {format_name}, which needs {package}; not installed: pip install "brave_tf\\[{format_name}\\]"'
    with pytest.raises(UserError, match=words):
        export_encoder("no such encoder", tmp_path / "out", formats=["savedmodel", format_name])
