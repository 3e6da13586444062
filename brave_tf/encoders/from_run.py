"""Networks of a run, read from its checkpoints: a backbone of one that goes on, and all towers with their heads."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keras
import tensorflow as tf

from brave_tf.config import Config
from brave_tf.encoders.card import EncoderCard, card_of, choose_tower
from brave_tf.errors import UserError, reason_of
from brave_tf.method.towers import Towers
from brave_tf.modalities import Tower, TowerChoice
from brave_tf.models.backbones import backbones
from brave_tf.progress import note, warn
from brave_tf.runs.directory import finished_summary, read_config
from brave_tf.runs.paths import (
    CHECKPOINT_CONTENT,
    CHECKPOINT_FOLDER,
    checkpoint_path,
    checkpoint_step,
    checkpoint_steps,
)
from brave_tf.storage import local_copy

Networks = TypeVar("Networks")


def find_checkpoint(path: Path) -> Path | None:
    """The directory of a checkpoint, whose name may lack its zeros; None if `path` names none."""
    step = checkpoint_step(path)
    # An export or a run may be called step-5, too.
    if step is None or path.absolute().parent.name != CHECKPOINT_FOLDER:
        return None
    same_step = path.with_name(checkpoint_path(path, step).name)
    return next((place for place in (path, same_step) if place.is_dir()), None)


def kept_checkpoint(run: Path, step: int) -> Path:
    """Where a run has its encoder of a step: a checkpoint's directory, or the run itself if it finished there.

    Raises:
        UserError: it is no run, or keeps none of that step; the steps that it keeps are listed.
    """
    read_config(run)
    if step in checkpoint_steps(run):
        return checkpoint_path(run, step)
    if (finished_summary(run) or {}).get("steps") == step:
        return run
    raise UserError(f"received step={step}; expected one that is kept: {kept_steps(run)}")


def kept_steps(run: Path) -> str:
    """Which checkpoints a run keeps, in words."""
    steps = [f"{step:,}" for step in checkpoint_steps(run)]
    if not steps:
        return f"{run} keeps no checkpoint"
    listed = " and ".join([", ".join(steps[:-1]), steps[-1]] if steps[1:] else steps)
    return f"{run} keeps the checkpoint{'s' if steps[1:] else ''} of step{'s' if steps[1:] else ''} {listed}"


def load_checkpoint(path: Path, choice: TowerChoice | None) -> tuple[keras.Model, EncoderCard]:
    """A backbone as `RUN/checkpoints/step-N` has it, and its card.

    Raises:
        UserError: the checkpoint is incomplete, damaged or outside a run, or there is no such tower.
    """
    config = read_config(path.absolute().parents[1])
    return _load(path, config, choose_tower(choice, ["narrow", *config.broad.modalities], str(path)))


def load_newest(run: Path, choice: TowerChoice | None) -> tuple[keras.Model, EncoderCard]:
    """A backbone as the newest checkpoint of a run has it that can be read, and its card; says which step that is.

    Raises:
        UserError: there is no checkpoint yet, none can be read, or there is no such tower.
    """
    config = read_config(run)
    tower = choose_tower(choice, ["narrow", *config.broad.modalities], str(run))
    model, card = _newest_readable(run, config, lambda checkpoint: _load(checkpoint, config, tower))
    note(f"{run} has not finished; this is its encoder after step {card.steps:,} of {config.steps:,}")
    return model, card


def load_towers(path: Path) -> tuple[Towers, Config, int]:
    """All towers of an experiment with their heads: `RUN/checkpoints/step-N`, or the newest readable ones of a run.

    Returns:
        The towers, the experiment, and the step that they are from.

    Raises:
        UserError: there is no checkpoint, or none can be read.
    """
    checkpoint = find_checkpoint(path)
    config = read_config(path if checkpoint is None else path.absolute().parents[1])

    def load(place: Path) -> tuple[Towers, Config, int]:
        networks = {tower: net for towers, net in backbones(config.model, config.broad.modalities) for tower in towers}
        broad: dict[str, keras.Model] = {modality: networks[modality] for modality in config.broad.modalities}
        settings = config.model
        towers = Towers(
            networks["narrow"],
            broad,
            settings.hidden_size,
            settings.projection_size,
            settings.heads,
            settings.has_predictor,
            name="towers",
        )
        # They come first among the weights of the whole model.
        return towers, config, _read_weights(place, towers, 0)

    return _newest_readable(path, config, load) if checkpoint is None else load(checkpoint)


def _newest_readable(run: Path, config: Config, load: Callable[[Path], Networks]) -> Networks:
    """What `load` makes of the newest checkpoint that can be read; those that cannot are named."""
    problems = []
    for step in reversed(checkpoint_steps(run)):
        try:
            loaded = load(checkpoint_path(run, step))
        except UserError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warn(f"{problem}")
        return loaded
    if problems:
        raise UserError("; ".join(problems))
    raise UserError(
        f"{run} is a run that has no checkpoint yet; one is written every {config.checkpoint_every:,} steps; try again "
        "later, or run the same pretrain command again if it has stopped"
    )


def _load(checkpoint: Path, config: Config, tower: Tower) -> tuple[keras.Model, EncoderCard]:
    first, model = _backbone(config, tower)
    return model, card_of(config, model, _read_weights(checkpoint, model, first), tower)


def _read_weights(checkpoint: Path, layer: keras.layers.Layer, first: int) -> int:
    """Sets the weights of a layer, which are those from the number `first` on; returns the checkpoint's step."""
    names = [f"variables/{first + place}/.ATTRIBUTES/VARIABLE_VALUE" for place in range(len(layer.weights))]
    try:
        with local_copy(checkpoint) as copy:
            reader = tf.train.load_checkpoint(str(copy / CHECKPOINT_CONTENT))
            step = int(reader.get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE"))
            layer.set_weights([reader.get_tensor(name) for name in names])
    # What TensorFlow raises depends on which byte is wrong: OpError, IndexError, DecodeError, ...
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise  # It may be whole.
        raise UserError(
            f"{checkpoint} is damaged or incomplete ({reason_of(error)}); choose another checkpoint of the run"
        ) from error
    return step


def _backbone(config: Config, tower: Tower) -> tuple[int, keras.Model]:
    """The place of a backbone's first variable in a checkpoint, and the backbone itself, freshly initialised.

    `brave_tf.training.checkpoints` keeps `model.weights`, which begin with those of the backbones.
    """
    first = 0
    for towers, model in backbones(config.model, config.broad.modalities):
        if tower in towers:
            break
        first += len(model.weights)
    return first, model
