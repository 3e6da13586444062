"""The program that checks one file format of an export, in a process of its own that cannot import this library.

python -I checker.py LOADER PLACE EXAMPLES
"""

import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
TIMED_SECONDS = 1.0
TIMED_RUNS = 20


@dataclasses.dataclass(frozen=True)
class Loaded:
    """An encoder as its format's own package loads it.

    Attributes:
        embed: [B, ...] float32 -> [B, D].
        by_name: other ways to call it, from the input that each takes.
        facts: what is to be told of it.
    """

    embed: Callable[[Array], Array]
    by_name: Mapping[str, Callable[[Array], Array]] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def main() -> None:
    """Prints what was found as one line of JSON."""
    sys.modules["brave_tf"] = None  # type: ignore[assignment]
    loader, place, examples = sys.argv[1:]
    loaded = LOADERS[loader](place)
    with np.load(examples) as file:
        data = dict(file)
    errors, cosine = _errors(loaded, data)
    milliseconds = median_milliseconds(lambda: loaded.embed(data["clip"]))
    print(json.dumps({**loaded.facts, "errors": errors, "cosine": cosine, "latency_ms": milliseconds}))


def median_milliseconds(run: Callable[[], Any]) -> float:
    """How long a call takes that was made before: the median of as many as fit into a second, and of one at least."""
    took: list[float] = []
    while not took or (sum(took) < TIMED_SECONDS and len(took) < TIMED_RUNS):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def _errors(loaded: Loaded, data: Mapping[str, Array]) -> tuple[dict[str, float], float]:
    """The largest error by way of calling, and the least cosine of an embedding and the one that is expected.

    `data` has `clip` and `clips/N` with the embeddings `clip_embedding` and `embedding/N`, and what else is called by
    name as `NAME/argument`, whose embedding is `embedding/0`.
    """
    pairs = [(loaded.embed(data["clip"]), data["clip_embedding"])]
    if not loaded.facts.get("fixed_shape"):
        names = sorted(name for name in data if name.startswith("clips/"))
        pairs += [(loaded.embed(data[name]), data[name.replace("clips", "embedding")]) for name in names]
    by_way = {"call": pairs}
    for name, call in loaded.by_name.items():
        given = data["clips/0"] if name == "call_training_false" else data[f"signature/{name}"]
        by_way[name] = [(call(given), data["embedding/0"])]
    errors = {name: max(_error(*pair) for pair in each) for name, each in by_way.items()}
    return errors, min(_cosine(*pair) for each in by_way.values() for pair in each)


def _error(found: Array, expected: Array) -> float:
    """The largest difference of an embedding [B, D], as a share of that embedding's largest value."""
    # Differences of tiny numbers would be lost in float32.
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    # NaN would get lost where the largest is taken of several.
    if not _is_comparable(found, expected):
        return float("inf")
    differences, sizes = np.abs(found - expected).max(axis=-1), np.abs(expected).max(axis=-1)
    # Of an embedding of zeros, any difference is all there is.
    shares = np.divide(differences, sizes, out=np.full(sizes.shape, np.inf), where=sizes > 0)
    return float(np.where(differences > 0, shares, 0.0).max())


def _is_comparable(found: Array, expected: Array) -> bool:
    return found.shape == expected.shape and bool(np.isfinite(found).all())


def _cosine(found: Array, expected: Array) -> float:
    found = np.asarray(found, np.float64)
    if not _is_comparable(found, expected):
        return -1.0
    found, expected = _directions(found), _directions(np.asarray(expected, np.float64))
    # Two embeddings of zeros are the same.
    both_zero = ~found.any(axis=-1) & ~expected.any(axis=-1)
    return float(np.where(both_zero, 1.0, np.sum(found * expected, axis=-1)).min())


def _directions(embeddings: Array) -> Array:
    """Embeddings of length 1; of zeros, zeros."""
    lengths = np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return embeddings / np.where(lengths > 0, lengths, 1.0)


def _load_savedmodel(place: str) -> Loaded:
    import tensorflow as tf

    try:
        import tensorflow_hub

        load, loader = tensorflow_hub.load, "tensorflow_hub.load"
    except ImportError:
        load, loader = tf.saved_model.load, "tf.saved_model.load"
    model = load(place)

    def signature(name: str) -> Callable[[Array], Array]:
        function = model.signatures[name]
        (argument,) = function.structured_input_signature[1]
        return lambda given: function(**{argument: tf.constant(given)})["embedding"].numpy()

    facts = {
        "loader": loader,
        "checked_with": f"tensorflow {tf.__version__}",
        "trainable": len(model.trainable_variables),
        "variables": len(model.variables),
    }
    by_name = {"call_training_false": lambda clips: model(tf.constant(clips), training=False).numpy()}
    by_name |= {name: signature(name) for name in model.signatures}
    return Loaded(lambda clips: model(tf.constant(clips)).numpy(), by_name, facts)


def _load_keras(place: str) -> Loaded:
    import keras

    model = keras.saving.load_model(place, compile=False)
    facts = {"loader": "keras.saving.load_model", "checked_with": f"keras {keras.__version__}"}
    return Loaded(model.predict_on_batch, facts=facts)


def _load_onnx(place: str) -> Loaded:
    import onnxruntime

    session = onnxruntime.InferenceSession(place, providers=["CPUExecutionProvider"])
    (argument,) = session.get_inputs()
    facts = {
        "loader": "onnxruntime.InferenceSession",
        "checked_with": f"onnxruntime {onnxruntime.__version__}",
        "input": {argument.name: argument.shape},
        "output": {each.name: each.shape for each in session.get_outputs()},
    }
    return Loaded(lambda clips: session.run(["embedding"], {argument.name: clips})[0], facts=facts)


def _cores() -> int:
    # Not every system tells which cores a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load_litert(place: str) -> Loaded:
    from importlib.metadata import version

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=place, num_threads=_cores())
    runner = interpreter.get_signature_runner("serving_default")
    ((argument, details),) = runner.get_input_details().items()
    facts = {
        "loader": "ai_edge_litert.interpreter.Interpreter",
        "checked_with": f"ai-edge-litert {version('ai-edge-litert')}",
        "input": {argument: details["shape"].tolist()},
        "fixed_shape": True,
    }
    return Loaded(lambda clips: runner(**{argument: clips})["embedding"], facts=facts)


LOADERS: Mapping[str, Callable[[str], Loaded]] = {
    "savedmodel": _load_savedmodel,
    "keras": _load_keras,
    "onnx": _load_onnx,
    "litert": _load_litert,
}

if __name__ == "__main__":
    main()
