"""One block of cross-attention with a query that is learned, and not computed from the input."""

import zlib
from typing import Any

import keras
from keras import ops

DEVIATION = 0.64
"""Of the weights at the start, by the root of D: 0.02 at 1,024 channels (code of V-JEPA, which has 0.02 at any D)."""
HIDDEN = 4
"""Hidden units of the MLP for each channel."""


def weight_initializer(seed: int, name: str, channels: int, scale: float = 1.0) -> keras.initializers.Initializer:
    """Truncated normal, other numbers for each name."""
    deviation = scale * DEVIATION * channels**-0.5
    return keras.initializers.TruncatedNormal(stddev=deviation, seed=zlib.crc32(f"{seed} {name}".encode()))


class AttentivePooling(keras.layers.Layer):
    """Maps of several windows, [B, V, places, D] -> [B, D].

    q <- query + attention(query, norm(maps)); q <- q + MLP(norm(q)), as the blocks of V-JEPA's probe. Where there are
    several windows, a vector that is learned for each is added to its normalised places, so that their order is known.

    There is one query for all inputs. So keys and values of the places need not be computed: the product of query and
    key weights is applied to the places, and the value weights to their weighted means. The function is the same, and a
    place costs 2 D numbers for each head instead of 2 D^2. A bias of the keys would change no weight, and is left out.

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
        shape = (windows, 1, channels)
        self.window = self.add_weight(shape=shape, initializer=large, name="window") if windows > 1 else None
        self._norm = self._part(keras.layers.LayerNormalization(epsilon=1e-5, name="norm_maps"), input_shape)
        self._query_weights = self._part(self._dense("query_weights", channels, channels), (None, channels))
        self.key_kernel = self._weight("key_kernel", (channels, channels))
        self.value_kernel = self._weight("value_kernel", (channels, channels))
        self.value_bias = self.add_weight(shape=(channels,), initializer="zeros", name="value_bias")
        # The last layer of each branch begins smaller (code of V-JEPA).
        self._projection = self._part(self._dense("projection", channels, channels, 2**-0.5), (None, channels))
        self._second_norm = self._part(
            keras.layers.LayerNormalization(epsilon=1e-5, name="norm_query"), (None, channels)
        )
        self._hidden = self._part(self._dense("hidden", channels, HIDDEN * channels), (None, channels))
        self._last = self._part(self._dense("last", channels, channels, 2**-0.5), (None, HIDDEN * channels))

    def call(self, maps: Any) -> Any:
        """See the class."""
        channels = maps.shape[-1]
        places = self._norm(maps)
        if self.window is not None:
            places = places + self.window
        places = ops.reshape(places, (ops.shape(maps)[0], -1, channels))
        per_head = channels // self._used_heads
        by_head = (channels, self._used_heads, per_head)
        query = ops.reshape(self._query_weights(self.query[None]), by_head[1:])
        looked_for = ops.einsum("hd,chd->hc", query, ops.reshape(self.key_kernel, by_head))
        weights = ops.softmax(ops.einsum("bnc,hc->bhn", places, looked_for) * per_head**-0.5, axis=-1)
        means = ops.einsum("bhn,bnc->bhc", weights, places)
        values = ops.einsum("bhc,chd->bhd", means, ops.reshape(self.value_kernel, by_head))
        attended = self._projection(ops.reshape(values, (-1, channels)) + self.value_bias)
        pooled = self.query + attended
        hidden = ops.gelu(self._hidden(self._second_norm(pooled)), approximate=False)
        return pooled + self._last(hidden)

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
