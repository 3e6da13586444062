"""Pre-trains as `brave-tf pretrain` does: `python examples/pretrain_with_checkpoints.py DATASET RUN STEPS`.

The same command again goes on where it stopped. On several GPUs, on a TPU, or started on several machines with
TF_CONFIG or srun, it uses them all.
"""

import dataclasses
import sys

import brave_tf
from brave_tf import training

data, run, steps = sys.argv[1:]
config = dataclasses.replace(brave_tf.presets.get("tiny-va"), steps=int(steps))
clips = brave_tf.data.TrainingClips.open(data, config)
with training.make_strategy("auto").scope():
    model = brave_tf.build(config)
    model.compile(optimizer=training.make_optimizer(config), jit_compile=False)
    checkpoints = training.Checkpoints(run, model)
    step = checkpoints.restore()
    batches = brave_tf.data.pretraining_dataset(clips, config, first_step=step)
if step < config.steps:
    watch = [training.HealthGuard(config.monitor, run), training.DamageWatch(clips, config, run)]
    watch.append(training.MetricsWriter(run, config))
    save = [training.CheckpointWriter(checkpoints, every=100), training.StopOnSignal(checkpoints.save)]
    model.fit(batches, steps_per_epoch=config.steps - step, shuffle=False, callbacks=[*watch, *save])
checkpoints.save()
if training.is_chief(model.distribute_strategy):
    model.save(f"{run}/brave.keras")
