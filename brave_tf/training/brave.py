"""BraVe as a Keras model."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from brave_tf import config_values, presets
from brave_tf.config import Config, Modality, VideoViewConfig
from brave_tf.data import augment
from brave_tf.errors import UserError
from brave_tf.losses import spread, view_losses
from brave_tf.models.backbones import audio_backbone, video_backbone
from brave_tf.models.heads import Head

BROAD_BACKBONES = {"rgb": video_backbone, "audio": audio_backbone}


@keras.saving.register_keras_serializable("brave_tf")
class Brave(keras.Model):
    """Narrow and broad towers that regress each other, for `compile`, `fit` and `evaluate`.

    Batches are dictionaries, as `brave_tf.data.pretraining_dataset` yields them:

    - `narrow`: [B, T, H, W, 3], uint8, or float32 in [0, 1];
    - `broad`: by modality, `rgb` [B, K, T, H, W, 3] like `narrow`, `audio` [B, S, M] log-mel;
    - `augment`: sampled augmentation parameters of the uint8 views; without it the views are used as they are.

    `call` returns {"narrow": {modality: {"z", "h"}}, "broad": {modality: {"z", "h"}}}; narrow projections and
    predictions are [B, P], broad ones [B, K, P]. Each batch of `fit` reports the loss, its terms, and the spread of the
    unit-norm projections of every view (1 is healthy, near 0 collapsed); epochs and `evaluate` report their means.

    Args:
        config: what to build: a `Config`, or the dictionary that `brave_tf.config_values.to_dict` made of one.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`.

    Attributes:
        config: the `Config`.
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
        model = self.config.model
        self.encoder = video_backbone(model.narrow, "narrow_backbone")
        self.broad_encoders = {
            modality: BROAD_BACKBONES[modality](getattr(model, modality), f"broad_{modality}_backbone")
            for modality in self.config.broad.modalities
        }
        if model.heads == "shared":
            shared = self._shared_head()
            self.narrow_heads = dict.fromkeys(self.broad_encoders, shared)
            self.broad_heads = dict.fromkeys(self.broad_encoders, shared)
        else:
            self.narrow_heads = {m: self._head(self.encoder, f"narrow_{m}_head") for m in self.broad_encoders}
            self.broad_heads = {m: self._head(net, f"broad_{m}_head") for m, net in self.broad_encoders.items()}
        self.metric_means = {name: keras.metrics.Mean(name=name) for name in _metric_names(self.config)}
        self.built = True

    @classmethod
    def from_preset(cls, name: str) -> "Brave":
        """The model of the preset called `name`, freshly initialised.

        Raises:
            UserError: there is no such preset.
        """
        return cls(presets.get(name))

    def _head(self, backbone: keras.Model, name: str) -> Head:
        head = Head(self.config.model.hidden_size, self.config.model.projection_size, name=name)
        head.build(backbone.output_shape)
        return head

    def _shared_head(self) -> Head:
        sizes = {"narrow": self.encoder.output_shape[-1]}
        sizes |= {modality: net.output_shape[-1] for modality, net in self.broad_encoders.items()}
        if len(set(sizes.values())) > 1:
            raise UserError(f"received heads=shared with embeddings of sizes {sizes}; expected one size for all")
        return self._head(self.encoder, "shared_head")

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Z and h of every view."""
        features = self.encoder(inputs["narrow"], training=training)
        narrow, broad = {}, {}
        # A shared head updates its moving averages in this order (released code).
        for modality, head in self.narrow_heads.items():
            broad[modality] = self._broad(modality, inputs["broad"][modality], training)
            narrow[modality] = head(features, training=training)
        return {"narrow": narrow, "broad": broad}

    def _broad(self, modality: Modality, views: Any, training: bool) -> dict[str, Any]:
        # Each of the K views goes through backbone and head by itself, so batch norm never mixes views.
        views = ops.expand_dims(views, 1) if modality == "audio" else views
        outputs = []
        for k in range(views.shape[1]):
            features = self.broad_encoders[modality](views[:, k], training=training)
            outputs.append(self.broad_heads[modality](features, training=training))
        return {name: ops.stack([output[name] for output in outputs], axis=1) for name in ("z", "h")}

    def augmented_views(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The views of a batch as the towers take them: augmented float32."""
        parameters = batch.get("augment", {})
        narrow = _prepare(batch["narrow"], parameters.get("narrow"), self.config.narrow)
        broad = dict(batch["broad"])
        if "rgb" in broad and self.config.broad.rgb is not None:
            broad["rgb"] = _prepare_views(broad["rgb"], parameters.get("rgb"), self.config.broad.rgb)
        return {"narrow": narrow, "broad": broad}

    def losses_and_metrics(self, outputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The loss of `call`'s outputs, and everything that `fit` and `evaluate` report."""
        loss, terms = view_losses(outputs, self.config.model.loss_scale)
        spreads = {f"spread_narrow_for_{m}": spread(out["z"]) for m, out in outputs["narrow"].items()}
        spreads |= {f"spread_{m}": spread(out["z"]) for m, out in outputs["broad"].items()}
        return loss, {"loss": loss, **terms, **spreads}

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One update; returns the batch's metrics, averaged over replicas."""
        views = self.augmented_views(batch)
        replicas = tf.distribute.get_replica_context()
        with tf.GradientTape() as tape:
            outputs = self(views, training=True)
            loss, metrics = self.losses_and_metrics(outputs)
            # Gradients are summed over replicas; each contributes its share of the global mean.
            share = self.optimizer.scale_loss(loss / replicas.num_replicas_in_sync)
        gradients = tape.gradient(share, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self._update_means(metrics)
        return {name: replicas.all_reduce(tf.distribute.ReduceOp.MEAN, value) for name, value in metrics.items()}

    def test_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Metrics of a batch in evaluation mode, as running means."""
        outputs = self(self.augmented_views(batch), training=False)
        _, metrics = self.losses_and_metrics(outputs)
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


def _prepare(frames: Any, parameters: Any, view: VideoViewConfig) -> Any:
    if parameters is not None:
        return augment.apply(frames, parameters, view.augment)
    if frames.dtype == tf.uint8:
        return tf.cast(frames, tf.float32) / 255.0
    return frames


def _prepare_views(views: Any, parameters: Any, view: VideoViewConfig) -> Any:
    merged = tf.reshape(views, (-1, *views.shape[2:]))
    if parameters is not None:
        parameters = {name: tf.reshape(value, (-1, *value.shape[2:])) for name, value in parameters.items()}
    return tf.reshape(_prepare(merged, parameters, view), (-1, *views.shape[1:]))
