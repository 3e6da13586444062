"""`brave-tf inspect`."""

import itertools
import shlex
from pathlib import Path
from typing import Annotated

import tyro

MOST_REDRAWS = 7


def inspect(
    dataset: tyro.conf.Positional[Path],
    /,
    preset: str,
    out: Path,
    clips: int = 4,
    redraws: int = 2,
    seed: int | None = None,
    split: str = "train",
    set: Annotated[
        tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="KEY=VALUE [KEY=VALUE ...]"), tyro.conf.UseAppendAction
    ] = (),
) -> None:
    """Show what the networks will see of a dataset, as one HTML page.

    Example: brave-tf inspect dataset --preset tiny-va --out page.html

    Args:
        dataset: what --data of `brave-tf pretrain` takes: usually what `brave-tf prepare` wrote.
        preset: experiment; `brave-tf presets` lists them.
        out: the page to write.
        clips: clips to show, the first that a run trains on.
        redraws: further draws of each clip, to see what is random; 0 to 7.
        seed: seed of the run, instead of the preset's.
        split: split of the dataset.
        set: settings of the preset, such as narrow.frames=32.
    """
    from brave_tf import presets
    from brave_tf.cli.console import Console
    from brave_tf.config import values as config_values
    from brave_tf.errors import UsageError

    if clips < 1:
        raise UsageError(f"received --clips {clips}; expected 1 or more")
    if not 0 <= redraws <= MOST_REDRAWS:
        raise UsageError(f"received --redraws {redraws}; expected 0 to {MOST_REDRAWS}")
    assignments = [*([f"seed={seed}"] if seed is not None else []), *itertools.chain(*set)]
    config = config_values.override(presets.get(preset), assignments)
    words = ["brave-tf", "inspect", str(dataset), "--preset", preset, "--out", str(out), "--clips", str(clips)]
    words += ["--redraws", str(redraws), "--seed", str(config.seed), "--split", split]
    words += ["--set", *itertools.chain(*set)] if set else []

    from brave_tf.inspection import inspect as write_inspection

    content = write_inspection(
        config, dataset, out, split=split, clips=clips, redraws=redraws, command=shlex.join(words)
    )
    shown, left_out = len(content.clips), sum(content.left_out.values())
    note = f" (asked for {clips}, there are no more)" if shown < clips else ""
    usable = f"{preset} can use {content.usable} of {content.usable + left_out} clips in split {split}"
    noun = "clip" if shown == 1 else "clips"
    Console().print(f"{out}: {shown} {noun}{note}; {usable}", highlight=False, markup=False, soft_wrap=True)
