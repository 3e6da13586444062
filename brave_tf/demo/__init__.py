"""The whole story on generated media: a world, its dataset, two pre-trainings, their scores, an export, and a page."""

import functools
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from brave_tf import presets
from brave_tf.commands import evaluate, export, prepare, pretrain
from brave_tf.config import Config
from brave_tf.config.values import override
from brave_tf.demo.few_labels import FRACTIONS
from brave_tf.demo.steps import Steps
from brave_tf.demo.world import LABELS, LIST_FILE, MOTIONS, write_list, write_world
from brave_tf.demo.world_things import THINGS
from brave_tf.errors import UserError
from brave_tf.files import write_json
from brave_tf.machine import cores
from brave_tf.pages.demo_content import AtLabels, Score
from brave_tf.progress import phase, track
from brave_tf.storage import is_remote

VERSION = 3
"""Of the world, the settings and the scores: a demo that another version of the library began is not gone on with."""
CLIPS_PER_MOTION = {"train": 72, "test": 30}
"""Multiples of the number of things, so that every motion has as many clips of each."""
CLIP_SECONDS = 8.0
CLIP_SIZE = 56
RUNS = {"V<->A": ("tiny-va", 800), "V<->V": ("tiny-v", 700)}
"""Presets and steps, by the names that the paper gives such models."""

SETTINGS = (
    # Every shot has the same mean and contrast: there is nothing that a change of colours would have to hide.
    "narrow.augment.color=0",
    "narrow.augment.blur=0",
    "narrow.size=40",
    "model.narrow.depth=14",
    "evaluation.size=40",
    "evaluation.shorter_side=46",
    # Each encoder is evaluated right after it was trained.
    "monitor.probe_every=0",
    # A clip moves alike in every corner, so that more crops of it tell the same.
    "evaluation.crops=1",
)
"""What the demo changes in the presets, to be done within minutes."""
RUN_SETTINGS = {
    # Every sixth frame shows what has moved; of frames nearer to each other it is learned late, and not at every seed.
    "tiny-va": ("narrow.step=6", "evaluation.step=6", "optimizer.peak_learning_rate=1.2"),
    # Five seconds of the eight: narrow and broad view share few shots, and so the thing above all.
    "tiny-v": (
        "narrow.step=4",
        "evaluation.step=4",
        "broad.rgb.frames=8",
        "broad.rgb.step=16",
        "broad.rgb.size=40",
        "broad.rgb.augment.color=0",
        "broad.rgb.augment.blur=0",
    ),
}
"""And in each of them."""

TRAINED_ON = (
    f"generated clips of {len(THINGS)} kinds of things that move in {len(MOTIONS)} ways, "
    "each way with a sound of its own"
)
"""What the model card of the exported encoder tells of its data."""


def run_demo(out: str | Path, seed: int = 0) -> dict[str, Any]:
    """Runs the demo; a step that was finished before is not done again.

    Args:
        out: directory for everything that it writes: media files, dataset, runs, reports, export and `index.html`.
        seed: the world's, the networks' and the samples' seed.

    Returns:
        The content of `report.json`: `linear_top1`, `random_init_top1` and `chance` of the motion by the V<->A encoder;
        `v_v_theme_top1`, `v_v_theme_random_init_top1` and `v_v_motion_top1` of the V<->V encoder (the theme is the
        thing), all by classifiers that were shown `labels` labelled clips; the same with all of them as `all_labels`;
        `effective_rank` of the projections at the end of every run, by view; `seconds`, `export_verified`, and all
        scores of every run.

    Raises:
        UserError: the directory holds something else, a demo of another seed, or cannot be written.
    """
    if is_remote(out):
        raise UserError(f"received --out {out}; the demo makes everything on this machine; expected a folder here")
    out = Path(out)
    steps = Steps(out, {"seed": seed, "version": VERSION})
    configs = {name: _config(preset, count, seed) for name, (preset, count) in RUNS.items()}
    media, dataset = out / "media", out / "dataset"
    steps.do("write media files", lambda: _write_media(media, seed))
    steps.do("prepare", lambda: prepare(media / LIST_FILE, dataset, workers=cores()).fingerprint)
    runs = {name: out / "runs" / config.name for name, config in configs.items()}
    summaries: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    for name, config in configs.items():
        train = functools.partial(pretrain, config, [dataset], runs[name])
        summaries[name] = steps.do(f"pretrain {name}", train)
        scores[name] = steps.do(f"evaluate {name}", functools.partial(_scores, runs[name], dataset, out, seed))
    exported = steps.do("export and verify", lambda: _export(runs["V<->A"], out))
    # Imported here: the processes that write media files import this package, too, and need no TensorFlow.
    with phase("gathering what the page shows"):
        from brave_tf.demo.page import gather
        from brave_tf.pages import demo as page

        content = gather(dataset, configs, runs, scores, steps.seconds)
        page.write(out / "index.html", content)

    seconds = dict(content.timings)
    told = {(score.name, score.what): score for score in content.scores}
    report = {
        **_headline(told, lambda score: score.few),
        "labels": told["V<->A", "motion"].few.labels,
        "all_labels": _headline(told, lambda score: score.by_labels[-1]),
        "chance": told["V<->A", "motion"].chance,
        "effective_rank": {curves.name: curves.last_ranks for curves in content.curves},
        "seconds": round(sum(seconds.values()), 1),
        "export_verified": True,
        "export": exported,
        "runs": {name: {"summary": summaries[name], **scores[name]["motion"], **scores[name]} for name in RUNS},
        "timings": seconds,
        "seed": seed,
    }
    write_json(out / "report.json", report)
    return report


def _headline(told: Mapping[tuple[str, str], Score], at: Callable[[Score], AtLabels]) -> dict[str, float]:
    """What each run is to learn, and whether V<->V learned the motion, too, `at` a number of labels."""
    motion, thing = at(told["V<->A", "motion"]), at(told["V<->V", "thing"])
    return {
        "linear_top1": motion.linear_top1,
        "random_init_top1": motion.random_init_top1,
        "v_v_theme_top1": thing.linear_top1,
        "v_v_theme_random_init_top1": thing.random_init_top1,
        "v_v_motion_top1": at(told["V<->V", "motion"]).linear_top1,
    }


def _config(preset: str, steps: int, seed: int) -> Config:
    return override(presets.get(preset), [f"seed={seed}", f"steps={steps}", *SETTINGS, *RUN_SETTINGS[preset]])


def _write_media(media: Path, seed: int) -> None:
    if media.is_dir():
        return
    partial = media.with_name(".media.partial")
    shutil.rmtree(partial, ignore_errors=True)
    total = len(MOTIONS) * sum(CLIPS_PER_MOTION.values())
    with track(total, "write media files") as advance:
        files = write_world(
            partial,
            clips_per_motion=CLIPS_PER_MOTION,
            seconds=CLIP_SECONDS,
            size=CLIP_SIZE,
            seed=seed,
            workers=cores(),
            progress=lambda done, total: advance(1),
        )
    write_list(partial, files)
    partial.rename(media)


def _scores(run: Path, dataset: Path, out: Path, seed: int) -> dict[str, Any]:
    """Reports by what is to be named, motion or thing, and by protocol."""
    reports = out / "reports"
    # One folder of features for all runs and labels: the random initialisation of the runs is the same network.
    score = functools.partial(evaluate, run, dataset, seed=seed, cache=reports / "features")
    return {
        what: {
            "linear": score(
                reports / run.name / f"{what}-linear", protocol="linear", label=label, label_fractions=FRACTIONS
            ),
            "knn": score(reports / run.name / f"{what}-knn", protocol="knn", label=label, random_init=False),
        }
        for what, label in LABELS.items()
    }


def _export(run: Path, out: Path) -> dict[str, Any]:
    directory = out / "exported"
    if directory.exists():
        shutil.rmtree(directory)
    reports = [out / "reports" / run.name / f"{what}-linear" for what in LABELS]
    verification = export(run, directory, report=reports, trained_on=TRAINED_ON)
    if verification["loader"] != "tensorflow_hub.load":
        raise UserError('received no tensorflow-hub; expected it to verify the export: pip install "brave_tf[hub]"')
    return verification
