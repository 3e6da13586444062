"""Standardised features, without holding all of them."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.preprocessing import StandardScaler

from brave_tf.evaluation.feature_rows import FeatureRows


def fitted_scaler(features: FeatureRows) -> StandardScaler:
    """What `StandardScaler().fit` gives for all samples [n, D], bit by bit, reading a part at a time.

    scikit-learn's own `partial_fit` rounds otherwise, and its `fit` takes several times the memory of the features.

    Args:
        features: finite numbers, at least two in a sample.

    Reference:
        Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983): the corrected two-pass algorithm.
    """
    count = int(np.prod(features.shape[:-1]))
    mean = _sum(features.chunks, lambda values: values) / count

    def deviations(values: np.ndarray) -> np.ndarray:
        deviation = values - mean
        return np.concatenate([deviation, deviation**2], axis=1)

    # The deviations themselves add up to what rounding left of the mean.
    deviation, squares = np.split(_sum(features.chunks, deviations), 2)
    variance = (squares - deviation**2 / count) / count
    scaler = StandardScaler()
    scaler.mean_, scaler.var_, scaler.scale_ = mean, variance, _scale(mean, variance, count)
    scaler.n_samples_seen_, scaler.n_features_in_ = count, features.shape[-1]
    return scaler


def _sum(chunks: Callable[[], Iterator[np.ndarray]], of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """[D] float64 sum over all samples, one after the other, as NumPy adds the rows of one array."""
    total: np.ndarray | None = None
    for chunk in chunks():
        values = of(chunk.astype(np.float64))
        rows = values if total is None else np.concatenate([total[None], values])
        total = rows.sum(axis=0)
    assert total is not None, "there are no features"
    return total


def _scale(mean: np.ndarray, variance: np.ndarray, count: int) -> np.ndarray:
    """[D] deviation; 1 where a feature is constant but for rounding."""
    epsilon = np.finfo(np.float64).eps
    is_constant = variance <= count * epsilon * variance + (count * mean * epsilon) ** 2
    return np.where(is_constant, 1.0, np.sqrt(variance))
