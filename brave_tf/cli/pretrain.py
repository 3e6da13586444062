"""`brave-tf pretrain`."""

import itertools
from pathlib import Path
from typing import Annotated

import tyro

from brave_tf.config.words import StrategyName


def pretrain(
    preset: tyro.conf.Positional[str],
    /,
    data: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DATASET"), tyro.conf.UseAppendAction],
    run: Path,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    strategy: StrategyName = "auto",
    set: Annotated[
        tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="KEY=VALUE [KEY=VALUE ...]"), tyro.conf.UseAppendAction
    ] = (),
) -> None:
    """Train an encoder without labels. The same command again goes on where it stopped.

    Example: brave-tf pretrain tiny-va --data dataset --run runs/first

    Args:
        preset: experiment to run; `brave-tf presets` lists them.
        data: dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME/CONFIG:VERSION, prepared by
            TensorFlow Datasets; may be given several times.
        run: directory for checkpoints, metrics and the finished encoder.
        steps: optimizer steps, instead of the preset's. More than before make a run longer, also a finished one: from
            there on it follows the schedule of the new length, and so ends otherwise than an undisturbed run would.
            A warm-up of more than half of them takes a tenth of them instead.
        batch_size: clips per step, instead of the preset's.
        seed: seed of everything random, instead of the preset's.
        strategy: "mirrored" trains on all GPUs of this machine, "multiworker" on all machines that TF_CONFIG or SLURM
            name, "tpu" on a TPU, "auto" on whichever is there. See docs/scaling.md.
        set: settings of the preset, such as optimizer.peak_learning_rate=0.3.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.errors import UsageError
    from brave_tf.training.pretrain import pretrain as run_pretraining

    if not data:
        raise UsageError("received no --data; expected a dataset that `brave-tf prepare` wrote: --data DATASET")
    settings = list(itertools.chain(*set))
    summary = run_pretraining(
        preset, data, run, steps=steps, batch_size=batch_size, seed=seed, strategy=strategy, set=settings
    )
    print_table(f"{run}", {**summary, "notes": "\n".join(summary.get("notes", [])) or "none"})
