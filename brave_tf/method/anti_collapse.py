"""Objectives that keep projections apart by themselves, without predictor, stop-gradient or moving average.

Each takes the projections of the whole batch, over all replicas, as its terms are statistics of a batch.
"""

import math
from typing import Any

import tensorflow as tf
from keras import ops

from brave_tf.losses import single_precision

OBJECTIVES = ("regression", "vicreg", "lejepa")
"""What a model can minimise: the paper's regression (`brave_tf.losses`), or one of the objectives here."""

INVARIANCE_WEIGHT, VARIANCE_WEIGHT, COVARIANCE_WEIGHT = 25.0, 25.0, 1.0
VARIANCE_FLOOR = 1e-4
SKETCH_SHARE = 0.05
DIRECTIONS = 256
KNOTS, LAST_KNOT = 17, 5.0


def vicreg_losses(outputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """VICReg between the narrow view and every broad one.

    The mean over the K broad views of a modality, summed over modalities.

    Args:
        outputs: `narrow` and `broad`, each by modality, each with `z`: [B, P] and [B, K, P].

    Returns:
        The scalar loss, and its weighted terms by name: `invariance_rgb`, `variance_rgb`, `covariance_rgb` and so on.

    Reference:
        Bardes, Ponce, LeCun: VICReg, ICLR 2022, Algorithm 1. (Its authors' program takes half of the variance terms.)
    """
    terms = {}
    for modality, broad in outputs["broad"].items():
        narrow_z = single_precision(outputs["narrow"][modality]["z"])
        pairs = [vicreg(narrow_z, broad_z) for broad_z in ops.unstack(single_precision(broad["z"]), axis=1)]
        for name, values in zip(("invariance", "variance", "covariance"), zip(*pairs, strict=True), strict=True):
            terms[f"{name}_{modality}"] = sum(values) / len(pairs)
    return sum(terms.values()), terms


def vicreg(first: Any, second: Any) -> tuple[Any, Any, Any]:
    """Weighted invariance, variance and covariance terms of two views [B, P].

    Invariance is the mean squared difference. Variance is how far standard deviations over the batch, sqrt(variance +
    1e-4), stay below 1, averaged over the P elements, for both views. Covariance is the sum of the squared covariances
    of different elements, over P, for both. Variances and covariances have B - 1 in the denominator.
    """
    invariance = ops.mean(ops.square(first - second))
    variance = covariance = 0.0
    for view in (first, second):
        products = _covariance(view)
        variances = ops.diagonal(products)
        variance += ops.mean(ops.relu(1.0 - ops.sqrt(variances + VARIANCE_FLOOR)))
        covariance += (ops.sum(ops.square(products)) - ops.sum(ops.square(variances))) / view.shape[-1]
    return INVARIANCE_WEIGHT * invariance, VARIANCE_WEIGHT * variance, COVARIANCE_WEIGHT * covariance


def _covariance(view: Any) -> Any:
    """Covariance [P, P] over the batch of a view [B, P]."""
    centered = view - ops.mean(view, axis=0)
    freedom = ops.maximum(ops.cast(ops.shape(view)[0], view.dtype) - 1.0, 1.0)
    return ops.matmul(ops.transpose(centered), centered) / freedom


def lejepa_losses(outputs: dict[str, Any], step: Any) -> tuple[Any, dict[str, Any]]:
    """LeJEPA over the narrow view and the K broad ones of a modality, summed over modalities.

    All 1 + K views count as global ones: each is drawn to the mean of them all. The other term is SIGReg, averaged over
    the views.

    Args:
        outputs: `narrow` and `broad`, each by modality, each with `z`: [B, P] and [B, K, P].
        step: number of the step, which decides the random directions.

    Returns:
        The scalar loss, and its weighted terms by name: `invariance_rgb`, `sketch_rgb` and so on.

    Reference:
        Balestriero, LeCun: LeJEPA, 2025, Algorithms 1 and 2: 0.05 of SIGReg and 0.95 of the squared difference.
    """
    terms = {}
    for modality, broad in outputs["broad"].items():
        narrow_z = single_precision(outputs["narrow"][modality]["z"])
        views = ops.concatenate([narrow_z[:, None], single_precision(broad["z"])], axis=1)
        invariance = ops.mean(ops.square(views - ops.mean(views, axis=1, keepdims=True)))
        axes = ops.cast(directions(step, views.shape[-1]), views.dtype)
        sketches = [sketched_statistic(view, axes) for view in ops.unstack(views, axis=1)]
        terms[f"invariance_{modality}"] = (1.0 - SKETCH_SHARE) * invariance
        terms[f"sketch_{modality}"] = SKETCH_SHARE * sum(sketches) / len(sketches)
    return sum(terms.values()), terms


def sketched_statistic(view: Any, axes: Any) -> Any:
    """SIGReg: how far a view's distribution is from an isotropic Gaussian, seen along some directions.

    The Epps-Pulley statistic of one direction is B times the integral of |c(t) - exp(-t^2 / 2)|^2 exp(-t^2 / 2), where
    c is the mean of exp(i t x) over the batch: by the trapezoidal rule over 17 knots from -5 to 5.

    Args:
        view: [B, P].
        axes: directions of length 1, [P, directions].

    Returns:
        The statistic's mean over the directions.
    """
    spacing = 2.0 * LAST_KNOT / (KNOTS - 1)
    knots = ops.cast(ops.linspace(-LAST_KNOT, LAST_KNOT, KNOTS), view.dtype)
    weights = ops.cast([spacing / 2, *[spacing] * (KNOTS - 2), spacing / 2], view.dtype)
    gaussian = ops.exp(-0.5 * ops.square(knots))
    angles = ops.matmul(view, axes)[..., None] * knots
    real, imaginary = ops.mean(ops.cos(angles), axis=0), ops.mean(ops.sin(angles), axis=0)
    apart = ops.square(real - gaussian) + ops.square(imaginary)
    statistic = ops.sum(apart * gaussian * weights, axis=-1)
    return ops.mean(statistic) * ops.cast(ops.shape(view)[0], view.dtype)


def directions(step: Any, size: int) -> Any:
    """Random directions of length 1, [size, 256]: a pure function of the step, the same on every replica."""
    # From bits, which are the same with XLA and without; normal numbers are not.
    bits = tf.random.stateless_uniform(
        [2, size, DIRECTIONS], [0, tf.cast(step, tf.int32)], None, None, tf.uint32, alg="philox"
    )
    shares = (tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) + 0.5) / 2.0**24
    normal = tf.sqrt(-2.0 * tf.math.log(shares[0])) * tf.cos(2.0 * math.pi * shares[1])
    return normal / tf.norm(normal, axis=0)


def over_replicas(outputs: dict[str, Any]) -> dict[str, Any]:
    """The projections `z` of all replicas' shares of a batch, one behind the other; gradients find their way back."""
    kept = {side: {name: {"z": out["z"]} for name, out in views.items()} for side, views in outputs.items()}
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return kept

    def gather(share: Any) -> Any:
        # How many examples the others have is not known here, but all else is.
        return tf.ensure_shape(context.all_gather(share, axis=0), [None, *share.shape[1:]])

    # One by one: the gradient of several that are gathered at once fails where their ranks differ.
    return dict(tf.nest.map_structure(gather, kept))
