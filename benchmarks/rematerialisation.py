"""What rematerialisation costs and spares: `python benchmarks/rematerialisation.py`.

Forward and backward pass of TSM-50 on clips of 8 frames of 112 pixels. Each variant and batch size runs in a
process of its own, whose peak of resident memory is taken; the memory of a clip is the difference of two batch sizes.
"""

import resource
import statistics
import subprocess
import sys
import time

FRAMES, SIZE = 8, 112
BATCHES = (4, 12)
STEPS = 5
ROUNDS = 3


def measure(rematerialise: bool, batch: int) -> None:
    import tensorflow as tf

    from brave_tf.models import TSMResNet

    model = TSMResNet(rematerialise=rematerialise)
    video = tf.random.uniform([batch, FRAMES, SIZE, SIZE, 3])

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(video, training=True) ** 2)
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
        return tf.linalg.global_norm(gradients)

    step()
    seconds = []
    for _ in range(STEPS):
        began = time.perf_counter()
        step().numpy()
        seconds.append(time.perf_counter() - began)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, min(seconds))


def run(rematerialise: bool, batch: int) -> tuple[float, float]:
    command = [sys.executable, __file__, str(int(rematerialise)), str(batch)]
    peak, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(peak), float(seconds)


def main() -> None:
    if len(sys.argv) > 1:
        return measure(sys.argv[1] == "1", int(sys.argv[2]))
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for rematerialise, results in found.items():
            (small, _), (large, seconds) = (run(rematerialise, batch) for batch in BATCHES)
            results.append(((large - small) / (BATCHES[1] - BATCHES[0]), seconds / BATCHES[1]))
    print("rematerialise  MiB per clip  seconds per clip")
    medians = {}
    for rematerialise, results in found.items():
        medians[rematerialise] = [statistics.median(values) for values in zip(*results, strict=True)]
        memory, seconds = medians[rematerialise]
        print(f"{rematerialise!s:13}  {memory:12.0f}  {seconds:16.3f}")
    memory, seconds = (again / plain for again, plain in zip(medians[True], medians[False], strict=True))
    print(f"{'ratio':13}  {memory:12.2f}  {seconds:16.2f}")


if __name__ == "__main__":
    main()
