"""The signatures of an exported encoder."""

from typing import Any

import tensorflow as tf

from brave_tf.data.evaluation_frames import center_crop, resize_shorter_side
from brave_tf.models.encoder import Encoder

VIDEO = tf.TensorSpec([None, None, None, None, 3], tf.float32, name="video")
VIDEO_UINT8 = tf.TensorSpec([None, None, None, None, 3], tf.uint8, name="video")


def reusable_object(encoder: Encoder) -> tuple[tf.train.Checkpoint, dict[str, Any]]:
    """The root object of the SavedModel and its signatures.

    The root follows the conventions of reusable SavedModels: it is callable as `obj(video, training=False)` with clips
    [B, T, H, W, 3] float32 in [0, 1], and has `variables`, `trainable_variables` and `regularization_losses`.

    Args:
        encoder: a video encoder with a Keras model.

    Returns:
        The root, and the signatures `serving_default` and `video` (float32 in [0, 1]) and `video_uint8` (frames of any
        size, resized and cropped as in evaluation). Each returns {"embedding": [B, D] float32}.
    """

    @tf.function
    def call(video: tf.Tensor, training: bool = False) -> tf.Tensor:
        return encoder(video, training=training)

    @tf.function(input_signature=[VIDEO])
    def embed_video(video: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": call(video, training=False)}

    @tf.function(input_signature=[VIDEO_UINT8])
    def embed_uint8(video: tf.Tensor) -> dict[str, tf.Tensor]:
        view = encoder.card.view
        shape = tf.shape(video)
        frames = tf.reshape(video, tf.stack([shape[0] * shape[1], shape[2], shape[3], 3]))
        frames = center_crop(resize_shorter_side(frames, view.shorter_side), view.size)
        clips = tf.reshape(frames, tf.stack([shape[0], shape[1], view.size, view.size, 3]))
        return {"embedding": call(tf.cast(clips, tf.float32) / 255.0, training=False)}

    for training in (False, True):
        call.get_concrete_function(VIDEO, training=training)
    root = tf.train.Checkpoint()
    root.__call__ = call
    root.variables = [variable.value for variable in encoder.variables]
    root.trainable_variables = [variable.value for variable in encoder.trainable_variables]
    root.regularization_losses = []
    return root, {"serving_default": embed_video, "video": embed_video, "video_uint8": embed_uint8}
