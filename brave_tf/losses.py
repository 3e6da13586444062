"""The regression between views: the paper's equations (1) to (5), as pure functions."""

from typing import Any

from keras import backend, ops

from brave_tf.errors import UserError, did_you_mean

__all__ = ["NORM_FLOOR", "SCALES", "distance", "pair_losses", "unit_normalise", "view_losses"]

NORM_FLOOR = 1e-5
SCALES = ("paper", "released")


def __dir__() -> list[str]:
    return __all__


def unit_normalise(vectors: Any) -> Any:
    """Vectors of length 1: x / max(|x|, 1e-5), along the last axis.

    At or below the floor the norm counts as a constant, so a zero vector has a finite gradient (released code). Vectors
    in half precision become float32 first.
    """
    vectors = single_precision(vectors)
    squared = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    above = squared > NORM_FLOOR**2
    norm = ops.where(above, ops.sqrt(ops.where(above, squared, ops.ones_like(squared))), NORM_FLOOR)
    return vectors / norm


def distance(prediction: Any, target: Any, stop_gradient: bool = True) -> Any:
    """Squared distance between a unit-norm prediction and a unit-norm target, 2 - 2 cos: [..., P] -> [...].

    No gradient flows into the target, unless `stop_gradient` is false.
    """
    target = unit_normalise(target)
    target = ops.stop_gradient(target) if stop_gradient else target
    return ops.sum(ops.square(unit_normalise(prediction) - target), axis=-1)


def pair_losses(
    narrow: dict[str, Any],
    broad: dict[str, Any],
    narrow_z: Any = None,
    broad_z: Any = None,
    stop_gradient: bool = True,
) -> tuple[Any, Any]:
    """Both directions between the narrow view and the K broad views of one modality, averaged over the batch.

    Args:
        narrow: `z` and `h` of the narrow view, [B, P].
        broad: `z` and `h` of the broad views, [B, K, P].
        narrow_z: what the broad views regress; by default the narrow view's own `z`.
        broad_z: what the narrow view regresses; by default the broad views' own `z`.
        stop_gradient: whether what is regressed counts as a constant.

    Returns:
        Two scalars: the narrow view predicts the mean broad projection; the broad views predict the narrow projection.

    Reference:
        The paper, equations (1) to (4), and section 3.2 for several broad views.
    """
    narrow_z = narrow["z"] if narrow_z is None else narrow_z
    mean_broad_z = ops.mean(single_precision(broad["z"] if broad_z is None else broad_z), axis=1)
    narrow_to_broad = distance(narrow["h"], mean_broad_z, stop_gradient)
    broad_to_narrow = distance(broad["h"], ops.expand_dims(narrow_z, 1), stop_gradient)
    return ops.mean(narrow_to_broad), ops.mean(broad_to_narrow)


def view_losses(
    outputs: dict[str, Any],
    scale: str = "paper",
    targets: dict[str, Any] | None = None,
    stop_gradient: bool = True,
) -> tuple[Any, dict[str, Any]]:
    """The loss of a batch and its terms.

    Args:
        outputs: what `Brave.call` returns: `narrow` and `broad`, each by modality, each with `z` and `h`.
        scale: "paper" sums the terms 2 - 2 cos (equation 5); "released" averages 1 - cos over the terms.
        targets: outputs of other networks whose `z` are regressed; by default these outputs' own.
        stop_gradient: whether what is regressed counts as a constant, as in the paper.

    Returns:
        The scalar loss, and its terms by name: `narrow_to_rgb`, `rgb_to_narrow` and so on.

    Raises:
        UserError: there is no such scale.
    """
    if scale not in SCALES:
        raise UserError(f"received scale={scale!r}; {did_you_mean(scale, SCALES)}expected one of: {', '.join(SCALES)}")
    terms = {}
    targets = outputs if targets is None else targets
    for modality, broad in outputs["broad"].items():
        narrow_z, broad_z = targets["narrow"][modality]["z"], targets["broad"][modality]["z"]
        forward, backward = pair_losses(outputs["narrow"][modality], broad, narrow_z, broad_z, stop_gradient)
        terms[f"narrow_to_{modality}"] = forward
        terms[f"{modality}_to_narrow"] = backward
    if scale == "released":
        terms = {name: 0.5 * term for name, term in terms.items()}
        return sum(terms.values()) / len(terms), terms
    return sum(terms.values()), terms


def single_precision(vectors: Any) -> Any:
    """Vectors in half precision as float32, others as they are."""
    half = backend.standardize_dtype(vectors.dtype) in ("bfloat16", "float16")
    return ops.cast(vectors, "float32") if half else vectors
