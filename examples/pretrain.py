"""Pre-trains a video encoder on a prepared dataset: `python examples/pretrain.py DATASET STEPS ENCODER.keras`."""

import sys

import brave_tf

dataset, steps, path = sys.argv[1:]
config = brave_tf.presets.get("tiny-va")  # video and sound; brave_tf.presets.names() has the paper's experiments
model = brave_tf.build(config)
model.compile(optimizer=brave_tf.LARS(0.3))
model.fit(brave_tf.data.pretraining_dataset(dataset, config), steps_per_epoch=int(steps), shuffle=False)
model.encoder.save(path)
print(f"{path} turns clips [B, T, H, W, 3] in [0, 1] into vectors of {model.encoder.output_shape[-1]} numbers")
