"""Opens media files: nothing but the one file that was named, and nothing but media."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from brave_tf.preparation.limits import MediaError, check_streams

# PyAV 19 always replaces what it cannot decode, and no longer takes the argument.
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

CONTAINERS = (
    "apng,asf,avi,dhav,dv,flv,gif,gxf,iff,ivf,kux,live_flv,lmlm4,matroska,mov,mpeg,mpegts,mpegtsraw,mpegvideo,mtv,mxf,"
    "nsv,nut,ogg,pva,r3d,rm,smjpeg,swf,ty,vivo,wtv,yuv4mpegpipe"
)
PICTURES_ALONE = (
    "apv,av1,avs2,avs3,cavsvideo,dirac,dnxhd,evc,h261,h263,h264,hevc,ingenient,m4v,mjpeg,mjpeg_2000,obu,vc1,vc1test,vvc"
)
SOUND_ALONE = (
    "aa,aac,aax,ac3,ac4,aiff,amr,amrnb,amrwb,apac,ape,aptx,aptx_hd,ast,au,avr,caf,codec2,dfpwm,dsf,dts,dtshd,eac3,epaf,"
    "flac,g722,g723_1,g729,gsm,iamf,ilbc,ircam,lc3,loas,mca,mlp,mmf,mp3,mpc,mpc8,msf,nistsphere,oma,osq,paf,qcp,qoa,"
    "rso,sbc,sds,shn,sox,spdif,tak,truehd,tta,voc,vqf,w64,wav,wavarc,wsd,wv,xwma"
)
"""Demuxers of FFmpeg that are used. Left out are lists of other files (concat, HLS, DASH, SDP, IMF), numbered pictures,
scripts (AviSynth), devices, subtitles, text, fonts of terminals, single pictures, and samples without a header."""

LIST_SIGNS = (
    b"#EXTM3U",
    b"ffconcat",
    b"<?xml",
    b"<MPD",
    b"<SmoothStreamingMedia",
    b"v=0",
    b"[playlist]",
    b"[Reference]",
)
"""How files begin that name other files."""

PACKETS_END = (StopIteration, IndexError)
"""How the packets of a stream end. Where another stream appeared after the beginning, as in broadcasts, PyAV may look
for that one in a list that is too short; the packets have all come by then."""

_ONLY_MEDIA = {
    "protocol_whitelist": "file",
    "format_whitelist": f"{CONTAINERS},{PICTURES_ALONE},{SOUND_ALONE}",
}


def open_media(path: Path) -> Any:
    """Opens a media file for reading; tags in another encoding than UTF-8 do not matter.

    Raises:
        MediaError: it is empty, no file at all, a list of other files, has a damaged header or too many streams.
        av.error.FFmpegError: it is not recognised.
        OSError: it cannot be read.
    """
    status = path.stat()
    # To open a pipe would wait for a writer, and a device has no end.
    if not stat.S_ISREG(status.st_mode):
        raise MediaError("is no regular file")
    if status.st_size == 0:
        raise MediaError("is empty")
    try:
        # Without "file:", FFmpeg takes what is before a colon for a protocol.
        container = av.open(f"file:{os.fspath(path)}", container_options=_ONLY_MEDIA, **_LENIENT)
    except av.error.FFmpegError as error:
        with open(path, "rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        if head.startswith(LIST_SIGNS):
            raise MediaError("is a list of other files, not media; give the files that it names") from None
        # That is how some demuxers say that something is wrong; the file could be read just now.
        if error.errno == errno.EPERM:
            raise MediaError("does not decode (its header is damaged)") from None
        raise
    check_streams(len(container.streams))
    return container


def go_to(container: Any, begin_seconds: float) -> None:
    """Goes to where a piece of a file can be decoded from: before its beginning, if there is a key frame.

    Args:
        container: the file.
        begin_seconds: where the piece begins, from the file's own start.

    Raises:
        MediaError: there is no such place.
    """
    origin = (container.start_time or 0) / av.time_base
    try:
        container.seek(int((origin + begin_seconds) * av.time_base), backward=True)
    except av.error.FFmpegError:
        raise MediaError(f"cannot be read from {begin_seconds:g} s on: no such place is found in it") from None


@contextlib.contextmanager
def as_media_errors() -> Iterator[None]:
    """Turns what reading a media file may raise into a `MediaError`."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise MediaError(f"does not decode ({error.strerror})") from error
    except OSError as error:
        raise MediaError(f"cannot be read ({error.strerror or error})") from error
    except (ValueError, ArithmeticError, LookupError) as error:  # what PyAV raises on media that it did not expect
        raise MediaError(f"cannot be read ({error})") from error
