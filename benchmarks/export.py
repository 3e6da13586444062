"""Size, time and error of an encoder in every format, and what each does to a linear probe.

    python benchmarks/export.py                              random:tsm50 and random:tiny, a table of each
    python benchmarks/export.py RUN --data DATASET           a run, and its linear probe on a dataset of labelled clips

Every format embeds the same clip, one as the encoder's evaluation shows it, in a process of its own, in turns with the
others and with the Keras model as a TensorFlow graph; the fastest turn is given. The probe is `brave-tf evaluate
--protocol linear`, whose features each file computes itself.
"""

import argparse
import dataclasses
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

FORMATS = ("savedmodel", "keras", "onnx", "litert")
PROBED = ("keras", "onnx", "litert-float32", "litert-float16", "litert-int8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoders", nargs="*", default=["random:tsm50", "random:tiny"])
    parser.add_argument("--tower", help="such as audio")
    parser.add_argument("--turns", type=int, default=3, help="turns of each measurement")
    parser.add_argument("--data", type=Path, help="dataset of labelled clips for the linear probe")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    arguments = parser.parse_args()
    results: dict[str, Any] = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    for name in arguments.encoders:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = measure(name, arguments, Path(folder))
    print(json.dumps(results, indent=1) if arguments.json else tables(results))


def measure(name: str, arguments: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    """What `verification.json` tells of each format, with the fastest of all turns, and the score of its probe."""
    import brave_tf
    from brave_tf.export.formats import check_formats
    from brave_tf.export.verify import examples_of

    encoder: Any = brave_tf.load_encoder(name, arguments.tower)
    found: dict[str, Any] = brave_tf.export(encoder, folder / "exported", formats=FORMATS)["formats"]
    for _ in range(arguments.turns - 1):
        with examples_of(encoder) as examples:
            again = check_formats(folder / "exported", FORMATS, examples)
        for each, check in again.items():
            for key in ("latency_ms", "keras_latency_ms"):
                found[each][key] = min(found[each][key], getattr(check, key))
    if arguments.data is not None:
        for each in PROBED:
            found[each]["probe_top1"] = probe(encoder, each, found[each], folder, arguments.data)
    return found


def probe(encoder: Any, name: str, check: dict[str, Any], folder: Path, data: Path) -> float:
    """Top-1 accuracy of a linear classifier on features that a file of an export computes."""
    import brave_tf

    chosen = encoder if name == "keras" else encoder_of_file(encoder, name, check, folder / "exported")
    report = brave_tf.evaluate(
        chosen, data, folder / name, protocol="linear", random_init=False, cache=folder / "features"
    )
    return float(report["mean"])


def encoder_of_file(encoder: Any, name: str, check: dict[str, Any], folder: Path) -> Any:
    """A file of an export as an encoder of this library, with a hash of its own for its features."""
    import numpy as np
    import tensorflow as tf

    from brave_tf.encoders import Encoder
    from brave_tf.export.checker import LOADERS

    (file, digest), *_ = ((file, each) for file, each in check["files"].items() if file.startswith("encoder"))
    embed_one_shape = LOADERS[name.partition("-")[0]](str(folder / file)).embed

    def embed(clips: Any) -> Any:
        if "fixed_shape" not in check["facts"]:
            return embed_one_shape(clips)
        return np.concatenate([embed_one_shape(clip[None]) for clip in clips])

    def call(clips: Any, training: bool = False) -> Any:
        embeddings = tf.numpy_function(embed, [clips], tf.float32)
        return tf.ensure_shape(embeddings, [clips.shape[0], encoder.embedding_size])

    card = dataclasses.replace(encoder.card, weights_sha256=digest)
    return Encoder(call, card, folder / file, [], [])


def tables(results: dict[str, Any]) -> str:
    """The results for people."""
    lines = [results["machine"]]
    for name in results.keys() - {"machine"}:
        lines += [
            "",
            name,
            f"{'format':16}{'MB':>8}{'error':>10}{'1 - cosine':>12}{'ms':>10}{'Keras ms':>10}{'ratio':>7}{'probe':>8}",
        ]
        for each, check in results[name].items():
            probe_score = f"{check['probe_top1']:8.3f}" if "probe_top1" in check else ""
            ratio = check["latency_ms"] / check["keras_latency_ms"]
            lines.append(
                f"{each:16}{check['bytes'] / 1e6:8.2f}{check['error']:10.1e}{1 - check['cosine']:12.1e}"
                f"{check['latency_ms']:10.1f}{check['keras_latency_ms']:10.1f}{ratio:7.2f}{probe_score}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
