"""What is said of datasets: when they are opened, read and verified."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

DATA = "brave_tf/data"
VERIFICATION = "brave_tf/verification"
SILENCE = OSError(errno.ETIMEDOUT, "no answer within 60 s")


def info(change: Callable[[dict], object]) -> Callable[[World], object]:
    """Opens a dataset whose `dataset.json` is changed."""

    def provoke(world: World) -> object:
        return clips_of(world.with_info(change))

    return provoke


def rows(change: Callable[[list[dict]], object]) -> Callable[[World], object]:
    """Opens a dataset whose table of clips has its rows changed."""

    def provoke(world: World) -> object:
        return clips_of(world.with_clips(change))

    return provoke


def clips_of(dataset: Path, split: str | None = None) -> object:
    """Opens a dataset and reads its table."""
    from brave_tf.data import open_dataset

    return open_dataset(dataset).clips(split)


def columns(change: Callable[[object], object]) -> Callable[[World], object]:
    """Opens a dataset whose table of clips is another."""

    def provoke(world: World) -> None:
        import pyarrow.parquet as pq

        file = world.dataset / "clips.parquet"
        table = change(pq.read_table(file))
        pq.write_table(table, file)
        clips_of(world.here / "dataset")

    return provoke


def as_text(name: str) -> Callable[[object], object]:
    """A table with words where numbers have to be."""

    def change(table: object) -> object:
        import pyarrow as pa

        words = pa.array(["a"] * table.num_rows)
        return table.set_column(table.column_names.index(name), name, words)

    return change


def _shards(world: World) -> list[Path]:
    return sorted(world.dataset.glob("*.tfrecord"))


def _read(world: World, **changed: object) -> None:
    """Reads where all clips of a dataset lie."""
    from brave_tf.data import open_dataset
    from brave_tf.data.read import RecordTable

    dataset = open_dataset(world.here / "dataset")
    RecordTable.of(dataset, dataset.clips())


def _lost_shard(world: World) -> None:
    _shards(world)[0].unlink()
    _read(world)


def _cut_off_shard(world: World) -> None:
    shard = _shards(world)[0]
    shard.write_bytes(shard.read_bytes()[:-400])
    _read(world)


def _unreadable_shard(world: World) -> None:
    from brave_tf.data.read import _size

    class Closed(os.PathLike):
        def stat(self) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        def __fspath__(self) -> str:
            return "dataset/train-00000-of-00001.tfrecord"

        __str__ = __fspath__

    _size(Closed())


def training_clips(world: World, preset: str = "tiny-va", *settings: str, dataset: Path | None = None) -> object:
    """What an experiment trains on."""
    from brave_tf import presets
    from brave_tf.config.values import override
    from brave_tf.data.training_clips import TrainingClips

    config = override(presets.get(preset), settings)
    return TrainingClips.open([dataset or world.dataset], config, "train")


def foreign(world: World, *records: bytes, name: str = "train-00000-of-00001", cut: int = 0) -> object:
    """Opens a folder of DMVR shards."""
    from tests.data.dmvr_files import write_shard

    world.patch.setenv("XDG_CACHE_HOME", str(world.here / "cache"))
    shard = write_shard(world.here / "shards" / name, records)
    if cut:
        shard.write_bytes(shard.read_bytes()[:-cut])
    from brave_tf.data import open_dataset

    return open_dataset(world.here / "shards")


def _record(**context: list) -> bytes:
    from tests.data.dmvr_files import record

    keys = {
        "frame_rate": "image/frame_rate",
        "sound_rate": "WAVEFORM/feature/sample_rate",
        "start": "clip/start/timestamp",
        "index": "clip/label/index",
    }
    return record(2, 1600, context={keys[name]: values for name, values in context.items()})


def _no_tfrecord(world: World) -> None:
    world.file("shards/train-00000-of-00001.tfrecord", b"not a record at all")
    clips_of(world.here / "shards")


def _shard_does_not_open(world: World) -> None:
    from brave_tf.data.tfrecord_index import _unreadable

    raise _unreadable(
        world.here / "shards" / "train-00000-of-00001", PermissionError(errno.EACCES, "Permission denied")
    )


def _two_divisions(world: World) -> None:
    from tests.data.dmvr_files import write_shard

    write_shard(world.here / "shards" / "train-00000-of-00002", [_record()])
    foreign(world, _record())


def _of_tfds(world: World) -> None:
    world.file("shards/features.json", "{}")
    foreign(world, _record())


def _summary(payload: bytes | Callable[[], bytes]) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.data.dmvr import summarise

        return summarise(payload() if callable(payload) else payload)

    return provoke


def _with_pictures(*pictures: bytes) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.data.foreign import check_picture

        return check_picture(pictures)

    return provoke


def _other_kind() -> bytes:
    return _record(start=[b"soon"])


class _NotFoundError(Exception):
    """What TFDS raises."""


def tfds(world: World, name: str, builder: object = None, known: tuple[str, ...] = ()) -> object:
    """Opens a dataset by a stand-in for TensorFlow Datasets."""
    from brave_tf.data import open_dataset

    def from_files(name: str, data_dir: str | None) -> object:
        if isinstance(builder, Exception):
            raise builder
        return builder

    package = SimpleNamespace(
        core=SimpleNamespace(
            DatasetNotFoundError=_NotFoundError,
            constants=SimpleNamespace(DATA_DIR="tensorflow_datasets"),
            read_only_builder=SimpleNamespace(builder_from_files=from_files),
        ),
        features=SimpleNamespace(FeaturesDict=dict, Video=_Video, Audio=Image, ClassLabel=Image),
        list_builders=lambda **words: list(known),
    )
    world.patch.delenv("TFDS_DATA_DIR", raising=False)
    for module in ("tensorflow_datasets", "tensorflow_datasets.public_api"):
        world.patch.setitem(sys.modules, module, package)
    return open_dataset(name)


class _Video:
    """Stands for a feature of TFDS."""


class Image:
    """Stands for a feature of TFDS that is none of those that are looked for."""


def _builder(features: dict[str, object], file_format: str = "tfrecord") -> object:
    described = SimpleNamespace(features=features, file_format=SimpleNamespace(value=file_format), splits={})
    return SimpleNamespace(info=described)


def _other_version(world: World) -> None:
    world.folder("tensorflow_datasets/films/2.0.0")
    tfds(world, "tfds:films:1.0.0", _NotFoundError())


def _no_tfds(world: World) -> None:
    from brave_tf.data import open_dataset

    world.absent("tensorflow_datasets")
    open_dataset("tfds:films")


def _other_protobuf(world: World) -> None:
    from google.protobuf.runtime_version import VersionError

    from brave_tf.data import open_dataset, tfds_source

    def fail(name: str) -> None:
        raise VersionError("Detected incompatible Protobuf versions: gencode 6.31.1 runtime 5.29.5.")

    world.patch.setattr(tfds_source, "importlib", SimpleNamespace(import_module=fail))
    open_dataset("tfds:films")


def _tfds_summary(layout: dict[str, object], record: Callable[[], bytes]) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.data.tfds_source import _Layout, _summariser

        return _summariser(_Layout("video", {}, **layout))(record())

    return provoke


def _example(**samples: int) -> bytes:
    import tensorflow as tf

    example = tf.train.Example()
    for key, count in samples.items():
        example.features.feature[key].float_list.value.extend([0.0] * count)
    return example.SerializeToString()


def payload(offset: int = 0, length: int = 0, flip: int | None = None, cut: int = 0) -> Callable[[World], object]:
    """Reads the first record of a dataset, whose place or content is changed."""

    def provoke(world: World) -> object:
        from brave_tf.data.damage import read_payload

        row = clips_of(world.dataset).to_pylist()[0]
        shard = world.dataset / row["shard"]
        content = bytearray(shard.read_bytes())
        if flip is not None:
            content[row["offset"] + flip] ^= 255
        shard.write_bytes(content[: len(content) - cut] if cut else content)
        return read_payload(str(shard), row["offset"] + offset, row["length"] + length)

    return provoke


def _shard_breaks_off(world: World) -> object:
    from brave_tf.data.damage import read_payload

    row = clips_of(world.dataset).to_pylist()[-1]
    shard = world.dataset / row["shard"]
    shard.write_bytes(shard.read_bytes()[: row["offset"] + 10])
    return read_payload(str(shard), row["offset"], row["length"])


def _unreadable_record(world: World) -> None:
    from brave_tf.data.damage import read_payload

    read_payload(str(world.here / "dataset" / "train-00000-of-00001.tfrecord"), 12, 100)


def content(kind: str, modality: str = "rgb") -> Callable[[World], object]:
    """Checks a record with something wrong in it."""

    def provoke(world: World) -> object:
        import numpy as np
        import tensorflow as tf

        from brave_tf.data import records
        from brave_tf.data.damage import check_content
        from tests.data.dmvr_files import pictures, record

        small = pictures(1, size=(16, 16))
        encoded = {"size": pictures(1) + small, "damaged": [small[0][:40]]}.get(kind, small)
        example = tf.train.SequenceExample.FromString(record(1, 16, encoded=encoded))
        if kind == "nan":
            del example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature[0].float_list.value[:]
            example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature[0].float_list.value.extend([np.nan])
        serialized = b"\xff\xff" if kind == "no record" else example.SerializeToString()
        return check_content(serialized, records.parse, [modality])

    return provoke


def _nothing_usable(world: World) -> None:
    from brave_tf.data.damage import nothing_usable

    raise nothing_usable()


def _damaged_dataset(world: World) -> Path:
    from tests.verification.films import flip

    flip(world.dataset, 0, 50)
    return world.here / "dataset"


def verify(world: World, dataset: object = None, **settings: object) -> object:
    """Verifies a dataset in this process."""
    from brave_tf import commands

    return commands.verify(str(dataset or world["dataset"]), workers=1, **settings)


def _verify_damaged(world: World) -> None:
    from pathlib import Path

    from brave_tf.cli.verify import verify as command

    _damaged_dataset(world)
    command(Path("dataset"), workers=1)


def _all_damaged(world: World) -> None:
    from tests.verification.films import flip

    for number in range(len(clips_of(world.dataset))):
        flip(world.dataset, number, 50)
    verify(world, repair="repaired")


def _repair_of_others(world: World) -> None:
    foreign(world, _record())
    verify(world, "shards", repair="repaired")


def _repair_without_space(world: World) -> None:
    world.failing("brave_tf.verification.repair._write_shards", OSError(errno.ENOSPC, "No space left on device"))
    verify(world, _damaged_dataset(world).name, repair="repaired")


def _changed_meanwhile(world: World) -> None:
    from brave_tf.verification.repair import _write_shard

    row = clips_of(_damaged_dataset(world)).to_pylist()[0]
    _write_shard(Path("dataset") / row["shard"], Path("copy.tfrecord"), [row["offset"]], [row["length"]])


def _silent_shard(world: World) -> None:
    from brave_tf.verification import shard_walk

    class Silent:
        def open(self, *words: object) -> None:
            raise SILENCE

        def __str__(self) -> str:
            return "gs://bucket/dataset/train-00000-of-00001.tfrecord"

    world.patch.setattr(shard_walk, "is_remote", lambda path: True)
    list(shard_walk.walk_shard(Silent(), []))


def _silent_table(world: World) -> None:
    from brave_tf.data import dataset, open_dataset

    opened = open_dataset(world.dataset)
    (world.here / "dataset" / "clips.parquet").unlink()
    world.file("dataset/clips.parquet/x")
    world.patch.setattr(dataset, "is_remote", lambda path: True)
    opened.clips()


def _silent_info(world: World) -> None:
    from brave_tf.data import open as opening

    (world.dataset / "dataset.json").read_text()
    world.patch.setattr(opening.json, "loads", lambda text: (_ for _ in ()).throw(SILENCE))
    opening.open_dataset(world.here / "dataset")


def _shards_do_not_answer(world: World) -> None:
    from brave_tf.data import shard_names

    shard_names.find_shards(world.here)


def _pictures(stride: int | None, step: int) -> Callable[[World], object]:
    def provoke(world: World) -> None:
        from brave_tf.data import open_dataset

        change = {"flow": None if stride is None else {"shorter_side": 32, "stride": stride}}
        dataset = open_dataset(world.with_info(lambda content: content.update(change)))
        dataset.check_pictures("flow", step, "v-f-tsm50-k600")

    return provoke


COMMON = (
    Entry(
        f"{DATA}/open.py",
        "is not a dataset; expected a directory",
        "verify {videos}",
        "The folder holds no dataset. Often it is the folder of the videos themselves.",
        "Prepare the videos first: `brave-tf prepare my-videos --out dataset`, and give `dataset`.",
        title="The folder is no dataset",
    ),
    Entry(
        f"{DATA}/open.py",
        "is not finished",
        lambda world: (world.folder("dataset/.prepare"), clips_of(world.here / "dataset")),
        "`brave-tf prepare` was interrupted. What is done is kept.",
        "Repeat the command as it was.",
        title="The dataset is not finished",
    ),
    Entry(
        f"{DATA}/training_clips.py",
        "choose another preset, or prepare media that have it",
        lambda world: training_clips(world, dataset=world.silent),
        "The preset needs something that no clip has. The message counts what was found: most often the videos have no "
        "sound, and the preset learns from sound.",
        "For videos without sound choose a preset that learns from pictures alone, such as `tiny-v`. "
        "`brave-tf presets` lists what each one takes.",
        title="No clip has what the preset needs",
    ),
    Entry(
        f"{DATA}/dataset.py",
        "has no split",
        "inspect {dataset} --preset tiny-va --split validation --out page.html",
        "The dataset has other splits.",
        "Choose one that the message lists. Splits are made by `brave-tf prepare --split`.",
        title="The dataset has no such split",
    ),
    Entry(
        f"{DATA}/dataset.py",
        "which {user} {verb}",
        _pictures(None, 4),
        "The experiment trains on optical flow, and the dataset has none.",
        "Prepare it again with `--flow` and another `--out`. [Flow](flow.md) says how long that takes.",
        title="The dataset has no optical flow",
    ),
    Entry(
        f"{DATA}/training_clips.py",
        "holds sound at",
        lambda world: training_clips(world, "tiny-va", "broad.audio.sample_rate_hz=48000", "broad.audio.high_hz=20000"),
        "The sound of the dataset has another rate than the experiment expects.",
        "Either of the two commands in the message will do.",
        title="The sound has another rate",
    ),
    Entry(
        "brave_tf/cli/verify.py",
        "{_summary(report)}; {_remedy(report, dataset)}",
        _verify_damaged,
        "`brave-tf verify` found something wrong, and named every clip above this line.",
        "`--repair` writes the dataset without the damaged clips. Training leaves them out by itself, up to a tenth of "
        "all.",
        title="verify found something wrong",
    ),
    Entry(
        f"{DATA}/read.py",
        "missing, of",
        _lost_shard,
        "Files of the dataset are gone. A copy of it may not have been complete.",
        title="Shards are missing",
    ),
    Entry(
        f"{DATA}/read.py",
        "cut off, of",
        _cut_off_shard,
        "Files of the dataset are shorter than they were. A copy of it may have been interrupted.",
        title="Shards are cut off",
    ),
    Entry(
        f"{DATA}/damage.py",
        "{what}; {REMEDY}",
        _nothing_usable,
        "So many clips are damaged that no example can be made.",
        "Run `brave-tf verify dataset`: it names all of them.",
        title="All clips that are drawn are damaged",
    ),
    Entry(
        f"{DATA}/open.py",
        "upgrade brave_tf",
        info(lambda content: content.update(format_version=99)),
        "A newer version of brave_tf wrote the dataset.",
        "`pip install --upgrade brave-tf`.",
        title="The dataset is of a newer version",
    ),
)

OTHERS = (
    Entry(
        f"{DATA}/open.py",
        "make it readable, or try again later",
        _silent_info,
        "The folder is there and its description cannot be read.",
    ),
    Entry(
        f"{DATA}/open.py",
        "is damaged ({error})",
        lambda world: (world.dataset, world.file("dataset/dataset.json", "{"), clips_of(world.here / "dataset")),
        "`dataset.json` was changed or cut off.",
        varies=True,
    ),
    Entry(
        f"{DATA}/dataset.py",
        "is missing or damaged ({reason}); prepare the dataset again",
        lambda world: (world.dataset, world.file("dataset/clips.parquet", "x"), clips_of(world.here / "dataset")),
        "The table of clips is gone, cut off or damaged.",
        varies=True,
    ),
    Entry(
        f"{DATA}/dataset.py",
        "cannot be read ({reason}); try again later",
        _silent_table,
        "The place that the dataset lies in does not answer.",
    ),
    Entry(
        f"{DATA}/dataset.py",
        "takes every {step}th",
        _pictures(4, 6),
        "Flow was computed on other frames than the experiment takes.",
    ),
    Entry(
        f"{DATA}/training_clips.py",
        "holds no small frames",
        lambda world: training_clips(world, "tiny-v", "broad.rgb.decode=small"),
        "The experiment reads small frames, which are made by `--broad-size`.",
    ),
    Entry(f"{DATA}/dataset_checks.py", "holds no object", lambda world: _no_object(world), "It was edited by hand."),
    Entry(
        f"{DATA}/dataset_checks.py",
        "{file} has no {', '.join(missing)}",
        info(lambda content: content.pop("labels")),
        "An entry is gone.",
    ),
    Entry(
        f"{DATA}/dataset_checks.py",
        "expected {entry.expected}",
        info(lambda content: content.update(audio_rate_hz="16 kHz")),
        "An entry has another kind of value.",
    ),
    Entry(
        f"{DATA}/dataset_checks.py",
        "which is none of its labels",
        info(lambda content: content.update(folds=["fold"])),
        "Two entries contradict one another.",
    ),
    Entry(
        f"{DATA}/dataset_checks.py",
        "has no column",
        columns(lambda table: table.drop_columns(["offset"])),
        "The table lacks a column.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "several rows with one clip_id",
        rows(lambda table: table[1].update(clip_id=table[0]["clip_id"])),
        "Rows were copied.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "has no {name}; ",
        rows(lambda table: table[0].update(shard=None)),
        "A cell is empty.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "expected at least {LEAST[name]}",
        rows(lambda table: table[0].update(offset=3)),
        "A number is out of its range.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "which dataset.json does not list",
        rows(lambda table: table[0].update({"label/label": "swim"})),
        "The table has a class or a split that `dataset.json` does not know.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "expected the name of a file beside it",
        rows(lambda table: table[0].update(shard="../other.tfrecord")),
        "A row points out of the dataset.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "that are not finite",
        rows(lambda table: table[0].update(start_seconds=float("nan"))),
        "A time is no number.",
    ),
    Entry(
        f"{DATA}/clip_table.py",
        "holds {column.type}",
        columns(as_text("offset")),
        "A column has another type.",
    ),
    Entry(
        f"{DATA}/damage.py",
        "cannot be read at byte",
        _unreadable_record,
        "The disk, or the place that the dataset lies in, does not give a record.",
    ),
    Entry(
        f"{DATA}/read.py",
        "cannot be read ({reason_of(error)})",
        _unreadable_shard,
        "The system does not tell how long a file of the dataset is.",
    ),
    Entry(
        f"{VERIFICATION}/verifier.py",
        "received --workers",
        "verify {dataset} --workers 0",
        "The number of threads is out of its range.",
    ),
    Entry(
        f"{VERIFICATION}/repair.py",
        "exists already; choose another --repair",
        lambda world: verify(world, repair=world.file("repaired/notes.txt").parent.name),
        "There is something else where the repaired dataset should go.",
    ),
    Entry(
        f"{VERIFICATION}/repair.py",
        "which others wrote",
        _repair_of_others,
        "Shards of other programs are not rewritten.",
    ),
    Entry(
        f"{VERIFICATION}/repair.py",
        "holds no undamaged clip",
        _all_damaged,
        "Nothing is left to keep.",
    ),
    Entry(
        f"{VERIFICATION}/repair.py",
        "cannot be written ({reason_of(error)}); choose another --repair",
        _repair_without_space,
        "There is no space left for the repaired dataset.",
    ),
    Entry(
        f"{VERIFICATION}/repair.py",
        "check its disk",
        _changed_meanwhile,
        "A record read well at first and is damaged now.",
    ),
    Entry(
        f"{VERIFICATION}/shard_walk.py",
        "cannot be read ({reason_of(error)}); try again later",
        _silent_shard,
        "The place that the dataset lies in does not answer.",
    ),
    Entry(
        f"{DATA}/dmvr.py",
        "was prepared by TensorFlow Datasets",
        _of_tfds,
        "The folder is one of TensorFlow Datasets, which is opened by its name.",
    ),
    Entry(
        f"{DATA}/foreign.py",
        "holds no usable record",
        lambda world: foreign(world, b""),
        "Not one record of the shards is a clip.",
    ),
    Entry(
        f"{DATA}/foreign.py",
        "holds sound at several rates",
        lambda world: foreign(world, _record(sound_rate=[16_000]), _record(sound_rate=[48_000])),
        "An experiment takes sound of one rate.",
    ),
    Entry(
        f"{DATA}/foreign.py",
        "frames a second; expected",
        lambda world: foreign(world, _record(frame_rate=[30.0])),
        "Views count frames, so that all videos need one rate.",
    ),
    Entry(
        f"{DATA}/shard_names.py",
        "two divisions of the same records",
        _two_divisions,
        "The same records lie there twice, in different numbers of files.",
    ),
    Entry(
        f"{DATA}/tfrecord_index.py",
        "is cut off: it ends at byte",
        lambda world: foreign(world, _record(), cut=10),
        "A copy of the file was interrupted.",
    ),
    Entry(
        f"{DATA}/tfrecord_index.py",
        "or no TFRecord file",
        _no_tfrecord,
        "The file is damaged, compressed, or of another kind.",
    ),
    Entry(
        f"{DATA}/tfrecord_index.py",
        "make it readable, or try again later",
        _shard_does_not_open,
        "The system does not let you read the file.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "tensorflow-datasets does not load ({error})",
        _no_tfds,
        "A name with `tfds:` needs the extra `tfds`.",
        varies=True,
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "does not load beside this protobuf",
        _other_protobuf,
        "The package `tensorflow-metadata`, which TensorFlow Datasets needs, is too new for the installed protobuf.",
        varies=True,
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "not what is asked for",
        _other_version,
        "TensorFlow Datasets has prepared another version.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "this may download much",
        lambda world: tfds(world, "tfds:ucf101", _NotFoundError(), known=("ucf101",)),
        "TensorFlow Datasets knows it, and it is not on this machine.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "nor does TFDS know",
        lambda world: tfds(world, "tfds:my_films", _NotFoundError()),
        "There is no such dataset.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "cannot be opened ({why})",
        lambda world: tfds(world, "tfds:films/", ValueError("not a name: films/")),
        "TensorFlow Datasets refuses the name or the files.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "has no Video feature",
        lambda world: tfds(world, "tfds:mnist", _builder({"image": Image()})),
        "The dataset holds no videos.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "is stored as",
        lambda world: tfds(world, "tfds:films", _builder({"video": _Video()}, "array_record")),
        "It was prepared in another format of files.",
    ),
    Entry(
        f"{DATA}/tfds_source.py",
        "holds no split",
        lambda world: tfds(world, "tfds:films", _builder({"video": _Video()})),
        "Its preparation was not finished.",
    ),
)

AREA = Area(
    "Opening, reading and verifying a dataset",
    "What every command says that is given a dataset: `verify`, `inspect`, `pretrain`, `evaluate`, `embed --data`. "
    "Where a message ends with “prepare the dataset again”, a file of it was changed by hand or by accident.",
    COMMON,
    OTHERS,
)

RECORDS = Area(
    "Clips that are left out as damaged",
    "A damaged clip does not stop a training or an evaluation: another takes its place, and it is named with one of "
    "these reasons. `brave-tf verify` names all of a dataset, and `--repair` writes it without them.",
    (),
    (
        Entry(
            f"{DATA}/damage.py",
            "its checksum does not fit its content",
            payload(flip=60),
            "A byte of it was changed on the disk or on the way.",
        ),
        Entry(
            f"{DATA}/damage.py",
            "its shard ends within it",
            _shard_breaks_off,
            "The file is cut off.",
        ),
        Entry(
            f"{DATA}/damage.py",
            "bytes begins there",
            payload(offset=7),
            "The table of clips and the file do not belong together.",
            varies=True,
        ),
        Entry(
            f"{DATA}/damage.py",
            "it is not a record of clips",
            content("no record"),
            "Something else was written there.",
            varies=True,
        ),
        Entry(f"{DATA}/damage.py", "it holds no {facts.word}", content("", "flow"), "It lacks what is needed of it."),
        Entry(
            f"{DATA}/damage.py",
            "of its sound are NaN or infinite",
            content("nan", "audio"),
            "Its sound would end a training.",
        ),
        Entry(
            f"{DATA}/damage.py",
            "{place} does not decode",
            content("damaged"),
            "A picture of it is damaged.",
            varies=True,
        ),
        Entry(f"{DATA}/damage.py", "pixels, the first", content("size"), "Its pictures have different sizes."),
        Entry(f"{DATA}/dmvr.py", "it is no SequenceExample", _summary(b"\xff\xff"), "It is no record of DMVR."),
        Entry(
            f"{DATA}/dmvr.py",
            "{_why_empty(example)}",
            _summary(b""),
            "It holds neither pictures nor sound under the keys of DMVR.",
            says="it has neither",
        ),
        Entry(
            f"{DATA}/dmvr.py",
            "expected a number that is not negative",
            _summary(lambda: _record(start=[-1.0])),
            "A rate or a time of it is no such number.",
        ),
        Entry(
            f"{DATA}/foreign.py",
            "neither JPEG nor PNG",
            _with_pictures(b"BM"),
            "Its pictures have another format.",
        ),
        Entry(
            f"{DATA}/foreign.py",
            "is no picture like its first",
            _with_pictures(b"\xff\xd8\xff", b"x"),
            "One of its pictures is none.",
        ),
        Entry(
            f"{DATA}/foreign.py",
            "expected {' or '.join(kinds)}",
            _summary(_other_kind),
            "A value of it is of another kind.",
        ),
        Entry(
            f"{DATA}/tfds_source.py",
            "it is no Example",
            _tfds_summary({}, lambda: b"\xff\xff"),
            "It is no record of TensorFlow Datasets.",
        ),
        Entry(
            f"{DATA}/tfds_source.py",
            "samples; expected {layout.channels} channels",
            _tfds_summary(
                {"audio": "sound", "audio_rate_hz": 16_000, "channels": 2, "integers": False}, lambda: _example(sound=3)
            ),
            "Its sound cannot be divided among its channels.",
        ),
        Entry(
            f"{DATA}/tfds_source.py",
            "it has neither {layout.video}",
            _tfds_summary({}, lambda: _example()),
            "It holds neither pictures nor sound.",
        ),
    ),
)


def _no_object(world: World) -> None:
    from brave_tf.data.dataset_checks import check_info

    check_info([], Path("dataset/dataset.json"))
