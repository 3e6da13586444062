"""Random numbers as pure functions of a seed, the same eager, in a graph and under XLA."""

import zlib
from typing import Any

import tensorflow as tf

_BITS = 24
"""Random bits of a uniform float32: as many as its mantissa holds."""


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
    """Uniform float32 in [low, high)."""
    bits = tf.bitwise.right_shift(random_bits(seed, shape), tf.constant(32 - _BITS, tf.uint32))
    unit = tf.cast(tf.cast(bits, tf.int32), tf.float32) * 2.0**-_BITS
    return low + (high - low) * unit


def integer_below(seed: tf.Tensor, limit: tf.Tensor | int) -> tf.Tensor:
    """A uniform int64 in [0, limit); `limit` is at least 1 and far below 2**32."""
    bits = tf.cast(random_bits(seed, ()), tf.int64)
    return bits % tf.cast(limit, tf.int64)


def truncated_normal(seed: tf.Tensor, shape: Any) -> tf.Tensor:
    """Standard normal numbers cut at two deviations, scaled back to variance 1, float32."""
    below, above = tf.math.erfc(tf.sqrt(2.0)) / 2, 1 - tf.math.erfc(tf.sqrt(2.0)) / 2
    share = uniform(seed, shape=shape)
    cut = tf.math.ndtri(below + share * (above - below))
    return cut / _TRUNCATED_DEVIATION


_TRUNCATED_DEVIATION = 0.87962566103423978
"""Standard deviation of a standard normal variable cut at two deviations."""
