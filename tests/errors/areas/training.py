"""What is said of runs: before they begin, while they train, and of their directories."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

TRAINING = "brave_tf/training"
RUNS = "brave_tf/runs"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
SLURM = {
    "SLURM_PROCID": "0",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NODELIST": "gpu[01-02]",
    "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
    "SLURM_JOB_ID": "4017",
}


def _no_logger(world: World) -> None:
    import importlib.util

    import pytest

    from brave_tf import commands

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        commands.pretrain("tiny-va", "dataset", "runs/first", log="wandb")


def _unknown_logger(world: World) -> None:
    from brave_tf import commands

    commands.pretrain("tiny-va", "dataset", "runs/first", log="comet")


def _refused_metrics(world: World) -> None:
    from brave_tf.training.services.feed import Feed

    def refuse() -> None:
        raise PermissionError("No API key configured")

    Feed("wandb", refuse).close("stopped")


def tiny(*assignments: str) -> object:
    """The experiment tiny-va, changed."""
    from brave_tf import presets
    from brave_tf.config.values import override

    return override(presets.get("tiny-va"), assignments)


def _claimed(world: World, *assignments: str, run: object = None) -> None:
    from brave_tf.runs.directory import claimed

    with claimed(run or world.run, tiny(*assignments), ["0f"], ["dataset"]):
        pass


def _twice(*assignments: str, before: Callable[[Path], object] | None = None) -> Callable[[World], object]:
    """Begins a run, and again with other settings."""

    def provoke(world: World) -> None:
        run = Path("runs/first")
        _claimed(world, run=run)
        if before is not None:
            before(run)
        _claimed(world, *assignments, run=run)

    return provoke


def _finished(run: Path) -> None:
    (run / "summary.json").write_text(json.dumps({"steps": 2000}))


def _trained(run: Path) -> None:
    place = run / "checkpoints" / "step-00001000"
    place.mkdir(parents=True)
    (place / "variables.index").write_text("")


def _busy(world: World) -> None:
    world.failing("brave_tf.runs.directory.locked", BlockingIOError(errno.EAGAIN, "busy"))
    _claimed(world, run=Path("runs/first"))


def _no_space(world: World) -> None:
    world.failing("brave_tf.runs.directory.write_json", FULL)
    _claimed(world, run=Path("runs/first"))


def _report(file: str, content: str) -> Callable[[World], object]:
    """Draws the page of a run of which a file is changed."""

    def provoke(world: World) -> None:
        from brave_tf import commands

        (world.run / file).write_text(content)
        commands.report("runs/first", "page.html")

    return provoke


def _file_does_not_answer(world: World) -> None:
    from brave_tf.runs.json_files import unreadable

    raise unreadable(Path("runs/first/config.json"), OSError(errno.EIO, "Input/output error"))


def _taken_over(world: World) -> None:
    from brave_tf.runs.ownership import Ownership

    owner = Ownership.__new__(Ownership)
    owner._path = SimpleNamespace(
        parent="gs://bucket/runs/first",
        read_text=lambda errors: "process 812 on gpu02, since 2026-01-05T10:00:00+00:00 (5c0b)",
    )
    owner._name = "process 77 on gpu01"
    owner.check()


def _no_loss(world: World) -> None:
    from brave_tf.runs.directory import last_loss

    (world.run / "metrics.jsonl").write_text('{"step": 50}\n')
    last_loss(Path("runs/first"))


def guard(limits: dict[str, float] | None = None, lines: object = None, **changes: float) -> Callable[[World], object]:
    """Shows the guard a step whose numbers are bad."""

    def provoke(world: World) -> None:
        from brave_tf.config import MonitorConfig
        from brave_tf.training.guard import HealthGuard

        look = None if lines is None else lambda step: lines
        made = HealthGuard(MonitorConfig(**(limits or {})), Path("runs/first"), "", look)
        made.set_model(_model())
        made.on_train_batch_end(0, {"loss": 3.0, "gradient_norm": 5.0, "spread_audio": 0.98, **changes})

    return provoke


def _model() -> object:
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd")
    return model


def _checkpoints(world: World) -> object:
    from brave_tf.training.checkpoints import Checkpoints

    return Checkpoints(Path("runs/first"), _model(), keep=1)


def _unwritable_checkpoint(world: World) -> None:
    checkpoints = _checkpoints(world)
    world.patch.setattr(checkpoints._folder, "write", lambda *words: (_ for _ in ()).throw(FULL))
    checkpoints.save()


def _no_removal(world: World) -> None:
    checkpoints = _checkpoints(world)
    checkpoints.save()
    checkpoints._model.optimizer.iterations.assign(1)
    closed = PermissionError(13, "Permission denied")
    world.patch.setattr(checkpoints._folder, "remove", lambda step: (_ for _ in ()).throw(closed))
    checkpoints.save()


def _silent_checkpoints(world: World) -> None:
    checkpoints = _checkpoints(world)
    world.patch.setattr(checkpoints._folder, "steps", lambda: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    checkpoints.restore()


def _damaged_checkpoint(world: World) -> None:
    checkpoints = _checkpoints(world)
    model = checkpoints._model
    checkpoints.save()
    model.optimizer.iterations.assign(1)
    checkpoints._keep = 2
    checkpoints.save()
    (Path("runs/first/checkpoints/step-00000001") / "variables.index").write_bytes(b"")
    _checkpoints(world).restore()


def metrics(when: str) -> Callable[[World], object]:
    """Writes the metrics of a run to a disk that is full."""

    def provoke(world: World) -> None:
        from brave_tf.training.callbacks import MetricsWriter

        writer = MetricsWriter(Path("runs/first"), tiny("log_every=1"))
        writer.set_model(_model())
        if when == "begin":
            world.failing("brave_tf.training.callbacks.EventFile", FULL)
        writer.on_train_begin()
        world.patch.setattr(writer._log, "append", lambda *words: (_ for _ in ()).throw(FULL))
        writer._meter = SimpleNamespace(count=lambda: None, read=dict)
        writer.on_train_batch_end(0, {"loss": 2.0})

    return provoke


def strategy(name: str, **environment: str) -> Callable[[World], object]:
    """Asks for a strategy where the environment is another."""

    def provoke(world: World) -> None:
        from brave_tf.training.strategy import make_strategy

        for variable in (*SLURM, "TF_CONFIG", "TPU_NAME"):
            world.patch.delenv(variable, raising=False)
        for variable, value in environment.items():
            world.patch.setenv(variable, value)
        make_strategy(name)

    return provoke


def _workers_do_not_meet(world: World) -> None:
    import tensorflow as tf

    world.failing(
        "tensorflow.distribute.MultiWorkerMirroredStrategy",
        tf.errors.UnavailableError(None, None, "failed to connect to all addresses"),
    )
    cluster = {"cluster": {"worker": ["gpu01:2222", "gpu02:2222"]}, "task": {"type": "worker", "index": 0}}
    strategy("multiworker", TF_CONFIG=json.dumps(cluster))(world)


def _no_tpu(world: World) -> None:
    world.failing("tensorflow.distribute.cluster_resolver.TPUClusterResolver", ValueError("no TPU was found"))
    strategy("tpu", TPU_NAME="local")(world)


def _many_workers(world: World) -> None:
    from brave_tf.training import strategy as strategies

    world.patch.setattr(strategies, "is_multi_worker", lambda strategy: True)
    world.patch.setattr(strategies, "workers", lambda strategy: 2)
    strategies.make_local_strategy(SimpleNamespace())


def _local(world: World) -> None:
    from brave_tf.training.strategy import make_local_strategy

    make_local_strategy("multiworker")


def replicas(*assignments: str) -> Callable[[World], object]:
    """Trains on two devices."""

    def provoke(world: World) -> None:
        from brave_tf.training.strategy import check_strategy

        check_strategy(tiny(*assignments), SimpleNamespace(num_replicas_in_sync=2))

    return provoke


def _another_is_gone(world: World) -> None:
    import tensorflow as tf

    from brave_tf.training import strategy as strategies

    world.patch.setattr(strategies, "is_multi_worker", lambda strategy: True)
    with strategies.while_together(SimpleNamespace()):
        raise tf.errors.UnavailableError(None, None, "socket closed")


def _other_configuration(world: World) -> None:
    from brave_tf.config.values import to_dict
    from brave_tf.training.pretrain import _check_same

    theirs = json.dumps({"config": to_dict(tiny("batch_size=32")), "data": []})
    agreement = SimpleNamespace(text_of_chief=lambda text: theirs, any=lambda mine: True)
    _check_same(agreement, tiny(), SimpleNamespace(fingerprints=()))


def rank(**settings: object) -> Callable[[World], object]:
    """Ranks the checkpoints of a run."""

    def provoke(world: World) -> None:
        from brave_tf.training.checkpoint_ranking import rank_checkpoints

        rank_checkpoints(world.run.relative_to(world.here), **{"data": None, "tower": None, "label": None} | settings)

    return provoke


def _ranking(world: World, **parts: object) -> None:
    """Ranks checkpoints that are not trained but made up."""
    from brave_tf.training import checkpoint_ranking as ranking

    # Both are made before anything is replaced.
    run, data = Path(world["run"]), world["dataset"]
    card = SimpleNamespace(view=None, tower="narrow", input_view=SimpleNamespace(modality="rgb"))
    world.patch.setattr(ranking, "checkpoint_steps", lambda run: [1000])
    world.patch.setattr(ranking, "_load", lambda *words: SimpleNamespace(card=card, embedding_size=8))
    world.patch.setattr(ranking.dataclasses, "replace", lambda part, **changes: card.input_view)
    world.patch.setattr(ranking.ProbeClips, "choose", lambda *words: None)
    world.patch.setattr(ranking, "check_fit", lambda *words: None)
    maker = SimpleNamespace(features=lambda steps, seed: parts.get("features", {}))

    def make(*words: object) -> object:
        words[-1].append("step 1,000: its weights are damaged")
        return maker

    world.patch.setattr(ranking, "_FeatureMaker", make)
    ranking.rank_checkpoints(
        run,
        data=data,
        tower=None,
        label=parts.get("label"),
        clips=100,
        cache=None,
    )


def _all_damaged(world: World) -> None:
    import numpy as np

    world.patch.setattr("brave_tf.training.checkpoint_ranking.are_damaged", lambda each: np.ones(4, bool))
    _ranking(world, features={1000: None})


def _ranking_warns(world: World) -> None:
    import numpy as np

    from brave_tf.training import checkpoint_ranking as ranking

    world.patch.setattr(ranking, "are_damaged", lambda each: np.zeros(4, bool))
    world.patch.setattr(ranking, "_damage_lines", lambda *words: [])
    world.patch.setattr(ranking, "CheckpointRanking", lambda **facts: None)
    world.patch.setattr(ranking, "_ranked", lambda *words: SimpleNamespace(features_rank=1.0))
    _ranking(world, features={1000: SimpleNamespace(array=lambda: None)})


def _wrong_tower(world: World) -> None:
    from brave_tf.data import open_dataset
    from brave_tf.training.checkpoint_ranking import _all_clips

    _all_clips(open_dataset(world.silent), SimpleNamespace(modality="audio"), 100)


def _without_places(world: World) -> None:
    config = json.loads((world.run / "config.json").read_text())
    (world.run / "config.json").write_text(json.dumps({"config": config["config"]}))
    rank(clips=100, cache=None)(world)


def _moved_dataset(world: World) -> None:
    config = json.loads((world.run / "config.json").read_text())
    (world.run / "config.json").write_text(json.dumps(config | {"data_places": ["old-disk/dataset"]}))
    rank(clips=100, cache=None)(world)


def probe(change: Callable[[World], object], label: str = "") -> Callable[[World], object]:
    """Chooses clips to watch a training by."""

    def provoke(world: World) -> None:
        from brave_tf.training.probe import ProbeClips

        ProbeClips.choose([change(world)], 100, label, "rgb", "monitor.probe_label=")

    return provoke


def _low_rank(world: World) -> None:
    from brave_tf.training.rank_watch import RankWatch

    watch = RankWatch(tiny("monitor.collapse_patience=1"))
    watch.set_model(_model())
    watch.on_train_begin()
    watch.on_train_batch_end(0, {"loss": 8.0, "effective_rank_audio": 1.1})


def watch(clips: int, damaged: int, share: float = 0.1) -> Callable[[World], object]:
    """Shows the watch of a training clips that are damaged."""

    def provoke(world: World) -> None:
        from brave_tf.data.damage import DamagedClip
        from brave_tf.training.damage_watch import DamageWatch

        watcher = object.__new__(DamageWatch)
        watcher._agreement = SimpleNamespace(union=lambda mine: mine)
        reason = "its checksum does not fit its content"
        watcher._finder = SimpleNamespace(
            clip=lambda row, why=None: DamagedClip(row, row, "train-00000.tfrecord", 12, f"{row}.mp4", reason)
        )
        watcher._clips = SimpleNamespace(count=clips)
        watcher._config = tiny(f"monitor.damaged_share={share}")
        watcher._met, watcher._writes, watcher._run = {}, True, None
        watcher.set_model(_model())
        watcher._meet(set(range(damaged)), {})

    return provoke


def shortage(reason: str = "OOM when allocating tensor with shape[512,8,112,112,64]") -> Callable[[World], object]:
    """What TensorFlow raises in a command for want of memory, of space or of permission."""

    def provoke(world: World) -> None:
        import tensorflow as tf

        from brave_tf.cli.main import _with_tensorflow

        def command() -> None:
            raise tf.errors.ResourceExhaustedError(None, None, reason)

        _with_tensorflow(command)()

    return provoke


def _damaged_record(world: World) -> None:
    import tensorflow as tf

    from brave_tf.cli.main import _with_tensorflow

    def command() -> None:
        raise tf.errors.DataLossError(None, None, "corrupted record at 4096")

    _with_tensorflow(command)()


COMMON = (
    Entry(
        "brave_tf/cli/pretrain.py",
        "received no --data",
        "pretrain tiny-va --run runs/first",
        "A training needs a dataset.",
        "Prepare one with `brave-tf prepare my-videos --out dataset`, and give it: `--data dataset`.",
        title="Training without a dataset",
    ),
    Entry(
        "brave_tf/cli/main.py",
        "out of memory",
        shortage(),
        "The batch does not fit into the memory of the GPU, or of the machine.",
        "Halve `batch_size` until it fits. To keep the batch, work through it in parts, `--set micro_batches=2`, "
        "compute in half precision, `--set precision=bfloat16`, or store less and compute more, "
        "`--set model.rematerialise=true`: see [scaling](scaling.md).",
        title="Out of memory",
    ),
    Entry(
        f"{TRAINING}/guard.py",
        "{message}",
        guard(lines=[], loss=float("nan")),
        "The loss became infinite or no number. The message says whether the clips of that step were in order. If they "
        "were, the training diverged.",
        "Begin a new run with a lower learning rate, such as half of it: `--set optimizer.peak_learning_rate=0.3`. A "
        "longer warm-up, `optimizer.warmup_steps`, helps where it happens within the first steps.",
        title="The loss became NaN",
        says="the loss became nan",
    ),
    Entry(
        f"{TRAINING}/guard.py",
        "{message}",
        guard({"collapse_spread": 0.5, "collapse_patience": 1}, spread_audio=0.2),
        "All clips get nearly the same projection, so that the networks learn nothing any more.",
        "[Training small](training-small.md) tells what was tried: predictors that learn more slowly, more steps of "
        "smaller batches, less augmentation, a lower learning rate.",
        title="The projections have collapsed",
        says="have collapsed",
    ),
    Entry(
        f"{TRAINING}/damage_watch.py",
        "{message}",
        watch(clips=50, damaged=8),
        "More clips than a tenth of all turned out to be damaged, so that the training was stopped.",
        "Run `brave-tf verify dataset`. If the damage is meant to be ignored, allow more: "
        "`--set monitor.damaged_share=0.5`.",
        title="Too many clips are damaged",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "belongs to another configuration",
        _twice("optimizer.peak_learning_rate=0.3"),
        "There is a run in this directory already, and it has other settings or other data. The message shows the "
        "differences.",
        "To go on with that run, repeat its command. For a new one choose another `--run`.",
        title="The run directory is another run's",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "another process trains in",
        _busy,
        "A training is going on in this directory, perhaps one in the background.",
        title="Another training is going on",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "is not empty and not a run directory",
        lambda world: _claimed(world, run=world.file("runs/first/notes.txt").parent.relative_to(world.here)),
        "The directory holds files of another kind.",
        title="The run directory is taken",
    ),
    Entry(
        "brave_tf/data/pipeline.py",
        "received batch_size=",
        replicas("batch_size=15"),
        "The batch cannot be divided equally among the GPUs, or a GPU's share among its micro-batches.",
        title="The batch cannot be divided",
    ),
    Entry(
        f"{TRAINING}/checkpoints.py",
        "no checkpoint of step",
        _unwritable_checkpoint,
        "The disk is full, or the run directory cannot be written any more.",
        "Free some space and repeat the command: it goes on from the newest checkpoint.",
        title="A checkpoint cannot be written",
    ),
    Entry(
        f"{TRAINING}/rank_watch.py",
        "warning: the effective rank of the projections",
        _low_rank,
        "A warning: the projections use few of their dimensions while the loss stays high. The run goes on.",
        "A low rank at a low loss is no alarm. If the loss stays high, [training small](training-small.md) tells what "
        "helped.",
        title="The effective rank is low",
    ),
    Entry(
        f"{RUNS}/record.py",
        "expected a run directory, such as",
        "report {empty} --out page.html",
        "The directory holds no run.",
        "Give the directory that you gave to `brave-tf pretrain --run`.",
        title="A report of something else",
    ),
)

OTHERS = (
    Entry(
        "brave_tf/cli/main.py",
        "{_describe_shortage(reason_of(error))}",
        shortage(),
        "TensorFlow found no memory, no space or no permission.",
    ),
    Entry(
        "brave_tf/cli/main.py",
        "{_FIXES[errno.ENOSPC]}",
        shortage("runs/first/checkpoints; No space left on device"),
        "TensorFlow found no space on the disk.",
    ),
    Entry(
        "brave_tf/cli/main.py",
        "{_FIXES[errno.EACCES]}",
        shortage("runs/first/tensorboard; Permission denied"),
        "TensorFlow may not write there.",
    ),
    Entry(
        "brave_tf/cli/main.py",
        "a record of the dataset is damaged",
        _damaged_record,
        "TensorFlow read a record that is damaged.",
    ),
    Entry(
        f"{TRAINING}/guard.py",
        "{message}",
        guard(lines=["clip 7 of a.mp4: not finite in audio"], loss=float("nan")),
        "The loss became no number because a clip held one.",
        says="its input was not finite",
    ),
    Entry(
        f"{TRAINING}/guard.py",
        "{message}",
        guard(gradient_norm=float("inf")),
        "The gradient became infinite or no number.",
        says="the gradient norm became",
    ),
    Entry(
        f"{TRAINING}/damage_watch.py",
        "{message}",
        watch(clips=50, damaged=1, share=0),
        "A clip is damaged, and `--strict` allows none.",
        says="where --strict allows none",
    ),
    Entry(
        f"{TRAINING}/damage_watch.py",
        "warning: damaged and replaced by another",
        watch(clips=50, damaged=2),
        "A warning: the clip is left out of the training.",
    ),
    Entry(
        f"{TRAINING}/damage_watch.py",
        "warning: more clips are damaged",
        watch(clips=5000, damaged=60),
        "A warning: only the first of them are named while the training goes on.",
    ),
    Entry(
        f"{TRAINING}/pretrain.py",
        "received no data",
        lambda world: _no_data(world),
        "In Python: the list of datasets is empty.",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "and has no checkpoint of them any more",
        _twice("steps=3000", before=_finished),
        "A run can be made longer only from its checkpoints, and these are gone.",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "expected at least as many",
        _twice("steps=500", before=_trained),
        "The run has trained more steps than are asked for.",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "change its permissions, or choose another --run",
        _no_space,
        "The run directory cannot be written.",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "expected a run directory, which holds its checkpoints",
        lambda world: _read_config(world),
        "The directory holds no run.",
    ),
    Entry(
        f"{RUNS}/directory.py",
        "holds no loss",
        _no_loss,
        "The metrics of the run have no loss in their last line.",
    ),
    Entry(
        f"{RUNS}/json_files.py",
        "is damaged ({why})",
        _report("config.json", "{"),
        "A file of the run was changed or cut off.",
        varies=True,
    ),
    Entry(
        f"{RUNS}/json_files.py",
        "cannot be read ({reason_of(error)})",
        _file_does_not_answer,
        "The disk, or the place that the run lies in, does not give a file.",
    ),
    Entry(
        f"{RUNS}/ownership.py",
        "was taken over by",
        _taken_over,
        "Elsewhere there are no locks: a second training was started in the same place, and the first one makes way.",
    ),
    Entry(
        f"{RUNS}/record.py",
        "holds no line yet",
        _report("metrics.jsonl", ""),
        "The run has just begun.",
    ),
    Entry(
        f"{TRAINING}/callbacks.py",
        "beside it cannot be written",
        metrics("begin"),
        "The metrics of the run cannot be written.",
    ),
    Entry(
        f"{TRAINING}/callbacks.py",
        "the metrics of step",
        metrics("later"),
        "The disk became full while the training went on.",
    ),
    Entry(
        f"{TRAINING}/checkpoints.py",
        "{failure or 'the first worker cannot read its checkpoints'}",
        _silent_checkpoints,
        "The checkpoints of the run cannot be read.",
    ),
    Entry(
        f"{TRAINING}/checkpoints.py",
        "old checkpoints in",
        _no_removal,
        "Old checkpoints cannot be removed.",
    ),
    Entry(
        f"{TRAINING}/checkpoints.py",
        "warning: {problem}; going on from step",
        _damaged_checkpoint,
        "A warning: the newest checkpoint is damaged, and the one before is taken.",
        varies=True,
    ),
    Entry(
        f"{TRAINING}/probe.py",
        "warning: no kNN probe on {path}: {problem}",
        probe(lambda world: world.dataset, "colour"),
        "A warning: the run has no kNN probe, because its dataset has no such label column.",
    ),
    Entry(
        f"{TRAINING}/probe.py",
        "warning: no kNN probe on {path}: {error}",
        probe(lambda world: world.with_clips(lambda rows: [row.update({"label/label": None}) for row in rows])),
        "A warning: the run has no kNN probe, because its clips have no labels that fit.",
    ),
    Entry(
        f"{TRAINING}/pretrain.py",
        "this worker {which}",
        _other_configuration,
        "The machines of a training were started with different commands.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "received --strategy {name}",
        strategy("horovod"),
        "There is no such strategy.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "an evaluation runs on one machine: expected one of: ",
        _local,
        "An evaluation takes the devices of one machine.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "received a strategy of",
        _many_workers,
        "In Python: an evaluation takes the devices of one machine.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "received jit_compile=true",
        replicas("jit_compile=true"),
        "XLA is for one device here.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "this worker stopped because another one",
        _another_is_gone,
        "Another machine of the training has ended or cannot be reached.",
    ),
    Entry(
        f"{TRAINING}/tf_config.py",
        "TF_CONFIG is",
        strategy("auto", TF_CONFIG="worker 0 of 2"),
        "The variable TF_CONFIG does not describe a cluster.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "without a cluster",
        strategy("multiworker"),
        "Several machines were asked for, and nothing says which.",
    ),
    Entry(
        f"{TRAINING}/strategy.py",
        "did not find one another",
        _workers_do_not_meet,
        "The machines of the training cannot reach one another.",
    ),
    Entry(f"{TRAINING}/strategy.py", "cannot be used ({reason})", _no_tpu, "There is no TPU."),
    Entry(
        f"{TRAINING}/strategy.py",
        "SLURM does not describe its job step",
        strategy("auto", **SLURM | {"SLURM_STEP_NODELIST": "rack[1-2]gpu[01-04]"}),
        "The variables that `srun` sets cannot be understood.",
    ),
    Entry(
        f"{TRAINING}/slurm.py",
        "SLURM names the hosts",
        strategy("auto", **SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2"}),
        "The variables that `srun` sets do not fit together.",
    ),
    Entry(
        f"{TRAINING}/slurm.py",
        "received the hosts",
        strategy("auto", **SLURM | {"SLURM_STEP_NODELIST": "rack[1-2]gpu[01-04]"}),
        "The list of hosts that `srun` gives cannot be understood.",
    ),
    Entry(
        "brave_tf/commands.py",
        "without --checkpoints; expected both, or neither",
        "report {run} --out page.html --label colour",
        "The option belongs to the ranking of the checkpoints.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "received --clips",
        "report {run} --out page.html --checkpoints --clips 3",
        "The number of clips is out of its range.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "keeps no checkpoint yet",
        rank(data="dataset", clips=100, cache=None),
        "The run has not come to its first checkpoint.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "does not say where its dataset is",
        _without_places,
        "An older version began the run.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "was trained on what was there",
        _moved_dataset,
        "The dataset of the run was moved or removed.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "can be scored by the label",
        lambda world: _ranking(world, label="colour"),
        "The dataset has no such labels, or too few clips have one.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "no checkpoint can be ranked",
        _ranking,
        "Nothing came of any checkpoint; the message gives the reason of each.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "that were drawn can be used",
        _all_damaged,
        "All clips are damaged.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "choose another --tower or --data",
        _wrong_tower,
        "The dataset has nothing that this tower takes.",
    ),
    Entry(
        f"{TRAINING}/checkpoint_ranking.py",
        "warning: {line}",
        _ranking_warns,
        "A warning: a checkpoint, or a clip, is left out of the ranking.",
    ),
    Entry(
        f"{TRAINING}/services/__init__.py",
        "is not installed: pip install",
        _no_logger,
        "`--log` sends metrics by a package that is not installed.",
    ),
    Entry(
        f"{TRAINING}/services/__init__.py",
        "expected one of {known}",
        _unknown_logger,
        "Metrics are sent to these services alone.",
    ),
    Entry(
        f"{TRAINING}/services/feed.py",
        "does not take the metrics",
        _refused_metrics,
        "A warning: Weights & Biases or MLflow could not be reached, or refused. The weights are the same.",
        "Log in (`wandb login`), or see to the server; then the same command sends what is missing, of a "
        "finished run too.",
    ),
)

AREA = Area(
    "Training",
    "What is said before a training begins, while it goes on, and of the directory that it leaves. A training that was "
    "stopped goes on from its newest checkpoint when you repeat its command.",
    COMMON,
    OTHERS,
)


def _no_data(world: World) -> None:
    from brave_tf import commands

    commands.pretrain("tiny-va", [], "runs/first")


def _read_config(world: World) -> None:
    from brave_tf.runs.directory import read_config

    read_config(Path("runs/first"))
