"""All networks of BraVe: a backbone with heads for every view."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from brave_tf.errors import UserError
from brave_tf.method.networks import embedding_size, fresh_copies, input_shape
from brave_tf.models.heads import Head

HeadSharing = Literal["separate", "shared"]


@keras.saving.register_keras_serializable("brave_tf")
class Towers(keras.layers.Layer):
    """Backbones, projectors and predictors of the narrow view and of every broad modality.

    Args:
        narrow: the backbone of the narrow view, [B, ...] -> [B, D].
        broad: the backbones of the broad views by modality, each shared by its K views. The same object in several
            places is one network with one set of weights.
        hidden_size: hidden units of projectors and predictors.
        projection_size: P, size of their outputs.
        heads: "separate" gives each direction and modality its own projector and predictor (paper, section 3);
            "shared" one pair to all (released code), which needs backbones of one embedding size.
        predictor: whether heads have one; without, h is z.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Attributes:
        encoder: the narrow backbone, shared by all modalities.
        broad_encoders: the broad backbones by modality.
        narrow_heads: a projector and predictor of the narrow view for each broad modality.
        broad_heads: those of the broad views.

    Raises:
        UserError: one head is to be shared by embeddings of several sizes.

    Reference:
        The paper, section 3.1 and figure 2.
    """

    def __init__(
        self,
        narrow: keras.layers.Layer,
        broad: Mapping[str, keras.layers.Layer],
        hidden_size: int = 4096,
        projection_size: int = 128,
        heads: HeadSharing = "separate",
        predictor: bool = True,
        **kwargs: Any,
    ):
        # The networks cast what they take themselves, each by its own policy.
        super().__init__(autocast=False, **kwargs)
        self.hidden_size = hidden_size
        self.projection_size = projection_size
        self.heads = heads
        self.predictor = predictor
        self.encoder = narrow
        self.broad_encoders = dict(broad)
        size = embedding_size(narrow)
        sizes = {name: size if network is narrow else embedding_size(network) for name, network in broad.items()}
        if heads == "shared":
            head = self._shared_head({"narrow": size, **sizes})
            self.narrow_heads = dict.fromkeys(self.broad_encoders, head)
            self.broad_heads = dict.fromkeys(self.broad_encoders, head)
        else:
            self.narrow_heads = {name: self._head(size, f"narrow_{name}_head") for name in sizes}
            self.broad_heads = {name: self._head(sizes[name], f"broad_{name}_head") for name in sizes}
        self.built = True

    def _head(self, size: int, name: str) -> Head:
        head = Head(self.hidden_size, self.projection_size, self.predictor, name=name, dtype=self.dtype_policy)
        head.build((None, size))
        return head

    def _shared_head(self, sizes: Mapping[str, int]) -> Head:
        if len(set(sizes.values())) > 1:
            raise UserError(
                f"received heads=shared with embeddings of sizes {sizes}; expected one size for all; use heads=separate"
            )
        return self._head(sizes["narrow"], "shared_head")

    def fresh_copy(self, name: str) -> "Towers":
        """Towers of the same structure with weights of their own.

        Raises:
            UserError: a network cannot be made from its own configuration.
        """
        narrow, *broad = fresh_copies([self.encoder, *self.broad_encoders.values()])
        return Towers(
            narrow,
            dict(zip(self.broad_encoders, broad, strict=True)),
            self.hidden_size,
            self.projection_size,
            self.heads,
            self.predictor,
            name=name,
            dtype=self.dtype_policy,
        )

    @property
    def predictor_variables(self) -> list[keras.Variable]:
        """The trainable variables of all predictors, each once."""
        heads = {id(head): head for head in [*self.narrow_heads.values(), *self.broad_heads.values()]}
        predictors = [head.predictor for head in heads.values() if head.predictor is not None]
        return [variable for predictor in predictors for variable in predictor.trainable_variables]

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

    def _broad(self, modality: str, views: Any, training: bool) -> dict[str, Any]:
        # Each of the K views goes through backbone and head by itself, so batch norm never mixes views.
        backbone = self.broad_encoders[modality]
        has_views_axis = len(views.shape) > len(input_shape(backbone))
        views = views if has_views_axis else ops.expand_dims(views, 1)
        outputs = []
        for k in range(views.shape[1]):
            features = backbone(views[:, k], training=training)
            outputs.append(self.broad_heads[modality](features, training=training))
        return {name: ops.stack([output[name] for output in outputs], axis=1) for name in ("z", "h")}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            **networks_config(self.encoder, self.broad_encoders),
            "hidden_size": self.hidden_size,
            "projection_size": self.projection_size,
            "heads": self.heads,
            "predictor": self.predictor,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Towers":
        """Builds the towers that `get_config` describes, with fresh weights."""
        return cls(**{**config, **networks_from_config(config["narrow"], config["broad"])})


SAME_AS = "same_as"
"""Key of a network's configuration that names the earlier one that it is."""


def networks_config(narrow: keras.layers.Layer, broad: Mapping[str, keras.layers.Layer]) -> dict[str, Any]:
    """Backbones as plain values, for a constructor's arguments `narrow` and `broad`."""
    names: dict[int, str] = {id(narrow): "narrow"}
    configs: dict[str, Any] = {}
    for name, network in broad.items():
        same = names.setdefault(id(network), name)
        configs[name] = {SAME_AS: same} if same != name else keras.saving.serialize_keras_object(network)
    return {"narrow": keras.saving.serialize_keras_object(narrow), "broad": configs}


def networks_from_config(narrow: Any, broad: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that `networks_config` described."""
    made = {"narrow": keras.saving.deserialize_keras_object(narrow)}
    for name, config in broad.items():
        same = config.get(SAME_AS)
        made[name] = made[same] if same else keras.saving.deserialize_keras_object(config)
    return {"narrow": made["narrow"], "broad": {name: made[name] for name in broad}}
