"""Why `brave-tf verify` names a clip, and why a file is left out by the process that reads it."""

import errno
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

VERIFICATION = "brave_tf/verification"
PREPARATION = "brave_tf/preparation"
EMBEDDING = "brave_tf/embedding"


def verify(world: World) -> None:
    """Verifies the dataset as the command does, and prints what it finds."""
    from brave_tf.cli.verify import verify as command

    command(Path("dataset"), workers=1)


def record(change: Callable[[object], object]) -> Callable[[World], object]:
    """Verifies a dataset of which a record is another, with good checksums."""

    def provoke(world: World) -> None:
        from tests.verification.films import edit_record

        edit_record(world.dataset, 0, change)
        verify(world)

    return provoke


def table(change: Callable[[list[dict]], object]) -> Callable[[World], object]:
    """Verifies a dataset of which the table is another."""

    def provoke(world: World) -> None:
        world.with_clips(change)
        verify(world)

    return provoke


def info(change: Callable[[dict], object]) -> Callable[[World], object]:
    """Verifies a dataset of which `dataset.json` is another."""

    def provoke(world: World) -> None:
        world.with_info(change)
        verify(world)

    return provoke


def shard(place: int, cut: int | None = None) -> Callable[[World], object]:
    """Verifies a dataset of which a byte is changed, by its place after the first payload began, or the end is cut."""

    def provoke(world: World) -> None:
        from tests.verification.films import flip, rows_of

        if cut is None:
            flip(world.dataset, 0, place)
        else:
            row = rows_of(world.dataset)[0]
            file = world.dataset / row["shard"]
            file.write_bytes(file.read_bytes()[: row["offset"] + cut])
        verify(world)

    return provoke


def _picture(number: int, content: Callable[[bytes], bytes]) -> Callable[[object], object]:
    def change(example: object) -> None:
        values = example.feature_lists.feature_list["image/encoded"].feature[number].bytes_list.value
        values[0] = content(values[0])

    return change


def _smaller(picture: bytes) -> bytes:
    from tests.data.dmvr_files import pictures

    return pictures(1, size=(16, 32))[0]


def _not_finite(example: object) -> None:
    samples = example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature[0].float_list.value
    samples[100] = float("nan")


def _other_kind(example: object) -> None:
    example.context.feature["clip/index"].float_list.value.append(1.0)


def _other_source(example: object) -> None:
    example.context.feature["clip/media_id"].bytes_list.value[:] = [b"other.mp4"]


def _frame_less(example: object) -> None:
    del example.feature_lists.feature_list["image/encoded"].feature[-1]


def _small_frame_less(world: World) -> None:
    from brave_tf import commands
    from tests.verification.films import edit_record

    def change(example: object) -> None:
        del example.feature_lists.feature_list["SMALL/image/encoded"].feature[-1]

    commands.prepare(world["videos"], "dataset", workers=0, split="train=1", shorter_side=32, broad_size=16)
    edit_record(world.here / "dataset", 0, change)
    verify(world)


def _other_stride(world: World) -> None:
    """Compares a record of flow with a dataset of another stride."""
    import numpy as np

    from brave_tf.modalities import MODALITIES
    from brave_tf.verification.record_check import RecordChecker

    checker = object.__new__(RecordChecker)
    checker._compare, checker._labels = True, {}
    checker._dataset = SimpleNamespace(labels={}, picture_stride=lambda name: 4)
    facts = MODALITIES["flow"]
    content = {facts.key: [b"x"], facts.step_key: np.array(6), MODALITIES["audio"].key: []}
    row = {"clip_id": 0, "source": "a.mp4", "start_seconds": 0.0, "end_seconds": 1.0}
    told = {"clip/index": [0], "clip/media_id": [b"a.mp4"], "clip/start/timestamp": [0], "clip/end/timestamp": [10**6]}
    import tensorflow as tf

    print(*checker._compared(content, {key: tf.constant(values) for key, values in told.items()}, row), sep="\n")


def _png(world: World) -> None:
    import threading

    import numpy as np
    import tensorflow as tf

    from brave_tf.modalities import MODALITIES
    from brave_tf.verification.pictures import check_pictures

    grey = tf.io.encode_png(np.zeros((8, 8, 1), np.uint8)).numpy()
    print(*check_pictures([grey], MODALITIES["flow"], "optical flow picture", threading.Event()).reasons)


def _one_place(rows: list[dict]) -> None:
    same = [row for row in rows if row["shard"] == rows[0]["shard"]]
    same[1].update(offset=same[0]["offset"], length=same[0]["length"])


def _shorter(rows: list[dict]) -> None:
    rows[0]["length"] -= 1


def _elsewhere(rows: list[dict]) -> None:
    rows[0]["offset"] += 5


def _without_a_row(rows: list[dict]) -> None:
    del rows[0]


def _unlisted(content: dict) -> None:
    content["splits"]["train"]["shards"] = []


def _lost(content: dict) -> None:
    content["splits"]["train"]["shards"] = [
        *content["splits"]["train"].get("shards", []),
        "train-00009-of-00010.tfrecord",
    ]


def _cut_before(world: World) -> None:
    """Cuts a shard before its last record."""
    from tests.verification.films import rows_of

    row = max((row for row in rows_of(world.dataset)), key=lambda row: row["offset"])
    file = world.dataset / row["shard"]
    file.write_bytes(file.read_bytes()[: row["offset"] - 12])
    verify(world)


def remarks(which: str) -> Callable[[World], object]:
    """What a clock says of a file at its end."""

    def provoke(world: World) -> None:
        from brave_tf.preparation.clock import Clock, remark_silence

        if which == "silence":
            seen, heard = SimpleNamespace(span=(0.0, 100.0)), SimpleNamespace(span=(30.0, 60.0))
            print(*remark_silence(seen, heard), sep="\n")
            return
        clock = object.__new__(Clock)
        clock._what, clock._strays = "picture", 3
        clock._known = lambda: [[(0.0, 5.0), (30.0, 60.0)]]
        clock._laps = [[], []]
        print(*Clock.remarks(clock), sep="\n")

    return provoke


def _too_little_memory(world: World) -> None:
    from brave_tf.preparation.file_limits import FileLimits

    print(FileLimits(60.0, 2**31).memory_reason)


def source(reason: BaseException | None) -> Callable[[World], object]:
    """Writes the clips of a source that gives none."""

    def provoke(world: World) -> None:
        from brave_tf.preparation import source_writer

        def clips(*words: object, **more: object) -> object:
            if reason is not None:
                raise reason
            return iter(())

        world.patch.setattr(source_writer, "read_clips", clips)
        from tests.errors.areas.preparing import prepare

        prepare(world)

    return provoke


def job(kind: str) -> Callable[[World], object]:
    """Reads a file for `embed`, or for a page, without the memory for it."""

    def provoke(world: World) -> None:
        from brave_tf.embedding import jobs, moment_job

        if kind == "media":
            made = object.__new__(jobs.MediaJob)
            object.__setattr__(made, "skip", 0)
            world.failing("brave_tf.embedding.jobs.MediaJob.windows", MemoryError())
            from brave_tf.preparation.media_settings import Course

            print(made._do(None, Course(), print).reason)
            return
        world.failing("brave_tf.embedding.moment_job.read_moment", MemoryError())
        place = SimpleNamespace(path=Path("a.mp4"), start_seconds=0.0, end_seconds=1.0)
        print(moment_job.MomentJob(0, place, "frame").do(None, print).reason)

    return provoke


def _damaged_clip(world: World) -> None:
    from brave_tf.data.tfrecord_index import DamagedRecordError
    from brave_tf.embedding.clip_jobs import ClipJob

    def windows(row: int) -> object:
        raise DamagedRecordError("its checksum does not fit its content")

    course = SimpleNamespace(report=lambda share: None)
    print(ClipJob(0, (7,), SimpleNamespace(windows=windows)).do(course, print).reason)


def ended(module: str) -> Callable[[World], object]:
    """What becomes of a file whose process has ended twice."""

    def provoke(world: World) -> None:
        from brave_tf.embedding import decoding
        from brave_tf.preparation import worker_processes

        chosen: types.ModuleType = {"decoding": decoding, "worker_processes": worker_processes}[module]
        worker = SimpleNamespace(
            connection=SimpleNamespace(close=lambda: None), cause_of_end=lambda: "signal 11", number=7, verdict=None
        )
        worker.job, worker.is_last_try, worker.seconds = SimpleNamespace(number=0), True, 0.0
        kind = next(each for each in vars(chosen).values() if isinstance(each, type) and hasattr(each, "_bury"))
        processes = object.__new__(kind)
        given = worker
        if module == "decoding":
            given = SimpleNamespace(worker=worker, job=worker.job, is_hung=False)
            processes._decoders, processes._fetched = [given], SimpleNamespace(release=lambda job: None)
        else:
            processes._workers = [worker]
        print(*(outcome.reason for _, outcome in processes._bury(given)))

    return provoke


def _silent(world: World) -> None:
    from brave_tf.embedding import decoding

    kind = next(each for each in vars(decoding).values() if isinstance(each, type) and hasattr(each, "_watch"))
    worker = SimpleNamespace(number=7, verdict=None, seconds=100.0, end=print)
    processes = object.__new__(kind)
    processes._decoders = [SimpleNamespace(worker=worker, job=1, is_hung=False)]
    processes._limits = SimpleNamespace(seconds=60.0)
    processes._watch()


def _not_fetched(world: World) -> None:
    from brave_tf.preparation.fetched_sources import cannot_fetch

    print(cannot_fetch(FileNotFoundError(errno.ENOENT, "No such file or directory"), "1.mp4").reason)


PROCESSES = (
    Entry(
        f"{PREPARATION}/worker_processes.py",
        "ended the process that read it, twice",
        ended("worker_processes"),
        "The file makes FFmpeg crash. Try to convert it.",
    ),
    Entry(
        f"{PREPARATION}/file_limits.py",
        "GiB of memory",
        _too_little_memory,
        "Reading the file takes more memory than one process may have.",
    ),
    Entry(f"{PREPARATION}/fetched_sources.py", "cannot be read", _not_fetched, "The file is not where it was listed."),
    Entry(
        f"{PREPARATION}/source_writer.py",
        "holds nothing to keep",
        source(None),
        "The file is shorter than a picture.",
    ),
    Entry(
        f"{PREPARATION}/source_writer.py",
        "needs more memory than there is",
        source(MemoryError()),
        "The machine has too little memory for the file.",
    ),
    Entry(
        f"{PREPARATION}/clock.py",
        "has no {self._what} for",
        remarks("gaps"),
        "A remark, and the file is used: there is a pause in it.",
    ),
    Entry(
        f"{PREPARATION}/clock.py",
        "far from their neighbours",
        remarks("strays"),
        "A remark, and the file is used: some of its times are wrong.",
    ),
    Entry(
        f"{PREPARATION}/clock.py",
        "that begins again",
        remarks("laps"),
        "A remark, and the file is used: several recordings were joined in it.",
    ),
    Entry(
        f"{PREPARATION}/clock.py",
        "has no sound for its first",
        remarks("silence"),
        "A remark, and the file is used: its sound begins late.",
    ),
    Entry(
        f"{PREPARATION}/clock.py",
        "has no sound for its last",
        remarks("silence"),
        "A remark, and the file is used: its sound ends early.",
    ),
    Entry(
        f"{EMBEDDING}/decoding.py",
        "ended the process that read it, twice",
        ended("decoding"),
        "`embed` and `search`: the file makes FFmpeg crash.",
    ),
    Entry(f"{EMBEDDING}/decoding.py", "gave nothing for", _silent, "`embed` and `search`: reading the file hangs."),
    Entry(
        f"{EMBEDDING}/jobs.py",
        "needs more memory than there is",
        job("media"),
        "`embed` and `search`: the machine has too little memory for the file.",
    ),
    Entry(
        f"{EMBEDDING}/moment_job.py",
        "needs more memory than there is",
        job("moment"),
        "The machine has too little memory to show the file on a page.",
    ),
    Entry(
        f"{EMBEDDING}/clip_jobs.py",
        "has a clip that cannot be used",
        _damaged_clip,
        "`embed --data`: a clip of the source is damaged, and the others are embedded.",
    ),
)

VERIFY = Area(
    "What verify finds",
    "`brave-tf verify` prints one line for each clip that is damaged, with its file, its place, and one of these "
    "reasons. `--repair` writes the dataset without these clips. Where the table or `dataset.json` is wrong, restore "
    "the file, or prepare the dataset again.",
    (),
    (
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "the checksum of its content fails",
            shard(1000),
            "A byte was changed on the disk or on the way.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "the checksum of its length fails",
            shard(-12),
            "The frame around the record is damaged.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "its shard is cut off within it",
            shard(0, cut=500),
            "A copy of the shard was interrupted.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "its shard ends before it",
            _cut_before,
            "A copy of the shard was interrupted.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "no record begins where the table says",
            table(_elsewhere),
            "The table and the shard do not belong together.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "names the same record for another clip",
            table(_one_place),
            "The table was changed.",
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "bytes, the record has",
            table(_shorter),
            "The table was changed.",
            varies=True,
        ),
        Entry(
            f"{VERIFICATION}/shard_walk.py",
            "a record that no row of the clip table names",
            table(_without_a_row),
            "The table lacks a row.",
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "samples are not finite",
            record(_not_finite),
            "Its sound holds what is no number, which would end a training.",
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "it is no record that can be read",
            record(_other_kind),
            "It was written by something else.",
            varies=True,
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "by {column}",
            record(_other_source),
            "The record says something else than the table.",
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "the table says {said}",
            record(_frame_less),
            "The record has other pictures, or other sound, than the table says.",
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "small frames for",
            _small_frame_less,
            "Its small frames are not those of its frames.",
        ),
        Entry(
            f"{VERIFICATION}/record_check.py",
            "by dataset.json at every",
            _other_stride,
            "Its optical flow was computed with another `--flow-stride`.",
        ),
        Entry(
            f"{VERIFICATION}/pictures.py",
            "cannot be used",
            record(_picture(7, lambda picture: picture[:100])),
            "A picture of it is damaged.",
            varies=True,
        ),
        Entry(
            f"{VERIFICATION}/pictures.py",
            "pixels, the first one",
            record(_picture(3, _smaller)),
            "A picture of it has another size.",
        ),
        Entry(
            f"{VERIFICATION}/pictures.py",
            "it is no JPEG",
            record(_picture(3, lambda picture: b"\x89PNG" + picture)),
            "A picture of it has another format.",
        ),
        Entry(f"{VERIFICATION}/pictures.py", "channels; expected", _png, "A picture of flow is none."),
        Entry(
            f"{VERIFICATION}/whole.py",
            "the clip table has",
            info(lambda content: content["splits"]["train"].update(clips=9)),
            "The two files do not belong together.",
        ),
        Entry(
            f"{VERIFICATION}/whole.py",
            "which is missing",
            info(_lost),
            "A shard is gone.",
        ),
        Entry(
            f"{VERIFICATION}/whole.py",
            "does not list for it",
            info(_unlisted),
            "The two files do not belong together.",
        ),
    ),
)
