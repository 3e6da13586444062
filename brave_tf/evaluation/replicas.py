"""The replicas of the strategy in scope."""

import tensorflow as tf

from brave_tf.errors import UserError


def check_batch(size: int, of: str) -> None:
    """Raises UserError if a batch cannot be divided among the replicas.

    Args:
        size: of the batch.
        of: what it is a batch of, in words.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if size % replicas:
        raise UserError(
            f"received batches of {size} {of} for {replicas} replicas; expected a multiple of {replicas}, such as "
            f"--classifier.batch-size {max(size // replicas, 1) * replicas}"
        )
