"""BraVe as a Keras model."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import Config, Modality, VideoViewConfig
from brave_tf.config import values as config_values
from brave_tf.data import augment
from brave_tf.losses import view_losses
from brave_tf.method.micro_batches import mean_over_parts
from brave_tf.method.moving_average import follow
from brave_tf.method.statistics import moments, spread_and_rank
from brave_tf.method.step_function import StepFunction
from brave_tf.method.towers import Towers

POLICIES = {"float32": None, "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
"""Keras' names of what `Config.precision` means; float32 leaves the policy that is set."""


@keras.saving.register_keras_serializable("brave_tf")
class Brave(keras.Model):
    """Narrow and broad towers that regress each other, for `compile`, `fit` and `evaluate`.

    Batches are dictionaries, as `brave_tf.data.pretraining_dataset` yields them:

    - `narrow`: [B, T, H, W, 3], uint8, or float32 in [0, 1];
    - `broad`: by modality, `rgb` [B, K, T, H, W, 3] like `narrow`, `flow` [B, K, T, H, W, 2], uint8 as it is stored, or
      float32 in [-1, 1], `audio` [B, S, M] log-mel;
    - `augment`: sampled augmentation parameters of the visual views, then uint8 or float32 in 0 to 255; without it the
      views are used as they are.

    `call` returns {"narrow": {modality: {"z", "h"}}, "broad": {modality: {"z", "h"}}}; narrow projections and
    predictions are [B, P], broad ones [B, K, P]. Each batch of `fit` reports the loss, its terms, and the spread of the
    unit-norm projections of every view (1 is healthy, near 0 collapsed); epochs and `evaluate` report their means.

    Args:
        config: what to build: a `Config`, or the dictionary that `brave_tf.config.values.to_dict` made of one.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`.

    Attributes:
        config: the `Config`.
        towers: all networks that are trained.
        target_towers: their moving average, which is regressed then; None without `config.model.target_momentum`.
        encoder: the narrow backbone, [B, T, H, W, 3] in [0, 1] -> [B, D]; what users keep.
        broad_encoders: the broad backbones by modality.

    Example:
        >>> model = Brave.from_preset("tiny-va")
        >>> model.compile(optimizer="adam")
        >>> model.fit(brave_tf.data.pretraining_dataset("dataset", model.config), steps_per_epoch=600, shuffle=False)

    Reference:
        The paper, section 3.
    """

    def __init__(self, config: Config | dict[str, Any], name: str = "brave", **kwargs: Any):
        config = config if isinstance(config, Config) else config_values.from_dict(config)
        with _policy(POLICIES[config.precision]):
            super().__init__(name=name, **kwargs)
            self.config = config
            model, broad = config.model, config.broad
            self.towers = Towers(model, broad, name="towers")
            self.target_towers = None
            if model.target_momentum is not None:
                self.target_towers = Towers(model, broad, name="target_towers")
                self.reset_targets()
                # The weights, not the layers: a frozen batch norm would no longer use the batch's statistics.
                for weight in self.target_towers.weights:
                    weight.trainable = False
        self.counted_steps: int | None = None
        self.train_function: Any = None
        self.test_function: Any = None
        self.metric_means = {name: keras.metrics.Mean(name=name) for name in _metric_names(self.config)}
        self.built = True

    @classmethod
    def from_preset(cls, name: str) -> "Brave":
        """The model of the preset called `name`, freshly initialised.

        Raises:
            UserError: there is no such preset.
        """
        return cls(presets.get(name))

    def reset_targets(self) -> None:
        """Makes the moving average, if there is one, start from the towers as they are."""
        if self.target_towers is not None:
            self.target_towers.set_weights(self.towers.get_weights())

    @property
    def encoder(self) -> keras.Model:
        """The narrow backbone."""
        return self.towers.encoder

    @property
    def broad_encoders(self) -> dict[Modality, keras.Model]:
        """The broad backbones by modality."""
        return self.towers.broad_encoders

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Z and h of every view."""
        outputs: dict[str, Any] = self.towers(inputs, training=training)
        return outputs

    def augmented_views(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The views of a batch as the towers take them: augmented float32."""
        parameters = batch.get("augment", {})
        narrow = _prepare(batch["narrow"], parameters.get("narrow"), self.config.narrow)
        broad = dict(batch["broad"])
        for modality, view in self.config.broad.visual.items():
            broad[modality] = _prepare_views(broad[modality], parameters.get(modality), view, modality)
        return {"narrow": narrow, "broad": broad}

    def targets(self, views: dict[str, Any], training: bool) -> dict[str, Any] | None:
        """Outputs of the moving average of the networks, whose projections are regressed; None without one."""
        # Its batch norm uses the batch's statistics in training too, as in BYOL.
        return None if self.target_towers is None else self.target_towers(views, training=training)

    def loss_and_means(
        self, outputs: dict[str, Any], targets: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The loss of `call`'s outputs, and what has to be averaged over the batch to know how training goes.

        Args:
            outputs: what `call` returned.
            targets: what `targets` returned; None regresses the outputs' own projections.

        Returns:
            The scalar loss, and it again with its terms and the moments of every view's projections.
        """
        loss, terms = view_losses(outputs, self.config.model.loss_scale, targets)
        views = {f"narrow_for_{modality}": out["z"] for modality, out in outputs["narrow"].items()}
        views |= {modality: out["z"] for modality, out in outputs["broad"].items()}
        return loss, {"loss": loss, **terms, "moments": {name: moments(z) for name, z in views.items()}}

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One update; returns the metrics of the batch, over all replicas."""
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync
        gradients, means = mean_over_parts(self._gradients, batch, self.config.micro_batches, unroll=replicas > 1)
        if replicas > 1:
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            means = context.all_reduce(tf.distribute.ReduceOp.MEAN, means)
        scale = self.optimizer.scale_loss(tf.ones([], gradients[0].dtype))
        predictors = [variable.value for variable in self.trainable_variables if "predictor" in variable.path]
        metrics = {
            **_metrics(means),
            "gradient_norm": tf.linalg.global_norm(gradients) / scale,
            "predictor_norm": tf.linalg.global_norm(predictors),
        }
        # The optimizer sums over replicas once more.
        shares = [gradient / replicas for gradient in gradients]
        self.optimizer.apply_gradients(zip(shares, self.trainable_variables, strict=True))
        if self.target_towers is not None and self.config.model.target_momentum is not None:
            follow(self.target_towers, self.towers, self.config.model.target_momentum)
        self._update_means(metrics)
        return metrics

    def _gradients(self, batch: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Gradients of this replica's share of the scaled loss, and what `loss_and_means` says."""
        views = self.augmented_views(batch)
        targets = self.targets(views, training=True)
        with tf.GradientTape() as tape:
            outputs = self(views, training=True)
            loss, means = self.loss_and_means(outputs, targets)
            share = self.optimizer.scale_loss(loss / tf.distribute.get_replica_context().num_replicas_in_sync)
        return tape.gradient(share, [variable.value for variable in self.trainable_variables]), means

    def test_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Metrics of a batch in evaluation mode, as running means."""
        views = self.augmented_views(batch)
        outputs = self(views, training=False)
        _, means = self.loss_and_means(outputs, self.targets(views, training=False))
        context = tf.distribute.get_replica_context()
        metrics = _metrics(context.all_reduce(tf.distribute.ReduceOp.MEAN, means))
        self._update_means(metrics)
        return {name: self.metric_means[name].result() for name in metrics}

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

    def _update_means(self, metrics: dict[str, Any]) -> None:
        for name, value in metrics.items():
            self.metric_means[name].update_state(value)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means that `evaluate` resets."""
        return list(self.metric_means.values())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"config": config_values.to_dict(self.config), "name": self.name}


def build_optimizer(model: keras.Model) -> None:
    """Creates the variables of a compiled model's optimizer, if it has one that has none."""
    # Built twice, a `LossScaleOptimizer` forgets its scale.
    if model.optimizer is not None and not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)


@contextlib.contextmanager
def _policy(name: str | None) -> Iterator[None]:
    before = keras.config.dtype_policy()
    if name is not None:
        keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _metrics(means: dict[str, Any]) -> dict[str, Any]:
    """What `fit` and `evaluate` report, from what `Brave.loss_and_means` returned."""
    metrics = {name: value for name, value in means.items() if name != "moments"}
    for view, (mean, outer) in means["moments"].items():
        metrics[f"spread_{view}"], metrics[f"effective_rank_{view}"] = spread_and_rank(mean, outer)
    return metrics


def _metric_names(config: Config) -> list[str]:
    names = ["loss", "gradient_norm", "predictor_norm"]
    for modality in config.broad.modalities:
        names += [f"narrow_to_{modality}", f"{modality}_to_narrow"]
        for statistic in ("spread", "effective_rank"):
            names += [f"{statistic}_narrow_for_{modality}", f"{statistic}_{modality}"]
    return names


def _prepare(frames: Any, parameters: Any, view: VideoViewConfig, modality: Modality = "rgb") -> Any:
    if parameters is not None:
        return augment.apply_to(modality, frames, parameters, view.augment)
    if frames.dtype == tf.uint8:
        return augment.to_unit(frames, modality)
    return frames


def _prepare_views(views: Any, parameters: Any, view: VideoViewConfig, modality: Modality) -> Any:
    merged = tf.reshape(views, (-1, *views.shape[2:]))
    if parameters is not None:
        parameters = {name: tf.reshape(value, (-1, *value.shape[2:])) for name, value in parameters.items()}
    return tf.reshape(_prepare(merged, parameters, view, modality), (-1, *views.shape[1:]))
