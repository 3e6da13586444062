"""The commands of `brave-tf` as functions: arguments, defaults and documentation, which is also the command's `--help`.

Nothing heavy is imported before a function is called, so that help and completion answer at once.
"""

import dataclasses
import functools
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from brave_tf.config.words import (
    FollowLinks,
    LayoutName,
    LocalStrategyName,
    LoggerName,
    PoolName,
    ProtocolName,
    RunnerName,
    ScaleName,
    StrategyName,
    TableName,
)
from brave_tf.errors import UsageError
from brave_tf.modalities import TowerChoice

if TYPE_CHECKING:
    import tensorflow as tf

    from brave_tf.config import Config
    from brave_tf.convert.checkpoint import Converted
    from brave_tf.data.dataset import Dataset
    from brave_tf.doctor.diagnosis import Diagnosis
    from brave_tf.embedding.answers import Answer
    from brave_tf.embedding.near_duplicates import FilePair
    from brave_tf.embedding.table import TableFacts
    from brave_tf.encoders.encoder import Encoder
    from brave_tf.export.publish import Publication
    from brave_tf.pages.inspect_content import InspectContent
    from brave_tf.runs.record import RunRecord
    from brave_tf.verification.report import VerificationReport

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _never_silent(command: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Says every few seconds that a command goes on, where nothing more exact is said."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        from brave_tf.progress import phase

        with phase(command.__name__):
            return command(*args, **kwargs)

    return run


def _place(dataset: "Dataset | str | Path") -> str | Path:
    """Where a dataset is, which may be open already, such as what `prepare` gives."""
    from brave_tf.data.dataset import Dataset

    return dataset.path if isinstance(dataset, Dataset) else dataset


@_never_silent
def prepare(
    source: str | Path,
    out: str | Path,
    *,
    layout: LayoutName = "auto",
    path_column: str = "path",
    annotations: str | Path | None = None,
    follow_links: FollowLinks = "inside",
    audio_rate: int = 16_000,
    shorter_side: int = 256,
    clip_seconds: float | None = None,
    split: str = "train=0.8,test=0.2",
    seed: int = 0,
    workers: int | None = None,
    flow: bool = False,
    flow_size: int = 128,
    flow_stride: int = 4,
    broad_size: int | None = None,
    max_seconds_per_file: float = 14_400.0,
    part: str | None = None,
    merge: bool = False,
    runner: RunnerName = "local",
    beam_options: Sequence[str] = (),
) -> "Dataset | Any":
    """Turn media files into a dataset. The same command again finishes what was interrupted.

    Example: brave-tf prepare my-videos --out dataset

    In Python: brave_tf.prepare("my-videos", "dataset")

    Media become frames at 25 fps and mono sound. A file that cannot be used is left out; dataset.json lists it with the
    reason.

    Args:
        source: folder of media files, whose sub-folders name the classes, or a CSV file with a column `path` and
            optionally start, end (seconds), split, and label columns; or a benchmark's folder. It may be elsewhere,
            such as gs://bucket/videos, s3:// or hf://datasets, see docs/data.md.
        out: directory of the dataset; it may be elsewhere, such as gs://bucket/dataset.
        layout: how the source is laid out; auto is folder or csv, the others are benchmarks as their authors ship them,
            see docs/data.md.
        path_column: the CSV's column of paths.
        annotations: folder (or file, for esc50) of a benchmark's lists, where they do not lie with the media.
        follow_links: links below the source that are followed, to files and to folders: inside, those that stay in it;
            all; or none. What is not followed is counted and named.
        audio_rate: samples per second of the sound; 0 for no sound.
        shorter_side: shorter side of the frames in pixels; smaller pictures are not enlarged.
        clip_seconds: longer media are cut into clips of this length, and a remainder under 1 s is dropped; by default
            10, but one clip per file (3600) for ucf101, hmdb51, esc50, ssv2 and diving48, whose protocols take windows
            over all of it.
        split: shares of the splits, where the source has none.
        seed: decides which file goes into which split.
        workers: processes, one per CPU core by default; cores that they leave are for threads. A file that hangs,
            crashes or fills the memory of its process is left out like any other that cannot be used; with 0 all is
            done in the command's own process, which it would take with it.
        flow: also compute optical flow (TV-L1), for experiments that train with it; slow, see docs/flow.md.
        flow_size: shorter side in pixels of the pictures that flow is computed on.
        flow_stride: frames from one flow picture to the next; 4 is 6.25 a second, the rate of the paper's broad views.
        broad_size: also store every frame with this shorter side in pixels, such as 128, for faster training with
            broad.rgb.decode=small; takes about a third more disk, see docs/scaling.md.
        max_seconds_per_file: a file that takes longer, in wall-clock time, is left out.
        part: I/N, such as 3/10: write this share of the shards alone. For N commands on as many machines with a common
            folder, in any order, at the same time or not; the same command with merge comes last.
        merge: finish the dataset whose parts are done; which are missing is said.
        runner: local, or beam: Apache Beam does the work, on a cluster too (extra beam, see docs/data.md).
        beam_options: Beam's options without their dashes, such as runner=FlinkRunner flink_master=host:8081.

    Returns:
        The finished dataset; None after a part.

    Raises:
        UserError: nothing usable is in the source, a setting does not fit, `out` holds another dataset, another process
            is writing it, it cannot be written, or parts of it are missing.
    """
    from brave_tf.preparation.dataset_writer import write_dataset

    return write_dataset(
        source,
        out,
        layout=layout,
        path_column=path_column,
        annotations=annotations,
        follow_links=follow_links,
        audio_rate=audio_rate,
        shorter_side=shorter_side,
        clip_seconds=clip_seconds,
        split=split,
        seed=seed,
        workers=workers,
        flow=flow,
        flow_size=flow_size,
        flow_stride=flow_stride,
        broad_size=broad_size,
        max_seconds_per_file=max_seconds_per_file,
        part=part,
        merge=merge,
        runner=runner,
        beam_options=beam_options,
    )


@_never_silent
def verify(
    dataset: "Dataset | str | Path", *, repair: str | Path | None = None, workers: int | None = None
) -> "VerificationReport":
    """Read all of a dataset and name every damaged clip, and clips of one split with copies in another.

    Example: brave-tf verify dataset

    In Python: brave_tf.verify("dataset").is_sound

    Checks the checksums, decodes every picture, looks for sound that is not finite, and compares the records with the
    clip table and with dataset.json. What is found is printed with shard, offset and source; the exit status is 0 only
    if nothing is wrong. Clips that look and sound alike in several splits count as wrong: a test would include
    what was trained on. See docs/data.md.

    Args:
        dataset: dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME/CONFIG:VERSION; it may be
            elsewhere, such as gs://bucket/dataset, and so may `repair`.
        repair: directory for a dataset without the damaged clips, written only if there are any; the other clips stay
            as they are, byte for byte, and removed.csv in it lists the damaged ones for `brave-tf prepare`.
        workers: threads that decode, one per CPU core by default; shards are read one after the other.

    Returns:
        What was found: `is_sound`, `damaged`, `unlisted`, `problems`, `leaks`, `duplicates` and more.

    Raises:
        UserError: the dataset cannot be opened, or its clip table does not fit to dataset.json; or `repair` is taken,
            cannot be written, or is wanted of a dataset that others wrote.
    """
    from brave_tf.verification.verifier import verify_dataset

    return verify_dataset(_place(dataset), repair=repair, workers=workers)


@_never_silent
def inspect(
    dataset: "Dataset | str | Path",
    preset: "str | Config | None" = None,
    out: str | Path = Path("inspect.html"),
    *,
    encoder: "Encoder | str | os.PathLike[str] | None" = None,
    tower: TowerChoice | None = None,
    clips: int = 4,
    redraws: int = 2,
    seed: int | None = None,
    split: str = "train",
    set: str | Sequence[str] = (),
) -> "InspectContent":
    """Show what the networks will see of a dataset, and what an encoder sees of it, as one HTML page.

    Example: brave-tf inspect dataset --preset tiny-va --out page.html

    In Python: brave_tf.inspect("dataset", "tiny-va", "page.html")

    With an encoder, such as that of a run, the page also shows how like each other the moments of each clip are to it,
    and, of pictures, its map as colours over the frames: three principal components over all clips that are shown.

    Args:
        dataset: dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME/CONFIG:VERSION.
        preset: experiment; `brave-tf presets` lists them. In Python also a `Config`. By default that of the run that
            the encoder is of.
        out: the page to write.
        encoder: encoder that looks at the clips: a run directory, RUN/checkpoints/step-N, .keras file, random:NAME, or
            whatever else `brave-tf evaluate` takes.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        clips: clips to show, the first that a run trains on; fewer if the dataset has fewer.
        redraws: further draws of each clip, with the seeds that follow, to see what is random; 0 to 7.
        seed: seed of the run, instead of the preset's.
        split: split of the dataset.
        set: settings of the preset, such as narrow.frames=32.

    Returns:
        What is on the page.

    Raises:
        UserError: there is no such preset or setting, a number is out of range, the dataset cannot be opened or lacks
            what the experiment or the encoder needs, there is no such encoder, or the page cannot be written.
    """
    from brave_tf.inspection import write_inspection

    return write_inspection(
        _place(dataset),
        preset,
        out,
        encoder=encoder,
        tower=tower,
        clips=clips,
        redraws=redraws,
        seed=seed,
        split=split,
        settings=_listed(set),
    )


@_never_silent
def pretrain(
    preset: "str | Config",
    data: "Dataset | str | Path | Sequence[Dataset | str | Path]",
    run: str | Path,
    *,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    strategy: "StrategyName | tf.distribute.Strategy" = "auto",
    strict: bool = False,
    log: "LoggerName | Sequence[LoggerName]" = (),
    set: str | Sequence[str] = (),
) -> dict[str, Any]:
    """Train an encoder without labels. The same command again goes on where it stopped.

    Example: brave-tf pretrain tiny-va --data dataset --run runs/first

    In Python: brave_tf.pretrain("tiny-va", "dataset", "runs/first")

    Writes checkpoints, metrics.jsonl and TensorBoard files while it runs; at the end encoder.keras (the narrow network;
    loads with Keras alone), the broad ones beside it (such as broad_audio.keras), and summary.json. With several
    workers, each of them runs the same command, and the first one writes.

    Args:
        preset: experiment to run; `brave-tf presets` lists them. In Python also a `Config`.
        data: dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME/CONFIG:VERSION, prepared by
            TensorFlow Datasets; may be given several times (in Python: a list), and be elsewhere, such as
            gs://bucket/dataset.
        run: directory for checkpoints, metrics and the finished encoder; it may be elsewhere, such as
            gs://bucket/runs/first, see docs/scaling.md.
        steps: optimizer steps, instead of the preset's. More than before make a run longer, also a finished one: from
            there on it follows the schedule of the new length, so the result differs from an uninterrupted run of
            that length. A warm-up of more than half of them takes a tenth of them instead.
        batch_size: clips per step, instead of the preset's.
        seed: seed of everything random, instead of the preset's.
        strategy: "mirrored" trains on all GPUs of this machine, "multiworker" on all machines that TF_CONFIG or SLURM
            name, "tpu" on a TPU, "auto" on whichever is there. See docs/scaling.md. In Python also a strategy of
            `tf.distribute`.
        strict: stop at the first damaged clip, instead of naming it and taking another in its place; the same as the
            setting monitor.damaged_share=0. By default a run stops when a tenth of the clips turn out to be damaged.
        log: also send the metrics to wandb (Weights & Biases, extra wandb) or mlflow (extra mlflow); may be given
            several times (in Python: a list). Every run writes tensorboard's file. See docs/scaling.md.
        set: settings of the preset, such as optimizer.peak_learning_rate=0.3.

    Returns:
        The content of summary.json: `weights_sha256` (of the whole model), `steps`, `final_loss` (of the last batch),
        `clips_per_second`, `clips`, `left_out`, `damaged` (clips that were replaced), `notes` on the data and more.

    Raises:
        UserError: there is no such preset or setting, the data cannot serve this experiment, too many clips are
            damaged, the run directory belongs to another one, the loss became NaN or infinite, the projections
            collapsed, a file cannot be written, or another worker was lost.
        KeyboardInterrupt: Ctrl-C was pressed; the run has saved itself.
        TerminatedError: SIGTERM came; the run has saved itself.
    """
    from brave_tf.training.pretrain import run_pretraining

    sources = list(data) if isinstance(data, Sequence) and not isinstance(data, str) else [data]
    places = [_place(source) for source in sources]
    numbers = {"steps": steps, "batch_size": batch_size, "seed": seed}
    settings = [f"{key}={value}" for key, value in numbers.items() if value is not None]
    settings += ["monitor.damaged_share=0"] if strict else []
    settings += _listed(set)
    return run_pretraining(preset, places, run, strategy=strategy, settings=settings, log=_listed(log))


@_never_silent
def evaluate(
    encoder: "Encoder | str | os.PathLike[str]",
    data: "Dataset | str | Path",
    out: str | Path,
    *,
    protocol: ProtocolName = "linear",
    tower: TowerChoice | None = None,
    label: str | None = None,
    folds: str | int | None = None,
    seed: int = 0,
    random_init: bool = True,
    cache: str | Path | None = None,
    view: Mapping[str, Any] | None = None,
    classifier: Mapping[str, Any] | None = None,
    strategy: "LocalStrategyName | tf.distribute.Strategy" = "auto",
    label_fractions: str | float | Sequence[str | float] = (),
    beside: "Encoder | str | os.PathLike[str] | Sequence[Encoder | str | os.PathLike[str]]" = (),
) -> dict[str, Any]:
    """Score an encoder on labelled clips, beside random initialisation and chance.

    Example: brave-tf evaluate runs/first --data dataset --protocol linear --out reports/linear

    In Python: brave_tf.evaluate("runs/first", "dataset", "reports/linear", protocol="linear")

    Features are kept, so that the same command goes on after an interruption, and other protocols start from them.

    Args:
        encoder: run directory (until the run has finished, its newest checkpoint), RUN/checkpoints/step-N, .keras file,
            exported SavedModel, random:NAME (tsm50, tsm50x2, r3d50, audio-resnet50, tiny, or a preset), or
            baseline:NAME (pixels, frame-differences, log-mel); also hf://OWNER/NAME,
            kaggle://OWNER/MODEL/FRAMEWORK/VARIATION, a published checkpoint such as v-a-tsm50, or keras-hub:NAME, see
            docs/sharing.md. In Python also what `brave_tf.load_encoder` or `brave_tf.as_encoder` gave.
        data: labelled dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME.
        out: directory for report.json and report.html; it may be elsewhere, such as gs://bucket/reports/linear.
        protocol: how the encoder is scored.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        label: label column to predict; by default `label`, or the only one.
        folds: label column whose values are the folds, or train and test, or a number of folds; by default the
            benchmark's official ones, or the dataset's train and test.
        seed: seed of the augmented samples, the classifiers and the random initialisation.
        random_init: evaluate the same network at random initialisation too. Where the encoder is itself at random
            initialisation, its own scores stand there, and the report says so.
        cache: folder of features on this machine; by default `features` beside the report's directory, or in
            ~/.cache/brave_tf where that is elsewhere.
        view: what to change of the encoder's own evaluation settings.
        classifier: settings of the protocol that are not its defaults.
        strategy: devices that share the work, with the same results as one: "mirrored" takes all GPUs of this machine,
            "tpu" a TPU, "auto" whichever is there.
        label_fractions: parts of the training labels to score with, too, such as 0.05,0.1,0.25,1: every class keeps its
            share, smaller parts are within larger ones, and up to 0.25 five draws are averaged, above it three. With
            finetune each of them fine-tunes once more.
        beside: other encoders to score in the same way, such as baseline:pixels,baseline:log-mel. A baseline is shown
            what the encoder is shown.

    Returns:
        The content of report.json.

    Raises:
        UserError: encoder, dataset or settings do not fit, or a file cannot be written.
    """
    from brave_tf.evaluator import write_evaluation
    from brave_tf.storage import as_path

    return write_evaluation(
        encoder,
        _place(data),
        as_path(out),
        protocol=protocol,
        tower=tower,
        label=label,
        folds=None if folds is None else str(folds),
        seed=seed,
        random_init=random_init,
        cache=None if cache is None else as_path(cache),
        view=view or {},
        classifier=classifier or {},
        strategy=strategy,
        label_fractions=label_fractions,
        beside=beside,
    )


@_never_silent
def report(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    checkpoints: bool = False,
    data: "Dataset | str | Path | None" = None,
    tower: TowerChoice | None = None,
    label: str | None = None,
    clips: int = 2000,
    cache: str | Path | None = None,
) -> "RunRecord":
    """Draw how a pre-training run went, or goes, as one HTML page; and say which of its checkpoints is best.

    Example: brave-tf report runs/first --out report.html

    In Python: brave_tf.report("runs/first", "report.html").state

    With checkpoints: each checkpoint that the run keeps embeds the same clips. They are ranked without labels, by the
    effective rank of their features (RankMe), and with them, by kNN. Any is then used as RUN/checkpoints/step-N.

    Args:
        run: run directory that `brave-tf pretrain` made; the run may be going on.
        out: the page to write.
        checkpoints: also rank the checkpoints that the run keeps. How many it keeps is keep_checkpoints of its preset.
        data: dataset whose clips the checkpoints embed; by default the run's own.
        tower: backbone whose features are ranked; by default narrow. broad is its only broad one, or its only one of
            frames.
        label: label column for the kNN; by default that of the run's probe.
        clips: clips that are embedded at most, evenly from all; half of them are neighbours where there are labels.
        cache: folder of features on this machine, from where the same command goes on after an interruption; by default
            `features` beside the page, or in ~/.cache/brave_tf where that is elsewhere.

    Returns:
        What the page shows: the metrics, the configuration and the state of the run; and `ranking`, of its checkpoints.

    Raises:
        UsageError: a setting of the ranking is given without checkpoints, or is out of range.
        UserError: it is not a run directory, it has logged nothing yet, one of its files is damaged, its dataset cannot
            be found or used, or the page cannot be written.
    """
    from brave_tf.pages import run_report
    from brave_tf.runs.record import read_run

    data = None if data is None else _place(data)
    given = {"data": data, "tower": tower, "label": label, "cache": cache}
    options = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
    options += ["--clips", str(clips)] if clips != 2000 else []
    if options and not checkpoints:
        raise UsageError(f"received {options[0]} without --checkpoints; expected both, or neither")
    record = read_run(run)
    if checkpoints:
        from brave_tf.evaluator import feature_folder
        from brave_tf.storage import as_path
        from brave_tf.training.checkpoint_ranking import rank_checkpoints

        folder = feature_folder(None if cache is None else as_path(cache), as_path(out))
        ranking = rank_checkpoints(as_path(run), data, tower=tower, label=label, clips=clips, cache=folder)
        record = dataclasses.replace(record, ranking=ranking)
    words = ["brave-tf", "report", str(run), "--out", str(out), *(["--checkpoints"] if checkpoints else []), *options]
    run_report.write(out, record, shlex.join(words))
    return record


@_never_silent
def ablate(
    table: TableName,
    data: "Dataset | str | Path",
    out: str | Path,
    *,
    scale: ScaleName = "tiny",
    seeds: int = 3,
    rows: str | Sequence[str] = (),
    extents: tuple[float, float, float] = (1.3, 5.0, 10.0),
    steps: int | None = None,
    label: str | None = None,
    protocol: ProtocolName = "linear",
    set: str | Sequence[str] = (),
) -> dict[str, Any]:
    """Make one of the paper's comparisons again, on data of your own. The same command again goes on where it stopped.

    Example: brave-tf ablate table3 --data dataset --out ablations/table3

    In Python: brave_tf.ablate("table3", "dataset", "ablations/table3")

    Trains an encoder for every row of the table and every seed, scores it beside random initialisation, and writes
    ablation.json and ablation.html: means over the seeds with intervals, the paper's figures, and whether the
    differences between rows have the paper's sign. A row that the data cannot serve is left out, by name and with the
    reason. A run whose projections collapse is a result. See docs/ablations.md.

    Args:
        table: table1 (how long the views are), table2 (what the broad view shows), table3 (how many broad views),
            table4 (whether views start together), or collapse (what keeps projections apart).
        data: labelled dataset that `brave-tf prepare` wrote, which rows are trained and scored on.
        out: directory of everything: ROW/seed-K/run and ROW/seed-K/evaluation, and what the rows give together. It must
            be on this machine.
        scale: tiny takes the presets tiny-v, tiny-va and tiny-f; paper takes the paper's own experiments.
        seeds: runs of each row, with the seeds 0, 1, ...; more than before add to what is there.
        rows: names of the rows to run; by default all of the table.
        extents: for table1 at scale tiny: seconds that stand for the paper's 1.3, 5 and 10.
        steps: optimizer steps of each run, instead of the preset's.
        label: label column to predict; by default `label`, or the only one.
        protocol: how encoders are scored.
        set: settings of all rows, such as batch_size=32; not of what the table varies.

    Returns:
        The content of ablation.json: `rows`, each with `name`, `mean`, `interval`, `random_init`, `difference`,
        `paper`, `agreement` and its `seeds`; and `left_out`.

    Raises:
        UserError: there is no such row or setting, `out` holds something else, or was made with other settings; or what
            `pretrain` and `evaluate` raise, but for a collapse.
        KeyboardInterrupt: Ctrl-C was pressed; the same command goes on.
        TerminatedError: SIGTERM came; likewise.
    """
    from brave_tf.ablation.run import run_ablation

    return run_ablation(
        table,
        _place(data),
        out,
        scale=scale,
        seeds=seeds,
        names=_listed(rows),
        extents=extents,
        label=label,
        protocol=protocol,
        settings=[*([] if steps is None else [f"steps={steps}"]), *_listed(set)],
    )


@_never_silent
def embed(
    encoder: "Encoder | str | os.PathLike[str]",
    media: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    *,
    out: str | os.PathLike[str],
    data: "Dataset | str | Path | None" = None,
    window: float | None = None,
    stride: float | None = None,
    pool: PoolName = "windows",
    dense: bool = False,
    tower: TowerChoice | None = None,
    workers: int | None = None,
) -> "TableFacts":
    """Turn media files into a table of embeddings. The same command again finishes what was interrupted.

    Example: brave-tf embed runs/first my-videos --out embeddings.parquet

    In Python: brave_tf.embed("runs/first", "my-videos", out="embeddings.parquet").rows

    Every medium is cut into windows, and every window becomes a row: file, start and end in seconds, modality, and
    embedding. Which encoder made them is in the file, too. A file that cannot be used is left out and named with the
    reason. See docs/embedding.md.

    Args:
        encoder: run directory (until the run has finished, its newest checkpoint), RUN/checkpoints/step-N, .keras file,
            exported SavedModel, random:NAME (tsm50, tsm50x2, r3d50, audio-resnet50, tiny, or a preset), or
            baseline:NAME (pixels, frame-differences, log-mel); also hf://OWNER/NAME,
            kaggle://OWNER/MODEL/FRAMEWORK/VARIATION, a published checkpoint such as v-a-tsm50, or keras-hub:NAME, see
            docs/sharing.md. In Python also what `brave_tf.load_encoder` or `brave_tf.as_encoder` gave.
        media: media files, folders of them, or CSV lists with a column `path` and optionally start and end (seconds);
            they may be elsewhere, such as gs://bucket/videos.
        out: the Parquet file to write. What is done of it is kept in a folder beside it until all of it is.
        data: dataset whose clips are embedded, instead of media: what `brave-tf prepare` wrote, a folder of DMVR
            shards, or tfds:NAME/CONFIG:VERSION.
        window: seconds of a window; by default the length that the encoder is evaluated with. A longer window has more
            frames, at the same distance, and takes more memory.
        stride: seconds from the beginning of one window to that of the next; by default half a window.
        pool: what a row stands for: a window, or a whole file, with the mean of its windows' embeddings.
        dense: also write the map that each embedding is the mean of, as a .npy file in a folder beside the table.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        workers: processes that decode, or threads for a dataset, one per CPU core by default. A file that hangs,
            crashes or fills the memory of its process is left out; with 0 all is done in the command's own process,
            which it would take with it.

    Returns:
        What the table says about itself: `rows`, `files`, `left_out`, `remarks`, `embedding_size` and more.

    Raises:
        UserError: there is no such encoder, tower, medium or dataset, nothing can be embedded, the encoder has no maps,
            `out` is another table, another process is writing it, or it cannot be written.
    """
    from brave_tf.embedding.embed import embed_media

    return embed_media(
        encoder,
        media,
        out,
        data=None if data is None else _place(data),
        window=window,
        stride=stride,
        pool=pool,
        dense=dense,
        tower=tower,
        workers=workers,
    )


@_never_silent
def export(
    encoder: "Encoder | str | os.PathLike[str]",
    out: str | os.PathLike[str],
    *,
    tower: TowerChoice | None = None,
    formats: str | Sequence[str] = ("savedmodel",),
    report: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    license: str = "",
    trained_on: str = "",
    data_license: str = "",
    heads: bool = False,
) -> dict[str, Any]:
    """Write an encoder as a SavedModel that loads without this library, and verify it in a fresh process.

    Example: brave-tf export runs/first --out exported

    In Python: brave_tf.export("runs/first", "exported")

    Each format is loaded by its own package in a process that cannot import this library, and its embeddings are
    compared with the Keras model's. verification.json tells for each the SHA-256 of its files, their size, the error,
    and the time that one clip takes beside Keras'. README.md is its model card, see docs/sharing.md: the same command
    again brings it up to date.

    Args:
        encoder: run directory (until the run has finished, its newest checkpoint), RUN/checkpoints/step-N, or .keras
            file. In Python also what `brave_tf.load_encoder` gave.
        out: directory to write; must not exist yet, or be empty.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        formats: what to write: savedmodel; keras (encoder.keras, of stock layers); onnx (encoder.onnx, for clips of any
            length and size; extra onnx); litert (encoder_float32.tflite, _float16 and _int8, for clips of the
            evaluation's length and size; extra litert). See docs/serving.md.
        report: directory of an evaluation of this encoder, whose scores the model card tells; may be given several
            times (in Python: a list).
        license: the licence that the encoder is given away under, for the model card: an identifier of the Hugging Face
            Hub, such as apache-2.0.
        trained_on: the data that it was trained on, in words, for the model card.
        data_license: the licence of that data, in words, for the model card.
        heads: also write a folder `heads`, with the projectors and predictors of the whole model and the encoders of
            all its towers, as .keras files of stock layers: what `brave-tf search --cross` needs.

    Returns:
        `formats`: by format `files`, `bytes`, `error`, `cosine`, `latency_ms` and what else verification.json tells; of
        a SavedModel also `loader` (what loaded it) and `errors` (by way of calling).

    Raises:
        UserError: there is no such encoder or tower, or it has no heads, the directory is taken, the encoder cannot be
            exported, the export does not verify, or a report is about another encoder.
    """
    from brave_tf.export.model_card import Told
    from brave_tf.export.saved_model import export_encoder

    reports = [report] if isinstance(report, str | os.PathLike) else list(report)
    told = Told(license=license, trained_on=trained_on, data_license=data_license, reports=reports)
    return export_encoder(encoder, out, tower, formats, told, heads=heads)


@_never_silent
def publish(
    directory: str | os.PathLike[str], to: str, *, private: bool = False, dry_run: bool = False
) -> "Publication":
    """Send an exported encoder to the Hugging Face Hub or to Kaggle.

    Example: brave-tf publish exported --to hf:owner/name --dry-run

    In Python: brave_tf.publish("exported", "hf:owner/name", dry_run=True)

    Sends every file of a directory that `brave-tf export` wrote and verified, and nothing else: files that changed
    since they were verified, were added, or are links are refused by name. README.md, the model card, may be
    edited before. It needs huggingface_hub (extra huggingface) or kagglehub (extra kaggle), and that you are logged in
    with that client. See docs/sharing.md.

    Args:
        directory: what `brave-tf export` wrote; it may be elsewhere, such as gs://bucket/exported.
        to: hf:OWNER/NAME, or kaggle:OWNER/MODEL/FRAMEWORK/VARIATION where FRAMEWORK is tensorFlow2, keras, onnx or
            tfLite. A new repository is created where there is none; what is there gets a new version.
        private: make a new repository of the Hugging Face Hub for yourself alone. Kaggle's models always begin so.
        dry_run: only say which files there are, how large they are, and what the model card says.

    Returns:
        `place` (where it is to be seen), `files` (bytes of each), `card`, `is_sent` and `notes`.

    Raises:
        UserError: the directory is none that was exported, or not as it was verified; the name is none, the client is
            not installed, or nothing can be sent.
    """
    from brave_tf.export.publish import publish_directory

    return publish_directory(directory, to, private=private, dry_run=dry_run)


@_never_silent
def convert(checkpoint: str | Path, out: str | Path) -> "Converted":
    """Convert a checkpoint of the released JAX code into an encoder for Keras and TensorFlow.

    Example: brave-tf convert 29466668_1_0.npy --out v-a-tsm50

    In Python: brave_tf.convert("v-a-tsm50", "converted")

    Writes encoder.keras, saved_model/, model_card.md and, when the checkpoint also holds the shared head and a broad
    tower that fit, brave.keras: the whole model, to go on training. Nothing appears unless all of it works.

    Args:
        checkpoint: .npy file, or the name of a published checkpoint, such as v-a-tsm50, which is fetched once.
        out: directory to write; must not exist yet. Where it holds this conversion already, that is verified.

    Returns:
        What was converted: `towers`, `passed_over`, `not_whole`, `verified` and the `config`.

    Raises:
        UserError: there is neither such a file nor such a name, it cannot be fetched, is damaged, malicious, or does
            not hold the arrays of the narrow tower; or `out` is taken.
    """
    from brave_tf.convert.checkpoint import convert_checkpoint

    return convert_checkpoint(checkpoint, out)


@_never_silent
def search(
    table: str | os.PathLike[str],
    query: str | os.PathLike[str] | None = None,
    *,
    encoder: "Encoder | str | os.PathLike[str] | None" = None,
    projections: bool = False,
    cross: bool = False,
    near_duplicates: float | bool | None = None,
    top: int | None = None,
    approximate: bool = False,
    html: str | os.PathLike[str] | None = None,
) -> "list[Answer] | list[FilePair]":
    """Find the moments of a collection that are like a file, or a moment of one.

    Example: brave-tf search collection.parquet --query film.mp4@1:02.5

    In Python: brave_tf.search("collection.parquet", "film.mp4@62.5")

    The collection is a table that `brave-tf embed` wrote; the query need not be in it. Every row is compared, by cosine
    similarity. Of windows that overlap, the best stands for all. See docs/embedding.md.

    Args:
        table: the table, a .parquet file.
        query: a media file, or a moment of one: what follows the @ is where it begins, in seconds or as a time code. A
            whole file is the mean of its windows. Its own windows, if they are in the table, are left out.
        encoder: by default the one that the table names. Its weights must be those that the table was made with. With
            projections or cross: a run directory, a .keras file of a whole model, or what `brave-tf export --heads`
            wrote.
        projections: compare what the model's projectors make of the embeddings: closer to what its two views have in
            common, such as motion that can be heard, and further from mere looks. Try it first where you search in
            pictures for what happens and not for how it looks.
        cross: sound finds pictures, and pictures find sound, where the model was trained with both.
        near_duplicates: instead of a query: list pairs of files whose mean embeddings have at least this cosine
            similarity; without a number 0.995. In Python True is without a number.
        top: answers at most; by default 10, and all pairs of near duplicates.
        approximate: use an index that is built once beside the table (extra search). It takes long to build, and finds
            nearly all of the best; for many searches in millions of rows.
        html: a page to write, with a picture of each answer and its moment to play.

    Returns:
        The answers, the best first, with `file`, `start`, `end` (seconds) and `score`; of near duplicates `file`,
        `other` and `score`.

    Raises:
        UsageError: neither or both of a query and near_duplicates are given, or a number is out of range.
        UserError: the table or the query cannot be read, the encoder is another one than the table's, it has no heads
            for cross, or the page cannot be written.
    """
    from brave_tf.embedding.search import find

    found = find(
        table,
        query,
        encoder=encoder,
        projections=projections,
        cross=cross,
        near_duplicates=near_duplicates,
        approximate=approximate,
        top=top,
    )
    if html is not None:
        from brave_tf.inspection.moments import write_search_page

        write_search_page(html, found)
    return found.answers


@_never_silent
def doctor() -> "Diagnosis":
    """Look at whether everything that this library needs is there and works, and say how to mend what does not.

    Example: brave-tf doctor --json

    In Python: brave_tf.doctor().problems

    Looks at the versions of packages, devices, memory, disk, decoders, extras, TF_CONFIG and SLURM, writes and reads a
    tiny media file, and trains a tiny network for a step. What it prints names neither you nor the machine, and fits
    into a public bug report. The exit status is 1 if something stops work. See docs/doctor.md.

    Returns:
        `checks`, each with `group`, `name`, `status` ("ok", "note" or "problem"), `found`, `fix` and `seconds`; also
        `problems`, `notes` and `is_well`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    from brave_tf.doctor.diagnosis import diagnose

    return diagnose()


def _listed(settings: str | Sequence[str]) -> list[str]:
    return [settings] if isinstance(settings, str) else list(settings)
