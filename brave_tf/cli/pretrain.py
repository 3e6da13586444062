"""`brave-tf pretrain`."""

import itertools
from pathlib import Path
from typing import Annotated

import tyro


def pretrain(
    preset: tyro.conf.Positional[str],
    /,
    data: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DATASET"), tyro.conf.UseAppendAction],
    run: Path,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
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
        steps: optimizer steps, instead of the preset's.
        batch_size: clips per step, instead of the preset's.
        seed: seed of everything random, instead of the preset's.
        set: settings of the preset, such as optimizer.peak_learning_rate=0.3.
    """
    from brave_tf import config_values, presets
    from brave_tf.cli.console import print_table
    from brave_tf.errors import UsageError

    if not data:
        raise UsageError("received no --data; expected a dataset that `brave-tf prepare` wrote: --data DATASET")
    shortcuts = {"steps": steps, "batch_size": batch_size, "seed": seed}
    assignments = [f"{key}={value}" for key, value in shortcuts.items() if value is not None]
    config = config_values.override(presets.get(preset), [*assignments, *itertools.chain(*set)])

    from brave_tf.training.pretrain import pretrain as run_pretraining

    summary = run_pretraining(config, data, run)
    print_table(f"{run}", {**summary, "notes": "\n".join(summary.get("notes", [])) or "none"})
