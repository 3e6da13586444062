"""What an accelerator makes of an experiment's networks: `KERAS_BACKEND=jax python benchmarks/accelerator.py`.

Forward and backward pass of the networks and the loss on random views, compiled by XLA, without input, augmentation
and optimizer. It needs Keras and JAX, and no TensorFlow; the Keras layers and the compiler are those of a train step
under TensorFlow with `jit_compile=true`. "Of the peak" compares the operations of the convolutions and matrix products,
three times those that `brave-tf presets NAME` prints, with those of a large matrix product measured beside it.

Then the random convolution of a batch of views: as one grouped convolution, which is what the library does, and as one
convolution after another.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

PRODUCT_SIZE = 8192
LARGEST_KERNEL = 11


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["v-v-tsm50-k600"], help="experiments (default v-v-tsm50-k600)")
    parser.add_argument("--clips", type=int, default=32, help="clips of a batch (default 32)")
    parser.add_argument("--precisions", nargs="*", default=["bfloat16", "float32"], help="default bfloat16 float32")
    parser.add_argument("--views", type=int, nargs="*", default=[64, 512], help="views that are convolved at random")
    parser.add_argument(
        "--view", type=int, nargs=2, default=[16, 112], help="frames and side of these (default 16 112)"
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes, such as narrow.size=112")
    parser.add_argument("--rounds", type=int, default=10, help="repetitions (default 10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def seconds_of(function: Callable[[], Any], rounds: int) -> float:
    """Median time of a call that gives arrays, the first one not counted."""
    import jax

    jax.block_until_ready(function())
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        jax.block_until_ready(function())
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def product_rate(precision: str, rounds: int) -> float:
    """Operations a second of a large matrix product."""
    import jax
    import jax.numpy as jnp

    side = jax.random.normal(jax.random.key(0), (PRODUCT_SIZE, PRODUCT_SIZE), precision)
    product = jax.jit(jnp.matmul)
    return 2 * PRODUCT_SIZE**3 / seconds_of(lambda: product(side, side), rounds)


def random_views(config: Any, clips: int) -> dict[str, Any]:
    """Views of the experiment's shapes, of noise."""
    import jax

    from brave_tf.modalities import MODALITIES

    def noise(*shape: int) -> Any:
        return jax.random.uniform(jax.random.key(sum(shape)), shape)

    def video(view: Any, channels: int, *axes: int) -> Any:
        return noise(clips, *axes, view.frames, view.size, view.size, channels)

    broad = {name: video(view, MODALITIES[name].channels, view.views) for name, view in config.broad.visual.items()}
    for name, sound in config.broad.sound.items():
        broad[name] = noise(clips, sound.spectrogram_frames, sound.mel_bands)
    return {"narrow": video(config.narrow, 3), "broad": broad}


def networks(config: Any, clips: int, precision: str, rounds: int) -> dict[str, Any]:
    """Clips per second of both passes, and what share of a matrix product's rate that is."""
    import jax

    from brave_tf.losses import view_losses
    from brave_tf.method.towers import Towers
    from brave_tf.models.backbones import backbones
    from brave_tf.models.size import experiment_sizes

    policy = None if precision == "float32" else f"mixed_{precision}"
    modalities = config.broad.modalities
    made = {tower: each for names, each in backbones(config.model, modalities, policy) for tower in names}
    broad = {modality: made[modality] for modality in modalities}
    towers = Towers(made["narrow"], broad, config.model.hidden_size, config.model.projection_size, dtype=policy)
    views = random_views(config, clips)

    def loss(trained: Any, others: Any) -> tuple[Any, Any]:
        outputs, others = towers.stateless_call(trained, others, views, training=True)
        return view_losses(outputs)[0], others

    step = jax.jit(jax.value_and_grad(loss, has_aux=True))
    trained = [variable.value for variable in towers.trainable_variables]
    others = [variable.value for variable in towers.non_trainable_variables]
    seconds = seconds_of(lambda: step(trained, others), rounds)
    operations = 3 * clips * sum(size.flops for size in experiment_sizes(config).values())
    rate = product_rate(precision, rounds)
    memory = jax.local_devices()[0].memory_stats() or {}
    return {
        "clips_per_second": clips / seconds,
        "teraflops_per_second": operations / seconds / 1e12,
        "matrix_product_teraflops_per_second": rate / 1e12,
        "of_matrix_product": operations / seconds / rate,
        "peak_gib": memory.get("peak_bytes_in_use", 0) / 2**30,
    }


def in_words(result: dict[str, float]) -> str:
    """What `networks` found, as a line."""
    return (
        f"{result['clips_per_second']:.1f} clips/s, {result['teraflops_per_second']:.1f} TFLOP/s, "
        f"{result['of_matrix_product']:.2f} of a matrix product's {result['matrix_product_teraflops_per_second']:.0f}, "
        f"peak {result['peak_gib']:.1f} GiB"
    )


def random_convolution(views: int, frames: int, size: int, rounds: int) -> dict[str, float]:
    """Seconds of the two ways to give every view a filter of its own."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    pictures = jax.random.uniform(jax.random.key(0), (views, frames, size, size, 3))
    kernels = jax.random.normal(jax.random.key(1), (views, LARGEST_KERNEL, LARGEST_KERNEL, 3, 3))
    order = ("NHWC", "HWIO", "NHWC")

    def grouped(pictures: Any, kernels: Any) -> Any:
        together = jnp.transpose(pictures, (1, 2, 3, 0, 4)).reshape(frames, size, size, 3 * views)
        weights = jnp.transpose(kernels, (1, 2, 3, 0, 4)).reshape(LARGEST_KERNEL, LARGEST_KERNEL, 3, 3 * views)
        convolved = lax.conv_general_dilated(
            together, weights, (1, 1), "SAME", dimension_numbers=order, feature_group_count=views
        )
        return jnp.transpose(convolved.reshape(frames, size, size, views, 3), (3, 0, 1, 2, 4))

    def one_by_one(pictures: Any, kernels: Any) -> Any:
        def one(view_and_kernel: tuple[Any, Any]) -> Any:
            view, kernel = view_and_kernel
            return lax.conv_general_dilated(view, kernel, (1, 1), "SAME", dimension_numbers=order)

        return lax.map(one, (pictures, kernels))

    ways = {"grouped": jax.jit(grouped), "one_by_one": jax.jit(one_by_one)}
    return {name: seconds_of(lambda way=way: way(pictures, kernels), rounds) for name, way in ways.items()}


def main() -> None:
    arguments = options()
    import jax

    from brave_tf import presets
    from brave_tf.config.values import override

    results: dict[str, Any] = {"device": jax.local_devices()[0].device_kind, "networks": {}, "random_convolution": {}}
    for name in arguments.presets:
        config = override(presets.get(name), arguments.set)
        for precision in arguments.precisions:
            result = networks(config, arguments.clips, precision, arguments.rounds)
            results["networks"][f"{name} {precision}"] = result
            if not arguments.json:
                print(f"{name} {precision}: {in_words(result)}", flush=True)
    for views in arguments.views:
        result = random_convolution(views, *arguments.view, arguments.rounds)
        results["random_convolution"][views] = result
        if not arguments.json:
            times = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in result.items())
            print(f"random convolution of {views} views of {arguments.view}: {times}", flush=True)
    if arguments.json:
        print(json.dumps(results))
    else:
        print(results["device"])


if __name__ == "__main__":
    main()
