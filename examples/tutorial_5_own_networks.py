# %% [markdown]
# # Your own networks, your own sensors, plain `fit`
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_5_own_networks.ipynb)
#
# BraVe needs two things: a network for each view, and views that belong together. Neither has to be what the paper
# used. At the end of this tutorial you will have
#
# - trained a video network **of your own** on what a **motion sensor** felt at the same moment, with `compile` and
#   `fit`,
# - measured what it has learned, beside the same network before training,
# - written an augmentation and a loss of your own,
# - and saved the network as an ordinary Keras file.
#
# It takes about a minute on two CPU cores, and needs no GPU.

# %%
import importlib.util

if importlib.util.find_spec("brave_tf") is None:
    print("installing brave-tf")
    # %pip install -q brave-tf

# %% [markdown]
# ## Two views of one thing
#
# Think of a camera with a gyroscope, as in every phone. When somebody swings it, the picture moves, and the sensor
# feels it. Here both are computed, so that the right answers are known: each example has a velocity of its own, in a
# random direction.
#
# - The **narrow** view is short and sharp: eight frames of 24 x 24 pixels. What they show is a random pattern,
#   another one in each example, that drifts by the velocity.
# - The **broad** view lasts longer and is of another kind: 64 readings of two axes. The velocity is in them, under a
#   tremor of the hand and noise.
#
# The pattern is in the pictures alone, the tremor in the readings alone. What the two have in common is the velocity.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

import brave_tf

keras.utils.set_random_seed(0)


def record(count, seed):
    """Videos [count, 8, 24, 24, 1], readings [count, 64, 2], and the velocities [count, 2] in pixels per frame."""
    rng = np.random.default_rng(seed)
    angle, speed = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.3, 2, count)
    velocity = speed[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    # A pattern is a sum of waves of random strength; to shift it is to turn their phases.
    waves = np.fft.fftfreq(24)
    strength = np.exp(-((np.hypot(waves[:, None], waves) * 24 / 3) ** 2) / 2)
    spectrum = np.fft.fft2(rng.standard_normal((count, 24, 24))) * strength
    frames = np.arange(8)[None, :, None, None]
    dx, dy = (velocity[:, axis, None, None, None] * frames for axis in (0, 1))
    turned = spectrum[:, None] * np.exp(-2j * np.pi * (dx * waves + dy * waves[:, None]))
    videos = np.fft.ifft2(turned).real[..., None]
    videos = videos / videos.std(axis=(1, 2, 3, 4), keepdims=True)

    time = np.arange(64) / 64
    tremor = np.sin(2 * np.pi * (rng.uniform(4, 9, (count, 1, 2)) * time[:, None] + rng.uniform(size=(count, 1, 2))))
    readings = velocity[:, None] + tremor + 0.5 * rng.standard_normal((count, 64, 2))
    return videos.astype("float32"), readings.astype("float32"), velocity


videos, readings, velocity = record(1024, seed=0)
print("videos", videos.shape, "readings", readings.shape)

# %% [markdown]
# Three examples. Follow a bright spot from the first frame to the last, and compare with the dotted lines on the
# right: they are the velocity, which the readings circle around. Neither network is told it.

# %%
figure, axes = plt.subplots(3, 2, figsize=(9, 4.5), dpi=80, width_ratios=(2.4, 1), layout="constrained")
for example, (left, right) in enumerate(axes):
    frames = np.pad(videos[example, ..., 0], ((0, 0), (0, 0), (0, 2)), constant_values=np.nan)
    left.imshow(np.hstack(list(frames)), cmap="gray")
    left.set(xticks=[], yticks=[], ylabel=f"example {example}")
    left.spines[:].set_visible(False)
    for axis, (name, color) in enumerate((("sideways", "tab:blue"), ("down", "tab:orange"))):
        right.plot(readings[example, :, axis], color=color, alpha=0.6, label=name)
        right.axhline(velocity[example, axis], color=color, linestyle=":")
    right.set(ylim=(-4.5, 4.5))
axes[0, 0].set_title("narrow: eight frames")
axes[0, 1].set_title("broad: 64 readings")
axes[0, 1].legend(fontsize="x-small", loc="upper right")
plt.show()

# %% [markdown]
# ## Your networks
#
# Any Keras network will do that turns a batch `[B, ...]` into a vector for each example, `[B, D]`: one of your own as
# here, one of `keras.applications`, one of KerasHub, or one of this library (`brave_tf.TSMResNet`, `brave_tf.R3D`,
# `brave_tf.AudioResNet`). The two need not look alike, nor give vectors of the same length.

# %%
layers = keras.layers

video_network = keras.Sequential(
    [
        keras.Input((8, 24, 24, 1)),
        layers.Conv3D(16, (3, 5, 5), strides=(1, 2, 2), padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv3D(32, (3, 3, 3), strides=(1, 2, 2), padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling3D(),
        layers.Dense(64, activation="relu"),
    ],
    name="video",
)
sensor_network = keras.Sequential(
    [
        keras.Input((64, 2)),
        layers.Conv1D(32, 9, strides=4, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv1D(32, 5, strides=2, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(32, activation="relu"),
    ],
    name="sensor",
)

# %% [markdown]
# ## The model
#
# `brave_tf.Brave` puts a projector and a predictor on top of each network, and is a `keras.Model`: callbacks, `fit`,
# `save` and `tf.distribute` work as ever. The name of the broad view, here `gyroscope`, is yours; it comes back in
# the batches and in what training reports.
#
# The optimizer is the paper's LARS. Its learning rate belongs to batches of 512; with small batches, start between 0.3
# and 1.0. The batch should be large enough for batch norm, 16 or more, as its statistics help to keep the projections
# apart. The rate rises for a tenth of the steps and then falls to nothing along a cosine, and the predictors learn
# twice as fast as the rest; the paper's factor, 10, suits long runs.

# %%
model = brave_tf.Brave(video_network, {"gyroscope": sensor_network}, hidden_size=256, projection_size=32)
epochs, batch_size = 10, 32
steps = epochs * (len(videos) // batch_size)
schedule = brave_tf.WarmupCosine(0.5, warmup_steps=steps // 10, total_steps=steps)
model.compile(optimizer=brave_tf.LARS(schedule, predictor_multiplier=2))

new_videos, _, new_velocity = record(512, seed=1)  # for later
before = model.encoder.predict(new_videos, verbose=0)
batch = {"narrow": videos, "broad": {"gyroscope": readings}}
history = model.fit(batch, batch_size=batch_size, epochs=epochs, verbose=0).history
first_loss, last_loss = history["loss"][0], history["loss"][-1]
print(f"loss {first_loss:.2f} in the first epoch, {last_loss:.2f} in the last; 4 is no prediction at all")

# %% [markdown]
# The loss is the paper's: what each view predicts of the other, as 2 - 2 times the cosine, in both directions. Below is
# each direction, and beside them the spread of the projections. A spread near 0 would mean that the networks give the
# same answer to everything, the easy way to predict each other; the stop-gradient on what is predicted, the predictors
# and batch norm keep them from it.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), dpi=80, layout="constrained")
for name in ("narrow_to_gyroscope", "gyroscope_to_narrow"):
    left.plot(history[name], label=name)
left.set(title="what cannot be predicted yet", xlabel="epoch", ylim=(0, 2.1))
for name in ("spread_narrow_for_gyroscope", "spread_gyroscope"):
    right.plot(history[name], label=name)
right.set(title="spread of the projections", xlabel="epoch", ylim=(0, 1.05))
for axis in (left, right):
    axis.legend(fontsize="small")
plt.show()

# %% [markdown]
# ## What the video network has learned
#
# It has never been told a velocity. Does it see it? Take new examples, freeze the network, and fit a straight line
# (ridge regression) from its vectors to the velocity, with only 50 labelled examples. Do the same with the vectors of
# the network before training, and with the pixels themselves. R² is 1 for a perfect reading, and 0 for guessing the
# mean.

# %%
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LABELS = 50
known, new = slice(0, LABELS), slice(LABELS, None)


def reading(vectors):
    """The velocity that a linear readout sees in vectors of examples it was not fitted on; and its R²."""
    line = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
    line.fit(vectors[known], new_velocity[known])
    return line.predict(vectors[new]), line.score(vectors[new], new_velocity[new])


after = model.encoder.predict(new_videos, verbose=0)
readings_of = {
    "pixels": reading(new_videos.reshape(len(new_videos), -1)),
    "before training": reading(before),
    "after training": reading(after),
}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), dpi=80, sharex=True, sharey=True, layout="constrained")
for axis, (name, (seen, score)) in zip(axes, readings_of.items(), strict=True):
    axis.plot([-2.2, 2.2], [-2.2, 2.2], color="grey", linewidth=1)
    axis.scatter(new_velocity[new, 0], seen[:, 0], s=4)
    axis.set(title=f"{name}: R² {score:.2f}", xlabel="true velocity, sideways", ylim=(-2.5, 2.5))
    print(f"{name}: R² {score:.2f}")
axes[0].set_ylabel("read from the vectors")
plt.show()

# %% [markdown]
# Each dot is one video that the readout has not seen; on the grey line it would be read exactly. What the sensor felt
# has taught the network to see motion.

# %% [markdown]
# ## An augmentation of your own
#
# So far the batch held the views as they were. Give `Brave` a function as `augment`, and the batch may hold anything:
# the function makes the views of it in each step, on the device, inside `fit`. Two things to know:
#
# - **What the views have in common must stay true.** A picture that is mirrored moves the other way: the readings of
#   its sideways axis have to change their sign with it. Otherwise the two views contradict each other, and nothing is
#   learned of that axis.
# - **Several broad views** of one example are one axis more: `[B, 2, 64, 2]` are two for each example. The narrow view
#   predicts the mean of their projections, and each of them predicts the narrow view's.
#
# Decorated as below, the function is saved with the model.

# %%
import tensorflow as tf


@keras.saving.register_keras_serializable()
def mirrored_and_noisy(batch):
    """Mirrors half of the examples, and makes two noisy broad views of each."""
    videos, readings = batch["videos"], batch["readings"]
    mirrored = tf.random.uniform([tf.shape(videos)[0], 1, 1]) < 0.5
    videos = tf.where(mirrored[..., None, None], videos[:, :, :, ::-1], videos)
    readings = tf.where(mirrored, readings * [-1.0, 1.0], readings)
    two = tf.stack([readings, readings], axis=1)
    return {"narrow": videos, "broad": {"gyroscope": two + 0.2 * tf.random.normal(tf.shape(two))}}


# %% [markdown]
# ## A loss of your own
#
# Derive from `Brave` and add to what it returns: the first value is what is minimised, and the dictionary is reported
# by `fit` under its names. `outputs` holds projections `z` and predictions `h` of every view. This one asks for
# projections that use all of their directions, which is one way to keep them apart.


# %%
class Decorrelated(brave_tf.Brave):
    """BraVe with a penalty on what two directions of the narrow projections have in common."""

    def loss_and_means(self, outputs, targets=None):
        """Adds the mean squared correlation of all pairs of directions."""
        loss, means = super().loss_and_means(outputs, targets)
        z = outputs["narrow"]["gyroscope"]["z"]
        z = z - keras.ops.mean(z, axis=0)
        z = z / (keras.ops.std(z, axis=0) + 1e-4)
        correlation = keras.ops.matmul(keras.ops.transpose(z), z) / keras.ops.cast(keras.ops.shape(z)[0], z.dtype)
        penalty = keras.ops.mean(keras.ops.square(correlation - keras.ops.eye(z.shape[-1])))
        return loss + 10 * penalty, {**means, "penalty": penalty}


# %% [markdown]
# Networks can be cloned, so that this model starts afresh, from weights of its own. A `tf.data.Dataset` goes into
# `fit` as well as arrays do, and is what you will want for data that does not fit into memory.

# %%
fresh = [keras.models.clone_model(network) for network in (video_network, sensor_network)]
second = Decorrelated(
    fresh[0], {"gyroscope": fresh[1]}, hidden_size=256, projection_size=32, augment=mirrored_and_noisy
)
schedule = brave_tf.WarmupCosine(0.5, warmup_steps=steps // 10, total_steps=steps)
second.compile(optimizer=brave_tf.LARS(schedule, predictor_multiplier=2))
batches = tf.data.Dataset.from_tensor_slices({"videos": videos, "readings": readings})
batches = batches.shuffle(len(videos), seed=0).batch(batch_size, drop_remainder=True)
# The dataset shuffles, so that `fit` need not.
second_history = second.fit(batches, epochs=epochs, shuffle=False, verbose=0).history

_, score = reading(second.encoder.predict(new_videos, verbose=0))
print(f"penalty {second_history['penalty'][0]:.2f} in the first epoch, {second_history['penalty'][-1]:.2f} in the last")
print(f"with mirrored views and the penalty: R² {score:.2f}")
for name, one in (("paper's loss", history), ("with penalty", second_history)):
    print(f"{name}: effective rank of the projections {one['effective_rank_narrow_for_gyroscope'][-1]:.1f} of 32")

# %% [markdown]
# The rank tells how many directions the projections use. What the two views share here is a velocity, which is two
# numbers, so a rank of two or three is all that it takes, and no sign of trouble. The penalty asks for more, and the
# rank is higher; as the augmentation is new too, this run alone does not say which of the two did it. Whether a change
# helps what you want to read is a question for your data, and one run answers it badly: take several seeds before you
# believe a small difference.
#
# ## Keep the network
#
# What is kept is the video network, an ordinary Keras model. It loads with Keras alone:

# %%
model.encoder.save("video_network.keras")
loaded = keras.saving.load_model("video_network.keras")
for name, vectors in {"trained": after, "loaded": loaded.predict(new_videos[:1], verbose=0)}.items():
    print(f"{name:8}", " ".join(f"{number:.3f}" for number in vectors[0, :8]), "...")

# %% [markdown]
# `model.save("brave.keras")` keeps all of it, with the sensor's network, the heads and the optimizer, to go on
# training.
#
# ## What to try next
#
# - **Your own data**: replace `record` by arrays or a `tf.data.Dataset` of yours. All views of an example lie at the
#   same place of the batch. If the loss stays above 3, give it more steps first.
# - **More modalities**: `brave_tf.Brave(video_network, {"gyroscope": a, "sound": b})`; each name needs its entry in
#   `batch["broad"]`.
# - **No video at all**: [examples/sounds.py](https://github.com/brave-tf/brave-tf/blob/main/examples/sounds.py)
#   learns from sound alone, a second of a recording from all of it.
# - **Several GPUs**: build and compile the model inside `tf.distribute.MirroredStrategy().scope()`, and call `fit` as
#   here.
# - [In Python](https://github.com/brave-tf/brave-tf/blob/main/docs/python.md) has the batch format, the arguments and
#   what is reported; [Networks](https://github.com/brave-tf/brave-tf/blob/main/docs/networks.md) lists those of this
#   library.
