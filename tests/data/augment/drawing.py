"""What the tests of augmentation draw and how they look at it."""

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data import augment

NOTHING = AugmentConfig(flip=0.0, blur=0.0, color=0.0, grayscale=0.0, random_convolution=0.0)
EVERYTHING = AugmentConfig(flip=0.5, blur=0.5, color=0.5, grayscale=0.5, random_convolution=0.5)


def seed_of(number):
    return tf.constant([7, number], tf.int64)


def batch_of(count, config):
    drawn = [augment.sample(seed_of(number), config) for number in range(count)]
    return drawn, {name: tf.stack([parameters[name] for parameters in drawn]) for name in drawn[0]}


def planes_of(frames):
    """One view [T, H, W, 3] as [1, 3, T, H, W]."""
    return tf.transpose(tf.constant(frames)[None], [0, 4, 1, 2, 3])


def frames_of(planes):
    return tf.transpose(planes, [0, 2, 3, 4, 1])[0].numpy()
