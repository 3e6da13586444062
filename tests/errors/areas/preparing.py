"""What `brave-tf prepare` says about its source, its options and where it writes."""

import errno
import os
import sys
from pathlib import Path

from tests.errors.entry import Area, Entry
from tests.errors.world import World

PREPARE = "prepare {videos} --out dataset --workers 0"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def prepare(world: World, source: object = None, out: object = "dataset", **settings: object) -> object:
    """Prepares a dataset in this process."""
    from brave_tf import commands

    return commands.prepare(str(source or world["videos"]), str(out), **{"workers": 0, **settings})


def csv(world: World, text: str, **settings: object) -> object:
    """Prepares what a CSV file lists."""
    return prepare(world, world.file("clips.csv", text).name, **settings)


def full_disk(world: World, target: str, **settings: object) -> object:
    """Prepares where a function that writes finds no space."""
    world.failing(target, FULL)
    return prepare(world, **settings)


def _other_settings(world: World) -> None:
    prepare(world)
    prepare(world, shorter_side=64)


def _interrupted(world: World) -> None:
    world.failing("brave_tf.preparation.dataset_writer._finish", KeyboardInterrupt())
    try:
        prepare(world)
    except KeyboardInterrupt:
        prepare(world, shorter_side=64)


def _locked(world: World) -> None:
    world.failing("brave_tf.preparation.claim.locked", BlockingIOError(errno.EAGAIN, "busy"))
    prepare(world)


def _without_locks(world: World) -> None:
    world.failing("brave_tf.preparation.claim.locked", OSError(errno.ENOLCK, "No locks available"))
    prepare(world)


def _left_out_quietly(world: World) -> None:
    from brave_tf.cli.prepare import _warn_if_quiet
    from brave_tf.progress import spoken

    entry = {"source": "walk/1.mp4", "reason": "is empty"}
    with spoken(quiet=True):
        _warn_if_quiet({"quarantined": [entry], "sources": 40})


def _missing_parts(world: World) -> None:
    prepare(world, part="1/2", split="train=0.5,test=0.5")
    prepare(world, merge=True, split="train=0.5,test=0.5")


def _flow_without_opencv(world: World) -> None:
    world.absent("cv2")
    prepare(world, flow=True)


def _no_beam(world: World) -> None:
    world.absent("apache_beam")
    prepare(world, workers=None, runner="beam")


def _failing_beam(world: World, run: object) -> None:
    import types

    world.patch.setitem(sys.modules, "apache_beam", types.ModuleType("apache_beam"))
    world.patch.setattr("brave_tf.preparation.beam_pipeline._run", run)
    prepare(world, workers=None, runner="beam")


def _beam_fails(world: World) -> None:
    """Runs a pipeline of a Beam that cannot be reached."""
    import types

    from brave_tf.preparation import beam_pipeline

    def unreachable(options: object) -> None:
        raise RuntimeError("the job server is not reachable")

    for name in ("apache_beam", "apache_beam.options", "apache_beam.options.pipeline_options"):
        package = types.ModuleType(name)
        package.Pipeline, package.PipelineOptions = unreachable, list
        world.patch.setitem(sys.modules, name, package)
    beam_pipeline._run([], None, [])


def _process_ends_twice(world: World) -> None:
    from types import SimpleNamespace

    from brave_tf.preparation import worker_processes
    from brave_tf.preparation.jobs import ShardJob

    job = object.__new__(ShardJob)
    for name, value in {"out": Path("dataset"), "shard": SimpleNamespace(name="train-00000-of-00001.tfrecord")}.items():
        object.__setattr__(job, name, value)
    worker = SimpleNamespace(
        connection=SimpleNamespace(close=lambda: None), cause_of_end=lambda: "killed, out of memory?", job=job, number=7
    )
    worker.is_last_try = True
    kind = next(each for each in vars(worker_processes).values() if hasattr(each, "_bury"))
    processes = object.__new__(kind)
    processes._workers = [worker]
    processes._bury(worker)


def _beam_reason(world: World) -> None:
    from brave_tf.errors import UserError
    from brave_tf.preparation.beam_pipeline import _reason

    raise UserError(_reason(RuntimeError("the job server is not reachable")))


def _no_worker(world: World) -> None:
    world.failing("brave_tf.preparation.running_worker.running_server", OSError(errno.EAGAIN, "too many processes"))
    prepare(world, workers=1)


def _source_does_not_answer(world: World) -> None:
    from brave_tf.preparation.fetched_sources import cannot_fetch

    cannot_fetch(OSError(errno.ETIMEDOUT, "no answer within 60 s", "gs://bucket/videos/1.mp4"), "1.mp4")


def _size_does_not_answer(world: World) -> None:
    from brave_tf.preparation import plan
    from brave_tf.storage import as_path

    world.patch.setattr(plan, "is_remote", lambda path: True)

    class Silent(type(as_path("x"))):
        def stat(self, **kwargs: object) -> object:
            raise OSError(errno.ETIMEDOUT, "no answer within 60 s")

    plan._size(Silent("videos/1.mp4"))


def _shard_cannot_be_written(world: World) -> None:
    from brave_tf.preparation.jobs import cannot_write

    raise cannot_write(world.here / "dataset" / "train-00000-of-00001.tfrecord", FULL)


def _left_out_cannot_be_written(world: World) -> None:
    from brave_tf.preparation.work_folder import write_left_out

    world.failing("brave_tf.preparation.work_folder.write_json", FULL)
    write_left_out(world.here / "dataset", {0: "takes too long"})


def _no_permission(world: World) -> None:
    from brave_tf.preparation.layouts.walk import walk

    world.failing("os.scandir", PermissionError(errno.EACCES, "Permission denied"))
    walk(world.folder("videos"))


def _elsewhere(world: World, error: OSError) -> None:
    from brave_tf.preparation.layouts.walk_elsewhere import walk_elsewhere

    class Folder(str):
        def entries(self) -> list[object]:
            raise error

    walk_elsewhere(Folder("gs://bucket/videos"), [])


COMMON = (
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "does not exist; expected a folder of media files, or a CSV file",
        "prepare my-vidoes --out dataset",
        "There is nothing under the name that you gave as the source.",
        "Check the spelling, and the folder that you are in.",
        title="The source is not there",
    ),
    Entry(
        "brave_tf/preparation/layouts/folder.py",
        "holds no media files",
        "prepare {empty} --out dataset",
        "Nothing in the folder, or in the folders below it, has the extension of a video or of sound.",
        "Name the folder that your media are in. Links that lead out of it are passed over unless you add "
        "`--follow-links all`. Media with other extensions can be listed in a CSV file.",
        title="The folder holds no media",
    ),
    Entry(
        "brave_tf/preparation/dataset_writer.py",
        "sources can be used",
        lambda world: prepare(world, world.file("media/a.mp4", "no video").parent),
        "Every file was left out. The message gives the reasons of the first three.",
        "See [files that are left out](#files-that-prepare-leaves-out) for what each reason means.",
        varies=True,
        title="None of the files can be used",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "exists and is not a dataset",
        lambda world: prepare(world, out=world.file("dataset/notes.txt", "mine").parent.name),
        "The output folder holds files of another kind, which `prepare` will not overwrite.",
        "Give `--out` a name that is not taken.",
        title="The output folder is taken",
    ),
    Entry(
        "brave_tf/preparation/dataset_writer.py",
        "holds a dataset of other files or settings",
        _other_settings,
        "A dataset is there already, made with other options or of other files. The message shows its settings.",
        "To use it as it is, go on with the next command. To make it anew, remove it or choose another `--out`.",
        title="There is a dataset already",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "was begun with other files or settings",
        _interrupted,
        "An earlier `prepare` into the same folder was interrupted, and this one has other options or finds other "
        "files.",
        "Repeat the earlier command to finish it, or remove the folder.",
        title="An interrupted dataset had other settings",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "another process is writing",
        _locked,
        "Another `prepare` is at work in the same folder.",
        "Wait until it is done. If you wanted several to share the work, see `--part` in [data](data.md).",
        title="Another prepare is going on",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "has the columns",
        lambda world: csv(world, "video,label\na.mp4,walk\n"),
        "The CSV file has no column for the paths of the media.",
        "Call that column `path`, or name yours: `--path-column video`.",
        title="The CSV file has no column of paths",
    ),
    Entry(
        "brave_tf/preparation/splits.py",
        "expected names and shares that sum to 1",
        PREPARE + " --split train=0.8,test=0.3",
        "The shares of the splits do not add up to 1, or one of them cannot be read.",
        "For one split of everything, give `--split train=1`.",
        title="The shares of the splits do not sum to 1",
    ),
    Entry(
        "brave_tf/preparation/tv_l1.py",
        "received --flow; it needs OpenCV",
        _flow_without_opencv,
        "`--flow` was given, and the package that computes optical flow is not installed. Only `opencv-contrib-python`"
        " has it, and other OpenCV packages hide it.",
        "Install the extra. If another OpenCV package is installed, remove that first.",
        title="Optical flow needs a package",
    ),
)

OPTIONS = (
    Entry(
        "brave_tf/preparation/dataset_writer.py",
        "received {name} {value}; expected",
        PREPARE + " --shorter-side 8",
        "A number is out of its range.",
    ),
    Entry(
        "brave_tf/preparation/dataset_writer.py",
        "without --flow; add --flow",
        PREPARE + " --flow-size 64",
        "Settings of the flow were given, and no flow was asked for.",
    ),
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "expected a CSV file, or a folder and --layout folder",
        "prepare {videos} --layout csv --out dataset --workers 0",
        "`--layout csv` takes a file.",
    ),
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "is a file; expected a folder of media files",
        "prepare {clip} --layout folder --out dataset --workers 0",
        "A single file was given where the layout is a folder's.",
    ),
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "which does not exist; expected a folder of list files",
        "prepare {videos} --layout ucf101 --annotations lists --out dataset --workers 0",
        "There is nothing under the name given with `--annotations`.",
    ),
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "received --annotations with the layout",
        PREPARE + " --annotations {empty}",
        "Only benchmarks have list files.",
    ),
    Entry(
        "brave_tf/preparation/layouts/choice.py",
        "received layout",
        lambda world: prepare(world, layout="ucf-101"),
        "In Python: there is no such layout.",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "is on a file system without locks",
        _without_locks,
        "A warning: nothing keeps a second command out.",
    ),
    Entry(
        "brave_tf/cli/prepare.py",
        "sources are left out, such as",
        _left_out_quietly,
        "A warning with `--quiet`, where what is left out is not listed.",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "is not a readable CSV file",
        lambda world: prepare(world, world.file("clips.csv", b"path\n\xff\xfe.mp4\n").name),
        "The file is not UTF-8 text, or cannot be read.",
        varies=True,
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "has a header and no rows",
        lambda world: csv(world, "path\n"),
        "Nothing is listed.",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "has another number of cells than the header",
        lambda world: csv(world, "path,label\na, b.mp4,walk\n"),
        "A row has too many cells or too few. Often a name holds a comma.",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "cell; expected a media file",
        lambda world: csv(world, "path,label\n,walk\n"),
        "A row names no file.",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "expected start < end",
        lambda world: csv(world, "path,start,end\na.mp4,5,2\n"),
        "A row asks for a piece that ends before it begins.",
    ),
    Entry(
        "brave_tf/preparation/layouts/csv_list.py",
        "expected seconds, such as 12.5",
        lambda world: csv(world, "path,start\na.mp4,0:05\n"),
        "A time is not a number of seconds.",
    ),
    Entry(
        "brave_tf/preparation/splits.py",
        "received split {name}",
        lambda world: csv(world, "path,split\na.mp4,train/1\n"),
        "The name of a split becomes part of a file's name, and this one cannot.",
    ),
    Entry(
        "brave_tf/preparation/splits.py",
        "has no split and other files have one",
        lambda world: csv(world, "path,split\na.mp4,train\nb.mp4,\n"),
        "The column `split` is empty in some rows only.",
    ),
    Entry(
        "brave_tf/preparation/parts.py",
        "received --part {text}",
        PREPARE + " --part 4/3",
        "That is no part of a whole.",
    ),
    Entry(
        "brave_tf/preparation/engine.py",
        "received --part and --merge",
        PREPARE + " --part 1/2 --merge",
        "Parts come first, and `--merge` once, after all of them.",
    ),
    Entry(
        "brave_tf/preparation/parts.py",
        "lacks {len(missing)",
        _missing_parts,
        "`--merge` was given before all parts were done.",
    ),
    Entry(
        "brave_tf/preparation/engine.py",
        "received --beam-options without --runner beam",
        PREPARE + " --beam-options runner=FlinkRunner",
        "Options of Beam were given to a preparation without it.",
    ),
    Entry(
        "brave_tf/preparation/engine.py",
        "with --runner beam; leave it out",
        PREPARE + " --runner beam",
        "Beam divides the work by itself.",
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "received the Beam option",
        "prepare {videos} --out dataset --runner beam --beam-options 3=4",
        "The option has no name that Beam could have.",
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "and Apache Beam cannot be imported",
        _no_beam,
        "`--runner beam` needs the extra `beam`.",
        varies=True,
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "Beam's pipeline ended without",
        lambda world: _failing_beam(world, lambda names, work, flags: None),
        "The pipeline ended, and shards are not where they should be. Its workers may have written to disks of their "
        "own.",
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "{_reason(error)}",
        _beam_fails,
        "The pipeline failed. Where a worker gave a reason of its own, that is shown instead.",
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "Beam's pipeline failed",
        _beam_reason,
        "Beam itself failed, for the reason in brackets.",
    ),
    Entry(
        "brave_tf/preparation/beam_pipeline.py",
        "cannot be written ({error.strerror}); free some space",
        lambda world: (
            world.failing("brave_tf.preparation.beam_pipeline.of_many", FULL),
            _failing_beam(world, None),
        ),
        "There is no space left where the dataset is written.",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "cannot be written ({error.strerror}); choose another --out",
        lambda world: full_disk(world, "brave_tf.preparation.claim._lock"),
        "The output folder cannot be made.",
    ),
    Entry(
        "brave_tf/preparation/claim.py",
        "cannot be written ({error.strerror}); free some space",
        lambda world: full_disk(world, "brave_tf.preparation.claim.write_first"),
        "There is no space left where the dataset is written.",
    ),
    Entry(
        "brave_tf/preparation/dataset_writer.py",
        "cannot be written ({error.strerror}); free some space",
        lambda world: full_disk(world, "brave_tf.preparation.dataset_writer.write_json"),
        "There is no space left where the dataset is written.",
    ),
    Entry(
        "brave_tf/preparation/jobs.py",
        "cannot be written ({reason}); free some space",
        _shard_cannot_be_written,
        "There is no space left for a shard.",
    ),
    Entry(
        "brave_tf/preparation/work_folder.py",
        "cannot be written ({error.strerror})",
        _left_out_cannot_be_written,
        "There is no space left for the list of what is left out.",
    ),
    Entry(
        "brave_tf/preparation/running_worker.py",
        "a worker process could not be started",
        _no_worker,
        "The system allows no further process, or has no memory for one.",
    ),
    Entry(
        "brave_tf/preparation/worker_processes.py",
        "its process ended twice",
        _process_ends_twice,
        "The system ended the process that puts a shard together, most often for want of memory.",
    ),
    Entry(
        "brave_tf/preparation/fetched_sources.py",
        "cannot be fetched",
        _source_does_not_answer,
        "Media that lie elsewhere could not be copied here.",
    ),
    Entry(
        "brave_tf/preparation/plan.py",
        "cannot be read ({reason_of(error)})",
        _size_does_not_answer,
        "The place that the media lie in does not answer.",
    ),
    Entry(
        "brave_tf/preparation/layouts/walk.py",
        "cannot be read ({error.strerror}); make it readable",
        _no_permission,
        "You may not look into the source folder.",
    ),
    Entry(
        "brave_tf/preparation/layouts/walk_elsewhere.py",
        "cannot be read (permission denied)",
        lambda world: _elsewhere(world, PermissionError(errno.EACCES, "denied")),
        "You may not look into the bucket or folder that the media lie in.",
    ),
    Entry(
        "brave_tf/preparation/layouts/walk_elsewhere.py",
        "try again later",
        lambda world: _elsewhere(world, OSError(errno.ETIMEDOUT, "no answer within 60 s")),
        "The place that the media lie in does not answer.",
    ),
)

AREA = Area(
    "Preparing a dataset",
    "What `brave-tf prepare` says before it reads the first file, or when it cannot write what it made.",
    COMMON,
    OPTIONS,
)
