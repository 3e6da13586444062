"""What one call of the step function does."""

import pytest
import tensorflow as tf

from brave_tf.method.brave import build_optimizer
from tests.method.test_micro_batches import batch, make

pytestmark = pytest.mark.usefixtures("one_unit")


def test_gradients_are_summed_over_replicas_once(two_replicas):
    with two_replicas.scope():
        model = make()
    build_optimizer(model)
    halves = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.nest.map_structure(tf.constant, batch(4))
    )
    step = tf.function(lambda share: two_replicas.run(model.train_step, (share,)), autograph=False)
    operations = step.get_concrete_function(halves).graph.get_operations()
    reduced = [op.inputs[0].shape.num_elements() for op in operations if op.type == "CollectiveReduceV2"]
    parameters = sum(variable.shape.num_elements() for variable in model.trainable_variables)
    # The rest is statistics of batch norm and of projections.
    assert parameters <= sum(reduced) / two_replicas.num_replicas_in_sync < 1.3 * parameters
