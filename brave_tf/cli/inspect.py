"""`brave-tf inspect`."""

import itertools
from pathlib import Path
from typing import Annotated

import tyro


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
    from brave_tf.cli.console import Console
    from brave_tf.inspection import inspect as write_inspection

    settings = list(itertools.chain(*set))
    content = write_inspection(dataset, preset, out, clips, redraws, seed, split, settings)
    drawn, left_out = len(content.clips), sum(content.left_out.values())
    note = f" (asked for {clips}, there are no more)" if drawn < clips else ""
    usable = f"{preset} can use {content.usable} of {content.usable + left_out} clips in split {split}"
    noun = "clip" if drawn == 1 else "clips"
    Console().print(f"{out}: {drawn} {noun}{note}; {usable}", highlight=False, markup=False, soft_wrap=True)
