"""Where the windows of a medium lie: whole numbers of what its encoder counts, sampled frames or samples of sound."""

import dataclasses

from brave_tf.config import SOURCE_FPS, EvaluationInput
from brave_tf.errors import UsageError
from brave_tf.modalities import MODALITIES

MOST_WINDOW_BYTES = 2**30
"""Of a window as float32, as the network takes it; what it makes of that is many times as much."""
MOST_STRIDE_SECONDS = 1e6
"""No medium that is read is as long."""


@dataclasses.dataclass(frozen=True)
class Grid:
    """Windows of `length` units, one every `stride` units.

    A unit is the distance between two frames of the encoder's input, or a sample of sound.

    Attributes:
        unit_seconds: how long a unit lasts.
        length: units of a window.
        stride: units from the beginning of one window to that of the next.
    """

    unit_seconds: float
    length: int
    stride: int

    @classmethod
    def of(cls, input_view: EvaluationInput, window: float | None = None, stride: float | None = None) -> "Grid":
        """The grid of an encoder.

        Args:
            input_view: what the encoder is shown.
            window: seconds of a window; None for the length that the encoder is evaluated with. A longer one has more
                frames, at the same distance.
            stride: seconds from one window to the next; None for half a window. Both are rounded to whole units.

        Raises:
            UsageError: one of them is no number of seconds above 0, or a window would take more memory than
                `MOST_WINDOW_BYTES`.
        """
        if MODALITIES[input_view.modality].is_sound:
            unit, own, numbers = 1 / input_view.sound.sample_rate_hz, input_view.sound.samples, 1
        else:
            channels = MODALITIES[input_view.modality].channels
            unit, own = input_view.view.step / SOURCE_FPS, input_view.view.frames
            numbers = input_view.view.size**2 * channels
        longest = unit * (MOST_WINDOW_BYTES // (4 * numbers))
        for option, value, most in (("--window", window, longest), ("--stride", stride, MOST_STRIDE_SECONDS)):
            if value is not None and not 0 < value <= most:
                raise UsageError(
                    f"received {option} {value:g}; expected seconds above 0 and up to {most:.0f}, such as {option} 2.5"
                )
        length = own if window is None else max(round(window / unit), 1)
        return cls(unit, length, max(length // 2, 1) if stride is None else max(round(stride / unit), 1))

    @property
    def window_seconds(self) -> float:
        """How long a window lasts."""
        return self.length * self.unit_seconds

    @property
    def stride_seconds(self) -> float:
        """From the beginning of one window to that of the next."""
        return self.stride * self.unit_seconds

    def input_view(self, own: EvaluationInput) -> EvaluationInput:
        """What an encoder is shown with windows of this length, in place of its own."""
        if MODALITIES[own.modality].is_sound:
            return dataclasses.replace(own, view=dataclasses.replace(own.view, audio_seconds=self.window_seconds))
        return dataclasses.replace(own, view=dataclasses.replace(own.view, frames=self.length))

    def starts(self, units: int) -> list[int]:
        """The first units of the windows of something that is so long.

        Windows that fit, and where they leave a rest, one more that ends with it. What is shorter than a window has
        one, in which it is repeated.
        """
        if units < self.length:
            return [0]
        starts = list(range(0, units - self.length + 1, self.stride))
        if self.leaves_rest(starts[-1], units):
            starts.append(units - self.length)
        return starts

    def leaves_rest(self, last_start: int, units: int) -> bool:
        """Whether something goes on behind the last window that fits; what lies between two windows does not count."""
        return units > last_start + max(self.length, self.stride)
