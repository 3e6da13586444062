"""Fine-tuning: the whole network is trained with a new linear layer on top."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from brave_tf.config import EvaluationInput
from brave_tf.config.values import to_dict
from brave_tf.data.dataset import Dataset
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import DAMAGED
from brave_tf.evaluation.fine_tuning_run import FineTuningRun, unwritable
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.frozen import augmentation_of, origin_of
from brave_tf.evaluation.protocol import EncoderLike, Results
from brave_tf.evaluation.protocols.finetune import FineTune
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.scores import Answers, by_video
from brave_tf.progress import Advance, phase, track

DECISIONS_FILE = "decisions.npy"
DAMAGED_FILE = "damaged.npy"
"""Training clips that could not be used: [n] their numbers; absent where all could."""


def fine_tuned_results(
    protocol: FineTune,
    encoders: Sequence[EncoderLike],
    clips: LabelledClips,
    folds: Sequence[Fold],
    request: Request,
    cache: Path | None,
) -> Results:
    """What encoders answer after they were fine-tuned on each fold, under the strategy in scope.

    Args:
        protocol: rates and epochs.
        encoders: the encoders; afterwards they have their own weights again.
        clips: the labelled clips.
        folds: what to train and to test on.
        request: the settings.
        cache: where checkpoints and answers are kept, or None.

    Raises:
        UserError: an encoder cannot be trained, the cache cannot be written, or a batch cannot be divided among the
            replicas of the strategy.
    """
    began = time.monotonic()
    tasks = [
        FineTuning(
            clips.dataset,
            clips.table.take(fold.train),
            clips.labels[fold.train],
            clips.table.take(fold.test),
            clips.classes,
            request.input_view,
            protocol,
            request.seed,
        )
        for fold in folds
    ]
    decisions: list[list[np.ndarray]] = []
    damaged: set[int] = set()
    with track(len(encoders) * sum(task.units for task in tasks), "fine-tune") as advance:
        for encoder in encoders:
            if not isinstance(encoder, Encoder):
                raise UserError(f"received {encoder!r} to fine-tune; expected what `brave_tf.load_encoder` gives")
            decisions.append([])
            for fold, task in zip(folds, tasks, strict=True):
                folder = None if cache is None else cache / f"finetune-{_key(protocol, encoder, clips, fold, request)}"
                in_training: set[int] = set()
                decisions[-1].append(task.decisions(encoder, folder, advance, in_training))
                damaged |= set(fold.train[sorted(in_training)].tolist())
                damaged |= set(fold.test[decisions[-1][-1][:, 0] == DAMAGED].tolist())
    unusable = np.array(sorted(damaged), np.int64)
    answers = [
        [_answers(each, clips, fold, unusable) for each, fold in zip(of_encoder, folds, strict=True)]
        for of_encoder in decisions
    ]
    return Results(answers, {}, {"fine-tuning": time.monotonic() - began}, unusable.tolist())


def _answers(decisions: np.ndarray, clips: LabelledClips, fold: Fold, damaged: np.ndarray) -> Answers:
    rows = fold.without(damaged).test
    return by_video(decisions[np.isin(fold.test, rows)], clips.labels[rows], clips.videos[rows], rows)


def _key(protocol: FineTune, encoder: Encoder, clips: LabelledClips, fold: Fold, request: Request) -> str:
    ids = clips.table["clip_id"]
    about = {
        **origin_of(encoder, clips, request),
        "view": {name: value for name, value in to_dict(request.input_view.view).items() if name != "color"},
        "finetune": {name: value for name, value in to_dict(protocol).items() if name != "checkpoint_every"},
        "augment": augmentation_of(request),
        "seed": request.seed,
        "train": ids.take(fold.train).to_pylist(),
        "test": ids.take(fold.test).to_pylist(),
        "labels": clips.labels[fold.train].astype(int).tolist(),
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class FineTuning:
    """What to fine-tune on.

    Attributes:
        dataset: where the clips are.
        train: rows of `Dataset.clips` to train on.
        labels: [N] class indices of those, or [N, classes] of several labels.
        test: rows to answer.
        classes: number of classes.
        input_view: what the encoder is shown.
        config: rates and epochs.
        seed: decides the new layer's weights, the order of the clips, and their augmentation.
    """

    dataset: Dataset
    train: pa.Table
    labels: np.ndarray
    test: pa.Table
    classes: int
    input_view: EvaluationInput
    config: FineTune
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which about every clip is seen once."""
        return max(self.train.num_rows // self.batch_size, 1)

    @property
    def units(self) -> int:
        """Units of progress: training steps and test clips."""
        return self.config.epochs * self.steps_per_epoch + self.test.num_rows

    @property
    def batch_size(self) -> int:
        """Clips per step."""
        return min(self.config.batch_size, self.train.num_rows)

    def decisions(
        self, encoder: Encoder, folder: Path | None, advance: Advance, damaged: set[int] | None = None
    ) -> np.ndarray:
        """Fine-tunes an encoder, tests it, and gives it back with the weights that it had.

        Args:
            encoder: the encoder, with variables that can be trained.
            folder: where to keep checkpoints and the result, so that an interrupted fine-tuning goes on; or None.
            advance: called with the number of finished steps and test clips.
            damaged: the numbers of training clips that could not be used, and were replaced, are added to it.

        Returns:
            [N', classes] probabilities, of each class for itself where there are several labels, averaged over the
            windows of a clip; `DAMAGED` for a clip that could not be used.

        Raises:
            UserError: the encoder cannot be trained, or the folder cannot be written.
        """
        damaged = set() if damaged is None else damaged
        if folder is not None and (folder / DECISIONS_FILE).is_file():
            with phase("reading the answers that are kept"):
                if (folder / DAMAGED_FILE).is_file():
                    damaged |= set(np.load(folder / DAMAGED_FILE, allow_pickle=False).tolist())
                decisions = np.load(folder / DECISIONS_FILE, allow_pickle=False)
            advance(self.units)
            return np.asarray(decisions)
        if not encoder.trainable_variables:
            raise UserError(f"{encoder.path} has no variables that can be trained; expected a run or a .keras file")
        before = [np.array(variable) for variable in encoder.variables]
        try:
            training = FineTuningRun(self, encoder, folder)
            decisions = training.complete(advance)
        finally:
            for variable, value in zip(encoder.variables, before, strict=True):
                variable.assign(value)
        damaged |= training.damaged
        if folder is not None:
            try:
                if training.damaged:
                    np.save(folder / DAMAGED_FILE, np.array(sorted(training.damaged)), allow_pickle=False)
                partial = folder / f".{DECISIONS_FILE}"
                np.save(partial, decisions, allow_pickle=False)
                partial.replace(folder / DECISIONS_FILE)
            except OSError as error:
                raise unwritable(folder, error) from error
        return decisions
