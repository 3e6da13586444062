"""Opening files: any name, nothing but media, nothing but the one file."""

import os

import av
import numpy as np
import pytest

from brave_tf.preparation.media import MediaError, MediaSettings, read_clips
from brave_tf.preparation.media_file import CONTAINERS, PICTURES_ALONE, SOUND_ALONE, go_to
from tests.preparation.media_files import write_media

NAMES = ["12:30:00.mp4", "http:a.mp4", "concat:a.mp4", "%d.mp4", "a%03d.mp4", "a b#?c.mp4", "-i.mp4", "pipe:0.mp4"]


def clips_of(path):
    return list(read_clips(path, MediaSettings()))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_that_of_a_file(tmp_path, monkeypatch, name):
    whole = write_media(tmp_path / "whole.mp4", seconds=1.0, size=(16, 16))
    whole.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    (clip,) = clips_of(type(tmp_path)(name))
    assert len(clip.frames) == 25 and clip.samples.size


def test_a_pattern_in_the_name_of_a_gif_reads_no_other_file(tmp_path):
    write_media(tmp_path / "whole.gif", seconds=1.0, fps=25, size=(16, 16), sound_hz=None).rename(tmp_path / "a%d.gif")
    for number in range(3):
        write_media(tmp_path / f"a{number}.gif", seconds=2.0, size=(32, 32), sound_hz=None)
    (clip,) = clips_of(tmp_path / "a%d.gif")
    assert clip.height == 16


LISTS = {
    "concat": "ffconcat version 1.0\nfile whole.ts\n",
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\nwhole.ts\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="x" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet><Representation id="0" mimeType="video/mp4" bandwidth="1">'
    "<BaseURL>whole.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 50000 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("extension", [".mp4", ".m3u8", ".mpd", ".sdp"])
@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_other_files_are_refused(tmp_path, kind, extension):
    write_media(tmp_path / "whole.ts", seconds=1.0, size=(16, 16))
    write_media(tmp_path / "whole.mp4", seconds=1.0, size=(16, 16))
    path = tmp_path / f"list{extension}"
    path.write_text(LISTS[kind])
    with pytest.raises(MediaError, match="is a list of other files, not media"):
        clips_of(path)


@pytest.mark.parametrize("extension", [".mp4", ".txt", ".nfo", ".ans"])
def test_text_is_refused(tmp_path, extension):
    path = tmp_path / f"text{extension}"
    path.write_text("\x1b[31mjust some text\n" * 50)
    with pytest.raises(MediaError, match="does not decode"):
        clips_of(path)


def test_numbered_pictures_are_refused(tmp_path):
    image = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
    for name in ("1.png", "2.png", "%d.png"):
        with av.open(str(tmp_path / "one.png"), "w", format="image2") as container:
            stream = container.add_stream("png")
            stream.height = stream.width = 16
            stream.pix_fmt = "rgb24"
            container.mux(stream.encode(image))
        (tmp_path / "one.png").rename(tmp_path / name)
    with pytest.raises(MediaError, match="does not decode"):
        clips_of(tmp_path / "%d.png")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused(tmp_path, make):
    make(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match="is no regular file"):
        clips_of(tmp_path / "a.mp4")


def test_demuxers_are_media_alone():
    used = {name for names in (CONTAINERS, PICTURES_ALONE, SOUND_ALONE) for name in names.split(",")}
    assert {"mov", "matroska", "avi", "mpegts", "mpeg", "ogg", "flv", "asf", "mxf", "gif", "wav", "aiff"} <= used
    assert not used & {
        "concat",
        "hls",
        "dash",
        "sdp",
        "rtsp",
        "image2",
        "lavfi",
        "tty",
        "avisynth",
        "webm_dash_manifest",
    }
    # What an older or a smaller FFmpeg lacks is no loss; these are there in each.
    there = {name for names in av.formats_available for name in names.split(",")}
    assert {"mov", "matroska", "avi", "mpegts", "mpeg", "ogg", "wav", "mp3", "flac", "aac", "h264"} <= used & there


def test_a_damaged_header_is_not_called_a_lack_of_permission(tmp_path):
    path = write_media(tmp_path / "a.wmv", seconds=0.2, size=(16, 16))
    content = bytearray(path.read_bytes())
    # The kind of a stream, behind what stream properties begin with and their length.
    content[content.index(b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11") + 24] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"^does not decode \(its header is damaged\)$"):
        clips_of(path)


def test_a_place_that_is_not_found_is_not_called_a_lack_of_permission(tmp_path):
    path = write_media(tmp_path / "a.flac", seconds=4.0, size=None)
    content = path.read_bytes()
    # A decoder that finds no frame: nothing but the header is left.
    path.write_bytes(content[: content.index(b"\xff\xf8")] + bytes(4000))
    with pytest.raises(MediaError, match=r"^cannot be read from 2 s on: no such place is found in it$"):
        list(read_clips(path, MediaSettings(), 2.0, 3.0))
    with av.open(str(path)) as container, pytest.raises(MediaError, match="cannot be read from 2 s on"):
        go_to(container, 2.0)
