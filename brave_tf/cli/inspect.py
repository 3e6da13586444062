"""`brave-tf inspect`."""

import itertools
from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.modalities import TowerChoice


def inspect(
    dataset: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATASET")],
    /,
    preset: str | None = None,
    out: Path = Path("inspect.html"),
    encoder: Path | None = None,
    tower: TowerChoice | None = None,
    clips: int = 4,
    redraws: int = 2,
    seed: int | None = None,
    split: str = "train",
    set: Annotated[
        tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="KEY=VALUE [KEY=VALUE ...]"), tyro.conf.UseAppendAction
    ] = (),
    json: JSON = False,
) -> None:
    """`brave_tf.inspect`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_lines
    from brave_tf.cli.following import embed_dataset_words, evaluate_words, pretrain_words
    from brave_tf.cli.manner import print_json

    settings = list(itertools.chain(*set))
    content = commands.inspect(
        dataset,
        preset,
        out,
        encoder=encoder,
        tower=tower,
        clips=clips,
        redraws=redraws,
        seed=seed,
        split=split,
        set=settings,
    )
    if json:
        print_json(content)
        return
    drawn, left_out = len(content.clips), sum(content.left_out.values())
    note = f" (asked for {clips}, there are no more)" if drawn < clips else ""
    usable = f"{content.config.name} can use {content.usable} of {content.usable + left_out} clips in split {split}"
    noun = "clip" if drawn == 1 else "clips"
    print_lines(f"{out}: {drawn} {noun}{note}; {usable}")
    if encoder is None:
        words = [word for each in set for word in ("--set", *each)]
        following = [*pretrain_words(content.config.name, dataset), *words]
    else:
        following = evaluate_words(encoder, dataset, tower) or embed_dataset_words(encoder, dataset, tower)
    print_end(out, following=following)


inspect.__doc__ = commands.inspect.__doc__
