"""The commands that `kills.py` kills, at a size of seconds, and what they read: `python kill_commands.py FOLDER`."""

import dataclasses
import shutil
import sys
from pathlib import Path

import numpy as np

INPUTS = Path("..", "..", "..", "..", "inputs")
"""From the folder of a command, so that all of them get the same words and write the same paths down."""
MEDIA, DATASET, DAMAGED, RUN, CHECKPOINT = (
    str(INPUTS / name) for name in ("media", "dataset", "damaged", "run", "released.npy")
)

NETWORKS = [
    *[f"model.{tower}.depth=14" for tower in ("narrow", "rgb", "audio")],
    *[f"model.{tower}.width=0.0625" for tower in ("narrow", "rgb", "audio")],
    *["model.hidden_size=16", "model.projection_size=8"],
]
SETTINGS = [
    *NETWORKS,
    *["batch_size=6", "narrow.size=32", "narrow.frames=4", "optimizer.peak_learning_rate=0.05"],
    *["log_every=1", "checkpoint_every=4", "keep_checkpoints=2", "monitor.probe_every=8", "monitor.probe_clips=12"],
]
SOUND, PICTURES = ["broad.audio.seconds=0.5"], ["broad.rgb.size=32", "broad.rgb.frames=4"]
STEPS = 24
SEEN = ["--epochs", "2", "--windows", "2", "--crops", "1"]
"""What an evaluation shows of a clip."""
ALONE, PASSES = ["--no-random-init"], ["--classifier.epochs", "3"]

# The demo itself, with fewer clips, smaller networks and fewer steps.
SMALL_DEMO = f"""
import sys
from brave_tf import demo, presets
from brave_tf.cli.main import main
from brave_tf.config.values import override

SETTINGS = {[*NETWORKS, "batch_size=6", "log_every=1", "checkpoint_every=4", "optimizer.warmup_steps=1"]}
SETTINGS += ["evaluation.epochs=1", "evaluation.windows=1", "evaluation.crops=1", "monitor.probe_every=0"]

def config(preset, steps, seed):
    return override(presets.get(preset), [*SETTINGS, "steps=12", f"seed={{seed}}"])

demo.CLIPS_PER_MOTION, demo.CLIP_SECONDS, demo._config = {{"train": 4, "test": 2}}, 2.0, config
sys.exit(main())
"""


@dataclasses.dataclass(frozen=True)
class Command:
    """A command line to kill.

    Attributes:
        name: what it is called in the table.
        words: after `python`.
        prints: whether its result is what it prints, and not what it writes.
    """

    name: str
    words: tuple[str, ...]
    prints: bool = False


def commands() -> list[Command]:
    """All of them, those that take the least time first."""
    prepare = ["prepare", MEDIA, "--out", "dataset", "--seed", "1"]
    return [
        _command("presets", ["presets", "--json"], prints=True),
        _command("prepare, no worker", [*prepare, "--workers", "0"]),
        _command("prepare, 1 worker", [*prepare, "--workers", "1"]),
        _command("prepare, 2 workers", [*prepare, "--workers", "2"]),
        _command("prepare --flow", [*prepare, "--workers", "2", "--flow", "--flow-size", "32", "--flow-stride", "12"]),
        _command("report", ["report", RUN, "--out", "page.html"]),
        _command("verify", ["verify", DATASET, "--json"], prints=True),
        _command("verify, damaged", ["verify", DAMAGED, "--json"], prints=True),
        _command("verify --repair", ["verify", DAMAGED, "--repair", "repaired"]),
        _command("inspect", ["inspect", DATASET, "--preset", "tiny-va", "--out", "page.html"]),
        _command("pretrain tiny-va", _pretrain("tiny-va", SOUND)),
        _command("pretrain tiny-v", _pretrain("tiny-v", PICTURES)),
        _command("evaluate linear", _evaluate("linear")),
        *(_command(f"evaluate {each}", [*_evaluate(each), *ALONE]) for each in ("knn", "retrieval")),
        *(_command(f"evaluate {each}", [*_evaluate(each), *ALONE, *PASSES]) for each in ("linear-lars", "mlp")),
        _command("evaluate finetune", [*_evaluate("finetune"), *_fine_tuning()]),
        _command("embed", [*_embed(RUN), MEDIA]),
        _command("embed --dense", [*_embed(f"{RUN}/encoder.keras"), MEDIA, "--dense", "--workers", "1"]),
        _command("embed --data", [*_embed(RUN), "--data", DATASET, "--pool", "video"]),
        _command("export", ["export", RUN, "--out", "exported", "--formats", "savedmodel", "keras"]),
        _command("convert", ["convert", CHECKPOINT, "--out", "converted"]),
        Command("demo", ("-c", SMALL_DEMO, "demo", "--out", "demo")),
    ]


def _command(name: str, words: list[str], prints: bool = False) -> Command:
    return Command(name, ("-m", "brave_tf", *words), prints)


def _pretrain(preset: str, view: list[str], data: str = DATASET, run: str = "run") -> list[str]:
    words = ["pretrain", preset, "--data", data, "--run", run, "--steps", str(STEPS)]
    return [*words, "--set", *SETTINGS, *view]


def _evaluate(protocol: str) -> list[str]:
    return ["evaluate", RUN, "--data", DATASET, "--protocol", protocol, "--out", f"reports/{protocol}", *SEEN]


def _embed(encoder: str) -> list[str]:
    return ["embed", encoder, "--out", "embeddings.parquet"]


def _fine_tuning() -> list[str]:
    return ["--classifier.epochs", "2", "--classifier.batch-size", "6", "--classifier.checkpoint-every", "4"]


def write_inputs(folder: Path) -> None:
    """Writes media files, a dataset, a damaged one, a run, and a released checkpoint."""
    from brave_tf.cli.main import main
    from brave_tf.demo.world import write_world

    folder.mkdir(parents=True)
    write_world(folder / "media", clips_per_motion={"train": 6, "test": 2}, seconds=2.0, size=64, workers=1)
    assert main(["prepare", str(folder / "media"), "--out", str(folder / "dataset"), "--workers", "1"]) == 0
    _damage(folder / "dataset", folder / "damaged")
    assert main(_pretrain("tiny-va", SOUND, str(folder / "dataset"), str(folder / "run"))) == 0
    _write_checkpoint(folder / "released.npy")


def _damage(dataset: Path, damaged: Path) -> None:
    """Copies a dataset, and changes a byte of two of its records."""
    from brave_tf.data import open_dataset

    shutil.copytree(dataset, damaged)
    for row in open_dataset(damaged).clips().to_pylist()[5:7]:
        with open(damaged / row["shard"], "r+b") as stream:
            stream.seek(row["offset"] + 300)
            byte = stream.read(1)[0]
            stream.seek(row["offset"] + 300)
            stream.write(bytes([byte ^ 255]))


def _write_checkpoint(file: Path) -> None:
    from brave_tf import build, presets
    from brave_tf.config.values import override
    from brave_tf.convert import to_haiku

    tree = to_haiku(build(override(presets.get("tiny-va"), [*NETWORKS, "model.heads=shared"])))
    np.save(file, np.array({**tree, "config": {}}, dtype=object), allow_pickle=True)


if __name__ == "__main__":
    write_inputs(Path(sys.argv[1]))
