"""The dense maps of clips, as features: averaged down to a number of places that can be kept."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.config import EvaluationInput
from brave_tf.encoders.dense import dense_network
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.progress import note

NUMBER_BYTES = 4


def network_of(encoder: Any) -> Any:
    """Clips -> (map, embedding) of an encoder.

    Raises:
        UserError: it has no map.
    """
    if not isinstance(encoder, Encoder):
        raise UserError(f"received {encoder!r} for --protocol attentive; expected what `brave_tf.load_encoder` gives")
    return dense_network(encoder, "--protocol attentive", "choose a protocol that takes embeddings, such as linear")


class DenseMaps:
    """An encoder's maps: clips [B, ...] -> [B, places * D] float32, place by place.

    Args:
        encoder: the encoder.
        most_places: maps of more places [T', H', W'] are averaged, neighbour by neighbour and along the longest axis
            first, until they have no more.

    Attributes:
        channels: D.

    Raises:
        UserError: the encoder has no map.
    """

    def __init__(self, encoder: Any, most_places: int):
        self._network, self._most_places = network_of(encoder), most_places
        self.channels = int(self._network.outputs[0].shape[-1])

    def __call__(self, clips: tf.Tensor, training: bool = False) -> tf.Tensor:
        """See `brave_tf.encoders.encoder.Encoder`."""
        maps, _ = self._network(clips, training=training)
        return tf.reshape(averaged_down(tf.cast(maps, tf.float32), self._most_places), [clips.shape[0], -1])

    def size(self, input_view: EvaluationInput) -> int:
        """Numbers that a window's map becomes."""
        spec = tf.TensorSpec([1, *input_view.clip_shape], tf.float32)
        function: Any = tf.function(self, autograph=False)
        return int(function.get_concrete_function(spec).outputs[0].shape[1])


def averaged_down(maps: tf.Tensor, most_places: int) -> tf.Tensor:
    """Maps [B, *places, D] with at most so many places: each the mean of neighbours.

    An axis is halved at a time: the longest, and the first of equals, which is that of time.
    """
    places, factors = list(maps.shape[1:-1]), [1] * (maps.shape.rank - 2)
    while math.prod(places) > most_places:
        axis = places.index(max(places))
        factors[axis] *= 2
        places[axis] = -(-maps.shape[1 + axis] // factors[axis])
    return maps if set(factors) == {1} else tf.nn.avg_pool(maps, factors, factors, padding="SAME")


def check_room(maps: Sequence[DenseMaps], input_view: EvaluationInput, clips: int, folder: Path | None) -> None:
    """Says how much room the maps of clips take, before they are computed.

    Raises:
        UserError: the disk has less.
    """
    windows = input_view.view.windows * input_view.crops
    needed = NUMBER_BYTES * clips * windows * sum(each.size(input_view) for each in maps)
    note(f"the maps of {clips:,} clips take {needed / 1e9:,.2f} GB of features" + (f" in {folder}" if folder else ""))
    place = next((each for each in (folder, *folder.parents) if each.exists()), None) if folder else None
    if place is not None and (free := shutil.disk_usage(place).free) < needed:
        raise UserError(
            f"{folder} has room for {free / 1e9:,.2f} GB and the maps take {needed / 1e9:,.2f} GB; choose fewer "
            "--windows or --crops, a smaller --classifier.places, or another --cache"
        )
