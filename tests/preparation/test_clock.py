"""Clocks that jump: nothing is made up for what is missing, times stay true, and it is said what is missing."""

import re

import numpy as np
import pytest

from brave_tf.preparation.clock import Clock, Stretch
from brave_tf.preparation.media import Course, MediaError, MediaSettings, read_clips
from tests.preparation.media_files import with_other_sound, with_other_times, write_media

MONTH = 30 * 86_400.0


def read(path, **settings):
    """The clips of a file, and what is said of it."""
    remarks = []
    clips = list(read_clips(path, MediaSettings(**settings), course=Course(remark=remarks.append)))
    return clips, remarks


def jump(at, by):
    return lambda seconds: seconds + by if seconds >= at else seconds


def loudest_hz(samples):
    return np.abs(np.fft.rfft(samples)).argmax() * 16_000 / samples.size


def test_a_picture_clock_that_jumps_begins_a_new_clip(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, sound_hz=None)
    clips, remarks = read(with_other_times(source, tmp_path / "b.mp4", picture=jump(1.58, 600.0)))
    # Of pictures that refer to later ones, a few are on the wrong side of the gap.
    assert sum(len(clip.frames) for clip in clips) == pytest.approx(100, abs=3)
    assert [clip.start_seconds for clip in clips] == [0.0, pytest.approx(601.7, abs=0.1)]
    assert clips[1].end_seconds == pytest.approx(604.0, abs=0.1)
    assert remarks == [
        "has no picture for 600.0 s from 1.7 s on",
        "has 1 of the times of its picture far from their neighbours, which are left out",
    ]


@pytest.mark.parametrize("by", [MONTH, 1000 * MONTH])
def test_a_picture_clock_may_jump_by_any_time(tmp_path, by):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16), sound_hz=None, in_order=True)
    clips, remarks = read(with_other_times(source, tmp_path / "b.mkv", picture=jump(2.0, by)))
    assert [len(clip.frames) for clip in clips] == [50, 50]
    assert clips[1].start_seconds == pytest.approx(by + 2.0) and len(remarks) == 1


def test_short_gaps_are_filled_with_the_picture_that_stays(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16), sound_hz=None, in_order=True)
    (clip,), remarks = read(with_other_times(source, tmp_path / "b.mkv", picture=jump(2.0, 12.0)), clip_seconds=60.0)
    assert len(clip.frames) == 400 and len(set(clip.frames[60:340])) == 1 and not remarks


def test_short_rests_between_gaps_are_left_out_and_counted(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16), sound_hz=None, in_order=True)
    gaps = with_other_times(source, tmp_path / "b.mkv", picture=lambda seconds: seconds + 100 * (seconds // 0.5))
    (clip,), remarks = read(gaps)
    assert clip.start_seconds == 0.0 and 12 <= len(clip.frames) <= 13
    assert "no picture for 700.3 s in 7 gaps, the first from 0.5 s on" in remarks[0]
    assert remarks[1] == "has 7 of its pieces, under 1 s between gaps, left out"


def test_pictures_that_are_all_far_apart_are_refused(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=1.0, size=(16, 16), sound_hz=None, in_order=True)
    slow = with_other_times(source, tmp_path / "b.mkv", picture=lambda seconds: 1000 * seconds)
    with pytest.raises(MediaError, match="25 pictures with 24 gaps between them; expected one every 15 s"):
        read(slow)


def test_many_pictures_that_come_too_slowly_are_refused_early(tmp_path, monkeypatch):
    for module in ("limits", "picture"):
        monkeypatch.setattr(f"brave_tf.preparation.{module}.SLOW_PICTURES", 10)
    source = write_media(tmp_path / "a.mp4", seconds=2.0, size=(16, 16), sound_hz=None, in_order=True)
    slow = with_other_times(source, tmp_path / "b.mkv", picture=lambda seconds: 100 * seconds)
    with pytest.raises(MediaError, match="shows its first 10 pictures in 32 s; expected one in 2 s at least"):
        read(slow)


def test_pictures_that_come_too_fast_are_refused(tmp_path):
    fast = write_media(tmp_path / "a.mp4", seconds=0.04, fps=5000, size=(16, 16), sound_hz=None)
    with pytest.raises(MediaError, match=r"shows 200 pictures in 0\.0[34]. s; expected at most 1,000 a second"):
        read(fast)


def test_a_last_picture_that_stays_too_long_is_kept_once(tmp_path):
    source = write_media(tmp_path / "a.gif", seconds=1.0, fps=10, size=(16, 16), sound_hz=None)
    content = bytearray(source.read_bytes())
    last = content.rindex(b"\x21\xf9\x04")
    content[last + 4 : last + 6] = (60_000).to_bytes(2, "little")
    source.write_bytes(content)
    (clip,), remarks = read(source, clip_seconds=100.0)
    assert len(clip.frames) in (23, 24) and "last picture that would stay for more than 15 s" in remarks[0]


def test_joined_recordings_are_read_whole(tmp_path):
    tones = (440, 880)
    parts = [write_media(tmp_path / f"{tone}.ts", seconds=2.0, size=(16, 16), tone_hz=tone) for tone in tones]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    clips, remarks = read(joined)
    assert [clip.start_seconds for clip in clips] == pytest.approx([0.0, 2.0], abs=0.1)
    assert all(45 <= len(clip.frames) <= 50 for clip in clips)
    for clip, tone in zip(clips, tones, strict=True):
        assert loudest_hz(clip.samples[4000:20_000]) == pytest.approx(tone, abs=5)
    assert remarks == [f"has a clock of its {what} that begins again 1 time" for what in ("picture", "sound")]


def test_one_damaged_time_changes_nothing_else(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16), in_order=True)

    def damage(length):
        return lambda seconds: seconds + 1000 if 2.0 <= seconds < 2.0 + length else seconds

    lengths = {"picture": damage(1 / 25), "sound": damage(1024 / 16_000)}
    damaged = with_other_times(source, tmp_path / "b.mkv", **lengths, in_order=False)
    (clip,), remarks = read(damaged)
    assert len(clip.frames) == 100 and clip.samples.size == 64_000 and len(remarks) == 2
    assert loudest_hz(clip.samples[40_000:56_000]) == pytest.approx(440, abs=2)


def test_a_broadcast_whose_clock_wraps_is_read_whole(tmp_path):
    # 33 bits at 90 kHz: after 26.5 hours it begins again at zero.
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16))
    wrap = 2**33 / 90_000 - 3.0
    late = with_other_times(source, tmp_path / "b.ts", picture=lambda s: s + wrap, sound=lambda s: s + wrap)
    clips, remarks = read(late)
    assert sum(len(clip.frames) for clip in clips) == 100
    assert sum(clip.samples.size for clip in clips) == 64_000
    assert clips[-1].end_seconds == pytest.approx(4.0, abs=0.1) and not any("has no" in remark for remark in remarks)


def test_sound_alone_with_a_jump_makes_no_clips_of_the_gap(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=None, sound_hz=44_100)
    clips, remarks = read(with_other_times(source, tmp_path / "b.mka", sound=jump(2.0, 40 * MONTH)))
    assert [clip.samples.size for clip in clips] == pytest.approx([32_000, 32_000], abs=2000)
    assert clips[0].start_seconds == 0.0
    assert clips[1].start_seconds == pytest.approx(40 * MONTH + 2.0, abs=0.1)
    assert all(np.abs(clip.samples).max() > 0.1 for clip in clips)
    assert remarks == ["has no sound for 103,680,000.0 s from 2.0 s on"]


def test_sound_whose_clock_jumps_is_missing_from_there_on(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16))
    (clip, *rest), remarks = read(with_other_times(source, tmp_path / "b.mkv", sound=jump(2.0, 40 * MONTH)))
    assert not rest and len(clip.frames) == 100 and clip.samples.size == 64_000
    assert np.abs(clip.samples[:30_000]).max() > 0.1 and not clip.samples[34_000:].any()
    assert len(remarks) == 1 and "no sound for" in remarks[0]


def test_pictures_go_on_while_the_sound_pauses(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=60.0, fps=1, size=(16, 16), tone_hz=440)
    sound = write_media(tmp_path / "sound.mp4", seconds=4.0, size=None, tone_hz=440)
    paused = with_other_times(sound, tmp_path / "paused.mka", sound=jump(2.0, 40.0))
    clips, remarks = read(with_other_sound(source, paused, tmp_path / "b.mkv"))
    assert [len(clip.frames) for clip in clips] == [250] * 6
    assert [clip.samples.size for clip in clips] == [160_000, 0, 0, 0, 160_000, 0]
    heard = np.abs(clips[4].samples) > 0.1
    assert heard[33_000:60_000].any() and not heard[:31_000].any() and not heard[66_000:].any()
    # How far the encoder's last frame reaches differs between its versions.
    assert len(remarks) == 1 and re.fullmatch(r"has no sound for 40.0 s from 2\.[01] s on", remarks[0])


def test_short_pauses_of_the_sound_are_silent(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=None)
    (clip,), remarks = read(with_other_times(source, tmp_path / "b.mka", sound=jump(2.0, 5.0)))
    assert clip.samples.size == pytest.approx(9 * 16_000, abs=2000) and not remarks
    assert not clip.samples[40_000:100_000].any() and np.abs(clip.samples[120_000:]).max() > 0.1


def test_times_later_than_any_recording_are_refused(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=4.0, size=(16, 16))
    for stream in ("picture", "sound"):
        late = with_other_times(source, tmp_path / f"{stream}.mkv", **{stream: jump(2.0, 1e10)})
        with pytest.raises(
            MediaError, match=rf"has a clock of its {stream} that is at 1e\+10 s; expected at most 3\.16e\+09 s"
        ):
            read(late)


def divided(*times):
    clock = Clock("picture")
    return clock, [(stretch, list(found)) for stretch, found in clock.divide((time, time) for time in times)]


def test_a_clock_divides_pictures_where_it_jumps():
    clock, found = divided(0.0, 0.5, 0.3, 16.0, 16.5, 15.6, 0.2, 0.5, 18.0)
    assert found == [
        (Stretch(0.0, 0, 0.0), [0.0, 0.5, 0.3]),
        (Stretch(16.0, 0, 16.0), [16.0, 16.5, 15.6]),
        (Stretch(0.2, 1, 16.54), [0.2, 0.5]),
        (Stretch(18.0, 1, pytest.approx(34.34)), [18.0]),
    ]
    assert clock.stretches == 4 and clock.seconds == pytest.approx(1.3)
    assert list(clock.remarks()) == [
        "has no picture for 33.0 s in 2 gaps, the first from 0.5 s on",
        "has a clock of its picture that begins again 1 time",
    ]


def test_times_far_from_their_neighbours_are_left_out():
    clock, found = divided(0.0, 0.5, 600.0, 1.0, 1.5, 3e6, 2.0, 2.5, 0.1, 3.0)
    assert found == [(Stretch(0.0, 0, 0.0), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])]
    assert list(clock.remarks()) == ["has 3 of the times of its picture far from their neighbours, which are left out"]


def test_pictures_in_the_wrong_order_at_a_gap_keep_their_times():
    clock, found = divided(0.0, 0.5, 600.5, 600.6, 0.6, 0.7, 600.7, 601.0)
    assert [stretch.elapsed_seconds for stretch, _ in found] == [0.0, 600.5, 0.6, 600.7]
    assert {stretch.lap for stretch, _ in found} == {0}
    assert list(clock.remarks()) == ["has no picture for 599.8 s from 0.7 s on"]


def test_a_clock_that_goes_back_before_its_beginning_goes_on():
    _, found = divided(100.0, 101.0, 10.0, 11.0)
    assert [(stretch.lap, stretch.elapsed_seconds) for stretch, _ in found] == [(0, 0.0), (1, pytest.approx(1.04))]


def test_a_clock_without_a_jump_says_nothing():
    clock, found = divided(0.0, 14.0, 28.0)
    assert len(found) == 1 and not list(clock.remarks()) and not list(Clock("picture").remarks())


def test_pictures_without_sound_before_it_begins_and_after_it_ends_are_told(tmp_path):
    source = write_media(tmp_path / "a.mp4", seconds=5.0, size=(16, 16), in_order=True)
    times = {"picture": lambda seconds: 8 * seconds, "sound": lambda seconds: seconds + 16.5}
    _, remarks = read(with_other_times(source, tmp_path / "b.mkv", **times))
    seconds = [float(line.split()[-2]) for line in remarks]
    assert [line.split()[5] for line in remarks] == ["first", "last"]
    assert seconds == [pytest.approx(16.5, abs=0.2), pytest.approx(39.7 - 21.5, abs=0.2)]
    _, remarks = read(with_other_times(source, tmp_path / "c.mkv", picture=lambda seconds: 3 * seconds))
    assert not remarks
