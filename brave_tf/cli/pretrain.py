"""`brave-tf pretrain`."""

import itertools
from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.config.words import LoggerName, StrategyName


def pretrain(
    preset: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="PRESET")],
    /,
    data: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DATASET"), tyro.conf.UseAppendAction],
    run: Path,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    strategy: StrategyName = "auto",
    strict: bool = False,
    log: Annotated[tuple[LoggerName, ...], tyro.conf.UseAppendAction] = (),
    set: Annotated[
        tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="KEY=VALUE [KEY=VALUE ...]"), tyro.conf.UseAppendAction
    ] = (),
    json: JSON = False,
) -> None:
    """`brave_tf.pretrain`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_table
    from brave_tf.cli.following import evaluate_words
    from brave_tf.cli.manner import print_json
    from brave_tf.data.damage import DamagedClip
    from brave_tf.errors import UsageError

    if not data:
        raise UsageError("received no --data; expected a dataset that `brave-tf prepare` wrote: --data DATASET")
    settings = list(itertools.chain(*set))
    summary = commands.pretrain(
        preset,
        data,
        run,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        strategy=strategy,
        strict=strict,
        log=log,
        set=settings,
    )
    if json:
        print_json(summary)
        return
    damaged = [str(DamagedClip(**entry)) for entry in summary.get("damaged", [])]
    lines = {"notes": summary.get("notes", []), "damaged": damaged}
    print_table(f"{run}", summary | {name: "\n".join(each) or "none" for name, each in lines.items()})
    following = evaluate_words(run, data[0]) or ["report", run, "--out", "run.html"]
    print_end(run, ["encoder.keras", "summary.json"], following)


pretrain.__doc__ = commands.pretrain.__doc__
