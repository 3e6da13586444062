"""How a media file is read. Those who give out the work know this much of media, and load no decoder."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class MediaSettings:
    """What to read from a file.

    Attributes:
        shorter_side: shorter side of the frames in pixels; smaller pictures keep their size.
        audio_rate_hz: rate of the mono sound, or None for no sound.
        clip_seconds: longer media are cut into clips of this length.
    """

    shorter_side: int = 256
    audio_rate_hz: int | None = 16_000
    clip_seconds: float = 10.0


@dataclasses.dataclass(frozen=True)
class Course:
    """How a file is read: nothing of it changes what is read.

    Attributes:
        threads: tells how many cores there are for it, whenever it is called.
        report: is called now and then with the share of the file that is read, 0 to 1.
        remark: is called with what is missing in a file that is used, in words that follow its name.
    """

    threads: Callable[[], int] = lambda: 1
    report: Callable[[float], None] = lambda share: None
    remark: Callable[[str], None] = lambda text: None
