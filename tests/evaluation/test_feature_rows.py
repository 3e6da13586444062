"""Features that stay on disk: the same numbers as of arrays, a part at a time."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.preprocessing import StandardScaler

from brave_tf.errors import UserError
from brave_tf.evaluation import feature_rows
from brave_tf.evaluation.feature_files import FEATURE_FILE, FeatureFile, FeatureFolder
from brave_tf.evaluation.feature_rows import FeatureRows, JoinedFeatures, LabelRows
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.standardisation import fitted_scaler

PASSES, CLIPS, SIZE, CLASSES = 3, 40, 6, 4
GENERATOR = np.random.default_rng(0)
LABELS = np.arange(CLIPS) % CLASSES
SAMPLES = (GENERATOR.normal(size=(PASSES, CLIPS, SIZE)) + LABELS[:, None]).astype(np.float32) * 7
WINDOWS = (GENERATOR.normal(size=(CLIPS, 5, SIZE)) + LABELS[:, None, None]).astype(np.float32) * 7


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(feature_rows, "CHUNK_BYTES", 400)


def stored(folder, items):
    features = FeatureFolder(folder).open({"kind": str(items.shape)}, range(len(items)), len(items))
    features.append(items)
    return features


def samples_on_disk(folder):
    numbers = np.arange(PASSES * CLIPS).reshape(PASSES, CLIPS)
    return FeatureRows(stored(folder, SAMPLES.reshape(-1, SIZE)), numbers)


def windows_on_disk(folder):
    return FeatureRows(stored(folder, WINDOWS), np.arange(CLIPS))


def test_items_are_read_in_any_order(tmp_path):
    features = stored(tmp_path, WINDOWS)
    for numbers in ([3], [3, 4, 5, 9], [9, 3, 4, 4, 0], []):
        np.testing.assert_array_equal(features.read(np.array(numbers, int)), WINDOWS[np.array(numbers, int)])


def test_rows_are_the_array_that_they_stand_for(tmp_path):
    samples, windows = samples_on_disk(tmp_path), windows_on_disk(tmp_path)
    np.testing.assert_array_equal(samples, SAMPLES)
    np.testing.assert_array_equal(windows, WINDOWS)
    assert samples.shape == SAMPLES.shape and len(windows) == CLIPS
    for dtype in (None, np.float64):
        np.testing.assert_array_equal(windows.mean(axis=1, dtype=dtype), WINDOWS.mean(axis=1, dtype=dtype))
    np.testing.assert_array_equal(samples.samples(np.array([5, 50, 7])), SAMPLES.reshape(-1, SIZE)[[5, 50, 7]])
    np.testing.assert_array_equal(np.concatenate(list(windows.chunks())), WINDOWS.reshape(-1, SIZE))
    np.testing.assert_array_equal(FeatureRows.of(WINDOWS).part(3, 9), WINDOWS[3:9])


def test_features_in_two_files_are_one(tmp_path):
    joined = JoinedFeatures([stored(tmp_path / "a", WINDOWS[:15]), stored(tmp_path / "b", WINDOWS[15:])])
    numbers = np.array([30, 2, 14, 15, 39])
    np.testing.assert_array_equal(joined.read(numbers), WINDOWS[numbers])
    assert joined.done == CLIPS and joined.item_shape == (5, SIZE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 300, 3), (1, 70, 129)])
def test_the_scaler_is_that_of_scikit_learn_bit_by_bit(shape, dtype):
    features = (1e3 + GENERATOR.normal(size=shape) * GENERATOR.lognormal(sigma=3, size=shape[-1])).astype(dtype)
    # All but constant; constant, and not a sum of powers of two; zero.
    features[..., 0], features[..., 1] = 0.1, 0
    features[0, 0, 0] = np.nextafter(features[0, 0, 0], dtype(1))
    whole, parts = StandardScaler().fit(features.reshape(-1, shape[-1])), fitted_scaler(FeatureRows.of(features))
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)
    np.testing.assert_array_equal(parts.transform(features[0]), whole.transform(features[0]))


def decided(name, train, test, **settings):
    protocol = make_protocol(name, settings)
    return protocol.decide(train, LABELS, test, CLASSES, 0, lambda done=1, note="": None)


HEADS = {"linear-lars": {"epochs": 3, "batch_size": 8}, "mlp": {"epochs": 3, "batch_size": 8, "dropout": 0.5}}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_reads_a_batch_at_a_time_and_ends_alike(tmp_path, monkeypatch, name):
    expected = decided(name, SAMPLES, WINDOWS, **HEADS[name])
    monkeypatch.setattr("brave_tf.evaluation.gradient_descent.BATCH_WINDOWS", 10)
    counts, read = [], FeatureFile.read
    monkeypatch.setattr(FeatureFile, "read", lambda self, numbers: counts.append(len(numbers)) or read(self, numbers))
    found = decided(name, samples_on_disk(tmp_path), windows_on_disk(tmp_path), **HEADS[name])
    np.testing.assert_array_equal(found, expected)
    assert max(counts) <= 400 // (4 * SIZE) and sum(counts) > 3 * PASSES * CLIPS


def test_several_labels_are_copied_a_batch_at_a_time():
    everyone = GENERATOR.random((2 * CLIPS, CLASSES)) < 0.3
    rows = GENERATOR.permutation(2 * CLIPS)[:CLIPS]
    found = []
    for labels in (everyone[rows], LabelRows(everyone, rows)):
        protocol = make_protocol("mlp", HEADS["mlp"])
        found.append(protocol.decide(SAMPLES, labels, WINDOWS, CLASSES, 0, lambda done=1, note="": None))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(LabelRows(everyone, rows), everyone[rows])


def test_nearest_neighbours_read_a_part_at_a_time(tmp_path):
    windows = windows_on_disk(tmp_path)
    np.testing.assert_array_equal(decided("knn", windows, windows), decided("knn", WINDOWS, WINDOWS))


@pytest.mark.parametrize("name", HEADS)
def test_two_devices_train_a_head_like_one(two_replicas, name):
    one = decided(name, SAMPLES, WINDOWS, **HEADS[name])
    with two_replicas.scope():
        two = decided(name, SAMPLES, WINDOWS, **HEADS[name])
        with pytest.raises(UserError, match="received batches of 7 features for 2 replicas; expected a multiple of 2"):
            decided(name, SAMPLES, WINDOWS, batch_size=7)
    np.testing.assert_allclose(two, one, atol=1e-5)
    assert tf.distribute.get_strategy().num_replicas_in_sync == 1


def test_a_file_that_ends_early_is_one_line(tmp_path):
    features = stored(tmp_path, WINDOWS)
    (file,) = tmp_path.glob(f"*/{FEATURE_FILE}")
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(UserError, match=r"cannot be read \(it ends early\); remove it if it is damaged, and run the"):
        features.read(np.array([CLIPS - 1]))
