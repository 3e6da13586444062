"""Where an encoder comes from, as a model card tells it: only what is true of this one."""

import dataclasses

from brave_tf.encoders.encoder import BASELINE, Encoder
from brave_tf.export.card_text import INTENDED_USE, PAPER, UNTESTED_USE
from brave_tf.presets import released_checkpoints


@dataclasses.dataclass(frozen=True)
class Origin:
    """What a card says of how an encoder was made.

    Attributes:
        sentence: the end of one that begins with "An encoder of video,".
        use: what it is for, and its limits.
        tags: what it is found by on the Hugging Face Hub.
    """

    sentence: str
    use: str
    tags: tuple[str, ...] = ()


_BRAVE = ("self-supervised-learning", "brave")
TRAINED = Origin(f"trained without labels with BraVe ({PAPER}), by `brave_tf`.", INTENDED_USE, _BRAVE)
RELEASED = Origin(f"trained without labels with BraVe ({PAPER}), by the paper's authors.", INTENDED_USE, _BRAVE)
RANDOM = Origin(
    "at random initialisation: it was not trained, and is something to compare with.",
    f"""Made to compare with: it shows what this network tells of a clip before it has learned anything. Its weights are
random numbers, so its embeddings are for nothing else; training can begin from it.

{UNTESTED_USE}""",
)
WITHOUT_WEIGHTS = Origin(
    "without weights: it was not trained, and is something to compare with.",
    f"""Made to compare with: it computes what is in its input already, by a fixed rule. It has no weights, has learned
nothing, and cannot be trained.

{UNTESTED_USE}""",
)
UNKNOWN = Origin(
    "written by `brave_tf`, which does not know how it was trained.",
    f"""Made for embeddings of short clips: to search, group and compare them, and to train a small classifier on.

On what it was trained, whether with labels, or whether at all, is not known here: ask whoever made it before you rely
on it. A trained encoder takes over what is one-sided in its data.

{UNTESTED_USE}""",
)


def origin_of(encoder: Encoder) -> Origin:
    """The one of these that is true of an encoder."""
    name = str(encoder.path)
    if encoder.is_random:
        return RANDOM
    if name.startswith(BASELINE):
        return WITHOUT_WEIGHTS
    if name in released_checkpoints:
        return RELEASED
    return TRAINED if encoder.card.steps else UNKNOWN
