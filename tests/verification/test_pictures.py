"""The verdict on a picture is that of the decoder that training uses, at full size."""

import io
import threading

import av
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from brave_tf.data.pictures import decode_pictures
from brave_tf.modalities import MODALITIES, NARROW
from brave_tf.verification.pictures import StoppedError, check_pictures
from tests.data.dmvr_files import pictures

RGB, FLOW = MODALITIES[NARROW], MODALITIES["flow"]


def check(encoded, facts=RGB):
    return check_pictures(encoded, facts, "frame", threading.Event())


def texture(height, width):
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 256, (height // 8, width // 8, 3), np.uint8))
    data = io.BytesIO()
    coarse.resize((width, height)).save(data, "JPEG", quality=85)
    return data.getvalue()


def usable_in_training(jpeg):
    try:
        decode_pictures(tf.constant([jpeg]))
    except tf.errors.OpError:
        return False
    return True


@pytest.mark.parametrize("size", [(48, 64), (256, 336)])
def test_damaged_pictures_are_those_that_training_refuses(size):
    jpeg, generator, verdicts = texture(*size), np.random.default_rng(1), []
    for number in range(60):
        data = bytearray(jpeg)
        if number % 2:
            data = data[: generator.integers(4, len(data))]
        else:
            for place in generator.integers(2, min(len(data), 700), 4):
                data[place] = generator.integers(0, 256)
        if data.startswith(b"\xff\xd8\xff"):
            usable = usable_in_training(bytes(data))
            assert (not check([bytes(data)]).reasons) == usable, number
            verdicts.append(usable)
    assert 5 < sum(verdicts) < len(verdicts) - 5


def test_a_picture_that_others_take_and_training_refuses():
    jpeg = texture(48, 64)[:-8]
    assert len(av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpeg))) == 1
    assert check([texture(48, 64), jpeg]).reasons[0].startswith("its frame 1 cannot be used (")


def test_frames_are_all_of_one_kind_and_size():
    first, other = pictures(1, size=(48, 64))[0], pictures(1, size=(48, 65))[0]
    (png,) = pictures(1, size=(48, 64), encode=tf.io.encode_png)
    assert check([first, first, png]).reasons == ("its frame 2 cannot be used (it is no JPEG, as the first one is)",)
    assert "it has 65x48 pixels, the first one 64x48" in check([first, other]).reasons[0]
    assert check([png, png]).reasons == () and check([png]).size == (48, 64)
    assert check([b"", first]).reasons[0].startswith("its frame 0 cannot be used")


def test_flow_has_two_channels():
    grey = tf.io.encode_png(np.zeros((8, 8, 1), np.uint8)).numpy()
    pair = tf.io.encode_png(np.zeros((8, 8, 2), np.uint8)).numpy()
    assert not check([pair], FLOW).reasons
    assert "it has 1 channels; expected 2" in check([grey], FLOW).reasons[0]


def test_repeated_frames_are_decoded_once(monkeypatch):
    decoded = []
    decode = tf.io.decode_jpeg

    def watched(picture, **settings):
        decoded.append(picture)
        return decode(picture, **settings)

    monkeypatch.setattr(tf.io, "decode_jpeg", watched)
    first, second = pictures(2)
    found = check([first] * 10 + [second] * 10)
    assert len(decoded) == 2 and len(found.thumbnails) == 8


def test_an_interrupt_strikes_between_two_pictures():
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        check_pictures(pictures(2), RGB, "frame", stop)
