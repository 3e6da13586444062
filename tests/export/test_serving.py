"""What TensorFlow Serving is given, and the requests and programs of docs/serving.md, as they are printed."""

import concurrent.futures
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.encoders.exported import WARM_UP_FILE
from brave_tf.encoders.loading import load_encoder
from brave_tf.export import export_encoder

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

DOCUMENT = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(scope="module")
def encoder(tiny_export):
    return tiny_export.encoder


@pytest.fixture(scope="module")
def model(tiny_export):
    """A folder of versions."""
    return tiny_export.folder.parent


@pytest.fixture(scope="module")
def served(model):
    return tf.saved_model.load(str(model / "1"))


def logs(directory):
    apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2", reason="needs tensorflow-serving-api")
    records = tf.data.TFRecordDataset(str(directory / WARM_UP_FILE))
    return [apis.PredictionLog.FromString(record.numpy()) for record in records]


def asked(request, signatures):
    """What a signature answers to a `PredictRequest`, as the server asks it."""
    function = signatures[request.model_spec.signature_name]
    return function(**{name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()})


def test_the_rest_request_of_the_document_is_answered_as_it_says(encoder, model, served):
    assert (model / "1" / "saved_model.pb").is_file()
    request, answer = map(json.loads, re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL))
    function = served.signatures[request["signature_name"]]
    ((name, spec),) = function.structured_input_signature[1].items()
    found = function(**{name: tf.constant(request["instances"], spec.dtype)})
    assert list(found) == ["embedding"], "answers of several outputs have their names"
    (row,) = answer["predictions"]
    assert found["embedding"].shape == [1, encoder.embedding_size] and {type(value) for value in row} == {float}


def test_every_signature_is_in_the_document(served):
    sound = {"audio", "spectrogram"}
    assert all(f"`{name}`" in DOCUMENT for name in {*served.signatures, *sound})


def test_the_grpc_program_of_the_document_is_answered(encoder, served):
    grpc = pytest.importorskip("grpc")
    apis = pytest.importorskip("tensorflow_serving.apis", reason="needs tensorflow-serving-api")
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    assert apis

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802
            answer = predict_pb2.PredictResponse()
            for name, value in asked(request, served.signatures).items():
                answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return answer

    (program,) = [each for each in PROGRAMS if "grpc" in each]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        names = {}
        exec(program.replace("localhost:8500", f"localhost:{port}"), names)
    finally:
        server.stop(grace=5).wait()
    assert names["embedding"].shape == (1, encoder.embedding_size)


def test_warm_up_asks_every_signature_for_one_clip_as_evaluation_shows_it(encoder, model, served):
    view, requests = encoder.card.view, [log.predict_log.request for log in logs(model / "1")]
    assert {each.model_spec.signature_name for each in requests} == set(served.signatures)
    sizes = {"video_uint8": view.shorter_side}
    for request in requests:
        size = sizes.get(request.model_spec.signature_name, view.size)
        assert tf.make_ndarray(request.inputs["video"]).shape == (1, view.frames, size, size, 3)
        assert asked(request, served.signatures)["embedding"].shape == [1, encoder.embedding_size]
    assert (model / "1" / WARM_UP_FILE).stat().st_size < 1000


@pytest.mark.thorough
def test_warm_up_of_sound_asks_for_a_window_of_it(tmp_path):
    encoder = load_encoder("random:tiny-va", "audio")
    export_encoder(encoder, tmp_path / "1")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    requests = {log.predict_log.request.model_spec.signature_name: log for log in logs(tmp_path / "1")}
    assert set(requests) == {"serving_default", "audio", "spectrogram"}
    for log in requests.values():
        assert asked(log.predict_log.request, signatures)["embedding"].shape == [1, encoder.embedding_size]
    assert tf.make_ndarray(requests["audio"].predict_log.request.inputs["audio"]).shape == (1, 32_000)


@pytest.mark.parametrize("number", [n for n, each in enumerate(PROGRAMS) if '"exported' in each])
def test_programs_of_the_document_run(encoder, model, number):
    program = PROGRAMS[number]
    for package in ("onnxruntime", "ai_edge_litert", "tensorflow_hub"):
        if package in program:
            pytest.importorskip(package)
    names = {}
    exec(program.replace('"exported', f'"{model / "1"}'), names)
    if "model" in names:
        names["embedding"] = names["model"](np.zeros([2, 3, 24, 24, 3], np.float32))
        assert names["embedding"].shape == (2, 10)
    elif "gradients" in names:
        assert len(names["gradients"]) == len(encoder.trainable_variables) and None not in names["gradients"]
    else:
        assert names["embedding"].shape == (1, encoder.embedding_size)
