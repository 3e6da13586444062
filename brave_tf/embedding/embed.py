"""From media to a table of embeddings: decoding, the network and the rows that are done go on side by side."""

import contextlib
import dataclasses
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from brave_tf.config.words import PoolName
from brave_tf.data.open import open_dataset
from brave_tf.embedding.batches import full_batches
from brave_tf.embedding.clip_jobs import ClipJob, ClipReader
from brave_tf.embedding.decoding import decoded_in_processes
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.jobs import MediaJob
from brave_tf.embedding.journal import Journal
from brave_tf.embedding.listing import list_media
from brave_tf.embedding.plan import Plan, dense_folder, is_written, kept_rows, parts_folder
from brave_tf.embedding.table import TableFacts, open_table
from brave_tf.embedding.threads import done_in_threads, made_ahead
from brave_tf.embedding.vectors import WindowEmbedder
from brave_tf.embedding.windows import check_modality
from brave_tf.embedding.writer import RowWriter, write_table
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError, one_line
from brave_tf.evaluation.request import check_fit
from brave_tf.machine import cores
from brave_tf.modalities import MODALITIES, TowerChoice
from brave_tf.preparation.plan import bytes_of
from brave_tf.progress import note, phase, track, warn
from brave_tf.storage import as_path, is_remote, remove_tree

BATCHES_AHEAD = 2
"""Batches that wait for the network."""
NAMED = 10
"""Files that are left out, or not whole, and are named one by one."""


def embed_media(
    encoder: Encoder | str | os.PathLike[str],
    media: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    data: str | Path | None,
    window: float | None,
    stride: float | None,
    pool: PoolName,
    dense: bool,
    tower: TowerChoice | None,
    workers: int | None,
) -> TableFacts:
    """Does what `brave_tf.commands.embed` documents."""
    media = [media] if isinstance(media, str | os.PathLike) else list(media)
    path = as_path(out)
    _check_usage(media, path, data, pool, dense, workers)
    with phase("loading the encoder"):
        loaded = load_encoder(encoder, tower)
    grid = Grid.of(loaded.card.input_view, window, stride)
    embedder = WindowEmbedder(loaded, grid, dense)
    facts = TableFacts(
        encoder=str(loaded.path if isinstance(encoder, Encoder) else encoder),
        weights_sha256=loaded.weights_sha256(),
        card=loaded.card,
        tower=loaded.card.tower,
        embedding_size=loaded.embedding_size,
        window=grid.window_seconds,
        stride=grid.stride_seconds,
        pool=pool,
        dense=dense,
        folder=os.getcwd(),
    )
    work = _clips(loaded, grid, facts, str(data)) if data is not None else work_of_media(loaded, grid, facts, media)
    if is_written(path, work.plan):
        note(f"{path} is complete already: nothing is left to do")
        return open_table(path).facts
    _check_dense(path, dense)
    with kept_rows(path, work.plan) as journal:
        embed_rows(path, work, journal, embedder, cores() if workers is None else workers)
        _check_any(path, work.plan, journal)
        with phase("writing the table"):
            facts = write_table(path, work.plan, journal)
    _tell(facts)
    return facts


@dataclasses.dataclass(frozen=True)
class EmbeddingWork:
    """What there is to embed.

    Attributes:
        plan: the table.
        jobs: one for each file.
        sizes: how much work each is, in bytes.
    """

    plan: Plan
    jobs: "Sequence[MediaJob] | Sequence[ClipJob]"
    sizes: list[int]

    def left(self, journal: Journal) -> list[Any]:
        """The jobs that are not done, without the windows that are there."""
        jobs = [job for job in self.jobs if job.number not in journal.files or not journal.files[job.number].done]
        if self.plan.facts.pool == "video":
            return jobs
        rows = {job.number: journal.files[job.number].rows for job in jobs if job.number in journal.files}
        return [dataclasses.replace(job, skip=rows.get(job.number, 0)) for job in jobs]


def _check_usage(
    media: Sequence[Any], path: Path, data: str | Path | None, pool: PoolName, dense: bool, workers: int | None
) -> None:
    if media and data is not None:
        raise UsageError("received media and --data; expected one of them: a table is of files or of a dataset")
    if dense and pool == "video":
        raise UsageError("received --dense with --pool video; maps are of windows: expected --pool windows")
    if dense and is_remote(path):
        raise UserError(f"received --dense with --out {path}; maps are written on this machine: expected a path here")
    if workers is not None and workers < 0:
        raise UsageError(f"received --workers {workers}; expected 0 or more")


def work_of_media(
    encoder: Encoder, grid: Grid, facts: TableFacts, media: Sequence[str | os.PathLike[str]]
) -> EmbeddingWork:
    """What there is to do for media files; says what is passed over."""
    input_view = encoder.card.input_view
    check_modality(input_view)
    with phase("listing the media"):
        listing = list_media(media)
        sizes = bytes_of([source.path for source in listing.sources])
    for line in listing.notes:
        note(line)
    if listing.ignored:
        note(f"passed over: {', '.join(f'{count:,} {kind}' for kind, count in sorted(listing.ignored.items()))}")
    files = tuple(
        (source.name, size, source.start_seconds, source.end_seconds)
        for source, size in zip(listing.sources, sizes, strict=True)
    )
    jobs = [
        MediaJob(number, source, input_view, grid.window_seconds, grid.stride_seconds)
        for number, source in enumerate(listing.sources)
    ]
    plan = Plan(facts, files)
    return EmbeddingWork(plan, jobs, [max(size or 0, 1) for size in sizes])


def _clips(encoder: Encoder, grid: Grid, facts: TableFacts, data: str) -> EmbeddingWork:
    dataset = open_dataset(data)
    for line in dataset.notes():
        note(line)
    check_fit(encoder, dataset)
    reader = ClipReader(dataset, encoder.card.input_view, grid)
    sources = reader.sources()
    if not sources:
        raise UserError(f"{data} holds no clips; expected some to embed")
    files = tuple((name, dataset.fingerprint, None, None) for name, _ in sources)
    jobs = [ClipJob(number, tuple(rows), reader) for number, (_, rows) in enumerate(sources)]
    plan = Plan(dataclasses.replace(facts, data=data), files)
    return EmbeddingWork(plan, jobs, [reader.bytes_of(rows) for _, rows in sources])


def embed_rows(path: Path, work: EmbeddingWork, journal: Journal, embedder: WindowEmbedder, workers: int) -> None:
    """Embeds what is not done yet, and takes it down.

    Raises:
        UserError: an embedding is not finite, no process can be started, or something cannot be written.
    """
    jobs, sizes, files = work.left(journal), work.sizes, len(work.jobs)
    if not jobs:
        return
    left = sum(sizes[job.number] for job in jobs)
    writer = RowWriter(path, work.plan, journal)
    with contextlib.ExitStack() as stack:
        advance = stack.enter_context(
            track(sum(sizes), "embed", done=sum(sizes) - left, percent=True, start_up="preparing the first batch")
        )
        batches = stack.enter_context(
            made_ahead(full_batches(window_events(jobs, workers), embedder.batch_size), BATCHES_AHEAD)
        )
        ended, ended_bytes, done = files - len(jobs), 0, 0
        for batch in batches:
            writer.add(batch, None if batch.clips is None else embedder(batch.clips))
            ended, ended_bytes = ended + len(batch.ended), ended_bytes + sum(sizes[n] for n, _ in batch.ended)
            reached = ended_bytes + int(sum(sizes[number] * share for number, share in batch.shares.items()))
            advance(max(reached - done, 0), f"({ended:,} of {files:,} files)")
            done = max(reached, done)


def window_events(jobs: Sequence[Any], workers: int) -> Generator[Any, None, None]:
    """The windows of files, as they are decoded in so many processes or threads; see `decoded_in_processes`."""
    if workers and isinstance(jobs[0], MediaJob):
        return decoded_in_processes(jobs, min(workers, len(jobs)))
    return done_in_threads(jobs, max(min(workers, len(jobs)), 1))


def _check_dense(path: Path, dense: bool) -> None:
    folder = dense_folder(path)
    # What an interrupted command left is begun again, or kept.
    if dense and not parts_folder(path).exists() and folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} exists, and is not of this table; choose another --out, or remove it")


def _check_any(path: Path, plan: Plan, journal: Journal) -> None:
    reasons = [(plan.files[number][0], rows.reason) for number, rows in sorted(journal.files.items()) if rows.reason]
    if len(reasons) == len(plan.files):
        name, reason = reasons[0]
        # There is nothing to go on from, and the files may be mended.
        remove_tree(parts_folder(path))
        raise UserError(
            f"none of {len(reasons):,} files can be embedded; the first: {one_line(name)} {one_line(reason)}; expected "
            f"media with {MODALITIES[plan.facts.card.modality].word}, or another --tower"
        )


def _tell(facts: TableFacts) -> None:
    for kind, entries in (("left out", facts.left_out), ("used, and not whole", facts.remarks)):
        for entry in entries[:NAMED]:
            warn(f"{kind}: {one_line(entry.file)} {one_line(entry.text)}")
        if len(entries) > NAMED:
            warn(f"{kind}: {len(entries) - NAMED:,} more, which are named in the table's metadata")
