"""The effective rank of an encoder's features, which tells encoders of one kind apart without labels."""

import numpy as np

SMALLEST_SHARE = 1e-7


def rank_me(features: np.ndarray) -> float:
    """RankMe: the exponential of the entropy of the singular values, each as its share of their sum.

    From 1, where all features lie on one line through the origin, to min(N, D). As published, the features are not
    centred. It rises with N: compare numbers for the same clips alone, and of networks of one kind.

    Args:
        features: [N, D].

    Reference:
        Garrido, Balestriero, Najman, LeCun: RankMe (ICML 2023), equation 1.
    """
    values = np.linalg.svd(np.asarray(features, np.float64), compute_uv=False)
    shares = values / max(values.sum(), np.finfo(np.float64).tiny) + SMALLEST_SHARE
    return float(np.exp(-np.sum(shares * np.log(shares))))
