"""PyAV: its decoders, a file that is written and read, and what is said where one of them fails."""

import sys
import tempfile

import av
import pytest

from brave_tf.doctor import media


def look():
    return {check.name: check for check in media.look_at_media()}


def test_all_is_there():
    checks = look()
    assert tuple(checks) == media.NAMES
    assert {check.status for check in checks.values()} == {"ok"}
    assert av.__version__ in checks["PyAV"].found and "FFmpeg" in checks["PyAV"].found
    assert checks["video codecs"].found == "h264, hevc, av1, vp9, mpeg4, mjpeg"
    assert checks["sound codecs"].found == "aac, mp3, opus, vorbis, pcm, flac"
    assert checks["a tiny decode"].seconds > 0


def test_pyav_that_is_not_there_is_a_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (check,) = media.look_at_media()
    assert (check.name, check.status) == ("PyAV", "problem") and "does not load (ModuleNotFoundError" in check.found
    assert "pip install" in check.fix


def test_pyav_that_does_not_load_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "av").mkdir()
    (tmp_path / "av" / "__init__.py").write_text(
        "raise SystemError('libavcodec.so.62: cannot open shared object file')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "av")
    (check,) = media.look_at_media()
    assert check.status == "problem" and "SystemError: libavcodec.so.62: cannot open" in check.found


def test_a_decoder_that_is_missing_is_noted(monkeypatch):
    monkeypatch.setitem(media.VIDEO, "hevc", ["no_such_decoder"])
    check = look()["video codecs"]
    assert check.status == "note" and check.found.startswith("no decoder for hevc, so that such files are left out")
    assert check.found.endswith("there are h264, av1, vp9, mpeg4, mjpeg") and "pip install" in check.fix


def test_hardware_alone_is_no_decoder():
    # FFmpeg knows a decoder of this name that does nothing without a graphics card.
    assert av.codec.Codec("av1", "r") and "av1" not in media.VIDEO["av1"]


def spoiled(write, damage):
    def write_and_spoil(file, greys, samples):
        write(file, greys, samples)
        damage(file)

    return write_and_spoil


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda file: file.write_bytes(b""), "MediaError: is empty"),
        (lambda file: file.write_bytes(b"\0" * 5000), "MediaError: does not decode"),
        (lambda file: file.write_bytes(file.read_bytes()[:1000]), ""),
        (lambda file: file.unlink(), "No such file"),
    ],
)
def test_a_decode_that_fails_is_a_problem(monkeypatch, damage, reason):
    monkeypatch.setattr(media, "_write", spoiled(media._write, damage))
    check = look()["a tiny decode"]
    assert check.status == "problem" and check.found.startswith("failed (") and reason in check.found and check.fix


def test_pictures_and_sound_that_come_back_as_others_are_a_problem(monkeypatch):
    write = media._write
    monkeypatch.setattr(media, "_write", lambda file, greys, samples: write(file, greys[::-1], samples))
    assert "ValueError: frames of the greys [40, 80, 120, 160, 200] came back as" in look()["a tiny decode"].found
    monkeypatch.setattr(media, "_write", lambda file, greys, samples: write(file, greys, samples // 2))
    assert "ValueError: 3200 samples of a tone came back as" in look()["a tiny decode"].found


def test_no_place_for_the_file_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    check = look()["a tiny decode"]
    assert check.status == "problem" and "No such file or directory" in check.found
