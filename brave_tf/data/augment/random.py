"""Random numbers as pure functions of a seed, bit for bit the same eager, in a graph and under XLA.

Compilers fuse and reorder float arithmetic, so only integers are drawn; a float is one exact product and one rounded
sum of them, or an entry of a table.
"""

import functools
import statistics
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

_BITS = 24
"""Random bits of a uniform float32: as many as its mantissa holds."""

_SCRAMBLE = [0x02461E293EC8F720]
"""Key under which TensorFlow turns a seed into the key and counter of a Philox generator."""

_QUANTILES = 2**14
"""Entries in the table of the truncated normal distribution."""


def derive_seed(seed: tf.Tensor, *path: str | int) -> tf.Tensor:
    """A seed for one purpose: [2] int64, a pure function of `seed` and the names and numbers in `path`."""
    for part in path:
        (seed,) = derive_seeds(seed, [part])
    return seed


def derive_seeds(seed: tf.Tensor, parts: Sequence[str | int]) -> list[tf.Tensor]:
    """`derive_seed` of `seed` and each of the names and numbers, with fewer operations."""
    numbers = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in parts]
    (folded,) = _draw([seed], (), tf.int64)
    return tf.unstack(tf.stack([tf.fill([len(parts)], folded), tf.constant(numbers, tf.int64)], axis=1))


def random_bits(seed: tf.Tensor, shape: Any) -> tf.Tensor:
    """Uniform uint32 numbers; the only draw that is equal eager and compiled."""
    return _draw([seed], shape, tf.uint32)[0]


def uniform(seed: tf.Tensor, low: float = 0.0, high: float = 1.0, shape: Any = ()) -> tf.Tensor:
    """Uniform float32 in [low, high]."""
    return _in_ranges(random_bits(seed, shape), np.float64(low), np.float64(high))


def uniforms(seeds: Sequence[tf.Tensor], ranges: Sequence[tuple[float, float]]) -> tf.Tensor:
    """From each seed a uniform float32 in its range [low, high]: [N]."""
    return _in_ranges(tf.stack(_draw(seeds, (), tf.uint32)), *np.transpose(ranges))


def _in_ranges(bits: tf.Tensor, lows: Any, highs: Any) -> tf.Tensor:
    unit = tf.cast(tf.bitwise.right_shift(bits, tf.constant(32 - _BITS, tf.uint32)), tf.int32)
    # 24 bits times 24 bits are exact in float64, so a fused multiply-add rounds like two steps.
    widths = (highs - lows).astype(np.float32).astype(np.float64) * 2.0**-_BITS
    return tf.cast(lows + widths * tf.cast(unit, tf.float64), tf.float32)


def _draw(seeds: Sequence[tf.Tensor], shape: Any, dtype: tf.DType) -> list[tf.Tensor]:
    """Uniform integers of the whole range of a type from each of the seeds.

    They are those of `tf.random.stateless_uniform(shape, seed, dtype=dtype, alg="philox")`, with far fewer operations:
    an input pipeline draws dozens of numbers, and tracing them took half of its start.
    """
    blocks = [_philox([4], tf.constant(_SCRAMBLE, tf.uint64), tf.cast(seed, tf.uint64), tf.uint32) for seed in seeds]
    pairs = tf.bitcast(tf.reshape(tf.stack(blocks), [len(blocks), 2, 2]), tf.uint64)
    keys, counters = tf.unstack(pairs[:, :1]), tf.unstack(pairs * tf.constant([0, 1], tf.uint64))
    return [_philox(shape, key, counter, dtype) for key, counter in zip(keys, counters, strict=True)]


def _philox(shape: Any, key: tf.Tensor, counter: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    algorithm = tf.random.Algorithm.PHILOX.value
    return tf.raw_ops.StatelessRandomUniformFullIntV2(shape=shape, key=key, counter=counter, dtype=dtype, alg=algorithm)


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
