"""The input pipelines. The only file that assembles tf.data."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import Config, EvaluationInput
from brave_tf.data import sampling
from brave_tf.data.damage import nothing_usable
from brave_tf.data.dataset import Dataset
from brave_tf.data.evaluation_views import (
    classifier_sample,
    damaged_sample,
    damaged_windows,
    evaluation_windows,
)
from brave_tf.data.read import RecordTable
from brave_tf.data.second_look import Make, SecondLook, Watch
from brave_tf.data.training_clips import TrainingClips
from brave_tf.data.usable import batches_without_gaps, elements_without_gaps
from brave_tf.data.views import training_views
from brave_tf.errors import UserError
from brave_tf.machine import cores

PREFETCHED_BATCHES = 2


def pretraining_dataset(
    data: TrainingClips | str | Path | Sequence[str | Path],
    config: Config,
    *,
    first_step: int = 0,
    strategy: tf.distribute.Strategy | None = None,
) -> Any:
    """Batches for `Brave.fit`, from step `first_step` on, without end.

    A batch is a pure function of (config.seed, step): it does not matter what ran before, how many threads decode, or
    how many replicas share it. Every epoch shows all clips once, in another order. In place of a clip that cannot be
    read or decoded, or whose sound is not finite, another is drawn by `brave_tf.data.sampling.draws`; the callback
    `brave_tf.training.DamageWatch` names it.

    Args:
        data: what `open_dataset` takes, once or several times, or what `TrainingClips.open` found in them.
        config: the experiment.
        first_step: the step of the first batch.
        strategy: what the model is trained under; by default the strategy whose scope this is called in.

    Returns:
        A `tf.data.Dataset` of dictionaries with `narrow` [B, T, H, W, 3], `broad`, `augment` (see `Brave`), `clip_id`
        [B] int64, and `draw` [B] int64, which tells of damaged clips (see `brave_tf.data.sampling.draws`). For several
        replicas a `tf.distribute.DistributedDataset` that gives each its share of the same batch; a process decodes the
        clips of its own replicas alone.

    Raises:
        UserError: see `TrainingClips.open`; or the batch does not divide among the replicas.
    """
    strategy = strategy or tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    check_batch(config, replicas)
    clips = data if isinstance(data, TrainingClips) else TrainingClips.open(data, config)
    reader = clips.table.reader()
    row_of = functools.partial(sampling.row_of, clips=clips.count, run_seed=config.seed)

    # A function of the graph: elements and what replaces them share it, where it would be traced for either.
    @tf.function(autograph=False)
    def made(draw: tf.Tensor, row: tf.Tensor, serialized: tf.Tensor) -> dict[str, Any]:
        views = training_views(clips.parser(serialized, row), sampling.example_seed(config.seed, draw), config)
        return {**views, "clip_id": reader.clip_id(row), "draw": draw}

    look = SecondLook(clips.table, made, _drawn(clips.count, config.seed), nothing_usable())

    def share(context: tf.distribute.InputContext) -> tf.data.Dataset:
        pipelines, size = context.num_input_pipelines, config.batch_size // context.num_input_pipelines
        example = functools.partial(
            sampling.example_of_share,
            batch=config.batch_size,
            share=size,
            number=context.input_pipeline_id,
        )

        @tf.autograph.experimental.do_not_convert
        def element(position: tf.Tensor) -> tuple[tf.Tensor, dict[str, Any]]:
            draw = example(position)
            row = sampling.shuffled_row(draw, clips.count, config.seed)
            return position, made(draw, row, reader(row)[0])

        def replacement(position: tf.Tensor) -> dict[str, Any]:
            return made(*look(example(position))[1:])

        first, batch = first_step * size, config.batch_size // replicas
        watch = Watch(clips.table, lambda position: row_of(int(example(position))), first, batch)
        dataset = tf.data.Dataset.range(first, np.iinfo(np.int64).max).take_while(watch.goes_on)
        dataset = _on_all_cores(dataset, element, config.data.parallel_calls)
        dataset = batches_without_gaps(dataset, first, batch, replacement).map(watch.counted)
        dataset = dataset.concatenate(watch.end(dataset))
        return dataset.prefetch(PREFETCHED_BATCHES * replicas // pipelines).with_options(_own_threads())

    if replicas == 1:
        return share(tf.distribute.InputContext())
    return strategy.distribute_datasets_from_function(share)


def _drawn(count: int, seed: int) -> Callable[[int], Iterator[tuple[int, int]]]:
    """From an example to its draws, and the row of each."""
    return lambda example: ((int(draw), sampling.row_of(int(draw), count, seed)) for draw in sampling.draws(example))


def _on_all_cores(
    numbers: tf.data.Dataset, element: Callable[[tf.Tensor], Any], parallel_calls: int | None = None
) -> tf.data.Dataset:
    """Elements of the dataset, in order, made side by side."""
    dataset = numbers.map(element, num_parallel_calls=parallel_calls or cores())
    return dataset.with_options(_not_tuned())


def _not_tuned() -> tf.data.Options:
    """Nothing is tuned while it runs: one call for each core is the most that tuning could choose.

    It begins with fewer, and its thread may miss that its dataset is gone, which then waits for it up to a minute.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def _own_threads() -> tf.data.Options:
    """Threads that only the input uses, one for each core, so that its processor time can be told from the step's."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 0
    # Clips are made side by side; dividing one among threads that the step uses would only move the work there.
    options.threading.max_intra_op_parallelism = 1
    return options


def check_batch(config: Config, replicas: int) -> None:
    """Raises UserError if the batch cannot be divided among replicas, and each share into its micro-batches."""
    parts = replicas * config.micro_batches
    if config.batch_size % parts:
        raise UserError(
            f"received batch_size={config.batch_size} for {replicas} replicas with {config.micro_batches} "
            f"micro-batches each; expected a multiple of {parts}, such as "
            f"{max(round(config.batch_size / parts), 1) * parts}"
        )


def augmented_samples(
    dataset: Dataset, clips: pa.Table, input_view: EvaluationInput, seed: int, first: int = 0
) -> tf.data.Dataset:
    """`input_view.view.epochs` passes over clips, in order, freshly augmented in each pass.

    Args:
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        input_view: what the encoder is given.
        seed: decides every sample, together with its number.
        first: number of the sample to begin with.

    Returns:
        Samples as `brave_tf.data.evaluation_views.classifier_sample` makes them; NaN where the clip is damaged.
    """
    table = RecordTable.of(dataset, clips)
    reader = table.reader()

    @tf.autograph.experimental.do_not_convert
    def made(example: tf.Tensor, row: tf.Tensor, serialized: tf.Tensor) -> tf.Tensor:
        return classifier_sample(dataset.parser(serialized), sampling.example_seed(seed, example), input_view)

    @tf.autograph.experimental.do_not_convert
    def element(example: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        row = example % len(table)
        return example, made(example, row, reader(row)[0])

    end = input_view.view.epochs * len(table)
    look = SecondLook(table, made, lambda example: [(example, example % len(table))] if example < end else [])
    numbered = _on_all_cores(tf.data.Dataset.range(first, end), element)
    return elements_without_gaps(numbered, first, _or_else(look, made, lambda: damaged_sample(input_view)), end - 1)


def shuffled_samples(
    dataset: Dataset, clips: pa.Table, labels: np.ndarray, input_view: EvaluationInput, seed: int, first: int = 0
) -> tf.data.Dataset:
    """Samples and labels without end, every pass in another order; sample n is a pure function of (seed, n).

    In place of a damaged clip another is drawn, as in pre-training; the third entry of an element is its draw, see
    `brave_tf.data.sampling.draws`.

    Args:
        dataset: where the clips are.
        clips: rows of `Dataset.clips`.
        labels: [N, ...] of the clips.
        input_view: what the encoder is given.
        seed: decides every sample, together with its number.
        first: number of the sample to begin with.
    """
    table = RecordTable.of(dataset, clips)
    reader = table.reader()
    targets = tf.constant(labels)

    @tf.function(autograph=False)
    def made(draw: tf.Tensor, row: tf.Tensor, serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        sample = classifier_sample(dataset.parser(serialized), sampling.example_seed(seed, draw), input_view)
        return sample, targets[row], draw

    @tf.autograph.experimental.do_not_convert
    def element(example: tf.Tensor) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
        row = sampling.shuffled_row(example, len(table), seed)
        return example, made(example, row, reader(row)[0])

    look = SecondLook(table, made, _drawn(len(table), seed), nothing_usable())

    def replacement(example: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return made(*look(example)[1:])

    numbered = _on_all_cores(tf.data.Dataset.range(first, np.iinfo(np.int64).max), element)
    return elements_without_gaps(numbered, first, replacement)


def clip_windows(dataset: Dataset, clips: pa.Table, input_view: EvaluationInput, first: int = 0) -> tf.data.Dataset:
    """The test windows of each clip from number `first` on, in order: see `evaluation_windows`.

    For a damaged clip there is a window of zeros, whose places are -1.
    """
    table = RecordTable.of(dataset, clips)
    reader = table.reader()

    @tf.autograph.experimental.do_not_convert
    def made(number: tf.Tensor, row: tf.Tensor, serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return evaluation_windows(dataset.parser(serialized), input_view)

    @tf.autograph.experimental.do_not_convert
    def element(row: tf.Tensor) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
        return row, made(row, row, reader(row)[0])

    look = SecondLook(table, made, lambda row: [(row, row)] if row < len(table) else [])
    numbered = _on_all_cores(tf.data.Dataset.range(first, clips.num_rows), element)
    otherwise = _or_else(look, made, lambda: damaged_windows(input_view))
    return elements_without_gaps(numbered, first, otherwise, clips.num_rows - 1)


def _or_else(look: SecondLook, made: Make, damaged: Callable[[], Any]) -> Callable[[tf.Tensor], Any]:
    """From an element's number to what can be made of it after all, or what stands for one that is damaged."""

    def element(number: tf.Tensor) -> Any:
        is_usable, *found = look(number)
        return tf.cond(is_usable, lambda: made(*found), damaged)

    return element


def windows_across_clips(
    dataset: Dataset, clips: pa.Table, input_view: EvaluationInput, size: int, first: int = 0
) -> tf.data.Dataset:
    """The different test windows of all clips from number `first` on, in order, `size` at a time.

    Returns:
        Batches of the windows [size, ...], the last one shorter; [size] int64 number of the clip that each is of; and
        [size, V] bool, at which of the V test windows of its clip it stands: see `evaluation_windows`. What stands at
        none is not a window: the clip is damaged.
    """

    def of_clip(number: tf.Tensor, windows_and_places: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, ...]:
        windows, places = windows_and_places
        count = tf.shape(windows)[0]
        stands_at = places[None, :] == tf.range(count, dtype=places.dtype)[:, None]
        return windows, tf.fill([count], number), stands_at

    # A dataset that is enumerated keeps its order; `rebatch` copies once where `unbatch` and `batch` copy twice.
    return clip_windows(dataset, clips, input_view, first).enumerate(first).map(of_clip).rebatch(size)
