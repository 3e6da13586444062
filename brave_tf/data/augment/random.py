"""Random numbers as pure functions of a seed, bit for bit the same eager, in a graph and under XLA.

Compilers fuse and reorder float arithmetic, so only integers are drawn; a float is one exact product and one rounded
sum of them, or an entry of a table.
"""

import functools
import statistics
import zlib
from typing import Any

import numpy as np
import tensorflow as tf

_BITS = 24
"""Random bits of a uniform float32: as many as its mantissa holds."""

_QUANTILES = 2**14
"""Entries in the table of the truncated normal distribution."""


def derive_seed(seed: tf.Tensor, *path: str | int) -> tf.Tensor:
    """A seed for one purpose: [2] int64, a pure function of `seed` and the names and numbers in `path`."""
    for part in path:
        number = zlib.crc32(part.encode()) if isinstance(part, str) else part
        seed = tf.random.experimental.stateless_fold_in(seed, tf.cast(number, seed.dtype), alg="philox")
    return seed


def random_bits(seed: tf.Tensor, shape: Any) -> tf.Tensor:
    """Uniform uint32 numbers; the only draw that is equal eager and compiled."""
    return tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")


def uniform(seed: tf.Tensor, low: float = 0.0, high: float = 1.0, shape: Any = ()) -> tf.Tensor:
    """Uniform float32 in [low, high]."""
    bits = tf.bitwise.right_shift(random_bits(seed, shape), tf.constant(32 - _BITS, tf.uint32))
    unit = tf.cast(tf.cast(bits, tf.int32), tf.float64) * 2.0**-_BITS
    # 24 bits times 24 bits are exact in float64, so a fused multiply-add rounds like two steps.
    width = float(np.float32(high - low))
    return tf.cast(tf.constant(low, tf.float64) + width * unit, tf.float32)


def integer_below(seed: tf.Tensor, limit: tf.Tensor | int) -> tf.Tensor:
    """A uniform int64 in [0, limit); `limit` is at least 1 and far below 2**32."""
    bits = tf.cast(random_bits(seed, ()), tf.int64)
    return bits % tf.cast(limit, tf.int64)


def truncated_normal(seed: tf.Tensor, shape: Any) -> tf.Tensor:
    """Standard normal numbers cut at two deviations, scaled back to variance 1, float32."""
    entries = tf.cast(random_bits(seed, shape) % tf.constant(_QUANTILES, tf.uint32), tf.int32)
    return tf.gather(tf.constant(_truncated_normal_quantiles()), entries)


@functools.cache
def _truncated_normal_quantiles() -> np.ndarray:
    normal = statistics.NormalDist()
    shares = np.linspace(normal.cdf(-2.0), normal.cdf(2.0), 2 * _QUANTILES + 1)[1::2]
    quantiles = np.array([normal.inv_cdf(share) for share in shares])
    return (quantiles / quantiles.std()).astype(np.float32)
