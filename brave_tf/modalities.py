"""What views can be made of: one record for each modality, which all other code asks instead of comparing names.

A new modality is a name in `Modality`, a record in `MODALITIES`, and two fields of its name: in `BroadConfig` (its
views) and in `ModelConfig` (its backbone).
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

Modality = Literal["rgb", "flow", "audio"]
"""By name."""
Tower = Literal["narrow", Modality]
"""The narrow tower, or the broad one of a modality."""
TowerChoice = Literal["narrow", "broad", Modality]
"""What users call a tower: "broad" is the only broad one of a run, or the only one of frames."""
NARROW: Modality = "rgb"
"""What narrow views are made of. Its frames are a clip's clock: views of all modalities count them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModalityRecord:
    """Everything that tells one modality from another.

    A modality is made of frames, views [T, H, W, C], or of sound, log-mel spectrograms [S, M].

    Attributes:
        name: its name in configurations, batches, metrics and files.
        letter: in names of experiments (the paper's).
        word: in messages, pages and charts.
        short_word: where there is little room, and in what tells why a clip is left out: `without flow`.
        plain_words: its frames, to someone who has not read the paper.
        channels: C; of a spectrogram 1.
        is_sound: whether it is made of sound.
        feature: where a stored record holds it.
        key: where a record as it is read, see `brave_tf.data.records.parse`, holds it.
        column: column of the clip table with the number of its pictures or samples in a clip.
        in_every_dataset: whether every clip table has that column. Other modalities have it where `dataset.json` has
            an entry under their name.
        prepare_option: option of `brave-tf prepare` that makes it; empty if none does.
        zero: stored value, 0 to 255, that the networks take as 0.
        steps: stored values from there to 1.
        has_colors: whether the augmentation of colours and blur fits it.
        is_directed: whether the first channel points to the right, so that a flip to the left negates it.
    """

    name: Modality
    letter: str
    word: str
    short_word: str
    plain_words: str
    channels: int
    is_sound: bool = False
    feature: str
    key: str
    column: str
    in_every_dataset: bool = False
    prepare_option: str = ""
    zero: int = 0
    steps: int = 255
    has_colors: bool = False
    is_directed: bool = False

    @property
    def tower_file(self) -> str:
        """File of its broad tower in a finished run."""
        return f"broad_{self.name}.keras"

    @property
    def rate_feature(self) -> str:
        """Where a stored record tells how many of its pictures make a second."""
        return self.feature.removesuffix("encoded") + "frame_rate"

    @property
    def step_key(self) -> str:
        """Where a record as it is read tells how many frames lie from one of its pictures to the next."""
        return f"{self.key}_step"

    @property
    def left_out_reason(self) -> str:
        """Why a clip that lacks it is left out."""
        return f"without {self.short_word}"

    @property
    def network_input(self) -> str:
        """Axes and range of what a network takes, for messages, with how to get there from stored frames."""
        if self.is_sound:
            return "[B, S, M]"
        low, shift = ("-1", f"subtract {self.zero} from uint8 frames and divide") if self.zero else ("0", "")
        return f"[B, T, H, W, {self.channels}] in [{low}, 1]; {shift or 'divide uint8 frames'} by {self.steps}"


_RECORDS = (
    ModalityRecord(
        name="rgb",
        letter="V",
        word="video",
        short_word="video",
        plain_words="pictures",
        channels=3,
        feature="image/encoded",
        key="frames",
        column="frames",
        in_every_dataset=True,
        has_colors=True,
    ),
    # Horizontal and vertical displacements; `brave_tf.data.flow_code` says how they are stored.
    ModalityRecord(
        name="flow",
        letter="F",
        word="optical flow",
        short_word="flow",
        plain_words="frames of optical flow (how far everything moves)",
        channels=2,
        feature="FORWARD_FLOW/image/encoded",
        key="flow",
        column="flow_frames",
        prepare_option="--flow",
        zero=128,
        steps=127,
        is_directed=True,
    ),
    ModalityRecord(
        name="audio",
        letter="A",
        word="sound",
        short_word="sound",
        plain_words="sound, as a spectrogram",
        channels=1,
        is_sound=True,
        feature="WAVEFORM/feature/floats",
        key="audio",
        column="samples",
        in_every_dataset=True,
    ),
)

MODALITIES: Mapping[Modality, ModalityRecord] = {record.name: record for record in _RECORDS}
"""By name, in the order in which experiments list their broad views."""
