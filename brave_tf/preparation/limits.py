"""What a media file may declare. Declared numbers multiply time, memory and output, however little the file holds."""

LEAST_HZ, MOST_HZ = 1_000, 3_072_000
"""Sample rates. A second of sound is resampled to a fixed number of samples, however few it is made of, and the
resampler's filter grows with the rate. Telephones have 8,000; DSD at its highest rate is 2,822,400 to FFmpeg."""
MOST_CHANNELS = 64
"""What FFmpeg's resampler takes: ambisonics of the seventh order."""
LEAST_SOUND_BYTES, FREE_SOUND_SECONDS = 8, 600.0
"""Bytes of a file for each second of its sound beyond the free ones. Speech at the lowest rate takes 90, and silence in
FLAC 10 or more, but silence can be packed so that it takes next to nothing."""
MOST_PIXELS = 2 * 7680 * 4320
"""Pixels of a picture: 8K in stereo. A decoder holds more than a dozen such pictures."""
MOST_ASPECT = 8.0
"""Longer by shorter side of a picture as it is shown. Three wide screens side by side have 7.1; the shorter side of the
frames is given, so that their size grows with this."""
MOST_FPS = 1_000.0
"""Pictures a second, on average. Phones film at 960."""
SLOW_PICTURES, LEAST_FPS = 1_000, 0.5
"""From so many pictures on there have to be so many a second, on average: a slide show has fewer pictures, a screen
recording or a security camera more a second. A picture that stays is written 25 times a second."""
LONGEST_GAP_SECONDS = 15.0
"""A picture stays for this long, and silence is filled in for this long, if nothing follows. Slide shows, screen
recordings and security cameras pause for seconds, and the still pictures of AudioSet last its 10; what is longer is a
clock that jumped, or a pause in which nothing was recorded."""
MOST_STREAMS = 256
"""Streams of a file. A broadcast multiplex holds dozens."""
LATEST_SECONDS = 100 * 365.25 * 86400
"""A century: no clock of a recording runs longer, and records count microseconds in 64 bits."""

FEWEST_FOR_RATE = 25
"""Of fewer pictures the rate is not judged."""


class MediaError(Exception):
    """A file cannot be used; the message is the reason."""


def check_sound(rate_hz: int, channels: int) -> None:
    """Raises `MediaError` if sound declares a rate or channels that no recording has."""
    if not LEAST_HZ <= rate_hz <= MOST_HZ:
        raise MediaError(f"declares a sample rate of {rate_hz:,} Hz; expected {LEAST_HZ:,} to {MOST_HZ:,}")
    if channels > MOST_CHANNELS:
        raise MediaError(f"declares {channels:,} channels of sound; expected at most {MOST_CHANNELS}")


def check_length(seconds: float, file_bytes: int) -> None:
    """Raises `MediaError` if a file turns out to hold more sound than its size allows."""
    if seconds > FREE_SOUND_SECONDS + file_bytes / LEAST_SOUND_BYTES:
        raise MediaError(
            f"holds over {seconds:,.0f} s of sound in {file_bytes:,} bytes; "
            f"expected at least {LEAST_SOUND_BYTES} bytes a second"
        )


def check_picture(height: int, width: int, pixel_aspect: float) -> None:
    """Raises `MediaError` if pictures are too large, or too long for their shorter side.

    Args:
        height: in pixels.
        width: in pixels.
        pixel_aspect: width of a pixel by its height.
    """
    if height * width > MOST_PIXELS:
        raise MediaError(f"declares pictures of {width:,}x{height:,} pixels; expected at most {MOST_PIXELS:,} pixels")
    shown = width * pixel_aspect / height if height else 0.0
    if not 1 / MOST_ASPECT <= shown <= MOST_ASPECT:
        raise MediaError(
            f"declares pictures of {width:,}x{height:,} pixels, each {pixel_aspect:g} times as wide as high; expected "
            f"a longer side of at most {MOST_ASPECT:g} times the shorter"
        )


def check_time(seconds: float, what: str) -> None:
    """Raises `MediaError` if `what` of a file comes later than any recording lasts."""
    if abs(seconds) > LATEST_SECONDS:
        raise MediaError(
            f"has a clock of its {what} that is at {seconds:.3g} s; expected at most {LATEST_SECONDS:.3g} s"
        )


def check_rate(pictures: int, stretches: int, seconds: float) -> None:
    """Raises `MediaError` if the pictures of a file come too fast, or none with another.

    Args:
        pictures: all of them.
        stretches: how many times the first picture came, or one after a gap.
        seconds: how long all stretches last.
    """
    if stretches > 2 and 2 * stretches > pictures:
        raise MediaError(
            f"shows {pictures:,} pictures with {stretches - 1:,} gaps between them; expected one every "
            f"{LONGEST_GAP_SECONDS:g} s at least"
        )
    if pictures >= FEWEST_FOR_RATE and pictures - 1 > MOST_FPS * seconds + 1:
        raise MediaError(f"shows {pictures:,} pictures in {seconds:.3f} s; expected at most {MOST_FPS:,.0f} a second")


def check_pace(pictures: int, seconds: float) -> None:
    """Raises `MediaError` if the pictures of a file come so slowly that nearly all frames would be repetitions.

    Args:
        pictures: those that came so far.
        seconds: how long they last.
    """
    if pictures >= SLOW_PICTURES and pictures < LEAST_FPS * seconds:
        raise MediaError(
            f"shows its first {pictures:,} pictures in {seconds:,.0f} s; expected one in {1 / LEAST_FPS:g} s at least"
        )


def check_streams(count: int) -> None:
    """Raises `MediaError` if a file holds more streams than any recording."""
    if count > MOST_STREAMS:
        raise MediaError(f"declares {count:,} streams; expected at most {MOST_STREAMS}")
