"""BraVe as a Keras model."""

from typing import Any

import keras
import tensorflow as tf

from brave_tf import config_values, presets
from brave_tf.config import Config, Modality, VideoViewConfig
from brave_tf.data import augment
from brave_tf.losses import spread, view_losses
from brave_tf.models.towers import Towers
from brave_tf.training.moving_average import follow


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
        config: what to build: a `Config`, or the dictionary that `brave_tf.config_values.to_dict` made of one.
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
        super().__init__(name=name, **kwargs)
        self.config = config if isinstance(config, Config) else config_values.from_dict(config)
        model, broad = self.config.model, self.config.broad
        self.towers = Towers(model, broad, name="towers")
        self.target_towers = None
        if model.target_momentum is not None:
            self.target_towers = Towers(model, broad, name="target_towers")
            self.reset_targets()
            # The weights, not the layers: a frozen batch norm would no longer use the batch's statistics.
            for weight in self.target_towers.weights:
                weight.trainable = False
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

    def losses_and_metrics(
        self, outputs: dict[str, Any], targets: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The loss of `call`'s outputs, and everything that `fit` and `evaluate` report.

        Args:
            outputs: what `call` returned.
            targets: what `targets` returned; None regresses the outputs' own projections.
        """
        loss, terms = view_losses(outputs, self.config.model.loss_scale, targets)
        spreads = {f"spread_narrow_for_{m}": spread(out["z"]) for m, out in outputs["narrow"].items()}
        spreads |= {f"spread_{m}": spread(out["z"]) for m, out in outputs["broad"].items()}
        return loss, {"loss": loss, **terms, **spreads}

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One update; returns the batch's metrics, averaged over replicas."""
        views = self.augmented_views(batch)
        replicas = tf.distribute.get_replica_context()
        targets = self.targets(views, training=True)
        with tf.GradientTape() as tape:
            outputs = self(views, training=True)
            loss, metrics = self.losses_and_metrics(outputs, targets)
            # Gradients are summed over replicas; each contributes its share of the global mean.
            share = self.optimizer.scale_loss(loss / replicas.num_replicas_in_sync)
        gradients = tape.gradient(share, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        if self.target_towers is not None and self.config.model.target_momentum is not None:
            follow(self.target_towers, self.towers, self.config.model.target_momentum)
        self._update_means(metrics)
        return {name: replicas.all_reduce(tf.distribute.ReduceOp.MEAN, value) for name, value in metrics.items()}

    def test_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Metrics of a batch in evaluation mode, as running means."""
        views = self.augmented_views(batch)
        outputs = self(views, training=False)
        _, metrics = self.losses_and_metrics(outputs, self.targets(views, training=False))
        self._update_means(metrics)
        return {name: self.metric_means[name].result() for name in metrics}

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


def _metric_names(config: Config) -> list[str]:
    names = ["loss"]
    for modality in config.broad.modalities:
        names += [
            f"narrow_to_{modality}",
            f"{modality}_to_narrow",
            f"spread_narrow_for_{modality}",
            f"spread_{modality}",
        ]
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
