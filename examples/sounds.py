"""Learns from sounds alone, without pictures or labels: `python examples/sounds.py ESC-50-master --out OUT`.

Both views are sound: a second of a recording, and all five. The folder is ESC-50 or ESC-10 as its author ships it
(https://github.com/karolpiczak/ESC-50). For each fold a network is trained on the others' recordings, and then its
features are classified. OUT/sounds.json gets the scores.
"""

import argparse
import json
from pathlib import Path

import av
import keras
import numpy as np
import tensorflow as tf

import brave_tf
from brave_tf.config import AudioViewConfig
from brave_tf.data.spectrogram import log_mel

NARROW_SECONDS, SECONDS, RATE_HZ = 1.28, 5, 16_000
BATCH = 16
VIEW = AudioViewConfig()


def samples(path: Path) -> np.ndarray:
    """[N] float32 in [-1, 1] at RATE_HZ, five seconds: repeated if it is shorter."""
    mono = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as media:
        pieces = [piece.to_ndarray()[0] for frame in media.decode(audio=0) for piece in mono.resample(frame)]
    return np.resize(np.concatenate(pieces), SECONDS * RATE_HZ)


@keras.saving.register_keras_serializable()
def two_views(batch: dict) -> dict:
    """A stretch of each recording and the whole of it, each with a loudness of its own."""
    waves = batch["waves"]
    size = int(NARROW_SECONDS * RATE_HZ)
    starts = tf.random.uniform([tf.shape(waves)[0], 1], 0, SECONDS * RATE_HZ - size, tf.int32)
    narrow, broad = tf.gather(waves, starts + tf.range(size), batch_dims=1), waves
    narrow, broad = (wave * 2 ** tf.random.uniform([tf.shape(wave)[0], 1], -1, 1) for wave in (narrow, broad))
    return {"narrow": log_mel(narrow, VIEW), "broad": {"whole": log_mel(broad, VIEW)}}


def trained(waves: np.ndarray, epochs: int, seed: int) -> keras.Model:
    """The narrow network, after training on recordings [N, samples]."""
    keras.utils.set_random_seed(seed)
    narrow, whole = (brave_tf.AudioResNet(depth=14, width=0.25, name=name) for name in ("narrow", "whole"))
    model = brave_tf.Brave(narrow, {"whole": whole}, hidden_size=256, projection_size=64, augment=two_views)
    steps = epochs * (len(waves) // BATCH)
    schedule = brave_tf.WarmupCosine(0.6, warmup_steps=min(30, steps), total_steps=steps)
    model.compile(optimizer=brave_tf.LARS(schedule, predictor_multiplier=2))
    recordings = tf.data.Dataset.from_tensor_slices({"waves": waves}).shuffle(len(waves), seed=seed)
    model.fit(recordings.batch(BATCH, drop_remainder=True), epochs=epochs, shuffle=False, verbose=2)
    return model.encoder


def main() -> None:
    """For each fold: trains on the others, scores on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    out = arguments.out

    clips = brave_tf.prepare(arguments.folder, out / "dataset", layout="esc50").clips()
    waves = np.stack([samples(arguments.folder / source) for source in clips["source"].to_pylist()])
    fold_of = np.array(clips["label/fold"].to_pylist())
    means = {}
    for fold in sorted(set(fold_of)):
        path = out / f"encoder-{fold}.keras"
        trained(waves[fold_of != fold], arguments.epochs, arguments.seed).save(path)
        report = brave_tf.evaluate(
            path,
            out / "dataset",
            out / f"fold-{fold}",
            protocol="ridge",
            # One window after the other, each as long as a narrow view.
            view={"audio_seconds": NARROW_SECONDS, "windows": 5},
            beside="baseline:log-mel",
        )
        # On the other folds this network is scored too, but it has heard them.
        (unheard,) = (each for each in report["folds"] if each["name"] == fold)
        means[fold] = {"trained": unheard["score"], "random_init": unheard["random_init"]}
    scores = {name: float(np.mean([each[name] for each in means.values()])) for name in ("trained", "random_init")}
    scores |= {each["encoder"]: each["mean"] for each in report["beside"]} | {"folds": means}
    (out / "sounds.json").write_text(json.dumps(scores, indent=2))
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
