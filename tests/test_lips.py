"""The example that reads lips: what was said, where the mouth is, when the talker speaks; test_examples runs it."""

import csv
import importlib.util
from pathlib import Path

import av
import numpy as np
import pytest

from brave_tf.errors import UserError
from tests.preparation.media_files import write_media


def load_example():
    spec = importlib.util.spec_from_file_location("lips", Path(__file__).parents[1] / "examples" / "lips.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lips = load_example()
FRAMES, HZ = 40, 44_100
MOUTH = np.array([96, 90])
"""Middle of a mouth that is not moved, row and column."""
SPEECH = slice(12, 30)


def write_talker(path, seed, moved=(0, 0)):
    """Writes a head with a mouth that opens as loud as it speaks, above a hand that moves more, whenever it likes.

    The frames are of 144 x 180 pixels, the sound is stereo; the head is `moved` down and right by as many pixels.
    """
    generator = np.random.default_rng(seed)
    loud = np.zeros(FRAMES)
    loud[SPEECH] = generator.uniform(0.2, 1, SPEECH.stop - SPEECH.start)
    face = np.random.default_rng(0).integers(90, 160, (9, 9)).repeat(8, axis=0).repeat(8, axis=1)
    top, left = MOUTH + moved
    pictures = np.full((FRAMES, 144, 180), 60)
    pictures[:, top - 50 : top + 22, left - 36 : left + 36] = face
    for number, picture in enumerate(pictures):
        gape = round(6 * loud[number])
        picture[top - 2 - gape : top + 2 + gape, left - 10 : left + 10] = 20
        picture[124:140, 20:50] = generator.integers(0, 255)
    wave = np.sin(2 * np.pi * 300 * np.arange(FRAMES * HZ // 25) / HZ) * loud.repeat(HZ // 25)
    _write(path, pictures.astype(np.uint8), (wave * 20_000).astype(np.int16))
    return path


def _write(path, pictures, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg1video", rate=25, options={"qscale": "2"})
        picture.height, picture.width, picture.pix_fmt = *pictures.shape[1:], "yuv420p"
        sound = out.add_stream("mp2", rate=HZ, layout="stereo")
        for gray in pictures:
            out.mux(picture.encode(av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")))
        out.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(samples.repeat(2)[None], format="s16", layout="stereo")
        frame.sample_rate = HZ
        for resampled in av.AudioResampler("s16", "stereo", HZ, frame_size=1152).resample(frame):
            out.mux(sound.encode(resampled))
        out.mux(sound.encode(None))


MOVES = [(0, 0), (5, -7), (-6, 4), (9, 8)]
NAMES = ["bbaf2n", "lgwz9a", "prixzp", "swby1s"]


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    for number, (name, moved) in enumerate(zip(NAMES, MOVES, strict=True)):
        write_talker(folder / f"{name}.mpg", number, moved)
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("swiu2n", "set white in u two now"),
        ("bbafzs", "bin blue at f zero soon"),
        ("lgby9a", "lay green by y nine again"),
        ("prwa1p", "place red with a one please"),
    ],
)
def test_names_code_the_words(name, words):
    assert lips.spoken_words(Path(f"{name}.mpg"), {}) == words.split()


@pytest.mark.parametrize("name", ["holiday", "swiu2", "swiw2n", "swiu2nn", "xwiu2n"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="its name does not code six words of GRID"):
        lips.spoken_words(Path(f"{name}.mpg"), {})


def test_an_alignment_tells_the_words(tmp_path):
    path = tmp_path / "swiu2n.align"
    said = ["bin", "blue", "at", "f", "zero", "soon"]
    lines = ["0 15000 sil", *(f"{n}000 {n + 1}000 {word}" for n, word in enumerate(said, 15)), "21000 74500 sil"]
    path.write_text("\n".join([*lines[:3], "17000 17200 sp", *lines[3:], ""]))
    assert lips.spoken_words(Path("swiu2n.mpg"), {"swiu2n": path}) == said


def test_the_mouth_is_what_moves_with_the_sound(grid):
    surveys = [lips.survey(grid / f"{name}.mpg") for name in NAMES]
    means, together, loud = zip(*surveys, strict=True)
    middles = lips.find_mouths(np.stack(means), np.stack(together)) + lips.BOX / 2
    offsets = middles - (MOUTH + MOVES)
    # Near the mouth, and at the same place of it in every clip.
    assert np.abs(offsets).max() <= 8 and np.ptp(offsets, axis=0).max() <= 1
    start, end = lips.speech_seconds(loud)
    assert start == pytest.approx(SPEECH.start / 25 - lips.LEAD, abs=0.05)
    assert end == pytest.approx(SPEECH.stop / 25 + lips.LEAD, abs=0.09)


def picture_times(path):
    """Seconds of all pictures after the start of the sound."""
    with av.open(str(path)) as media:
        start = next(media.decode(audio=0)).time
    with av.open(str(path)) as media:
        return [frame.time - start for frame in media.decode(video=0)]


def test_crops_keep_picture_and_sound_and_what_is_no_sentence_is_named(grid, tmp_path, capsys):
    for path in grid.glob("*.mpg"):
        (tmp_path / "in" / path.name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / path.name).symlink_to(path)
    write_media(tmp_path / "in" / "holiday.mp4", seconds=0.5)
    write_media(tmp_path / "in" / "swiu2n.mp4", seconds=0.5, sound_hz=None)
    (tmp_path / "in" / "bbaf3s.mpg").write_bytes(b"no video")
    listed = lips.crop_mouths(tmp_path / "in", tmp_path / "out")
    printed = capsys.readouterr().out
    assert "4 clips to find the mouth in; 3 left out" in printed
    assert "holiday.mp4: its name does not code six words" in printed
    assert "swiu2n.mp4: it has no picture or no sound" in printed and "bbaf3s.mpg: " in printed
    rows = list(csv.DictReader(listed.read_text().splitlines()))
    assert [row["path"] for row in rows] == [f"{name}.mkv" for name in NAMES]
    assert [row["digit"] for row in rows] == ["two", "nine", "zero", "one"]
    with av.open(str(tmp_path / "out" / "bbaf2n.mkv")) as media:
        frames = [frame.to_ndarray(format="gray") for frame in media.decode(video=0)]
    assert len(frames) == FRAMES and frames[0].shape == (lips.CROP, lips.CROP)
    # The mouth is open while the talker speaks, and what is heard is what was heard.
    dark = np.array([(frame < 50).mean() for frame in frames])
    assert dark[SPEECH].mean() > 2 * dark[: SPEECH.start].mean() > 0
    crop, video = tmp_path / "out" / "bbaf2n.mkv", grid / "bbaf2n.mpg"
    np.testing.assert_allclose(lips.loudness(crop, FRAMES), lips.loudness(video, FRAMES), atol=0.02)
    np.testing.assert_allclose(picture_times(crop), picture_times(video), atol=0.002)
    # The same call again writes nothing.
    changed = listed.stat().st_mtime_ns
    assert lips.crop_mouths(tmp_path / "in", tmp_path / "out") == listed and listed.stat().st_mtime_ns == changed


def test_a_folder_without_sentences_is_one_line(tmp_path):
    write_media(tmp_path / "holiday.mp4", seconds=0.5)
    with pytest.raises(SystemExit, match="expected a folder of GRID's videos"):
        lips.crop_mouths(tmp_path, tmp_path / "out")


def test_crops_without_a_word_to_recognise_are_refused_before_training(tmp_path, monkeypatch):
    crops = tmp_path / "crops"
    write_media(crops / "a.mp4", seconds=0.5)
    (crops / "labels.csv").write_text("path,colour\na.mp4,blue\n")
    command = ["lips.py", str(crops), "--crops", "--out", str(tmp_path / "out"), "--words", "colour", "digit"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(
        UserError, match=r"labels.csv has no column digit; expected one for each word, or other --words"
    ):
        lips.main()


def test_the_interval_of_seeds_holds_every_one():
    found = lips.score([(0.5, [0.45, 0.55]), (0.6, [0.5, 0.7]), (0.2, [0.15, 0.25])])
    assert found["mean"] == pytest.approx(1.3 / 3) and found["interval"] == [0.2, 0.6]
