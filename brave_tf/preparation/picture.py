"""The pictures of a media file, decoded one after the other, with an account of what was damaged."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.stream import Disposition

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.clock import Clock, Stretch
from brave_tf.preparation.limits import MOST_PIXELS, SLOW_PICTURES, MediaError, check_pace, check_picture, check_rate
from brave_tf.preparation.media_file import PACKETS_END, go_to
from brave_tf.preparation.sound_track import SoundTrack

CUT_OFF_SECONDS, CUT_OFF_SHARE = 0.5, 0.05
"""A file is cut off when more than both of these are missing at its end."""
DAMAGED_SHARE = 0.1
"""A file is damaged when more than this share of its packets does not decode."""


def picture_stream(container: Any) -> Any:
    """The stream of a file that holds its moving pictures, or None."""
    candidates = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic
    ]
    best = container.streams.best("video")
    return best if best in candidates else next(iter(candidates), None)


def check_end(reached: float, declared: float | None, end: float | None, what: str) -> None:
    """Raises `MediaError` if something ends too soon.

    Args:
        reached: where it ends, in seconds.
        declared: where the file says that it ends. Where it says nothing, nothing can be missed.
        end: where a piece of the file ends, which may be after the file's end.
        what: names it.
    """
    if not declared:
        return
    expected = declared if end is None else min(end, declared)
    missing = expected - reached
    if missing > max(CUT_OFF_SECONDS, CUT_OFF_SHARE * expected):
        raise MediaError(f"is cut off: {what} ends at {max(reached, 0):.1f} of {expected:.1f} s")


class Pictures:
    """Decoded frames of one stream.

    Args:
        container: the file.
        stream: the stream.
        begin: seconds from the file's start to begin at.
        end: seconds to end at; None for the end.

    Attributes:
        pixel_aspect: width of a pixel by its height.
        clock: follows the times of the frames.

    Raises:
        MediaError: the pictures are declared larger, or longer, than any are.
    """

    def __init__(self, container: Any, stream: Any, begin: float, end: float | None):
        self._container = container
        self._stream = stream
        self._begin = begin
        self._end = end
        self._packets = self._damaged = self._decoded = 0
        self._cut = False
        # Some containers begin their clock anywhere; times count from the file's own start.
        self._origin = (container.start_time or 0) / av.time_base
        self._last_seconds = 0.0
        self._last_tick = 0
        self.clock = Clock("picture")
        self.pixel_aspect = float(stream.sample_aspect_ratio or 1)
        context = stream.codec_context
        if context.width and context.height:
            check_picture(context.height, context.width, self.pixel_aspect)
        # Of what the file declares later, the decoder takes no more either.
        context.options = {"max_pixels": str(MOST_PIXELS)}
        # What several threads make of a damaged picture differs from run to run.
        stream.thread_type = "NONE"
        context.thread_count = 1

    def stretches(self) -> Iterator[tuple[Stretch, Iterator[Any]]]:
        """Stretches of the clock, each with its frames; see `Clock.divide`."""
        return self.clock.divide(self._timed())

    def _timed(self) -> Iterator[tuple[float, Any]]:
        if self._begin > 1.0:
            go_to(self._container, self._begin)
        for frame in self._frames():
            if frame.time is None:
                continue
            seconds = frame.time - self._origin
            if seconds < self._begin - 0.5 / SOURCE_FPS:
                continue
            if self._end is not None and seconds >= self._end - 1e-6:
                return
            self._decoded += 1
            # Now, because the frames that it is repeated in are written soon after.
            if self._decoded % SLOW_PICTURES == 0:
                check_pace(self._decoded, self.clock.seconds)
            self._last_seconds = max(self._last_seconds, seconds)
            yield seconds, frame

    def _frames(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except PACKETS_END:
                return
            except av.error.FFmpegError:
                self._cut = True
                return
            self._packets += packet.size > 0
            if packet.pts is not None:
                self._last_tick = max(self._last_tick, packet.pts + (packet.duration or 0))
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self._damaged += 1

    def share(self) -> float:
        """Roughly how much of what there is to decode is decoded, 0 to 1."""
        declared = (self._container.duration or 0) / av.time_base
        end = min(self._end or declared, declared) or self._end or 0.0
        return min(max(self._last_seconds - self._begin, 0.0) / max(end - self._begin, 1.0), 1.0)

    def check(self, sound: SoundTrack | None) -> None:
        """Raises `MediaError` if the stream was damaged, ended too soon, or has an absurd clock."""
        if self._decoded == 0:
            if self._begin > 0 and self._packets > self._damaged:
                raise MediaError(f"has no picture from {self._begin:g} s on")
            raise MediaError("does not decode: no frame of its picture is readable")
        if self._damaged > DAMAGED_SHARE * self._packets:
            raise MediaError(f"is damaged: {self._damaged} of {self._packets} packets do not decode")
        check_rate(self._decoded, self.clock.stretches, self.clock.seconds)
        rate = self._stream.average_rate or Fraction(25)
        # The last picture may stay for longer than the others.
        end_of_packets = float(self._last_tick * self._stream.time_base) - self._origin
        reached = max(self._last_seconds + float(1 / rate), end_of_packets)
        if self._stream.duration is not None:
            start = float((self._stream.start_time or 0) * self._stream.time_base) - self._origin
            declared = start + float(self._stream.duration * self._stream.time_base)
        else:
            # The file's length is that of its longest stream.
            declared = (self._container.duration or 0) / av.time_base
            reached = max(reached, sound.read_to_end() if sound else 0.0)
        check_end(reached, declared, self._end, "picture")
        if self._cut:
            raise MediaError(f"is cut off after {reached:.1f} s")
        # Some containers list every packet. Edit lists may drop some by intent; then the end is still reached.
        listed = self._stream.frames
        missing = listed - self._packets
        whole = self._begin == 0 and self._end is None
        if whole and missing > max(2, CUT_OFF_SHARE * listed) and reached < declared - float(2 / rate):
            raise MediaError(f"is cut off: it holds {self._packets} of {listed} pictures")
