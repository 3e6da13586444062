"""Real media files: sizes, rates, sound, pieces, and every kind of damage."""

import io

import numpy as np
import pytest
from PIL import Image

from brave_tf.demo.world import write_world
from brave_tf.preparation.media import MediaError, MediaSettings, read_clips
from brave_tf.preparation.media_file import open_media
from tests.preparation.media_files import write_media

FAST_START = {"movflags": "faststart"}


def clips_of(path, start=None, end=None, **settings):
    return list(read_clips(path, MediaSettings(**settings), start, end))


def pixels(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)))


@pytest.mark.parametrize(
    ("name", "fps", "size", "expected"),
    [
        ("a.mp4", 25, (48, 64), (50, 48, 64)),
        ("b.mp4", 30, (480, 320), (50, 384, 256)),
        ("c.mkv", 12, (50, 70), (50, 50, 70)),
        ("d.webm", 24, (300, 600), (50, 256, 512)),
        ("e e ü.mpg", 25, (48, 64), (50, 48, 64)),
    ],
)
def test_frames_come_at_25_fps_and_are_never_enlarged(tmp_path, name, fps, size, expected):
    (clip,) = clips_of(write_media(tmp_path / name, fps=fps, size=size, sound_hz=44_100))
    frames, height, width = expected
    assert abs(len(clip.frames) - frames) <= 2
    assert (clip.height, clip.width) == (height, width)
    assert pixels(clip.frames[0]).shape == (height, width, 3)
    assert abs(clip.samples.size - len(clip.frames) * 640) <= 1


def test_pictures_keep_their_content_and_order(tmp_path):
    (clip,) = clips_of(write_media(tmp_path / "a.mp4"))
    brightness = [pixels(jpeg).mean() for jpeg in clip.frames]
    np.testing.assert_allclose(brightness, 40 + 160 * np.arange(50) / 49, atol=3)


@pytest.mark.parametrize(("rate", "layout"), [(44_100, "stereo"), (8_000, "mono"), (48_000, "5.1")])
def test_sound_becomes_mono_at_the_wanted_rate(tmp_path, rate, layout):
    (clip,) = clips_of(write_media(tmp_path / "a.mp4", sound_hz=rate, layout=layout), audio_rate_hz=16_000)
    spectrum = np.abs(np.fft.rfft(clip.samples[4000:20_000]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)
    assert clip.samples.dtype == np.float32 and 0.1 < np.abs(clip.samples).max() <= 1.0


def test_sound_without_picture_and_picture_without_sound(tmp_path):
    (sound,) = clips_of(write_media(tmp_path / "a.wav", size=None))
    assert not sound.frames and sound.samples.size == 32_000
    (silent,) = clips_of(write_media(tmp_path / "a.mp4", sound_hz=None))
    assert len(silent.frames) == 50 and silent.samples.size == 0
    (muted,) = clips_of(write_media(tmp_path / "b.mp4"), audio_rate_hz=None)
    assert muted.samples.size == 0


def test_long_media_are_cut_and_short_rests_dropped(tmp_path):
    path = write_media(tmp_path / "a.mp4", seconds=5.4)
    clips = clips_of(path, clip_seconds=2.0)
    assert [len(clip.frames) for clip in clips] == [50, 50, 35]
    assert [clip.start_seconds for clip in clips] == [0.0, 2.0, 4.0]
    assert [len(clip.frames) for clip in clips_of(path, clip_seconds=2.5)] == [63 - 1, 62]
    sound = clips_of(write_media(tmp_path / "a.wav", size=None, seconds=5.4), clip_seconds=2.5)
    assert [clip.samples.size for clip in sound] == [40_000, 40_000]


def test_sound_is_cut_into_clips_under_a_second(tmp_path):
    clips = clips_of(write_media(tmp_path / "a.wav", size=None, seconds=1.0), clip_seconds=0.3)
    assert [clip.samples.size for clip in clips] == [4800] * 3


def test_pieces_of_a_file(tmp_path):
    (clip,) = clips_of(write_media(tmp_path / "a.mp4", seconds=6), 2.0, 4.0)
    assert (clip.start_seconds, clip.end_seconds) == (2.0, 4.0)
    assert len(clip.frames) == 50 and clip.samples.size == 32_000
    assert pixels(clip.frames[0]).mean() == pytest.approx(40 + 160 * 50 / 149, abs=3)


def test_a_piece_past_the_end_is_refused_and_one_over_it_shortened(tmp_path):
    path = write_media(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match=r"no picture from 5 s|does not decode"):
        clips_of(path, 5.0)
    (clip,) = clips_of(path, 1.0, 9.0, clip_seconds=30)
    assert clip.end_seconds == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.85])
@pytest.mark.parametrize("options", [{}, FAST_START], ids=["index-behind", "index-in-front"])
def test_cut_off_files_are_refused(tmp_path, share, options):
    folder = tmp_path / "world"
    whole = write_world(folder, clips_per_motion={"x": 1}, seconds=3.0, size=64, workers=1)[0]
    if options:
        whole = write_media(tmp_path / "whole.mp4", seconds=3.0, size=(64, 64), options=options)
    cut = tmp_path / "cut.mp4"
    data = whole.read_bytes()
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError):
        clips_of(cut)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"just some text\n" * 50, "does not decode"), (b"\0" * 5000, "decode")]
)
def test_what_is_no_media_is_refused(tmp_path, content, reason):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        clips_of(path)


def test_sound_that_changes_on_the_way_is_read_whole(tmp_path):
    parts = [write_media(tmp_path / f"{rate}.aac", size=None, sound_hz=rate) for rate in (44_100, 22_050)]
    joined = tmp_path / "joined.aac"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    (clip,) = clips_of(joined)
    assert clip.samples.size > 3 * 16_000
    for second in (0.5, 1.5, 2.5):
        piece = clip.samples[int(second * 16_000) :][:8000]
        assert np.abs(np.fft.rfft(piece)).argmax() == pytest.approx(220, abs=3)


def test_tags_in_other_encodings_do_not_matter(tmp_path):
    path = write_media(tmp_path / "a.wav", size=None)
    tag = b"IART" + (4).to_bytes(4, "little") + b"\xe9\xe8\xea\x00"
    chunk = b"LIST" + (len(tag) + 4).to_bytes(4, "little") + b"INFO" + tag
    content = path.read_bytes() + chunk
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    (clip,) = clips_of(path)
    assert clip.samples.size == 32_000


def test_what_the_media_library_did_not_expect_is_a_reason(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("Frame does not match")

    monkeypatch.setattr("brave_tf.preparation.media.read_sound", fail)
    with pytest.raises(MediaError, match="Frame does not match"):
        clips_of(write_media(tmp_path / "a.mp4"))


@pytest.mark.parametrize(("share", "seconds"), [(0.5, r"(2\.9|3\.0)"), (0.9, r"5\.[34]")])
def test_cut_off_wav_files_are_refused(tmp_path, share, seconds):
    path = write_media(tmp_path / "a.wav", size=None, seconds=6.0)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MediaError, match=rf"is cut off: sound ends at {seconds} of 6\.0 s"):
        clips_of(path)


@pytest.mark.parametrize("size", [(16, 16), None])
def test_a_piece_may_end_after_a_file_that_declares_no_length(tmp_path, size):
    path = write_media(tmp_path / "a.mkv", size=size, seconds=1.0, options={"live": "1"})
    (clip,) = clips_of(path, end=20.0)
    assert clip.end_seconds == pytest.approx(1.0, abs=0.1)


def test_pixels_that_are_not_square_are_stretched(tmp_path):
    path = write_media(tmp_path / "a.mp4", size=(48, 64), aspect=2)
    (clip,) = clips_of(path)
    assert (clip.height, clip.width) == (48, 128)
    assert pixels(clip.frames[0]).shape == (48, 128, 3)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(MediaError, match=r"cannot be read.*No such file"):
        clips_of(tmp_path / "none.mp4")


def test_sound_alone_is_refused_when_none_is_wanted(tmp_path):
    with pytest.raises(MediaError, match="no picture"):
        clips_of(write_media(tmp_path / "a.wav", size=None), audio_rate_hz=None)


def test_real_files_play_whole(shared_data):
    for folder, most in (("av", 9), ("grid_s1_original", 4), ("intel_asl_gestures", 4)):
        files = [
            path
            for path in sorted((shared_data / folder).iterdir())
            if path.suffix in (".mp4", ".mkv", ".mpg", ".webm")
        ]
        for path in files[:most]:
            assert clips_of(path), path


class LateStream:
    """A container in which a stream appears late: what PyAV may do at its end depends on what is in memory."""

    def __init__(self, container):
        self._container = container

    def __getattr__(self, name):
        return getattr(self._container, name)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self._container.close()

    def demux(self, stream):
        yield from self._container.demux(stream)
        raise IndexError("list index out of range")


@pytest.mark.parametrize("size", [(16, 16), None])
def test_a_stream_that_appears_late_changes_nothing(tmp_path, monkeypatch, size):
    path = write_media(tmp_path / "a.mkv", seconds=1.0, size=size)
    (expected,) = read_clips(path, MediaSettings())
    for module in ("media", "sound"):
        name = f"brave_tf.preparation.{module}.open_media"
        monkeypatch.setattr(name, lambda path: LateStream(open_media(path)))
    (found,) = read_clips(path, MediaSettings())
    assert found.frames == expected.frames and np.array_equal(found.samples, expected.samples)
