"""How projections are spread: measured by their first two moments, which can be averaged over parts of a batch."""

from typing import Any

from keras import ops

from brave_tf.losses import unit_normalise


def moments(projections: Any) -> tuple[Any, Any]:
    """Mean [P] and mean outer product [P, P] of unit-norm vectors.

    Args:
        projections: [..., P]; all axes but the last count as the batch.
    """
    vectors = ops.reshape(unit_normalise(projections), (-1, projections.shape[-1]))
    count = ops.cast(ops.shape(vectors)[0], vectors.dtype)
    return ops.mean(vectors, axis=0), ops.matmul(ops.transpose(vectors), vectors) / count


def spread_and_rank(mean: Any, outer: Any) -> tuple[Any, Any]:
    """Spread and effective rank of vectors with these moments.

    Args:
        mean: [P], what `moments` returned, or a mean of such.
        outer: [P, P], likewise.

    Returns:
        The spread: the vectors' standard deviation, averaged over their P elements, times sqrt(P): 1 when they point
        everywhere, 0 when they are all the same. The effective rank of their covariance: the square of the sum of its
        eigenvalues over the sum of their squares, from 1, all on one line, to P, no direction preferred (the
        exponential of the Renyi entropy of order 2; it needs no eigenvalues). A batch of B vectors has at most B - 1.
    """
    covariance = outer - ops.outer(mean, mean)
    variances = ops.maximum(ops.diagonal(covariance), 0.0)
    size = mean.shape[-1]
    squares = ops.sum(ops.square(covariance))
    rank = ops.square(ops.sum(variances)) / ops.maximum(squares, 1e-12)
    return ops.mean(ops.sqrt(variances)) * size**0.5, rank
