"""Clips per second of the input pipeline alone: `python benchmarks/input_pipeline.py DATASET [PRESET]`."""

import sys
import time

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset

STEPS = 20


def main() -> None:
    name = sys.argv[2] if len(sys.argv) > 2 else "tiny-va"
    print("augmentation  clips/s")
    for place in ("device", "host"):
        config = override(presets.get(name), [f"data.augment_on={place}"])
        batches = iter(pretraining_dataset(sys.argv[1], config))
        next(batches)
        started = time.perf_counter()
        for _ in range(STEPS):
            next(batches)
        print(f"{place:12}  {STEPS * config.batch_size / (time.perf_counter() - started):7.1f}")


if __name__ == "__main__":
    main()
