"""BraVe with networks and arrays of your own: what a camera sees, and what a motion sensor on it measures."""

import keras
import numpy as np

import brave_tf

# 256 examples: 4 pictures of 16 x 16 pixels in which a bar moves, and 1-D sensor signals of the same motion.
rng = np.random.default_rng(0)
speed = rng.uniform(-2, 2, 256)
place = 8 + rng.uniform(-2, 2, (256, 1)) + speed[:, None] * np.arange(-1.5, 2.5)
columns = np.exp(-0.5 * (np.arange(16) - place[..., None]) ** 2)
videos = np.repeat(columns[:, :, None, :, None], 16, axis=2).astype("float32")
signals = speed[:, None, None] * np.sin(np.arange(64) / 5)[:, None] + 0.1 * rng.standard_normal((256, 64, 1))

# Any Keras networks from [B, ...] to [B, D]; the names of the broad ones are yours.
look = [keras.layers.Conv3D(8, (2, 5, 5), activation="relu"), keras.layers.Flatten(), keras.layers.Dense(32)]
narrow = keras.Sequential([keras.Input((4, 16, 16, 1)), *look])
feel = [keras.layers.Conv1D(8, 9, 4, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(16)]
sensor = keras.Sequential([keras.Input((64, 1)), *feel])

model = brave_tf.Brave(narrow, {"imu": sensor}, hidden_size=128, projection_size=16)
model.compile(optimizer=brave_tf.LARS(0.5))
batch = {"narrow": videos, "broad": {"imu": signals.astype("float32")}}
history = model.fit(batch, batch_size=32, epochs=10, verbose=2).history
print(f"loss {history['loss'][0]:.2f} -> {history['loss'][-1]:.2f}")

# What is kept is the narrow network, an ordinary Keras model.
vectors = model.encoder.predict(videos, verbose=0)
nearest = np.argsort(((vectors - vectors[0]) ** 2).sum(axis=1))[1:4]
print(f"speed {speed[0]:.2f}; of its nearest neighbours {speed[nearest].round(2)}")
