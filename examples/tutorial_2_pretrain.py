# %% [markdown]
# # Pretrain an encoder on a folder of videos
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_2_pretrain.ipynb)
#
# You have videos, and no labels. At the end of this tutorial you have a video encoder that was trained on them, in a
# file that Keras opens by itself, and you know how to tell whether it has learned anything.
#
# It takes about three minutes on two processor cores, and less with a GPU. What views the network gets to see, and why
# it can learn from them, is in
# [tutorial 1](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_1_views.ipynb).

# %%
import importlib.util

if importlib.util.find_spec("brave_tf") is None:
    print("installing brave-tf")
    # %pip install -q brave-tf

# %%
from pathlib import Path

import av
import keras
import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq

import brave_tf
from brave_tf.demo.world import thing_of, write_world

# %% [markdown]
# ## The videos
#
# Put the name of your own folder below, or leave it, and the library generates a few hundred short videos. In the
# generated ones a camera moves over a surface that is strewn with one kind of thing, and the folder is named for the
# thing. Where it looks, how it moves, and how large and how bright the things are changes with every cut.
#
# In your own folder, too, sub-folders should name classes, `my-videos/dance/1.mp4` and so on. Training does not look at
# these names. They only serve to find out, at the end, what was learned.

# %%
VIDEOS = None  # or "my-videos"
WORK = Path("tutorial_2")  # where everything goes that this tutorial writes
CLIPS = 60  # generated videos of each of six motions

if VIDEOS is None:
    VIDEOS = WORK / "videos"
    for file in write_world(WORK / "world", clips_per_motion={"all": CLIPS}, seconds=8, size=56):
        folder = VIDEOS / thing_of(int(file.stem[-4:]))
        folder.mkdir(parents=True, exist_ok=True)
        file.rename(folder / file.name)

# %% [markdown]
# ## From files to a dataset
#
# `prepare` decodes every file once and writes frames and sound where training finds them quickly. Files that it
# cannot use are left out and named, not skipped in silence. If the folder has no sub-folders `train` and `test`, a
# fifth of the files is put aside for testing. Run it twice, and the second time there is nothing left to do.

# %%
dataset = brave_tf.prepare(VIDEOS, WORK / "dataset")

for split in ("train", "test"):
    print(f"{split}: {dataset.clips(split).num_rows} clips")
print("classes:", ", ".join(dataset.labels["label"]))
print("left out:", len(dataset.info["quarantined"]), "files")

# %% [markdown]
# One clip of each class, a frame every second. What stays from cut to cut is the shape.


# %%
def read_frames(path, count, every):
    """Some frames [T, H, W, 3] of a video, evenly spaced."""
    with av.open(path) as media:
        frames = [
            frame.to_ndarray(format="rgb24")
            for frame, _ in zip(media.decode(video=0), range(count * every), strict=False)
        ]
    return np.stack(frames[::every])


clips = sorted(dataset.clips("test").to_pylist(), key=lambda clip: clip["label/label"])
examples = {clip["label/label"]: clip["source"] for clip in clips}

figure, axes = plt.subplots(len(examples), figsize=(6, 0.7 * len(examples)), dpi=80, layout="constrained")
for row, (label, source) in zip(axes, examples.items(), strict=True):
    frames = np.pad(read_frames(f"{VIDEOS}/{source}", 8, 25), ((0, 0), (0, 0), (0, 3), (0, 0)), constant_values=255)
    row.imshow(np.concatenate(frames, axis=1))
    row.set_ylabel(label, rotation=0, ha="right", va="center")
    row.set(xticks=[], yticks=[])
    row.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# ## Training
#
# A *preset* is a whole experiment by name. `tiny-v` has small networks that learn on two cores, and pictures for both
# views. `set` changes single settings of a preset: here the narrow view is to be 1.3 seconds and the broad one 5, the
# pictures and the network become smaller still, and nothing is done to colours, for this world is grey. For videos of
# your own leave out the four lines on colours and blur.

# %%
STEPS = 700

SETTINGS = [
    "narrow.step=4",  # 8 frames, one every 0.16 seconds
    "narrow.size=40",  # pixels
    "broad.rgb.frames=8",
    "broad.rgb.step=16",  # one every 0.64 seconds
    "broad.rgb.size=40",
    "narrow.augment.color=0",  # leave these four out for your own videos
    "narrow.augment.blur=0",
    "broad.rgb.augment.color=0",
    "broad.rgb.augment.blur=0",
    "model.narrow.depth=14",
    "evaluation.step=4",  # look at the test clips as in training
    "evaluation.size=40",
    "evaluation.shorter_side=46",
    "evaluation.crops=1",
    "monitor.probe_every=0",  # do not look at the labels meanwhile
]
run = WORK / "run"
summary = brave_tf.pretrain("tiny-v", dataset.path, run, steps=STEPS, set=SETTINGS)
print(f"{summary['clips']} clips, {summary['steps']} steps, loss of the last batch {summary['final_loss']:.2f}")

# %% [markdown]
# If you stop this cell in the middle, run it again: it goes on from where it was, and ends as if nothing had happened.
# On Colab, whose machines come and go with their files, let `WORK` be a folder of your Google Drive. For more steps,
# change the number and run the cell again, too.
#
# This is what a run leaves. `encoder.keras` is the network that you keep, the one of the narrow view. The network of
# the broad view is beside it, and so are the last checkpoints and all that was measured on the way.

# %%
for path in sorted(run.glob("[!.]*")):
    size = sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())
    print(f"{path.name + '/' * path.is_dir():20} {size / 1e6:6.1f} MB")

# %% [markdown]
# ## Did it learn? The loss
#
# The loss is the distance between what is predicted and what is there, in both directions together. At 4 nothing is
# predicted, at 0 all of it.

# %%
record = brave_tf.report(run, WORK / "run.html")
steps, losses = record.series("loss")
smooth = np.convolve(losses, np.ones(5) / 5, mode="valid")

figure, axes = plt.subplots(figsize=(7, 3), dpi=80, layout="constrained")
axes.plot(steps, losses, color="tab:blue", alpha=0.3, label="a batch")
axes.plot(steps[4:], smooth, color="tab:blue", label="mean of five")
axes.axhline(4, color="grey", linestyle=":", label="nothing is predicted")
axes.set(xlabel="step", ylabel="loss", ylim=(0, 4.3))
axes.legend(loc="center right")
plt.show()
print(f"loss at first {np.mean(losses[:5]):.2f}, at the end {np.mean(losses[-5:]):.2f}")

# %% [markdown]
# The loss falls when the networks have found something that both views show. If it stays above 3, let the narrow view
# take frames that are further apart (`narrow.step`), or give the run more steps. `run.html`, which the cell above
# wrote, has the other curves.
#
# ## Did it learn? What the encoder knows
#
# A low loss is not the aim, a useful encoder is. So now the labels come in, for the first time. The encoder stays as it
# is. For each clip that was put aside, the clips it was trained on whose embeddings are nearest vote on the class. For
# comparison, the same is done with the same network before training.

# %%
scores = brave_tf.evaluate(run, dataset.path, WORK / "report", protocol="knn")
print(f"trained {scores['mean']:.0%}, before training {scores['random_init']:.0%}, guessing {scores['chance']:.0%}")

# %%
names = scores["class_names"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), dpi=80, layout="constrained")
heights = [scores["chance"], scores["random_init"], scores["mean"]]
bars = left.bar(["guessing", "before training", "trained"], heights, color=["lightgrey", "grey", "tab:blue"])
left.bar_label(bars, [f"{height:.0%}" for height in heights], label_type="center")
low, high = scores["interval"]
left.plot([2, 2], [low, high], color="black")
left.set(ylim=(0, 1.1), ylabel="named correctly")
image = right.imshow(scores["confusion"], cmap="Blues")
right.set_xticks(range(len(names)), names, rotation=30, ha="right")
right.set_yticks(range(len(names)), names)
right.set(xlabel="what it said", ylabel="what it was")
figure.colorbar(image, label="clips")
plt.show()

# %% [markdown]
# The black line is a 95 % interval: with so few test clips, the true score could lie anywhere along it. On the right
# every test clip is counted: those on the diagonal were named correctly. Which classes does it mix up?
#
# You can see what the encoder makes of the clips without counting votes. Below, every test clip is compared with every
# other one by the direction of their embeddings, and each square is the mean for two classes.

# %%
encoder = brave_tf.load_encoder(run)
tested = {f"{VIDEOS}/{clip['source']}": clip["label/label"] for clip in clips}
files, labels = list(tested), np.array(list(tested.values()))


def similarities(encoder, table):
    """Cosines [N, N] of the embeddings of all test clips, without their mean."""
    brave_tf.embed(encoder, files, out=table, pool="video")
    vectors = {row["file"]: row["embedding"] for row in pq.read_table(table).to_pylist()}
    embeddings = np.array([vectors[name] for name in files])
    embeddings -= embeddings.mean(axis=0)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings @ embeddings.T


compared = {
    "before training": similarities(encoder.random_twin(), WORK / "before.parquet"),
    "trained": similarities(encoder, WORK / "after.parquet"),
}


# %%
def mean_of(matrix, one, other):
    """The mean similarity of clips of two classes; a clip is not compared with itself."""
    pairs = (labels[:, None] == one) & (labels == other) & ~np.eye(len(labels), dtype=bool)
    return matrix[pairs].mean()


figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), dpi=80, layout="constrained")
for place, (title, matrix) in zip(axes, compared.items(), strict=True):
    means = np.array([[mean_of(matrix, one, other) for other in names] for one in names])
    image = place.imshow(means, vmin=-1, vmax=1, cmap="PuOr_r")
    place.set_title(title)
    place.set_xticks(range(len(names)), names, rotation=30, ha="right")
    place.set_yticks(range(len(names)), names)
    is_same = np.eye(len(names), dtype=bool)
    same, different = means[is_same].mean(), means[~is_same].mean()
    print(f"{title}: similarity of two clips of the same class {same:.2f}, of different ones {different:.2f}")
figure.colorbar(image, label="similarity")
plt.show()

# %% [markdown]
# Before training, clips of one class are little more alike than clips of two. Afterwards they are nearly the same. The
# mean over different classes has hardly moved, because a run as short as this one sorts the classes into two or three
# groups, which is all that a low loss asks for: nearly the same within a group, nearly opposite between groups. Finer
# differences, within a group, are too small for this picture, but the votes above go by them.

# %% [markdown]
# ## Keep it
#
# The encoder is an ordinary Keras model. Whoever uses it does not need this library: frames in, numbers between 0 and
# 1, and an embedding out.

# %%
network = keras.saving.load_model(run / "encoder.keras")
frames = read_frames(files[0], 8, 4) / 255
video = keras.ops.image.resize(frames.astype("float32"), (40, 40))
embedding = network(video[None])
print(f"{video.shape} -> {tuple(embedding.shape)}")

# %% [markdown]
# ## The same in a shell
#
# Everything above is a command, too. The commands below train the preset unchanged; what is in `SETTINGS` goes after
# `--set`, as in `--set narrow.step=4 narrow.size=40`.
#
# ```
# brave-tf prepare my-videos --out dataset
# brave-tf pretrain tiny-v --data dataset --run runs/first
# brave-tf report runs/first --out run.html
# brave-tf evaluate runs/first --data dataset --protocol knn --out report
# ```
#
# ## What next
#
# - Train on your own videos: `VIDEOS` at the top. With a few hundred clips, read [what keeps a small run
#   learning](https://github.com/brave-tf/brave-tf/blob/main/docs/training-small.md) first.
# - Do your videos have sound? The preset `tiny-va` takes sound for the broad view: the encoder learns to see what can
#   be heard.
# - Train longer, if you have the time: half of `optimizer.peak_learning_rate` and three times the steps.
# - [Tutorial 4](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_4_evaluate.ipynb) evaluates such an
#   encoder thoroughly, and [tutorial
#   6](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_6_search_and_export.ipynb) finds moments in
#   videos with it.
# - With GPUs and days, the experiments of the paper are presets as well:
#   [what they need](https://github.com/brave-tf/brave-tf/blob/main/docs/reproducing.md).
