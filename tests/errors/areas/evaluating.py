"""What `brave-tf evaluate`, `brave-tf inspect` and `brave-tf ablate` say."""

import dataclasses
import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

EVALUATION = "brave_tf/evaluation"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
TINY = "evaluate random:tiny --data {dataset} --out report"


def dataset(
    labels: dict[str, list[str]] | None = None,
    path: str = "dataset",
    several: bool = False,
    folds: tuple[str, ...] = (),
) -> SimpleNamespace:
    """What the choice of labels and folds asks of a dataset."""
    columns = {"label": ["jump", "walk"]} if labels is None else labels
    return SimpleNamespace(
        path=Path(path), labels=columns, multilabel=list(columns) if several else [], official_folds=folds
    )


def label(name: str | None, *columns: str) -> Callable[[World], object]:
    """Chooses a label column."""

    def provoke(world: World) -> None:
        from brave_tf.evaluation.folds import choose_label

        choose_label(dataset({column: ["a", "b"] for column in columns}), name)

    return provoke


def clips(count: int = 4, classes: int = 2, **columns: list[object]) -> object:
    """Labelled clips, one of a video each, with more columns."""
    import numpy as np
    import pyarrow as pa

    from tests.evaluation.planted import labelled

    made = labelled(np.arange(count) % classes)
    table = made.table
    for name, values in columns.items():
        table = table.append_column(name.replace("__", "/"), pa.array(values, pa.string()))
    return dataclasses.replace(made, table=table)


def folds(wanted: str | None, labels: dict[str, list[str]] | None = None, **columns: list[object]) -> object:
    """Divides clips into folds."""

    def provoke(world: World) -> None:
        from brave_tf.evaluation.folds import make_folds

        made = clips(**columns)
        made.dataset.path = Path("dataset")
        made.dataset.labels = {**made.dataset.labels, **(labels or {})}
        make_folds(made, wanted)

    return provoke


def _many_folds(world: World) -> None:
    from brave_tf.evaluation.folds import make_folds

    make_folds(clips(count=12), "11")


def _damaged_fold(world: World) -> None:
    import numpy as np

    from brave_tf.evaluation.folds import Fold

    Fold("test", np.array([0, 1]), np.array([2, 3])).without(np.array([2, 3]))


def _one_class(world: World) -> None:
    import numpy as np

    from brave_tf.evaluation.folds import Fold, check_classes

    check_classes([Fold("test", np.array([0, 2]), np.array([1, 3]))], clips())


def _shared_videos(world: World) -> None:
    import numpy as np

    from brave_tf.evaluation.comparison import _check
    from brave_tf.evaluation.folds import Fold
    from tests.evaluation.planted import labelled

    made = labelled(np.array([0, 0, 1, 1]), clips_per_video=2)
    _check([Fold("test", np.array([0, 2]), np.array([1, 3]))], made)


def _unconverged(world: World) -> None:
    import numpy as np
    from sklearn.svm import LinearSVC

    from brave_tf.evaluation.protocols.linear import _fitted

    generator = np.random.default_rng(0)
    _fitted(LinearSVC(C=10.0, max_iter=2), generator.normal(size=(40, 8)), generator.integers(0, 2, 40))


def _nothing_labelled(world: World) -> None:
    from brave_tf.data import open_dataset
    from brave_tf.evaluation.clips import LabelledClips

    LabelledClips.of(open_dataset(world.dataset), "label", "flow")


def _several_labels(world: World) -> None:
    from brave_tf.evaluation.comparison import compare_with_random
    from brave_tf.evaluation.protocol import make_protocol

    request = SimpleNamespace(protocol=make_protocol("linear", {}), label=None)
    compare_with_random(None, None, dataset(several=True), request)


def _no_map(world: World) -> None:
    from brave_tf.evaluation.dense_maps import network_of

    network_of("resnet50")


def _no_room(world: World) -> None:
    from brave_tf.evaluation.dense_maps import check_room

    world.patch.setattr("brave_tf.evaluation.dense_maps.shutil.disk_usage", lambda place: SimpleNamespace(free=2e9))
    view = SimpleNamespace(view=SimpleNamespace(windows=2), crops=1)
    check_room([SimpleNamespace(size=lambda view: 10**6)], view, 1000, Path("features"))


def features(problem: str) -> Callable[[World], object]:
    """Reads or writes features on a disk that fails."""

    def provoke(world: World) -> None:
        import numpy as np

        from brave_tf.evaluation import feature_files

        kind = next(each for each in vars(feature_files).values() if hasattr(each, "_unwritable"))
        made = object.__new__(kind)
        made._path, made._shape, made._data_at = Path("features/0.npy"), (6,), 128
        if problem == "full":
            raise made._unwritable(FULL)
        made.__getitem__(np.array([0])) if hasattr(kind, "__getitem__") else made.read(np.array([0]))

    return provoke


def _untrainable(world: World) -> None:
    from brave_tf.evaluation import fine_tuning

    kind = next(each for each in vars(fine_tuning).values() if hasattr(each, "decisions"))
    encoder = SimpleNamespace(path=Path("exported"), trainable_variables=[], variables=[])
    kind.decisions(SimpleNamespace(units=1), encoder, None, lambda units: None, set())


def _not_an_encoder(world: World) -> None:
    from brave_tf.evaluation import fine_tuning

    fine_tuning.fine_tuned_results(None, ["resnet50"], clips(), [], None, None)


def _fine_tuning_folder(world: World) -> None:
    from brave_tf.evaluation.fine_tuning_run import unwritable

    raise unwritable(Path("features/finetune-0f3a"), FULL)


def _thirds(world: World) -> None:
    import numpy as np

    from brave_tf.evaluation.protocol import make_protocol

    values = np.random.default_rng(0).random((8, 2, 4)).astype(np.float32)
    make_protocol("ridge", {"join_windows": "thirds"}).decide(values, np.arange(8) % 2, values, 2, 0, lambda: None)


def replicas(world: World) -> None:
    """Trains a classifier on two devices."""
    from brave_tf.evaluation.replicas import check_batch

    world.patch.setattr(
        "brave_tf.evaluation.replicas.tf.distribute.get_strategy", lambda: SimpleNamespace(num_replicas_in_sync=2)
    )
    check_batch(15, "clips")


def _report_without_space(world: World) -> None:
    from brave_tf.evaluation.report import write_report

    world.failing("brave_tf.evaluation.report.write_json", FULL)
    write_report(Path("report"), {})


def _other_rate(world: World) -> None:
    from brave_tf.config import AudioViewConfig
    from brave_tf.evaluation.request import check_fit

    card = SimpleNamespace(audio=AudioViewConfig(sample_rate_hz=48_000), modality="audio")
    check_fit(
        SimpleNamespace(path=Path("runs/first"), card=card), SimpleNamespace(path="dataset", audio_rate_hz=16_000)
    )


def _one_device(world: World) -> None:
    from brave_tf import evaluator
    from tests.embedding.encoders import video_encoder

    strategy = SimpleNamespace(num_replicas_in_sync=2)
    world.patch.setattr(evaluator, "make_local_strategy", lambda given: strategy)
    evaluator._strategy_for(video_encoder(), strategy)


def _damaged_clips(world: World) -> None:
    """What an evaluation says at its end."""
    from brave_tf import evaluator

    outcome = SimpleNamespace(clips=SimpleNamespace(damaged=[_damaged_clip()]))
    world.patch.setattr(evaluator, "compare_with_random", lambda *words: outcome)
    world.patch.setattr(evaluator, "make_report", lambda *words: {"encoder": {}, "dataset": {}})
    world.patch.setattr(evaluator, "_write_page", lambda *words: None)
    from brave_tf import commands
    from tests.embedding.encoders import video_encoder

    commands.evaluate(video_encoder(), world["dataset"], "report", random_init=False)


def _damaged_clip() -> object:
    from brave_tf.data.damage import DamagedClip

    return DamagedClip(0, 7, "train-00000-of-00001.tfrecord", 12, "walk/1.mp4", "its checksum does not fit its content")


def _all_damaged(world: World) -> None:
    from brave_tf import commands
    from tests.errors.areas.datasets import clips_of
    from tests.verification.films import flip

    for number in range(len(clips_of(world.dataset))):
        flip(world.dataset, number, 60)
    commands.inspect("dataset", "tiny-va", "page.html", clips=1, redraws=0)


def rows(
    *names: str,
    table: str = "table1",
    scale: str = "tiny",
    extents: tuple[float, ...] = (),
    settings: Sequence[str] = (),
) -> object:
    """Chooses the rows of a table of the paper."""

    def provoke(world: World) -> None:
        from brave_tf.ablation.rows import EXTENTS, rows_of

        rows_of(table, scale, extents=extents or EXTENTS, settings=settings, names=names)

    return provoke


def state(before: str | None, settings: dict[str, object] | None = None) -> Callable[[World], object]:
    """Begins an ablation where something is in the way."""

    def provoke(world: World) -> None:
        from brave_tf.ablation.state import FILE, State

        if before is None:
            world.file("ablation/notes.txt")
        else:
            world.file(f"ablation/{FILE}", before)
        State(Path("ablation"), settings or {"table": "table1", "rows": {}})

    return provoke


def _ablation_without_space(world: World) -> None:
    from brave_tf.ablation.state import State

    world.patch.setattr(Path, "mkdir", lambda *words, **more: (_ for _ in ()).throw(FULL))
    State(Path("ablation"), {"rows": {}})


def _ablate_silent(world: World) -> None:
    from brave_tf.ablation import run

    world.patch.setattr(run, "_left_out", lambda chosen, data: {row.name: "no clip has sound" for row in chosen})
    from brave_tf import commands

    commands.ablate("table1", world["silent"], "ablation")


def _collapsed(world: World) -> None:
    from brave_tf import presets
    from brave_tf.ablation import run

    world.patch.setattr(run, "train", lambda *words: 1200)
    world.patch.setattr(run, "read_run", lambda place: SimpleNamespace(lines=[]))
    row = SimpleNamespace(name="audio", config=presets.get("tiny-va"))
    run._Job("dataset", Path("ablation"), None, "linear").do(row, 0)


COMMON = (
    Entry(
        f"{EVALUATION}/folds.py",
        "has no labels; prepare it from class folders",
        label(None),
        "An evaluation predicts classes, and the clips of this dataset have none.",
        "Put the videos into one folder for each class, or give a CSV list with a column of labels, and prepare them "
        "again.",
        title="The dataset has no labels",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "expected train and test",
        folds(None, split=["train"] * 4),
        "An evaluation trains a classifier on one split and scores it on another.",
        "`--folds 5` divides the clips there are. Or prepare with `--split train=0.8,test=0.2`.",
        title="There is no test split",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "choose one of them",
        label("colour", "action", "place"),
        "The dataset has no label column of that name.",
        title="The label column is not there",
    ),
    Entry(
        f"{EVALUATION}/clips.py",
        "choose another label, or an encoder of what the clips have",
        _nothing_labelled,
        "No clip has a label and what the encoder is shown.",
        "For an encoder of sound the clips need sound, for one of flow `brave-tf prepare --flow`.",
        title="No clip can be used",
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "received neither --preset nor --encoder",
        "inspect {dataset}",
        "What is shown depends on an experiment.",
        "`brave-tf inspect dataset --preset tiny-va`, or the run: `--encoder runs/first`.",
        title="Inspecting without a preset",
    ),
    Entry(
        f"{EVALUATION}/dense_maps.py",
        "has room for",
        _no_room,
        "The attentive protocol keeps a map of every window, and the disk has too little space for them.",
        title="The disk is too small for the maps",
    ),
)

OTHERS = (
    Entry(
        f"{EVALUATION}/folds.py",
        "expected --label NAME with one of them",
        label(None, "action", "place"),
        "There are several label columns, and none is called `label`.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "or a number from 2 on",
        folds("1"),
        "That is neither a label column nor a number of folds.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "come from only",
        folds("13"),
        "All clips of a video are in one fold, so that there can be no more folds than videos.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "the largest class has only",
        _many_folds,
        "Every fold is to have clips of every class.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "fill it in",
        folds("part", {"part": ["1", "2"]}, label__part=["1", None, "2", "1"]),
        "Some clips are in no fold.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "expected at least two folds",
        folds("part", {"part": ["1"]}, label__part=["1"] * 4),
        "One fold is no division.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "expected some in each",
        folds("part", {"part": ["train", "test"]}, label__part=["train"] * 4),
        "The usable clips are all on one side.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "clips of fold {self.name} are damaged",
        _damaged_fold,
        "Nothing is left of a fold.",
    ),
    Entry(
        f"{EVALUATION}/folds.py",
        "hold fewer than two classes",
        _one_class,
        "There is nothing to tell apart.",
    ),
    Entry(
        f"{EVALUATION}/comparison.py",
        "of which a clip has several",
        _several_labels,
        "The protocol takes one class per clip.",
    ),
    Entry(f"{EVALUATION}/dense_maps.py", "for --protocol attentive", _no_map, "In Python: that is no encoder."),
    Entry(
        f"{EVALUATION}/feature_files.py",
        "free some space or choose another --cache",
        features("full"),
        "There is no space left for the features.",
    ),
    Entry(
        f"{EVALUATION}/feature_files.py",
        "remove it if it is damaged",
        features("gone"),
        "The features that were kept cannot be read.",
    ),
    Entry(
        f"{EVALUATION}/fine_tuning.py",
        "has no variables that can be trained",
        _untrainable,
        "A SavedModel by signature cannot be trained further.",
    ),
    Entry(f"{EVALUATION}/fine_tuning.py", "to fine-tune; expected", _not_an_encoder, "In Python: that is no encoder."),
    Entry(
        f"{EVALUATION}/fine_tuning_run.py",
        "remove it if it is damaged",
        _fine_tuning_folder,
        "There is no space left for the fine-tuning, or what was kept is damaged.",
    ),
    Entry(
        f"{EVALUATION}/label_fractions.py",
        "received --label-fractions",
        TINY + " --label-fractions 5",
        "Parts of the labels are numbers up to 1.",
    ),
    Entry(
        f"{EVALUATION}/protocol.py",
        "received protocol {name}",
        lambda world: _protocol("svm"),
        "In Python: there is no such protocol.",
    ),
    Entry(
        f"{EVALUATION}/protocols/ridge.py",
        "windows to join in thirds",
        _thirds,
        "In Python: thirds of fewer than three windows are none.",
    ),
    Entry(
        f"{EVALUATION}/replicas.py",
        "received batches of",
        replicas,
        "The batch cannot be divided equally among the GPUs.",
    ),
    Entry(f"{EVALUATION}/report.py", "choose another --out", _report_without_space, "The report cannot be written."),
    Entry(
        f"{EVALUATION}/request.py",
        "expected size <= shorter side",
        TINY + " --size 64 --shorter-side 32",
        "A crop cannot be larger than the frame.",
    ),
    Entry(
        f"{EVALUATION}/request.py",
        "holds sound at",
        _other_rate,
        "The encoder was trained on sound of another rate.",
    ),
    Entry(
        f"{EVALUATION}/window_words.py",
        "received --windows",
        TINY + " --windows many",
        "That is no number of windows.",
    ),
    Entry(
        f"{EVALUATION}/window_words.py",
        "windows to join in thirds",
        TINY + " --protocol ridge --windows 2,thirds",
        "Thirds of fewer than three windows are none.",
    ),
    Entry(
        f"{EVALUATION}/comparison.py",
        "videos have clips in both training and test",
        _shared_videos,
        "A warning: clips of one video are alike, so that the score is better than it would be on new videos. "
        "`--folds 5` keeps the clips of a video together.",
    ),
    Entry(
        f"{EVALUATION}/protocols/linear.py",
        "has not converged in",
        _unconverged,
        "A warning: the classifier was stopped before it was as good as it gets. Most often another penalty scores "
        "better, which `--svm-c` names, or `--svm-c-grid` looks for.",
    ),
    Entry(
        f"{EVALUATION}/window_words.py",
        "which looks at each window by itself",
        TINY + " --protocol knn --windows concat",
        "The protocol takes one window at a time.",
    ),
    Entry(
        "brave_tf/evaluator.py",
        "received --cache",
        TINY + " --cache gs://bucket/features",
        "Features are read at any place again and again, which storage elsewhere is too slow for.",
    ),
    Entry(
        "brave_tf/evaluator.py",
        "received an encoder on one device",
        _one_device,
        "In Python: the encoder was loaded outside the strategy's scope.",
    ),
    Entry(
        "brave_tf/evaluator.py",
        "warning: damaged and left out",
        _damaged_clips,
        "A warning: the clip is not scored.",
    ),
    Entry(
        "brave_tf/inspection/__init__.py", "received --clips", "inspect {dataset} --clips 0", "It is out of its range."
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "received --redraws",
        "inspect {dataset} --redraws 9",
        "It is out of its range.",
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "without --encoder",
        "inspect {dataset} --tower flow",
        "A tower is one of an encoder.",
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "without --preset",
        "inspect {dataset} --encoder random:tiny",
        "Only a run says by which experiment its encoder was trained.",
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "no clip that was drawn can be shown",
        _all_damaged,
        "All clips that were drawn are damaged.",
        varies=True,
    ),
    Entry(
        "brave_tf/inspection/__init__.py",
        "warning: damaged, another is shown",
        _all_damaged,
        "A warning: the clip is not shown.",
    ),
    Entry(
        "brave_tf/ablation/rows.py",
        "expected three rising lengths",
        rows(extents=(5.0, 1.0, 2.0)),
        "`ablate`: the lengths of the broad view have to rise.",
    ),
    Entry(
        "brave_tf/ablation/rows.py",
        "for table1 at scale tiny only",
        rows(scale="paper", extents=(1.0, 2.0, 4.0)),
        "`ablate`: at the paper's scale the lengths are the paper's.",
    ),
    Entry(
        "brave_tf/ablation/rows.py",
        "received {name} {value}",
        rows(table="table9"),
        "In Python: there is no such table, or scale.",
    ),
    Entry(
        "brave_tf/ablation/run.py",
        "is left out: {reason}",
        "ablate table1 --data {silent} --out {videos}",
        "A warning: the dataset lacks what this row trains on. The other rows are trained.",
    ),
    Entry(
        "brave_tf/ablation/run.py",
        "collapsed at step",
        _collapsed,
        "A warning: this run of the ablation learned nothing any more and has no score. The others go on.",
    ),
    Entry(
        "brave_tf/ablation/rows.py",
        "which is what {table} varies",
        rows(settings=["narrow.step=4"]),
        "`ablate`: the setting would take away what the rows differ in.",
    ),
    Entry("brave_tf/ablation/rows.py", "received rows", rows("crops"), "`ablate`: the table has no such row."),
    Entry(
        "brave_tf/ablation/run.py",
        "received seeds=",
        "ablate table1 --data {dataset} --out ablation --seeds 0",
        "`ablate`: the number is out of its range.",
    ),
    Entry(
        "brave_tf/ablation/run.py",
        "rows share features on this machine",
        "ablate table1 --data {dataset} --out gs://bucket/ablation",
        "`ablate`: the folder has to be on this machine.",
    ),
    Entry(
        "brave_tf/ablation/run.py",
        "serves no row of",
        _ablate_silent,
        "`ablate`: the dataset lacks what the rows train on.",
    ),
    Entry(
        "brave_tf/ablation/state.py",
        "holds an ablation with other settings",
        state('{"settings": {"table": "table2", "rows": {}}, "results": {}}'),
        "`ablate`: there is another ablation in the folder.",
    ),
    Entry("brave_tf/ablation/state.py", "is no ablation's", state("{}"), "`ablate`: the file is another kind of file."),
    Entry(
        "brave_tf/ablation/state.py",
        "holds something that is not an ablation",
        state(None),
        "`ablate`: the folder holds something else.",
    ),
    Entry(
        "brave_tf/ablation/state.py",
        "cannot be written ({error.strerror})",
        _ablation_without_space,
        "`ablate`: the folder cannot be made.",
    ),
)


def _protocol(name: str) -> None:
    from brave_tf.evaluation.protocol import make_protocol

    make_protocol(name, {})


AREA = Area(
    "Evaluating, inspecting and ablating",
    "What `brave-tf evaluate`, `brave-tf inspect` and `brave-tf ablate` say of labels, folds and protocols.",
    COMMON,
    OTHERS,
)
