"""Features on disk: found again, finished after an interruption, never taken for others."""

import numpy as np
import pytest

from brave_tf.errors import UserError
from brave_tf.evaluation.feature_files import FEATURE_FILE, FeatureFolder

ITEMS = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)


def opened(folder, about=None, ids=range(6)):
    return FeatureFolder(folder).open(about or {"encoder": "a"}, list(ids), 6)


def file_of(folder):
    (found,) = folder.glob(f"*/{FEATURE_FILE}")
    return found


def test_features_are_found_again(tmp_path):
    first = opened(tmp_path)
    assert first.done == 0
    first.append(ITEMS[:4])
    first.append(ITEMS[4:])
    np.testing.assert_array_equal(first.array(), ITEMS)
    again = opened(tmp_path)
    assert again.done == 6
    np.testing.assert_array_equal(again.array(), ITEMS)


@pytest.mark.parametrize("cut", [1, 24, 25, 100])
def test_a_file_that_was_cut_goes_on_behind_its_last_whole_item(tmp_path, cut):
    opened(tmp_path).append(ITEMS[:5])
    file = file_of(tmp_path)
    file.write_bytes(file.read_bytes()[:-cut])
    again = opened(tmp_path)
    whole = 5 - -(-cut // ITEMS[0].nbytes)
    assert again.done == whole
    again.append(ITEMS[whole:])
    np.testing.assert_array_equal(again.array(), ITEMS)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"something else entirely, longer than a header" * 9])
def test_a_file_without_a_header_is_written_anew(tmp_path, content):
    opened(tmp_path).append(ITEMS[:5])
    file_of(tmp_path).write_bytes(content)
    again = opened(tmp_path)
    assert again.done == 0
    again.append(ITEMS)
    np.testing.assert_array_equal(again.array(), ITEMS)


def test_other_encoders_and_clips_have_files_of_their_own(tmp_path):
    opened(tmp_path).append(ITEMS)
    assert opened(tmp_path, {"encoder": "b"}).done == 0
    assert opened(tmp_path, ids=[0, 1, 2, 3, 5, 4]).done == 0


def test_pickles_are_not_loaded(tmp_path):
    features = opened(tmp_path)
    features.append(ITEMS)
    np.save(file_of(tmp_path), np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert opened(tmp_path).done == 0
    with pytest.raises(ValueError, match="Python objects"):
        features.array()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        UserError, match=r"cannot be written \(Not a directory\); free some space or choose another --c"
    ):
        opened(tmp_path / "file")
