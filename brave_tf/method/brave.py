"""BraVe as a Keras model."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.lars import LARS
from brave_tf.losses import SCALES, view_losses
from brave_tf.method.anti_collapse import OBJECTIVES, lejepa_losses, over_replicas, vicreg_losses
from brave_tf.method.arguments import check_choice, check_counts, check_networks, check_objective, check_share
from brave_tf.method.batches import check_augmented, views_of
from brave_tf.method.micro_batches import mean_over_parts
from brave_tf.method.moving_average import follow
from brave_tf.method.networks import synchronise_batch_norm
from brave_tf.method.statistics import moments, spread_and_rank
from brave_tf.method.step_function import RunningMean, StepFunction
from brave_tf.method.towers import HeadSharing, Towers, networks_config, networks_from_config

Augment = Callable[[dict[str, Any]], dict[str, Any]]
"""From a batch to views that the networks take: {"narrow": ..., "broad": {name: ...}}."""


@keras.saving.register_keras_serializable("brave_tf")
class Brave(keras.Model):
    """Narrow and broad networks that regress each other, for `compile`, `fit` and `evaluate`.

    A batch is {"narrow": [B, ...], "broad": {name: [B, ...] or [B, K, ...]}}; an entry with one axis more than its
    network takes holds K views of each example. Other entries are handed to `augment` and otherwise ignored, and so are
    the targets and weights of a dataset of (x, y).

    Under a strategy of several replicas, batch norm in the networks takes its statistics over all of them (paper).

    `call` takes views, that is what `augment` returns, and gives {"narrow": {name: {"z", "h"}}, "broad": {name:
    {"z", "h"}}} by broad name: narrow projections and predictions [B, P], broad ones [B, K, P]. `predict` takes
    batches. Each batch of `fit` reports the loss, its terms, and the spread of the unit-norm projections of every view
    (1 is healthy, near 0 collapsed); epochs and `evaluate` report their means.

    Args:
        narrow: the network of the narrow view, any `keras.Model` or built layer [B, ...] -> [B, D]; what users keep.
        broad: the networks of the broad views, by names of your choice. The same object in several places is one
            network with one set of weights.
        hidden_size: hidden units of projectors and predictors.
        projection_size: P, size of z and h.
        heads: "separate" gives each direction and name its own projector and predictor (paper, section 3); "shared"
            one pair to all (released code), which needs networks of one D.
        objective: "regression" is the paper's. "vicreg" (Bardes et al., 2022) and "lejepa" (Balestriero, LeCun, 2025)
            keep projections apart by themselves, by statistics of the batch over all replicas; heads have no predictor
            then, and no gradient is stopped.
        loss_scale: "paper" sums 2 - 2 cos over directions and names (equation 5); "released" averages 1 - cos over the
            terms.
        target_momentum: None regresses the networks' own projections, as the paper does. A share m in [0, 1] regresses
            those of a second set of networks, the moving average m * old + (1 - m) * new of the trained ones (BYOL; the
            paper finds it unnecessary, section 3.1). The networks are copied for it, from their `get_config`.
        predictor: whether heads have a predictor; without one, h is z. The paper's have (section 3.1).
        stop_gradient: whether the z that a view regresses counts as a constant, as in the paper. These two are there to
            be switched off in experiments: without either, all projections soon become the same.
        micro_batches: parts that a replica's share of the batch is worked through in, one after the other, for one
            update; batch norm sees one part at a time.
        augment: a callable from a batch to its views, run on the device in every step of `fit`, `evaluate` and
            `predict`; None takes batches as they are. To be saved with the model it has to be serialisable by Keras.
            If it has a true attribute `gives_floats`, `call` refuses uint8, which it cannot have seen.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`; `dtype` is the policy of the heads, the networks keep theirs.

    Attributes:
        towers: all networks that are trained.
        target_towers: their moving average, which is regressed then; None without `target_momentum`.
        encoder: the narrow network.
        broad_encoders: the broad networks by name.
        predictor_variables: the variables of the predictors, which `LARS` moves faster.

    Raises:
        UserError: an argument cannot be used; a message of one line says what was received and what was expected.

    Example:
        >>> model = Brave(video_network, {"imu": sensor_network}, hidden_size=256)
        >>> model.compile(optimizer=brave_tf.LARS(0.3))
        >>> model.fit({"narrow": videos, "broad": {"imu": signals}}, batch_size=32, epochs=10)

    Reference:
        The paper, section 3.
    """

    def __init__(
        self,
        narrow: keras.layers.Layer,
        broad: Mapping[str, keras.layers.Layer],
        *,
        hidden_size: int = 4096,
        projection_size: int = 128,
        heads: HeadSharing = "separate",
        objective: Literal["regression", "vicreg", "lejepa"] = "regression",
        loss_scale: Literal["paper", "released"] = "paper",
        target_momentum: float | None = None,
        predictor: bool = True,
        stop_gradient: bool = True,
        micro_batches: int = 1,
        augment: Augment | None = None,
        name: str = "brave",
        **kwargs: Any,
    ):
        check_networks(narrow, broad)
        check_choice("heads", heads, ("separate", "shared"))
        check_choice("objective", objective, OBJECTIVES)
        check_choice("loss_scale", loss_scale, SCALES)
        check_counts(hidden_size=hidden_size, projection_size=projection_size, micro_batches=micro_batches)
        check_share("target_momentum", target_momentum)
        if target_momentum is not None and not stop_gradient:
            raise UserError(
                f"received stop_gradient=False with target_momentum={target_momentum:g}; expected one of them: no "
                "gradient reaches a moving average"
            )
        check_objective(objective, target_momentum, loss_scale, micro_batches)
        if augment is not None and not callable(augment):
            raise UserError(f"received augment={augment!r}; expected a callable from a batch to its views, or None")
        super().__init__(name=name, autocast=False, **kwargs)
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            synchronise_batch_norm([narrow, *broad.values()])
        self.objective = objective
        self.loss_scale = loss_scale
        self.target_momentum = target_momentum
        self.stop_gradient = stop_gradient
        self.micro_batches = micro_batches
        self.augment = augment
        predictor = predictor and objective == "regression"
        self.towers = Towers(
            narrow, broad, hidden_size, projection_size, heads, predictor, name="towers", dtype=self.dtype_policy
        )
        self.target_towers: Towers | None = None
        if target_momentum is not None:
            self.target_towers = self.towers.fresh_copy("target_towers")
            self.reset_targets()
            # The weights, not the layers: a frozen batch norm would no longer use the batch's statistics.
            for weight in self.target_towers.weights:
                weight.trainable = False
        self.counted_steps: int | None = None
        self.train_function: Any = None
        self.test_function: Any = None
        self._train_means: dict[str, RunningMean] = {}
        self._test_means: dict[str, RunningMean] = {}
        self._trains_now = True
        self.built = True

    @classmethod
    def from_preset(cls, name: str) -> "Brave":
        """The model of the preset called `name`, freshly initialised; see `brave_tf.presets`.

        Raises:
            UserError: there is no such preset.
        """
        # The one place where the method knows experiments, and only when it is asked for one.
        from brave_tf.training.build import build_preset

        return build_preset(name, cls)

    def reset_targets(self) -> None:
        """Makes the moving average, if there is one, start from the towers as they are."""
        if self.target_towers is not None:
            self.target_towers.set_weights(self.towers.get_weights())

    @property
    def encoder(self) -> keras.Model:
        """The narrow network."""
        return self.towers.encoder

    @property
    def broad_encoders(self) -> dict[str, keras.Model]:
        """The broad networks by name."""
        return self.towers.broad_encoders

    @property
    def predictor_variables(self) -> list[keras.Variable]:
        """The trainable variables of the predictors."""
        return self.towers.predictor_variables

    def compile(
        self,
        optimizer: Any = None,
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        *,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Configures training.

        Args:
            optimizer: any Keras optimizer; None is `brave_tf.LARS()`, the paper's, at its constant peak learning rate
                of 4.8 for batches of 512.
            loss: must be None, as `loss_weights`, `metrics` and `weighted_metrics`.
            loss_weights: see `loss`.
            metrics: see `loss`.
            weighted_metrics: see `loss`.
            jit_compile: whether XLA compiles the step; "auto" leaves it out on CPU, where it takes long to compile.
            **kwargs: further arguments of `keras.Model.compile`.

        Raises:
            UserError: a loss or metrics are given; the loss is the method's.
        """
        refused = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics}
        given = [name for name, value in refused.items() if value is not None]
        if given:
            raise UserError(
                f"received {', '.join(given)} in compile(); expected none, as BraVe brings its loss; to change it, "
                "derive a class from Brave with its own loss_and_means"
            )
        if jit_compile == "auto" and not tf.config.list_logical_devices("GPU"):
            jit_compile = False
        super().compile(optimizer=LARS() if optimizer is None else optimizer, jit_compile=jit_compile, **kwargs)
        inner: Any = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        # The step has summed the gradients over replicas itself, because it reports their norm.
        inner._all_reduce_sum_gradients = _as_they_are
        if isinstance(inner, LARS):
            inner.mark_predictors(self.predictor_variables)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as it was when it was saved."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        build_optimizer(self)

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Z and h of every view.

        Args:
            inputs: views, as `augmented_views` returns them.
            training: whether batch norm uses the batch's statistics.

        Raises:
            UserError: a view is missing or has other axes than its network takes, or is not augmented yet.
        """
        views = views_of(inputs, self.encoder, self.broad_encoders)
        if getattr(self.augment, "gives_floats", False):
            check_augmented(views)
        outputs: dict[str, Any] = self.towers(views, training=training)
        return outputs

    def augmented_views(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The views of a batch as the networks take them.

        Raises:
            UserError: one is missing, or has other axes than its network takes.
        """
        views = batch if self.augment is None else self.augment(batch)
        return views_of(views, self.encoder, self.broad_encoders)

    def targets(self, views: dict[str, Any], training: bool) -> dict[str, Any] | None:
        """Outputs of the moving average of the networks, whose projections are regressed; None without one."""
        # Its batch norm uses the batch's statistics in training too, as in BYOL.
        return None if self.target_towers is None else self.target_towers(views, training=training)

    def loss_and_means(
        self, outputs: dict[str, Any], targets: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The loss of `call`'s outputs, and what has to be averaged over the batch to know how training goes.

        A derived class may compute another loss, and add scalars by name to what is averaged and reported.

        Args:
            outputs: what `call` returned.
            targets: what `targets` returned; None regresses the outputs' own projections.

        Returns:
            The scalar loss, and it again with its terms and the moments of every view's projections.
        """
        loss, terms = self._loss_and_terms(outputs, targets)
        views = {f"narrow_for_{modality}": out["z"] for modality, out in outputs["narrow"].items()}
        views |= {modality: out["z"] for modality, out in outputs["broad"].items()}
        return loss, {"loss": loss, **terms, "moments": {name: moments(z) for name, z in views.items()}}

    def _loss_and_terms(self, outputs: dict[str, Any], targets: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        if self.objective == "regression":
            return view_losses(outputs, self.loss_scale, targets, self.stop_gradient)
        outputs = over_replicas(outputs)
        if self.objective == "vicreg":
            return vicreg_losses(outputs)
        return lejepa_losses(outputs, 0 if self.optimizer is None else self.optimizer.iterations)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update; returns the metrics of the batch, over all replicas."""
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync
        gradients, means = mean_over_parts(self._gradients, batch, self.micro_batches, unroll=replicas > 1)
        if replicas > 1:
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            means = context.all_reduce(tf.distribute.ReduceOp.MEAN, means)
        scale = self.optimizer.scale_loss(tf.ones([], gradients[0].dtype))
        metrics = {**_metrics(means), "gradient_norm": tf.linalg.global_norm(gradients) / scale}
        if self.predictor_variables:
            metrics["predictor_norm"] = tf.linalg.global_norm([each.value for each in self.predictor_variables])
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        if self.target_towers is not None and self.target_momentum is not None:
            follow(self.target_towers, self.towers, self.target_momentum)
        return metrics

    def _gradients(self, batch: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Gradients of this replica's share of the scaled loss, and what `loss_and_means` says."""
        views = self.augmented_views(batch)
        targets = self.targets(views, training=True)
        with tf.GradientTape() as tape:
            outputs = self(views, training=True)
            loss, means = self._with_penalties(*self.loss_and_means(outputs, targets))
            share = self.optimizer.scale_loss(loss / tf.distribute.get_replica_context().num_replicas_in_sync)
        variables = [variable.value for variable in self.trainable_variables]
        # A network may have weights that its output does not depend on, and embedding tables with sparse gradients.
        gradients = tape.gradient(share, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(gradient) for gradient in gradients], means

    def _with_penalties(self, loss: Any, means: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Adds what the networks ask for themselves, by regularisers and `add_loss`."""
        penalties = [tf.cast(penalty, loss.dtype) for penalty in self.towers.losses]
        if not penalties:
            return loss, means
        regularization = tf.add_n(penalties)
        loss += regularization
        return loss, {**means, "loss": loss, "regularization": regularization}

    def test_step(self, data: Any) -> dict[str, Any]:
        """Metrics of a batch in evaluation mode, over all replicas."""
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        views = self.augmented_views(batch)
        outputs = self(views, training=False)
        _, means = self._with_penalties(*self.loss_and_means(outputs, self.targets(views, training=False)))
        context = tf.distribute.get_replica_context()
        return _metrics(context.all_reduce(tf.distribute.ReduceOp.MEAN, means))

    def predict_step(self, data: Any) -> dict[str, Any]:
        """Z and h of every view of a batch, in evaluation mode."""
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self(self.augmented_views(batch), training=False)

    def make_train_function(self, force: bool = False) -> None:
        """Makes what `fit` calls for every batch."""
        if self.train_function is None or force:
            self.train_function = StepFunction(self, self.train_step, trains=True)

    def make_test_function(self, force: bool = False) -> None:
        """Makes what `evaluate` calls for every batch."""
        if self.test_function is None or force:
            self.test_function = StepFunction(self, self.test_step, trains=False)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        # Keras would run the model on a batch to build it, which it is already, and which fails on several workers.
        build_optimizer(self)

    def update_means(self, metrics: dict[str, Any], examples: int, *, trains: bool) -> dict[str, Any]:
        """Adds the metrics of one step on so many examples to their running means; returns the means."""
        self._trains_now = trains
        means = self._train_means if trains else self._test_means
        for name, value in metrics.items():
            means.setdefault(name, RunningMean(name)).update_state(value, examples)
        return {name: means[name].result() for name in metrics}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of what goes on, training or testing."""
        return list((self._train_means if self._trains_now else self._test_means).values())

    def reset_metrics(self) -> None:
        """Begins all means anew, as epochs and `evaluate` do."""
        for mean in [*self._train_means.values(), *self._test_means.values()]:
            mean.reset_state()

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What training changes: never the moving average, whatever `trainable` is set to."""
        targets = {id(weight) for weight in self.target_towers.weights} if self.target_towers is not None else set()
        return [variable for variable in super().trainable_variables if id(variable) not in targets]

    def export(self, *args: Any, **kwargs: Any) -> None:
        """Not offered: what is exported is an encoder.

        Raises:
            UserError: always.
        """
        raise UserError(
            "received export() of a Brave; expected that of a network of it: model.encoder.export(path), or for an "
            "experiment's encoder brave_tf.export(run, path)"
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **networks_config(self.encoder, self.broad_encoders),
            "hidden_size": self.towers.hidden_size,
            "projection_size": self.towers.projection_size,
            "heads": self.towers.heads,
            "objective": self.objective,
            "loss_scale": self.loss_scale,
            "target_momentum": self.target_momentum,
            "predictor": self.towers.predictor,
            "stop_gradient": self.stop_gradient,
            "micro_batches": self.micro_batches,
            "augment": keras.saving.serialize_keras_object(self.augment),
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Brave":
        """Builds the model that `get_config` describes, with fresh weights."""
        networks = networks_from_config(config["narrow"], config["broad"])
        augment = keras.saving.deserialize_keras_object(config["augment"])
        return cls(**{**config, **networks, "augment": augment})


def build_optimizer(model: keras.Model) -> None:
    """Creates the variables of a compiled model's optimizer, if it has one that has none."""
    # Built twice, a `LossScaleOptimizer` forgets its scale.
    if model.optimizer is not None and not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)


def _as_they_are(gradients_and_variables: Any) -> Any:
    return gradients_and_variables


def _metrics(means: dict[str, Any]) -> dict[str, Any]:
    """What `fit` and `evaluate` report, from what `Brave.loss_and_means` returned."""
    metrics = {name: value for name, value in means.items() if name != "moments"}
    for view, (mean, outer) in means.get("moments", {}).items():
        metrics[f"spread_{view}"], metrics[f"effective_rank_{view}"] = spread_and_rank(mean, outer)
    return metrics
