"""What is known about an experiment besides its configuration."""

import dataclasses
from collections.abc import Mapping

from brave_tf.config import Config


@dataclasses.dataclass(frozen=True)
class Preset:
    """An experiment by name.

    Attributes:
        config: the whole configuration; its `name` is the preset's.
        source: where it comes from, such as "Table 5".
        data: what it is pre-trained on.
        scores: published scores in percent, by benchmark and protocol; top-1, but for "AudioSet mAP".
        choices: what neither the paper nor the released code says, and what was chosen here.
    """

    config: Config
    source: str
    data: str
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The preset's name."""
        return self.config.name
