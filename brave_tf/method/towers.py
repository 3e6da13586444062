"""All networks of BraVe: a backbone with heads for every view."""

from typing import Any

import keras
from keras import ops

from brave_tf.config import BroadConfig, Modality, ModelConfig
from brave_tf.config.values import part_from_dict, to_dict
from brave_tf.errors import UserError
from brave_tf.models.backbones import broad_backbone, narrow_backbone
from brave_tf.models.heads import Head


@keras.saving.register_keras_serializable("brave_tf")
class Towers(keras.layers.Layer):
    """Backbones, projectors and predictors of the narrow view and of every broad modality.

    Args:
        model: what to build: a `ModelConfig`, or the dictionary that `brave_tf.config.values.to_dict` made of one.
        broad: the broad views, a `BroadConfig` or its dictionary.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Attributes:
        encoder: the narrow backbone, shared by all modalities.
        broad_encoders: the broad backbones by modality, each shared by its K views.
        narrow_heads: a projector and predictor of the narrow view for each broad modality.
        broad_heads: those of the broad views.

    Raises:
        UserError: one head is to be shared by embeddings of several sizes.

    Reference:
        The paper, section 3.1 and figure 2.
    """

    def __init__(self, model: ModelConfig | dict[str, Any], broad: BroadConfig | dict[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        model = model if isinstance(model, ModelConfig) else part_from_dict(ModelConfig, model)
        broad = broad if isinstance(broad, BroadConfig) else part_from_dict(BroadConfig, broad)
        self.model, self.broad = model, broad
        self.encoder = narrow_backbone(model)
        self.broad_encoders: dict[Modality, keras.Model] = {}
        for modality in broad.modalities:
            shared = model.share_backbone and modality == "rgb"
            self.broad_encoders[modality] = self.encoder if shared else broad_backbone(model, modality)
        if model.heads == "shared":
            head = self._shared_head()
            self.narrow_heads = dict.fromkeys(self.broad_encoders, head)
            self.broad_heads = dict.fromkeys(self.broad_encoders, head)
        else:
            self.narrow_heads = {m: self._head(self.encoder, f"narrow_{m}_head") for m in self.broad_encoders}
            self.broad_heads = {m: self._head(net, f"broad_{m}_head") for m, net in self.broad_encoders.items()}
        self.built = True

    def _head(self, backbone: keras.Model, name: str) -> Head:
        head = Head(self.model.hidden_size, self.model.projection_size, name=name)
        head.build(backbone.output_shape)
        return head

    def _shared_head(self) -> Head:
        sizes = {"narrow": self.encoder.output_shape[-1]}
        sizes |= {modality: net.output_shape[-1] for modality, net in self.broad_encoders.items()}
        if len(set(sizes.values())) > 1:
            raise UserError(f"received heads=shared with embeddings of sizes {sizes}; expected one size for all")
        return self._head(self.encoder, "shared_head")

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Z and h of every view.

        Returns:
            {"narrow": {modality: {"z", "h"}}, "broad": {modality: {"z", "h"}}}: narrow [B, P],
            broad [B, K, P].
        """
        features = self.encoder(inputs["narrow"], training=training)
        narrow, broad = {}, {}
        # A shared head updates its moving averages in this order (released code).
        for modality, head in self.narrow_heads.items():
            broad[modality] = self._broad(modality, inputs["broad"][modality], training)
            narrow[modality] = head(features, training=training)
        return {"narrow": narrow, "broad": broad}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "model": to_dict(self.model), "broad": to_dict(self.broad)}

    def _broad(self, modality: Modality, views: Any, training: bool) -> dict[str, Any]:
        # Each of the K views goes through backbone and head by itself, so batch norm never mixes views.
        views = ops.expand_dims(views, 1) if modality == "audio" else views
        outputs = []
        for k in range(views.shape[1]):
            features = self.broad_encoders[modality](views[:, k], training=training)
            outputs.append(self.broad_heads[modality](features, training=training))
        return {name: ops.stack([output[name] for output in outputs], axis=1) for name in ("z", "h")}
