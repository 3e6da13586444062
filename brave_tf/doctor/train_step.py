"""One step of the method on tiny networks, with what training takes: devices, convolutions, batch norm and LARS."""

from typing import Any

CLIPS_PER_DEVICE = 4
VIDEO, SOUND = (4, 16, 16, 3), (20, 8)
"""Frames, pixels and colours; frames of a spectrogram and mel bands."""


def train_step() -> tuple[float, int]:
    """Trains a model for a step, on the devices of this machine: the loss, and how many devices there were.

    Raises:
        ValueError: the loss is no number, or the weights did not move.
        Exception: whatever stopped it.
    """
    import numpy as np

    from brave_tf.lars import LARS
    from brave_tf.method.brave import Brave
    from brave_tf.training.strategy import make_local_strategy

    strategy = make_local_strategy()
    with strategy.scope():
        encoder, broad = _networks()
        model = Brave(encoder, {"audio": broad}, hidden_size=8, projection_size=4)
        model.compile(optimizer=LARS(1.0))
    before = [weight.numpy() for weight in encoder.trainable_weights]
    clips = CLIPS_PER_DEVICE * strategy.num_replicas_in_sync
    rng = np.random.default_rng(0)
    views = {
        "narrow": rng.random((clips, *VIDEO), "float32"),
        "broad": {"audio": rng.random((clips, *SOUND), "float32")},
    }
    loss = float(model.fit(views, batch_size=clips, verbose=0).history["loss"][-1])
    moved = any(np.any(weight.numpy() != old) for weight, old in zip(encoder.trainable_weights, before, strict=True))
    if not np.isfinite(loss) or not moved:
        raise ValueError(f"the loss is {loss}, and the weights {'moved' if moved else 'stayed as they were'}")
    return loss, strategy.num_replicas_in_sync


def _networks() -> tuple[Any, Any]:
    """A network of video, and one of sound."""
    import keras
    from keras import layers

    video = [layers.Conv3D(8, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    sound = [layers.Conv1D(8, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    return (
        keras.Sequential([keras.Input(VIDEO), *video, layers.GlobalAveragePooling3D()]),
        keras.Sequential([keras.Input(SOUND), *sound, layers.GlobalAveragePooling1D()]),
    )
