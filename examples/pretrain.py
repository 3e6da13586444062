"""Pre-trains an encoder with plain Keras: `python examples/pretrain.py DATASET [STEPS]`."""

import sys

import numpy as np

import brave_tf

model = brave_tf.Brave.from_preset("tiny-va")
model.compile(optimizer=brave_tf.LARS(learning_rate=0.3), jit_compile=False)
dataset = brave_tf.data.pretraining_dataset(sys.argv[1], model.config)
model.fit(dataset, steps_per_epoch=int(sys.argv[2]) if len(sys.argv) > 2 else 20, shuffle=False)
model.save("brave.keras")

embedding = model.encoder(np.zeros([1, 8, 64, 64, 3], "float32"))
print("one clip became", embedding.shape)
