"""`brave-tf verify`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.errors import UserError

if TYPE_CHECKING:
    from brave_tf.verification.report import VerificationReport

SHOWN_COPIES = 10
"""Groups of copies that are named one by one; damaged clips all are."""


def verify(
    dataset: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATASET")],
    /,
    repair: Path | None = None,
    workers: int | None = None,
    json: JSON = False,
) -> None:
    """`brave_tf.verify`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_lines, print_next
    from brave_tf.cli.following import preset_for
    from brave_tf.cli.manner import print_json
    from brave_tf.data.open import open_dataset

    report = commands.verify(dataset, repair=repair, workers=workers)
    if json:
        print_json(report)
    else:
        print_lines(*_lines(report, repair))
        if repair is not None and report.repaired is not None:
            print_end(repair, ["dataset.json"], ["verify", repair])
        elif report.is_sound and (preset := preset_for(open_dataset(dataset).info)):
            print_next(["inspect", dataset, "--preset", preset, "--out", "views.html"])
    if not report.is_sound:
        raise UserError(f"{dataset}: {_summary(report)}; {_remedy(report, dataset)}")


verify.__doc__ = commands.verify.__doc__


def _lines(report: "VerificationReport", repair: Path | None) -> Iterator[str]:
    size = f"{report.clips:,} clips in {report.shards:,} shards, {report.bytes_read / 1e9:,.3f} GB"
    yield f"{report.dataset}: {size}; {'nothing' if report.is_sound else 'something'} is wrong"
    for heading, found in report.wrong:
        if found:
            shown = found if found is not report.leaks else found[:SHOWN_COPIES]
            yield f"{heading}: {len(found):,}"
            yield from (f"  {each}" for each in shown)
            if len(found) > len(shown):
                yield f"  and {len(found) - len(shown):,} more, which --json names"
    if report.duplicates:
        yield f"groups of clips with exact copies in the same split, which is no error: {len(report.duplicates):,}"
        yield from (f"  {each}" for each in report.duplicates[:SHOWN_COPIES])
    if report.repaired is not None:
        yield f"{repair}: {report.repaired:,} clips, as they were"
    elif repair is not None:
        yield f"{repair} is not written: no clip is damaged"


def _summary(report: "VerificationReport") -> str:
    return ", ".join(f"{heading}: {len(found):,}" for heading, found in report.wrong if found)


def _remedy(report: "VerificationReport", dataset: Path) -> str:
    if report.repaired is not None:
        remedy = "train on the repaired dataset"
    elif report.can_be_repaired:
        remedy = f"write the others with `brave-tf verify {dataset} --repair OUT`, or prepare the sources again"
    elif report.left_out:
        remedy = "replace these files"
    else:
        remedy = "give all copies of a clip one split, by a column `split` of the CSV that is prepared"
    return remedy
