"""What an evaluation protocol is: an object whose fields are its settings. Loads without TensorFlow."""

import abc
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import STRICT
from brave_tf.config.values import changed
from brave_tf.config.words import PROTOCOLS, ProtocolName
from brave_tf.errors import UserError, did_you_mean
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.clips import LabelledClips
    from brave_tf.evaluation.folds import Fold
    from brave_tf.evaluation.frozen import EncoderFeatures
    from brave_tf.evaluation.request import Request
    from brave_tf.evaluation.scores import Answers

EncoderLike = Callable[..., Any]
"""Clips [B, ...] float32, and `training` -> embeddings [B, D]; mostly a `brave_tf.encoders.encoder.Encoder`."""


class Results(NamedTuple):
    """What several encoders answered.

    Attributes:
        answers: of each encoder, one for each fold.
        facts: what the report says of the first encoder besides its scores, as JSON values by key of the report.
        seconds: what the time was spent on.
        damaged: rows of the clips that could not be used, and were left out.
    """

    answers: "list[list[Answers]]"
    facts: dict[str, Any]
    seconds: dict[str, float]
    damaged: Sequence[int] = ()


class EvaluationProtocol(abc.ABC):
    """One way to score an encoder.

    A protocol is a frozen dataclass. Its fields, with their defaults and ranges, are the options `--classifier.NAME` of
    `brave-tf evaluate` and the keys of `classifier=` in `brave_tf.evaluate`; a field's metadata `flags` are further
    names of the option. The first line of its docstring and its "Attributes" are the help text.

    Attributes:
        name: its word in `brave_tf.config.words.PROTOCOLS`.
        several_labels: whether it takes clips with several labels each; clips with one label are taken by all.
        augments: whether it trains on augmented samples; else training clips are seen in windows, as test clips are.
        answers_with: "classes", a score of every class; or "ranks", whether each of the nearest videos is right.
    """

    __pydantic_config__ = STRICT
    name: ClassVar[str]
    several_labels: ClassVar[bool] = False
    augments: ClassVar[bool] = True
    answers_with: ClassVar[Literal["classes", "ranks"]] = "classes"

    @abc.abstractmethod
    def open_settings(self, input_view: EvaluationInput) -> str:
        """What the paper leaves open and what is taken instead: a line for the report."""

    def check(self, encoder: EncoderLike) -> None:
        """Raises UserError, before anything is computed, if an encoder cannot be scored so; most can."""
        return

    @abc.abstractmethod
    def results(
        self,
        encoders: Sequence[EncoderLike],
        clips: "LabelledClips",
        folds: "Sequence[Fold]",
        request: "Request",
        cache: Path | None,
    ) -> Results:
        """What encoders answer on the test clips of every fold.

        Args:
            encoders: the encoders; afterwards they have their own weights again.
            clips: the labelled clips.
            folds: what to train and to test on.
            request: input and seed.
            cache: folder of what may be used again; None keeps everything in memory.
        """


class FrozenProtocol(EvaluationProtocol):
    """A protocol that sees frozen features, which are computed once for all such protocols."""

    @property
    def map_places(self) -> int | None:
        """Places of the dense maps that are its features, at most; None if embeddings are."""
        return None

    @property
    def units(self) -> int:
        """Units of progress of one fold, each reported by `advance()`."""
        return 1

    @abc.abstractmethod
    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """The answers of one encoder, fold by fold, and facts for the report (`Results.facts`)."""

    def results(
        self,
        encoders: Sequence[EncoderLike],
        clips: "LabelledClips",
        folds: "Sequence[Fold]",
        request: "Request",
        cache: Path | None,
    ) -> Results:
        """See `EvaluationProtocol.results`."""
        from brave_tf.evaluation.frozen import frozen_results

        return frozen_results(self, encoders, clips, folds, request, cache)


class ClassifierProtocol(FrozenProtocol):
    """A classifier of frozen features, trained on each fold for itself. Most protocols need no more than `decide`.

    Attributes:
        streams: whether `decide` takes features that are on disk, as `FeatureRows`, and several labels as `LabelRows`,
            and reads a part at a time; else it is given arrays, in memory.
    """

    streams: ClassVar[bool] = False

    @abc.abstractmethod
    def decide(
        self,
        train: "np.ndarray",
        train_labels: "np.ndarray",
        test: "np.ndarray",
        classes: int,
        seed: int,
        advance: Advance,
    ) -> "np.ndarray":
        """Trains a classifier on features, and lets it decide about others.

        Args:
            train: [E, N, D], E augmented samples of N clips; of a protocol that does not augment [N, V, D], V windows.
            train_labels: [N] class indices, or [N, classes] bool of several labels.
            test: [N', V, D], V windows of N' clips.
            classes: number of classes.
            seed: decides everything random.
            advance: to be called `units` times.

        Returns:
            [N', classes] scores, the larger the likelier.
        """

    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """See `FrozenProtocol.encoder_answers`."""
        import numpy as np

        from brave_tf.evaluation.feature_rows import LabelRows

        answers = []
        for fold in features.folds:
            train: Any = features.train(fold.train)
            test: Any = features.test(fold.test)
            if not self.streams:
                train, test = np.asarray(train), np.asarray(test)
            labels: Any = features.clips.labels
            labels = LabelRows(labels, fold.train) if self.streams and labels.ndim > 1 else labels[fold.train]
            decisions = self.decide(train, labels, test, features.clips.classes, request.seed, advance)
            answers.append(features.by_video(decisions, fold.test))
        return answers, {}


def protocol_class(name: ProtocolName) -> type[EvaluationProtocol]:
    """The class of a protocol.

    Raises:
        UserError: there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise UserError(
            f"received protocol {name}; {did_you_mean(name, PROTOCOLS)}expected one of {', '.join(PROTOCOLS)}"
        )
    module, _, kind = PROTOCOLS[name].partition(":")
    protocol: type[EvaluationProtocol] = getattr(importlib.import_module(module), kind)
    return protocol


def make_protocol(name: ProtocolName, settings: Mapping[str, Any]) -> EvaluationProtocol:
    """A protocol with settings other than its defaults.

    Args:
        name: which.
        settings: values by name.

    Raises:
        UserError: there is no such protocol, it has no such setting, or a value is out of range.
    """
    return changed(protocol_class(name)(), settings, f" for the protocol {name}")


def for_all_classes(values: "np.ndarray", known: "np.ndarray", classes: int, otherwise: float) -> "np.ndarray":
    """Columns of the known classes [N, known] among those of all classes [N, classes]."""
    import numpy as np

    placed = np.full((len(values), classes), otherwise)
    placed[:, known] = values
    return placed
