"""Every message that a user may get: how to provoke it, what it means, what to do.

The areas stand in the order of the page. A message is found by the words of its template, which its entry repeats; so
whoever changes a message changes its entry, and whoever adds one is told by a test that it has none.
"""

import functools

from tests.errors.areas import (
    benchmarks,
    command_line,
    converting,
    datasets,
    encoders,
    evaluating,
    exporting,
    media,
    own_code,
    preparing,
    reasons,
    searching,
    settings,
    training,
)
from tests.errors.entry import Area, Entry
from tests.errors.sites import ROOT as ROOT
from tests.errors.sites import Site, all_sites

AREAS: tuple[Area, ...] = (
    command_line.AREA,
    preparing.AREA,
    media.AREA,
    datasets.AREA,
    training.AREA,
    settings.AREA,
    encoders.AREA,
    evaluating.AREA,
    searching.AREA,
    exporting.AREA,
    converting.AREA,
    own_code.AREA,
    reasons.VERIFY,
    datasets.RECORDS,
    benchmarks.AREA,
)
ENTRIES: tuple[Entry, ...] = tuple(entry for area in AREAS for entry in area.entries)

REPEATED: dict[tuple[str, str], str] = {
    (
        "brave_tf/data/second_look.py",
        "{said[1]}",
    ): "gives back a message that TensorFlow wrapped in an error of its own",
    ("brave_tf/encoders/from_run.py", "{'; '.join(problems)}"): "joins those of the checkpoints, none of which is read",
    ("brave_tf/training/checkpoint_ranking.py", "{'; '.join(problems)}"): "joins those of the checkpoints",
    ("brave_tf/runs/directory.py", "{path}: {error}"): "puts the file before what is wrong with a configuration",
    ("brave_tf/preparation/shard_jobs.py", "{limits.time_reason}"): "is made in file_limits.py",
    ("brave_tf/verification/record_check.py", "the classes in dataset.json"): "is a part of another",
    ("brave_tf/verification/pictures.py", ", nor can {len(failed) - 1} more"): "is a part of another",
    ("brave_tf/verification/shard_walk.py", "cannot be read ({reason_of(error)})"): "is a part of another",
    ("brave_tf/preparation/clock.py", "in {len(gaps)} gaps, the first from"): "is a part of another",
    ("brave_tf/preparation/worker_processes.py", "it ended before it was ready"): "is a part of another",
    ("brave_tf/embedding/decoding.py", "it ended before it was ready"): "is a part of another",
}
"""By file and template: places that pass on a message that was made elsewhere, or make a part of one."""


@functools.cache
def sites() -> tuple[Site, ...]:
    """All places that make messages."""
    return tuple(all_sites())


def sites_of(file: str, words: str) -> list[Site]:
    """Those that words stand for."""
    return [site for site in sites() if site.file == file and words in site.template]


def site_of(entry: Entry) -> Site:
    """The place that an entry is about.

    Raises:
        AssertionError: there is none, or several.
    """
    found = sites_of(entry.file, entry.words)
    templates = list(dict.fromkeys(site.template for site in found))
    assert len(templates) == 1, f"{entry.name} stands for {templates or 'nothing'}; expected one"
    return found[0]


def not_covered() -> list[Site]:
    """Places without an entry."""
    known = {site for entry in ENTRIES for site in sites_of(entry.file, entry.words)}
    return [site for site in sites() if site not in known and (site.file, site.template) not in REPEATED]
