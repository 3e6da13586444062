"""Copies are found, exact ones and others, in time that grows with the number of clips alone."""

import shutil

import numpy as np
import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.verification import duplicates
from brave_tf.verification.fingerprint import BITS, fingerprint, sampled
from tests.verification.films import write_film

TRAINED, TESTED = "train", "test"


def prepare_films(tmp_path, films, **settings):
    """Prepares films: for each name its split, and a file or the arguments of `write_film`."""
    lines = ["path,split"]
    for name, (split, film) in films.items():
        path = tmp_path / "films" / f"{name}.mp4"
        if isinstance(film, dict):
            write_film(path, **film)
        else:
            shutil.copyfile(tmp_path / "films" / f"{film}.mp4", path)
        lines.append(f"{path.name},{split}")
    (tmp_path / "films" / "list.csv").write_text("\n".join(lines) + "\n")
    settings = {"workers": 1, "shorter_side": 96, **settings}
    return prepare(tmp_path / "films" / "list.csv", tmp_path / "out", **settings).path


def sources(copied):
    return {clip.source.removesuffix(".mp4") for clip in copied.clips}


def film(seed, **settings):
    return {"seed": seed, "size": (96, 128), **settings}


def test_copies_in_several_splits_are_leaks(tmp_path, capsys):
    films = {f"other{seed}": ((TRAINED, TESTED)[seed % 2], film(seed)) for seed in range(10, 16)}
    films |= {"a": (TRAINED, film(1)), "a-again": (TESTED, "a"), "a-too": (TRAINED, "a")}
    films |= {"b": (TRAINED, film(2)), "b-coarse": (TESTED, film(2, crf=38))}
    films |= {"c": (TRAINED, film(3)), "c-small": (TESTED, {"seed": 3, "size": (48, 64)})}
    films |= {"d": (TRAINED, film(4)), "d-soft": (TESTED, film(4, loudness=0.05))}
    films |= {"e": (TRAINED, film(5)), "e-again": (TRAINED, "e")}
    films |= {"f": (TRAINED, film(6)), "f-again": (TESTED, "f"), "f-coarse": (TRAINED, film(6, crf=38))}
    path = prepare_films(tmp_path, films)
    report = brave_tf.verify(path)
    exact = [sources(copied) for copied in report.leaks if copied.is_exact]
    alike = [sources(copied) for copied in report.leaks if not copied.is_exact]
    assert sorted(map(sorted, exact)) == [["a", "a-again", "a-too"], ["f", "f-again"]]
    groups = [["b", "b-coarse"], ["c", "c-small"], ["d", "d-soft"], ["f-again", "f-coarse"]]
    assert sorted(map(sorted, alike)) == groups
    assert [sources(copied) for copied in report.duplicates] == [{"e", "e-again"}]
    assert not report.is_sound and not report.damaged
    assert main(["verify", str(path), "--repair", str(tmp_path / "repaired")]) == 1
    out, err = capsys.readouterr()
    assert f"{tmp_path / 'repaired'} is not written: no clip is damaged" in out and "  alike: b" in out
    assert "give all copies of a clip one split" in err and not (tmp_path / "repaired").exists()


def test_copies_of_real_media_are_found(tmp_path, shared_data):
    originals = sorted((shared_data / "grid_s1_original").glob("*.mpg"))[:3]
    again = [shared_data / "grid_s1_small" / f"{original.stem}.mp4" for original in originals]
    others = [each for each in sorted((shared_data / "grid_s1_small").glob("*.mp4")) if each not in again][:5]
    lines = [*(f"{path},{TRAINED}" for path in originals), *(f"{path},{TESTED}" for path in [*again, *others])]
    (tmp_path / "list.csv").write_text("\n".join(["path,split", *lines]) + "\n")
    report = brave_tf.verify(prepare(tmp_path / "list.csv", tmp_path / "out", workers=1, shorter_side=96).path)
    found = [{clip.source for clip in copied.clips} for copied in report.leaks]
    expected = [{str(one), str(other)} for one, other in zip(originals, again, strict=True)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


def test_copies_in_one_split_are_no_error(tmp_path, capsys):
    films = {"a": (TRAINED, film(1)), "a-again": (TRAINED, "a"), "b": (TESTED, film(2))}
    path = prepare_films(tmp_path, films)
    assert main(["verify", str(path)]) == 0
    assert "exact copies in the same split, which is no error: 1" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["pictures", "sound"])
def test_clips_of_one_kind_are_compared_by_it(tmp_path, part):
    films = {"a": (TRAINED, film(1)), "a-coarse": (TESTED, film(1, crf=36)), "b": (TESTED, film(2))}
    path = prepare_films(tmp_path, films, audio_rate=0) if part == "pictures" else prepare_sounds(tmp_path)
    (leak,) = brave_tf.verify(path).leaks
    assert sources(leak) == {"a", "a-coarse"}


def prepare_sounds(tmp_path):
    import av

    lines = ["path,split"]
    for name, split, seed, loudness in (("a", TRAINED, 1, 0.3), ("a-coarse", TESTED, 1, 0.1), ("b", TESTED, 2, 0.3)):
        source = write_film(tmp_path / "films" / f"{name}.mp4", seed, loudness=loudness)
        target = tmp_path / "sounds" / f"{name}.mp4"
        target.parent.mkdir(exist_ok=True)
        with av.open(str(source)) as film, av.open(str(target), "w") as sound:
            stream = sound.add_stream_from_template(film.streams.audio[0])
            for packet in film.demux(film.streams.audio[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    sound.mux(packet)
        lines.append(f"{target.name},{split}")
    (tmp_path / "sounds" / "list.csv").write_text("\n".join(lines) + "\n")
    return prepare(tmp_path / "sounds" / "list.csv", tmp_path / "out", workers=1).path


def test_what_shows_and_says_nothing_is_no_copy():
    black = [np.zeros((32, 48, 3), np.uint8)] * 8
    mark = fingerprint(black, np.zeros(16_000, np.float32), 16_000)
    assert not (mark.has_appearance or mark.has_motion or mark.has_sound) and not mark.bits.any()
    tiny = [np.random.default_rng(0).integers(0, 256, (5, 5, 3), np.uint8)] * 8
    assert not fingerprint(tiny, np.ones(10, np.float32), 16_000).has_appearance


def test_frames_are_sampled_over_the_whole_clip():
    assert sampled(0) == [] and sampled(1) == [0] * 8 and sampled(250) == [15, 46, 78, 109, 140, 171, 203, 234]


def random_bits(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, BITS // 8), np.uint8)


def nearly(bits, seed, share=0.03):
    noise = np.random.default_rng(seed).random((len(bits), BITS)) < share
    return bits ^ np.packbits(noise, axis=1)


def test_pairs_are_found_among_many(monkeypatch):
    bits = random_bits(20_000, 0)
    # Before one background: what pictures look like tells none from another.
    bits[:, :8] = bits[0, :8]
    bits[10_000:10_100] = nearly(bits[:100], 1)
    compared = []
    are_alike = duplicates._are_alike

    def watched(one, *others):
        compared.append(len(one))
        return are_alike(one, *others)

    monkeypatch.setattr(duplicates, "_are_alike", watched)
    has, split = np.ones((20_000, 3), bool), np.arange(20_000) // 10_000
    kind = np.arange(20_000) % 10_000 % 3
    has[kind == 0, 2] = has[kind == 1, 0] = False
    first, second = duplicates.pairs_alike(bits, has, split)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) <= {(n, 10_000 + n) for n in range(100)}
    assert len(first) >= 95
    assert sum(compared) <= 2 * duplicates.ORDERS * duplicates.NEIGHBOURS * 20_000


def pairs(bits, has, split=(0, 1)):
    return len(duplicates.pairs_alike(bits, np.array(has), np.array(split))[0])


def test_what_is_compared_is_what_both_have():
    bits = random_bits(1, 0).repeat(2, axis=0)
    whole, silent = [True, True, True], [True, True, False]
    assert pairs(bits, [whole, whole]) == pairs(bits, [whole, silent]) == 1
    assert pairs(bits, [whole, whole], split=(0, 0)) == 0
    other_sound = bits.copy()
    other_sound[1, 64:] ^= 255
    assert pairs(other_sound, [whole, whole]) == 0 and pairs(other_sound, [whole, silent]) == 1
    # One of two that look the same moves.
    still = bits.copy()
    still[1, 8:64] = 0
    assert pairs(still, [silent, [True, False, False]]) == 0
    # The same music over something else.
    other_film = bits.copy()
    other_film[1, :8] ^= 255
    assert pairs(other_film, [whole, whole]) == 0
    assert pairs(other_film, [[False, False, True], whole]) == 1
    assert pairs(bits, [[False] * 3, whole]) == 0


def test_groups_are_joined():
    groups = duplicates.groups_of(np.array([1, 5, 2]), np.array([2, 6, 9]))
    assert [group.tolist() for group in groups] == [[1, 2, 9], [5, 6]]
    digests = np.array([[1] * 16, [2] * 16, [1] * 16, [1] * 16], np.uint8)
    (group,) = duplicates.equal_groups(digests, np.array([True, True, True, False]))
    assert group.tolist() == [0, 2]
