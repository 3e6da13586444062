"""Why a media file is left out."""

import os

import numpy as np

from tests.errors.areas.preparing import csv, prepare
from tests.errors.areas.reasons import PROCESSES
from tests.errors.entry import Area, Entry
from tests.errors.world import World
from tests.preparation.media_files import write_media, write_wav


def left_out(world: World, **settings: object) -> None:
    """Prepares the media beside a good one, and prints why the others are left out, as the command does."""
    from brave_tf.cli.prepare import _print

    write_media(world.here / "media" / "good.mp4", seconds=0.5)
    dataset = prepare(world, "media", **settings)
    _print(dataset.path, dataset.info)


def _file(world: World, name: str, content: bytes = b"") -> None:
    world.file(f"media/{name}", content)
    left_out(world)


def _cut_off_sound(world: World) -> None:
    whole = write_media(world.here / "whole.wav", seconds=8.0, size=None).read_bytes()
    _file(world, "song.wav", whole[: len(whole) // 2])


def _damaged(world: World) -> None:
    content = bytearray(write_media(world.here / "whole.mp4", seconds=3.0, noise_seed=1, sound_hz=None).read_bytes())
    start = content.index(b"mdat") + 4
    generator = np.random.default_rng(0)
    content[start + 2000 :] = generator.bytes(len(content) - start - 2000)
    _file(world, "film.mp4", bytes(content))


def _list_of_files(world: World) -> None:
    _file(world, "stream.mp4", b"#EXTM3U\n#EXTINF:10,\nfirst.ts\n")


def _sound_as_number(world: World) -> None:
    samples = np.zeros((16_000, 1), np.float32)
    samples[4_000] = np.nan
    (world.here / "media").mkdir()
    write_wav(world.here / "media" / "song.wav", samples)
    left_out(world)


def _no_picture(world: World) -> None:
    (world.here / "media").mkdir()
    write_media(world.here / "media" / "song.wav", seconds=1.0, size=None)
    left_out(world, audio_rate=0)


def _too_slow(world: World) -> None:
    write_media(world.here / "media" / "film.mp4", seconds=2.0, noise_seed=0)
    csv(world, "path\nmedia/film.mp4\n", max_seconds_per_file=0.001)


def _past_the_end(world: World) -> None:
    write_media(world.here / "media" / "film.mp4", seconds=1.0)
    csv(world, "path,start\nmedia/film.mp4,100\n")


def _limit(name: str, *arguments: object) -> object:
    def provoke(world: World) -> None:
        from brave_tf.preparation import limits

        getattr(limits, name)(*arguments)

    return provoke


def _checked(decoded: int, damaged: int = 0, packets: int = 100, begin: float = 0.0) -> object:
    """What is said of pictures that were decoded so."""

    def provoke(world: World) -> None:
        from brave_tf.preparation.picture import Pictures

        pictures = object.__new__(Pictures)
        pictures._decoded, pictures._damaged, pictures._packets, pictures._begin = decoded, damaged, packets, begin
        pictures.check(None)

    return provoke


def _cut(world: World, listed: int = 0) -> None:
    """What is said of pictures of which the last ones are missing."""
    from types import SimpleNamespace

    from brave_tf.preparation.picture import Pictures

    pictures = object.__new__(Pictures)
    pictures._decoded, pictures._damaged, pictures._packets, pictures._begin = 100, 0, 100, 0.0
    pictures.clock = SimpleNamespace(stretches=1, seconds=4.0)
    pictures._stream = SimpleNamespace(average_rate=25, time_base=0.001, duration=10_000, start_time=0, frames=listed)
    pictures._origin, pictures._last_tick, pictures._last_seconds, pictures._end = 0.0, 4_000, 9.9, None
    pictures._last_seconds = 9.8 if listed else 9.9
    pictures._cut = not listed
    pictures.check(None)


def _sound_cut(world: World) -> None:
    from brave_tf.preparation.picture import check_end

    check_end(4.0, 10.0, None, "sound")


def _pipe(world: World) -> None:
    world.folder("media")
    os.mkfifo(world.here / "pipe.mp4")
    csv(world, "path\npipe.mp4\n")


def _unseekable(world: World) -> None:
    import av

    from brave_tf.preparation.media_file import go_to

    class Container:
        start_time = 0

        def seek(self, *args: object, **kwargs: object) -> None:
            raise av.error.FFmpegError(1, "cannot seek")

    go_to(Container(), 5.0)


def _as_media_error(error: Exception) -> object:
    def provoke(world: World) -> None:
        from brave_tf.preparation.media_file import as_media_errors

        with as_media_errors():
            raise error

    return provoke


def _header(world: World) -> None:
    import av

    from brave_tf.preparation.media_file import open_media

    world.failing("brave_tf.preparation.media_file.av.open", av.error.PermissionError(1, "Operation not permitted"))
    open_media(world.file("film.mp4", b"damaged"))


def _endless(world: World) -> None:
    from brave_tf.preparation.file_limits import OutputLimit

    limit = OutputLimit(world.clip)
    for _ in range(1000):
        limit.add(3600.0)


def _gone(world: World) -> None:
    from brave_tf.preparation.file_limits import OutputLimit

    OutputLimit(world.here / "gone.mp4").add(1e9)


def _moment(kind: str) -> object:
    def provoke(world: World) -> None:
        from brave_tf.embedding import moment_job

        for reader in ("read_clips", "media_windows"):
            world.patch.setattr(moment_job, reader, lambda *args: iter(()))
        moment_job.read_moment(world.clip, 0.0, 0.5, kind)

    return provoke


def _nothing_at_all(world: World) -> None:
    from types import SimpleNamespace

    from brave_tf.preparation.media import MediaSettings, _sound_clips

    sound = SimpleNamespace(rate_hz=16_000, stretches=lambda: iter(()))
    next(_sound_clips(sound, MediaSettings(48, 16_000, 10.0), 0.0, None))


def _no_frames(world: World) -> None:
    from brave_tf.preparation.pixels import read_frames

    write_media(world.here / "song.wav", seconds=0.5, size=None)
    list(read_frames(world.here / "song.wav", 32))


def _no_sound(world: World) -> None:
    from brave_tf.config import EvaluationConfig
    from brave_tf.data.evaluation_views import EvaluationInput
    from brave_tf.embedding.windows import media_windows

    film = write_media(world.here / "film.mp4", seconds=0.5, sound_hz=None)
    next(media_windows(film, EvaluationInput("audio", EvaluationConfig(audio_seconds=0.5))))


COMMON = (
    Entry(
        "brave_tf/preparation/media_file.py",
        "does not decode ({error.strerror})",
        lambda world: _file(world, "notes.mp4", b"no video"),
        "FFmpeg does not recognise what is in the file: it is damaged at its beginning, or no media at all, such as a "
        "web page that was saved instead of the video.",
        "Try it in a player. Fetch it again, or convert it.",
        varies=True,
        title="The file does not decode",
    ),
    Entry(
        "brave_tf/preparation/media_file.py",
        "is empty",
        lambda world: _file(world, "film.mp4"),
        "The file has no content. Most often a download or a copy was interrupted.",
        "Fetch it again.",
        title="The file is empty",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "is cut off: {what} ends at",
        _cut_off_sound,
        "The file ends before it says that it does. A download, a copy or the recording was interrupted.",
        "Fetch it again. What is there of it is not used either.",
        varies=True,
        title="The file is cut off",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "packets do not decode",
        _checked(80, damaged=20),
        "More than a few pictures of the file are damaged.",
        "Fetch it again.",
        title="The file is damaged",
    ),
    Entry(
        "brave_tf/preparation/media.py",
        "has no picture",
        _no_picture,
        "The file holds sound alone, and none was asked for, by `--audio-rate 0`.",
        "Leave `--audio-rate` out to prepare sound too.",
        title="The file has no picture",
    ),
    Entry(
        "brave_tf/preparation/file_limits.py",
        "took longer than",
        _too_slow,
        "Reading the file took longer than `--max-seconds-per-file`.",
        "Give it more time, or look at the file: a few minutes of video take minutes, not hours.",
        title="The file took too long",
    ),
)

OTHERS = (
    Entry("brave_tf/preparation/media_file.py", "is no regular file", _pipe, "It is a pipe, a socket or a device."),
    Entry(
        "brave_tf/preparation/media_file.py",
        "is a list of other files",
        _list_of_files,
        "A playlist is never followed, because it may name any file of this machine.",
    ),
    Entry(
        "brave_tf/preparation/media_file.py",
        "its header is damaged",
        _header,
        "The beginning of the file is damaged.",
    ),
    Entry(
        "brave_tf/preparation/media_file.py",
        "no such place is found in it",
        _unseekable,
        "A CSV list asks for a piece of the file, and the index of the file does not lead there.",
    ),
    Entry(
        "brave_tf/preparation/media_file.py",
        "cannot be read ({error.strerror or error})",
        _as_media_error(PermissionError(13, "Permission denied")),
        "The system does not let you read the file.",
    ),
    Entry(
        "brave_tf/preparation/media_file.py",
        "cannot be read ({error})",
        _as_media_error(ValueError("stream with no codec")),
        "The file is damaged in a way that the reader did not expect.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "declares a sample rate",
        _limit("check_sound", 12, 1),
        "No recording has such sound: the file is damaged, or made to do harm.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "channels of sound",
        _limit("check_sound", 48_000, 200),
        "No recording has so many channels.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "s of sound in",
        _limit("check_length", 90_000.0, 4_000),
        "The file would unpack to far more sound than it can hold.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "expected at most {MOST_PIXELS} pixels",
        _limit("check_picture", 16_384, 16_384, 1.0),
        "The pictures are larger than 8K in stereo.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "times as wide as high",
        _limit("check_picture", 10, 1_000, 1.0),
        "The pictures are strips.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "has a clock of its",
        _limit("check_time", 1e12, "picture"),
        "A time in the file is later than any recording lasts.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "gaps between them",
        _limit("check_rate", 10, 9, 4.0),
        "The clock of the file jumps from picture to picture.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "expected at most {MOST_FPS} a second",
        _limit("check_rate", 5_000, 1, 1.0),
        "The pictures come faster than any camera films.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "shows its first",
        _limit("check_pace", 1_000, 9_000.0),
        "Nearly all frames would be repetitions.",
    ),
    Entry(
        "brave_tf/preparation/limits.py",
        "streams; expected at most",
        _limit("check_streams", 1_000),
        "No recording has so many streams.",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "has no picture from",
        _past_the_end,
        "A CSV list asks for a piece that begins after the end of the file.",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "no frame of its picture is readable",
        _checked(0),
        "Not one picture could be decoded.",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "is cut off after",
        _cut,
        "The file breaks off while it is read.",
    ),
    Entry(
        "brave_tf/preparation/picture.py",
        "is cut off: it holds",
        lambda world: _cut(world, listed=250),
        "The file lists more pictures than it has.",
    ),
    Entry(
        "brave_tf/preparation/file_limits.py",
        "which it cannot hold",
        _endless,
        "More came out of the file than can be in it.",
    ),
    Entry(
        "brave_tf/preparation/file_limits.py",
        "cannot be read ({error})",
        _gone,
        "The file could be read a moment ago, and now cannot.",
    ),
    Entry(
        "brave_tf/preparation/media.py",
        "has neither picture nor sound",
        _nothing_at_all,
        "The file holds text, pictures of its cover or data alone.",
    ),
    Entry(
        "brave_tf/preparation/sound_track.py",
        "has sound that is not a finite number",
        _sound_as_number,
        "A sample of the sound is infinite or no number, which would end a training.",
    ),
    Entry("brave_tf/preparation/pixels.py", "has no picture", _no_frames, "`embed` and `search` found sound alone."),
    Entry("brave_tf/embedding/windows.py", "has no sound", _no_sound, "`embed` and `search` found no sound."),
    Entry("brave_tf/embedding/moment_job.py", "has no picture there", _moment("frame"), "A page cannot show it."),
    Entry("brave_tf/embedding/moment_job.py", "has no sound there", _moment("spectrogram"), "A page cannot show it."),
)

AREA = Area(
    "Files that prepare leaves out",
    "A file that cannot be used does not stop `brave-tf prepare`. It is left out, and named with one of these reasons "
    "at the end of the command and under `quarantined` in `dataset.json`. `embed` and `search` give the same reasons.",
    COMMON,
    OTHERS + PROCESSES,
)
