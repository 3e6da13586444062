"""One block of cross-attention with a query that is learned, and not computed from the input."""

import zlib
from typing import Any

import keras
import numpy as np
from keras import ops

DEVIATION = 0.64
"""Of the weights at the start, by the root of D: 0.02 at 1,024 channels (code of V-JEPA, which has 0.02 at any D)."""
EPSILON = 1e-5
HIDDEN = 4
"""Hidden units of the MLP for each channel."""


def weight_initializer(seed: int, name: str, channels: int, scale: float = 1.0) -> keras.initializers.Initializer:
    """Truncated normal, other numbers for each name."""
    deviation = scale * DEVIATION * channels**-0.5
    return keras.initializers.TruncatedNormal(stddev=deviation, seed=zlib.crc32(f"{seed} {name}".encode()))


def normalised(maps: np.ndarray) -> np.ndarray:
    """Maps [..., D] with mean 0 and deviation 1 over the channels of each place, as layer normalisation has them."""
    centred = maps - maps.mean(axis=-1, keepdims=True)
    centred /= np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + EPSILON)
    return centred


class AttentivePooling(keras.layers.Layer):
    """Maps of several windows that are `normalised`, [B, V, places, D] -> [B, D].

    q <- query + attention(query, norm(maps)); q <- q + MLP(norm(q)), as the blocks of V-JEPA's probe. Where there are
    several windows, a vector that is learned for each is added to its normalised places, so that their order is known.

    There is one query for all inputs. So nothing but two products with few columns is computed of every place: whatever
    is linear is applied to the query, or to the weighted means of places, and the function is the same. What would be
    added to the scores of all places alike, such as a bias of the keys, changes no weight and is left out.

    Args:
        heads: of the attention; the largest number up to it that divides D is taken.
        seed: decides the weights at the start.
    """

    def __init__(self, heads: int, seed: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads, self.seed = heads, seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights."""
        _, windows, _, channels = input_shape
        assert windows is not None and channels is not None
        self._used_heads = max(each for each in range(1, self.heads + 1) if channels % each == 0)
        self.query = self._weight("query", (channels,))
        # As large as the normalised places, as vectors of sines would be: smaller ones take long to be told apart.
        large = weight_initializer(self.seed, "window", channels, channels**0.5 / DEVIATION)
        shape = (windows, channels)
        self.window = self.add_weight(shape=shape, initializer=large, name="window") if windows > 1 else None
        self.gamma = self.add_weight(shape=(channels,), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(channels,), initializer="zeros", name="beta")
        self._query_weights = self._part(self._dense("query_weights", channels, channels), (None, channels))
        self.key_kernel = self._weight("key_kernel", (channels, channels))
        self._value = self._weight("value_kernel", (channels, channels))
        self.value_bias = self.add_weight(shape=(channels,), initializer="zeros", name="value_bias")
        # The last layer of each branch begins smaller (code of V-JEPA).
        self._projection = self._part(self._dense("projection", channels, channels, 2**-0.5), (None, channels))
        self._norm = self._part(keras.layers.LayerNormalization(epsilon=EPSILON, name="norm_query"), (None, channels))
        self._hidden = self._part(self._dense("hidden", channels, HIDDEN * channels), (None, channels))
        self._last = self._part(self._dense("last", channels, channels, 2**-0.5), (None, HIDDEN * channels))

    def call(self, maps: Any) -> Any:
        """See the class."""
        channels = maps.shape[-1]
        per_head = channels // self._used_heads
        by_head = (channels, self._used_heads, per_head)
        query = ops.reshape(self._query_weights(self.query[None]), by_head[1:])
        looked_for = ops.einsum("hd,chd->hc", query, ops.reshape(self.key_kernel, by_head)) * per_head**-0.5
        means = self._weighted_means(maps, looked_for)
        values = ops.einsum("bhc,chd->bhd", means, ops.reshape(self._value, by_head))
        attended = self._projection(ops.reshape(values, (-1, channels)) + self.value_bias)
        pooled = self.query + attended
        hidden = ops.gelu(self._hidden(self._norm(pooled)), approximate=False)
        return pooled + self._last(hidden)

    def _weighted_means(self, maps: Any, looked_for: Any) -> Any:
        """[B, heads, D] means of the places with their window's vector, weighted by what each head looks for."""
        _, windows, places, channels = maps.shape
        flat = ops.reshape(maps, (-1, windows * places, channels))
        scores = ops.matmul(flat, ops.transpose(looked_for * self.gamma))
        if self.window is not None:
            of_windows = ops.matmul(self.window, ops.transpose(looked_for))
            scores = scores + ops.repeat(of_windows, places, axis=0)
        weights = ops.softmax(ops.transpose(scores, (0, 2, 1)), axis=-1)
        means = ops.matmul(weights, flat) * self.gamma + self.beta
        if self.window is None:
            return means
        shares = ops.sum(ops.reshape(weights, (-1, self._used_heads, windows, places)), axis=-1)
        return means + ops.matmul(shares, self.window)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "heads": self.heads, "seed": self.seed}

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(shape=shape, initializer=weight_initializer(self.seed, name, shape[-1]), name=name)

    def _dense(self, name: str, channels: int, units: int, scale: float = 1.0) -> keras.layers.Layer:
        initializer = weight_initializer(self.seed, name, channels, scale)
        return keras.layers.Dense(units, kernel_initializer=initializer, name=name)

    def _part(self, layer: keras.layers.Layer, shape: tuple[int | None, ...]) -> keras.layers.Layer:
        layer.build(shape)
        return layer
