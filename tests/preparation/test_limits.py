"""What files may declare: each bound with its reason, and whole files that break them."""

import av
import numpy as np
import pytest

from brave_tf.preparation import limits
from brave_tf.preparation.media import MediaError, MediaSettings, read_clips
from tests.preparation.media_files import write_media, write_wav


def clips_of(path, start=None, end=None):
    return list(read_clips(path, MediaSettings(), start, end))


def tone(dtype=np.int16, channels=1, seconds=2.0):
    wave = np.sin(2 * np.pi * 440 * np.arange(round(seconds * 16_000)) / 16_000)
    scale = 1.0 if np.dtype(dtype).kind == "f" else 20_000
    return np.repeat((scale * wave[:, None]).astype(dtype), channels, axis=1)


@pytest.mark.parametrize("rate", [1, 999, 3_072_001, 2**31 - 1])
def test_absurd_sample_rates_are_refused(tmp_path, rate):
    path = write_wav(tmp_path / "a.wav", tone(), rate)
    with pytest.raises(MediaError, match=rf"declares a sample rate of {rate:,} Hz; expected 1,000 to 3,072,000"):
        clips_of(path)


@pytest.mark.parametrize("rate", [1_000, 8_000, 384_000])
def test_rare_sample_rates_are_used(tmp_path, rate):
    samples = tone(seconds=30.0)[:rate]
    (clip,) = clips_of(write_wav(tmp_path / "a.wav", samples, rate))
    assert clip.samples.size == pytest.approx(16_000 * samples.size / rate, rel=0.01)


def test_too_many_channels_are_refused(tmp_path):
    with pytest.raises(MediaError, match=r"65 channels of sound; expected at most 64|does not decode|cannot be read"):
        clips_of(write_wav(tmp_path / "a.wav", tone(channels=65)))
    with pytest.raises(MediaError, match="65 channels of sound; expected at most 64"):
        limits.check_sound(16_000, 65)


def test_more_sound_than_a_file_can_hold_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.flac"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=1_000, layout="mono", options={"frame_size": "65535"})
        for number in range(15):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 65_535), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 1_000, 65_535 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clips_of(path)
    monkeypatch.setattr(limits, "FREE_SOUND_SECONDS", 10.0)
    monkeypatch.setattr(limits, "LEAST_SOUND_BYTES", 100)
    with pytest.raises(
        MediaError, match=r"holds over \d+ s of sound in 8,\d+ bytes; expected at least 100 bytes a second"
    ):
        clips_of(path)
    limits.check_length(10.0 + 80.0, 8_000)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sound_that_is_not_finite_is_refused_with_its_second(tmp_path, dtype, value):
    samples = tone(dtype, seconds=13.0)
    samples[round(11.5 * 16_000)] = value
    path = write_wav(tmp_path / "a.wav", samples)
    with pytest.raises(MediaError, match=r"has sound that is not a finite number at 11\.(49|50) s"):
        clips_of(path)
    (clip,) = clips_of(path, 2.0, 11.0)
    assert np.isfinite(clip.samples).all()


def test_loud_sound_is_clipped(tmp_path):
    (clip,) = clips_of(write_wav(tmp_path / "a.wav", 3 * tone(np.float32)))
    assert clip.samples.max() == 1.0 and clip.samples.min() == -1.0


@pytest.mark.parametrize(("size", "aspect"), [((16, 400), None), ((400, 16), None), ((48, 64), 16)])
def test_long_pictures_are_refused(tmp_path, size, aspect):
    path = write_media(tmp_path / "a.mkv", seconds=0.2, size=size, aspect=aspect, sound_hz=None)
    with pytest.raises(MediaError, match="a longer side of at most 8 times the shorter"):
        clips_of(path)


def test_wide_pictures_are_used(tmp_path):
    (clip,) = clips_of(write_media(tmp_path / "a.mkv", seconds=0.2, size=(16, 124), sound_hz=None))
    assert (clip.height, clip.width) == (16, 124)


@pytest.mark.parametrize("declared", [True, False])
def test_pictures_that_are_too_large_are_refused(tmp_path, monkeypatch, declared):
    path = write_media(tmp_path / "a.mp4", seconds=0.4, size=(64, 64), sound_hz=None)
    monkeypatch.setattr("brave_tf.preparation.limits.MOST_PIXELS", 64 * 63)
    monkeypatch.setattr("brave_tf.preparation.picture.MOST_PIXELS", 64 * 63)
    if not declared:
        monkeypatch.setattr("brave_tf.preparation.picture.check_picture", lambda *args: None)
    # PyAV 19 says of a decoder that refused to begin that it does not know it.
    undeclared = "does not decode|cannot be read .cannot decode unknown codec"
    reason = "pictures of 64x64 pixels; expected at most 4,032" if declared else undeclared
    with pytest.raises(MediaError, match=reason):
        clips_of(path)


@pytest.mark.parametrize(
    ("height", "width", "aspect"), [(0, 64, 1.0), (64, 64, 0.0), (64, 64, -1.0), (64, 64, 1e-4), (2**17, 2**17, 1.0)]
)
def test_absurd_sizes_are_refused(height, width, aspect):
    with pytest.raises(MediaError, match="declares pictures of"):
        limits.check_picture(height, width, aspect)


def test_the_largest_pictures_pass():
    limits.check_picture(4320, 2 * 7680, 1.0)
    limits.check_picture(64, 16, 2.0)


def test_too_many_streams_are_refused():
    limits.check_streams(256)
    with pytest.raises(MediaError, match="declares 257 streams; expected at most 256"):
        limits.check_streams(257)


def test_slide_shows_are_used_and_thousands_of_stills_are_not():
    limits.check_pace(999, 999 * 15.0)
    limits.check_pace(1_000, 2_000.0)
    with pytest.raises(MediaError, match="first 1,000 pictures in 2,001 s"):
        limits.check_pace(1_000, 2_001.0)


def test_rates_of_few_pictures_are_not_judged():
    limits.check_rate(24, 1, 0.0)
    limits.check_rate(2, 2, 0.0)
    limits.check_rate(1_001, 1, 1.0)
    with pytest.raises(MediaError, match="at most 1,000 a second"):
        limits.check_rate(1_100, 1, 1.0)
