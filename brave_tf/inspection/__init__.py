"""`brave-tf inspect`: shows what training would see of a dataset, and what an encoder sees of it."""

import dataclasses
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import SOURCE_FPS, Config
from brave_tf.config.values import override
from brave_tf.data import sampling
from brave_tf.data.damage import DamagedClip, listed, read_record
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.data.placement import Record
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.data.training_clips import TrainingClips
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.hub_names import is_hub
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError
from brave_tf.inspection.draws import clip_seconds, draw_views
from brave_tf.inspection.sight import Glance, Sight
from brave_tf.modalities import MODALITIES, TowerChoice
from brave_tf.pages import inspect as page
from brave_tf.pages.inspect_content import Draw, InspectContent, InspectedClip
from brave_tf.progress import phase, track, warn
from brave_tf.runs.directory import read_config
from brave_tf.runs.paths import CONFIG_FILE
from brave_tf.storage import as_path

MOST_REDRAWS = 7
SOUND_BYTES = 1_000_000
"""Of all sounds on a page together; only the first draw of a clip can be heard."""


def write_inspection(
    dataset: str | Path,
    preset: str | Config | None,
    out: str | Path,
    *,
    encoder: Encoder | str | os.PathLike[str] | None,
    tower: TowerChoice | None,
    clips: int,
    redraws: int,
    seed: int | None,
    split: str,
    settings: Sequence[str],
) -> InspectContent:
    """Does what `brave_tf.commands.inspect` documents; `settings` is its `set`."""
    if clips < 1:
        raise UsageError(f"received --clips {clips}; expected 1 or more")
    if not 0 <= redraws <= MOST_REDRAWS:
        raise UsageError(f"received --redraws {redraws}; expected 0 to {MOST_REDRAWS}")
    if tower is not None and encoder is None:
        raise UsageError(f"received --tower {tower} without --encoder; expected both, or neither")
    usual = _experiment(preset, encoder)
    config = override(usual, [*([f"seed={seed}"] if seed is not None else []), *settings])
    words = ["brave-tf", "inspect", str(dataset), *([] if preset is None else ["--preset", usual.name])]
    words += [] if encoder is None else ["--encoder", str(getattr(encoder, "path", encoder))]
    words += [] if tower is None else ["--tower", tower]
    words += ["--out", str(out), "--clips", str(clips)]
    words += ["--redraws", str(redraws), "--seed", str(config.seed), "--split", split]
    command = shlex.join([*words, *(["--set", *settings] if settings else [])])
    loaded = None
    if encoder is not None:
        with phase("loading the encoder"):
            loaded = load_encoder(encoder, tower)
    content = gather(config, dataset, split=split, clips=clips, redraws=redraws, command=command, encoder=loaded)
    with phase("writing the page"):
        page.write(as_path(out), content)
    return content


def _experiment(preset: str | Config | None, encoder: Encoder | str | os.PathLike[str] | None) -> Config:
    """The experiment whose views are shown: a preset, or that of the run that the encoder is of."""
    if preset is not None:
        return preset if isinstance(preset, Config) else presets.get(preset)
    if encoder is None:
        raise UsageError("received neither --preset nor --encoder; expected a preset, or a run, whose views are shown")
    place = str(getattr(encoder, "path", encoder))
    if not is_hub(place):
        path = as_path(place)
        for run in (path, *path.absolute().parents[:2]):
            if (run / CONFIG_FILE).is_file():
                return read_config(run)
    raise UsageError(f"received --encoder {place} without --preset; expected both, for it is no run with an experiment")


def gather(
    config: Config,
    data: str | Path,
    *,
    split: str = "train",
    clips: int = 4,
    redraws: int = 2,
    command: str = "",
    encoder: Encoder | None = None,
) -> InspectContent:
    """What `brave-tf inspect` writes for an experiment, without writing it.

    Args:
        config: the experiment; `config.seed` is the run's.
        data: a dataset.
        split: split of the dataset.
        clips: clips to show, at least 1; fewer if the dataset has fewer.
        redraws: further draws of each, with the seeds that follow.
        command: what makes the page again.
        encoder: what looks at the clips; None for none.
    """
    dataset = open_dataset(data)
    sight = None if encoder is None else Sight(encoder, dataset)
    glances: list[Glance | str] = []
    usable = TrainingClips.open(data, config, split)
    origins = _origins(dataset, split)
    inspected = []
    finder = usable.damage_finder()
    damaged: dict[int, DamagedClip] = {}
    count = min(clips, usable.count)
    with track(count * (1 + redraws), "drawing views", start_up="preparing the first draw") as advance:
        for example in range(count):
            # As `pretraining_dataset` draws them.
            for draw in map(int, sampling.draws(example)):
                row = sampling.row_of(draw, usable.count, config.seed)
                try:
                    record, clip_id = _read(usable, row)
                    draws = _draws(record, draw, config, redraws, SOUND_BYTES // count)
                except (DamagedRecordError, tf.errors.OpError):
                    damaged[row] = finder.clip(row)
                    continue
                source, start = (origins[clip_id][key] for key in ("source", "start_seconds"))
                inspected.append(InspectedClip(source, start, clip_seconds(record), example, draws))
                glances += [] if sight is None else [sight.look(clip_id)]
                break
            advance(1 + redraws)
    for clip in damaged.values():
        warn(f"damaged, another is shown: {clip}")
    if not inspected:
        raise UserError(
            "no clip that was drawn can be shown; run `brave-tf verify` on the dataset: "
            f"{listed(list(damaged.values()))}"
        )
    facts = _facts(dataset, split, [*usable.notes, *usable.remarks])
    encoder_facts = None
    if sight is not None:
        encoder_facts, seen = sight.seen(glances)
        inspected = [dataclasses.replace(clip, seen=each) for clip, each in zip(inspected, seen, strict=True)]
    return InspectContent(
        config=config,
        clips=inspected,
        wanted=clips,
        split=split,
        usable=usable.count,
        left_out=usable.left_out,
        facts=[*facts, *(("damaged, another is shown", str(clip)) for clip in damaged.values())],
        command=command,
        encoder=encoder_facts,
    )


def _read(usable: TrainingClips, row: int) -> tuple[Record, int]:
    """A clip, as `pretraining_dataset` reads it, and its id.

    Raises:
        DamagedRecordError: it does not fit its checksums.
        tf.errors.OpError: it does not parse.
    """
    serialized = tf.constant(read_record(usable.table, row))
    return usable.parser(serialized, tf.constant(row, tf.int64)), int(usable.table.clip_id[row])


def _draws(record: Record, number: int, config: Config, redraws: int, sound_bytes: int) -> list[Draw]:
    """Draws of a clip's views with the run's own seed, and with others as long as the clip allows.

    Raises:
        tf.errors.OpError: the run itself cannot use the clip.
    """
    draws: list[Draw] = []
    for seed in range(config.seed, config.seed + 1 + redraws):
        example_seed = sampling.example_seed(seed, tf.constant(number, tf.int64))
        try:
            draws.append(draw_views(record, example_seed, config, sound_bytes=0 if draws else sound_bytes))
        except tf.errors.OpError:
            # Another draw may take a picture that this clip's own views do not.
            if not draws:
                raise
    return draws


def _origins(dataset: Dataset, split: str) -> dict[int, dict[str, Any]]:
    rows = dataset.clips(split, ["clip_id", "source", "start_seconds"]).to_pylist()
    return {row["clip_id"]: row for row in rows}


def _strides(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for record in MODALITIES.values():
        if not record.in_every_dataset:
            stride = dataset.picture_stride(record.name)
            yield record.word, "none" if stride is None else f"at every {stride}th frame"


def _facts(dataset: Dataset, split: str, notes: Sequence[str]) -> list[tuple[str, str]]:
    info, clips = dataset.info, dataset.clips(split, ["frames", "samples"])
    rate = dataset.audio_rate_hz
    with_frames, with_sound = (int(np.sum(clips[name].to_numpy() > 0)) for name in ("frames", "samples"))
    seconds = clips["frames"].to_numpy() / SOURCE_FPS
    facts = [
        ("dataset", str(dataset.path)),
        (f"clips in split {split}", f"{clips.num_rows:,}, {seconds.sum() / 3600:.2f} hours of pictures"),
        ("of them with pictures, with sound", f"{with_frames:,}, {with_sound:,}"),
        ("longest clip", f"{seconds.max():g} s"),
        ("frames per second", f"{SOURCE_FPS:g}"),
        ("sound", f"{rate:,} Hz, one channel" if rate else "its rate is not recorded" if with_sound else "none"),
        *_strides(dataset),
    ]
    if "shorter_side" in info:
        facts.append(("shorter side of the frames", f"{info['shorter_side']} px at most"))
    if "quarantined" in info:
        facts.append(("sources left aside as unusable", f"{len(info['quarantined'])} of {info['sources']}"))
    return [*facts, *(("note", note) for note in notes)]
