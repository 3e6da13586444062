"""Time of a train step and where it goes: `python benchmarks/train_step.py tiny-va --set batch_size=48`.

Random views of the experiment's shapes, with augmentation, both passes and the optimizer, in one graph. Its share of
the machine's best is that of the time which its convolutions and matrix products would take at the rate of a large
matrix product. What augmentation, batch norm and optimizer take of it is measured by leaving each out or alone.

`--against PYTHON` measures another checkout by its interpreter, taking turns with this one, and prints the ratios; on a
machine that others use too, they alone mean something. `--only-step` measures the memory of the step alone.
"""

import argparse
import dataclasses
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PARTS = ("step", "augmentation", "optimizer", "without batch norm", "matrix product")
PRODUCT_SIZE = 1536
SECONDS_APART = 0.05


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="an experiment, such as tiny-va or v-v-tsm50-k600")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes, such as narrow.frames=8")
    parser.add_argument("--rounds", type=int, default=15, help="repetitions of every part (default 15)")
    parser.add_argument("--jit", action="store_true", help="compile with XLA")
    parser.add_argument("--only-step", action="store_true", help="leave the parts out, and so their memory")
    parser.add_argument("--against", metavar="PYTHON", help="interpreter of another checkout")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def changed(values: Any, path: str, value: Any) -> Any:
    """Dataclasses with one value replaced."""
    name, _, rest = path.partition(".")
    return dataclasses.replace(values, **{name: changed(getattr(values, name), rest, value) if rest else value})


def experiment(arguments: argparse.Namespace) -> Any:
    from brave_tf import presets

    config = dataclasses.replace(presets.get(arguments.preset), jit_compile=arguments.jit)
    for assignment in arguments.set:
        path, _, text = assignment.partition("=")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        config = changed(config, path, value)
    return config


def random_batch(config: Any) -> dict[str, Any]:
    """A batch such as the input pipeline makes, of noise."""
    import numpy as np
    import tensorflow as tf

    from brave_tf.data import augment

    generator = np.random.default_rng(0)

    def pictures(view: Any, *axes: int) -> tuple[Any, dict[str, Any]]:
        channels = 2 if view is config.broad.flow else 3
        draw = tf.function(lambda seed: augment.sample(seed, view.augment))
        draws = [draw(tf.constant([0, number], tf.int64)) for number in range(int(np.prod(axes)))]
        parameters = {
            name: tf.reshape(tf.stack([draw[name] for draw in draws]), [*axes, *first.shape])
            for name, first in draws[0].items()
        }
        shape = (*axes, view.frames, view.size, view.size, channels)
        return tf.constant(generator.integers(0, 256, shape, np.uint8)), parameters

    count = config.batch_size
    narrow, parameters = pictures(config.narrow, count)
    batch: dict[str, Any] = {"narrow": narrow, "broad": {}, "augment": {"narrow": parameters}}
    for modality, view in config.broad.visual.items():
        batch["broad"][modality], batch["augment"][modality] = pictures(view, count, view.views)
    if config.broad.audio is not None:
        shape = (count, config.broad.audio.spectrogram_frames, 80)
        batch["broad"]["audio"] = tf.constant(generator.normal(size=shape).astype("float32"))
    return batch


def multiply_adds(graph: Any) -> int:
    """Multiplications of all convolutions and matrix products of a graph whose shapes are known."""
    total = 0
    for operation in graph.get_operations():
        if operation.type in ("Conv2D", "Conv3D"):
            total += operation.outputs[0].shape.num_elements() * operation.inputs[1].shape[:-1].num_elements()
        elif operation.type in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):
            total += operation.inputs[2].shape.num_elements() * operation.inputs[1].shape[:-1].num_elements()
        elif operation.type in ("Conv2DBackpropFilter", "Conv3DBackpropFilterV2"):
            total += operation.inputs[2].shape.num_elements() * operation.outputs[0].shape[:-1].num_elements()
        elif operation.type == "MatMul":
            inner = operation.inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
            total += operation.outputs[0].shape.num_elements() * inner
    return total


def compiled_step(config: Any, batch: Any) -> tuple[Any, Any]:
    """The model, and its step as a graph."""
    import tensorflow as tf

    from brave_tf.training.pretrain import make_model

    model: Any = make_model(config)
    model.optimizer.build(model.trainable_variables)
    step = tf.function(model.train_step, jit_compile=config.jit_compile, autograph=False)
    return model, step.get_concrete_function(batch)


def parts(arguments: argparse.Namespace) -> tuple[dict[str, Callable[[], Any]], dict[str, Any]]:
    """What is timed, by name, and what is known before."""
    import tensorflow as tf

    from brave_tf.models.batch_norm import SyncBatchNormalization

    config = experiment(arguments)
    batch = random_batch(config)
    began = time.process_time()
    model, step = compiled_step(config, batch)
    facts = {
        "trace_cpu_seconds": time.process_time() - began,
        "operations": len(step.graph.get_operations()),
        "multiply_adds": multiply_adds(step.graph),
        "clips": config.batch_size,
    }
    work: dict[str, Callable[[], Any]] = {"step": lambda: step(batch)["loss"]}
    if not arguments.only_step:

        def graph(function: Any, *inputs: Any) -> Any:
            return tf.function(function, jit_compile=arguments.jit, autograph=False).get_concrete_function(*inputs)

        augmentation = graph(model.augmented_views, batch)
        gradients = [tf.ones(variable.shape) for variable in model.trainable_variables]

        def update(gradients: Any) -> Any:
            return model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        optimizer = graph(update, gradients)
        # An offset remains, so that all variables have gradients.
        SyncBatchNormalization.call = lambda layer, inputs, **_: inputs + (layer.beta + 0.0 * layer.gamma)
        _, bare = compiled_step(config, batch)
        work |= {"augmentation": lambda: augmentation(batch)["narrow"], "optimizer": lambda: optimizer(gradients)}
        work["without batch norm"] = lambda: bare(batch)["loss"]
    side = tf.random.normal([PRODUCT_SIZE, PRODUCT_SIZE])
    work["matrix product"] = lambda: tf.matmul(side, side)
    return work, facts


def work_on_request(arguments: argparse.Namespace) -> None:
    """Answers each line of the standard input, the name of a part, with how long it took."""
    answers, sys.stdout = sys.stdout, sys.stderr
    work, facts = parts(arguments)
    for function in work.values():
        function().numpy()
    print(json.dumps({**facts, "parts": list(work)}), file=answers, flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        work[line.strip()]().numpy()
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(json.dumps([seconds, peak]), file=answers, flush=True)


class Worker:
    """A process that measures, under the interpreter of a checkout."""

    def __init__(self, python: str):
        # The interpreter is that of CHECKOUT/.venv/bin, whose library is to be imported.
        command = [python, __file__, *sys.argv[1:], "--worker"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, text=True, cwd=Path(python).absolute().parents[2], **pipes)
        self.facts = self._answer()
        self.seconds: dict[str, list[float]] = {name: [] for name in self.facts["parts"]}
        self.peak_mib = 0.0

    def measure(self, part: str) -> None:
        """Runs one part once."""
        self._process.stdin.write(part + "\n")
        self._process.stdin.flush()
        seconds, self.peak_mib = self._answer()
        self.seconds[part].append(seconds)

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the measuring process ended; run this command with --worker to see why")
        return json.loads(line)

    def result(self) -> dict[str, Any]:
        """Best and median of every part, and what follows from them."""
        best = {name: min(values) for name, values in self.seconds.items()}
        middle = {name: statistics.median(values) for name, values in self.seconds.items()}
        peak_rate = PRODUCT_SIZE**3 / best["matrix product"]
        result = {
            **self.facts,
            "best_seconds": best,
            "median_seconds": middle,
            "clips_per_second": self.facts["clips"] / best["step"],
            "share_of_matrix_product": self.facts["multiply_adds"] / best["step"] / peak_rate,
            "peak_mib": self.peak_mib,
        }
        if "augmentation" in best:
            shares = {name: best[name] / best["step"] for name in ("augmentation", "optimizer")}
            result["shares"] = {**shares, "batch norm": 1 - best["without batch norm"] / best["step"]}
        return result


def report(name: str, result: dict[str, Any]) -> None:
    print(f"\n{name}: {result['operations']} operations, traced in {result['trace_cpu_seconds']:.1f} CPU seconds")
    for part, best in result["best_seconds"].items():
        print(f"{part:>22} {1000 * best:9.1f} ms best {1000 * result['median_seconds'][part]:9.1f} ms median")
    for part, share in result.get("shares", {}).items():
        print(f"{part:>22} {share:9.1%} of the step")
    print(f"{'clips per second':>22} {result['clips_per_second']:9.1f}")
    print(f"{'of matrix product':>22} {result['share_of_matrix_product']:9.2f}")
    print(f"{'peak memory':>22} {result['peak_mib']:9.0f} MiB")


def report_ratios(this: dict[str, Any], other: dict[str, Any]) -> None:
    print("\nthis / other:")
    for kind in ("best_seconds", "median_seconds"):
        ratios = {part: this[kind][part] / other[kind][part] for part in this[kind]}
        print(f"{kind:>22}", ", ".join(f"{part} {ratio:.2f}" for part, ratio in ratios.items()))
    print(f"{'peak memory':>22} {this['peak_mib'] / other['peak_mib']:.2f}")


def main() -> None:
    arguments = options()
    if arguments.worker:
        return work_on_request(arguments)
    workers = {"this": Worker(sys.executable)}
    if arguments.against:
        workers["other"] = Worker(arguments.against)
    for _ in range(arguments.rounds):
        for part in workers["this"].facts["parts"]:
            for worker in workers.values():
                worker.measure(part)
                time.sleep(SECONDS_APART)
    results = {name: worker.result() for name, worker in workers.items()}
    if arguments.json:
        print(json.dumps({"machine": platform.machine(), **results}))
        return
    for name, result in results.items():
        report(name, result)
    if arguments.against:
        report_ratios(results["this"], results["other"])


if __name__ == "__main__":
    main()
