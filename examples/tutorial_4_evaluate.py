# %% [markdown]
# # Evaluate an encoder as the paper does
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_4_evaluate.ipynb)
#
# An encoder that learned without labels has no accuracy of its own. It gets one when you put a task on top of it, and
# there are several ways to do that. At the end of this tutorial you will have
#
# - scored one encoder by **linear classification**, **nearest neighbours** and **fine-tuning**,
# - put the same network **at random initialisation** beside it each time, so that you know what was learned,
# - drawn how the score depends on the **number of labels**,
# - and read what the scores say, and what they do not say.
#
# It takes about three minutes on two CPU cores, and needs no GPU.

# %%
import importlib.util

if importlib.util.find_spec("brave_tf") is None:
    print("installing brave-tf")
    # %pip install -q brave-tf

# %% [markdown]
# ## Videos with labels
#
# Labels are for the evaluation alone; the encoder will not see them. If you have a folder whose sub-folders name the
# classes, such as `my-videos/dancing/1.mp4`, write its name here. Otherwise the library generates a small world:
# every clip shows one of six things, such as stars or rings, and moves in one of six ways.

# %%
from pathlib import Path

import av
import matplotlib.pyplot as plt
import numpy as np

import brave_tf
from brave_tf.demo.world import write_list, write_world

VIDEOS = None  # or "my-videos": a folder with a sub-folder for each class
WORK = Path("tutorial_4")

if VIDEOS is None:
    # For each of the six motions: 36 clips to train on, 18 to test on.
    files = write_world(WORK / "videos", clips_per_motion={"train": 36, "test": 18}, seconds=8, size=56)
    source, label = write_list(WORK / "videos", files), "theme"  # the column of the list that names the thing
else:
    source, label = Path(VIDEOS), "label"

dataset = brave_tf.prepare(source, WORK / "dataset")
print({split: dataset.clips(split).num_rows for split in ("train", "test")}, dataset.labels[label])

# %% [markdown]
# One test clip of each class, six frames from its beginning to its end:


# %%
def frames_of(path, count=6):
    """Evenly spaced frames of a video, [count, height, width, 3]."""
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return np.stack([frames[i] for i in np.linspace(0, len(frames) - 1, count).astype(int)])


def strip(frames):
    """Frames side by side, with a gap between them."""
    return np.hstack([np.pad(frame, ((0, 0), (0, 3), (0, 0)), constant_values=255) for frame in frames])


folder = source if source.is_dir() else source.parent
first = {clip[f"label/{label}"]: folder / clip["source"] for clip in reversed(dataset.clips("test").to_pylist())}
shown = sorted(first)[:6]
figure, axes = plt.subplots(len(shown), 1, figsize=(6, len(shown)), dpi=80, layout="constrained")
for axis, name in zip(axes, shown, strict=True):
    axis.imshow(strip(frames_of(first[name])))
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# Look at how different the frames of one row are: place, size, angle and shade change with every cut. What stays is the
# shape, and that is what the classifiers below have to name.
#
# ## An encoder to score
#
# Any encoder will do: a run of yours, a released checkpoint ([tutorial
# 3](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_3_released_checkpoint.ipynb)), a model from a hub.
# Here we train one for a minute or two, from pictures alone ([tutorial
# 2](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_2_pretrain.ipynb) explains it). The settings make
# the networks and the pictures small enough for two cores.

# %%
STEPS = 600
SETTINGS = [
    "narrow.size=40",  # what the encoder sees: 8 frames of 40 x 40 pixels, in 1.3 s
    "narrow.step=4",
    "broad.rgb.frames=8",  # what it has to predict: 8 frames in 5 s
    "broad.rgb.step=16",
    "broad.rgb.size=40",
    "narrow.augment.color=0",  # the generated clips are grey: there are no colours to change
    "broad.rgb.augment.color=0",
    "narrow.augment.blur=0",
    "broad.rgb.augment.blur=0",
    "model.narrow.depth=14",
    "evaluation.size=40",  # the evaluation shows the encoder what it was trained on
    "evaluation.shorter_side=46",
    "evaluation.step=4",
    "evaluation.crops=1",
    "monitor.probe_every=0",
]
run = WORK / "run"
summary = brave_tf.pretrain("tiny-v", dataset.path, run, steps=STEPS, set=SETTINGS)
print(f"{summary['steps']} steps on {summary['clips']} clips, without a label")

# %% [markdown]
# ## 1. A linear classifier
#
# The usual way: freeze the network, compute the features of all training clips, and train a linear classifier on
# them. As in the paper it is a support vector machine, trained on augmented samples; each test clip is seen in
# several windows, and their decisions are averaged. One call does it all. With the same call
#
# - `label_fractions` repeats it with fewer labels: with 3 %, 10 % and 25 % of them, and with all;
# - the network at random initialisation is scored in the same way, unless you say `random_init=False`;
# - `beside` scores something else, too: here `baseline:pixels`, the clip averaged to 16 x 16 pixels, without any
#   network.

# %%
linear = brave_tf.evaluate(
    run,
    dataset.path,
    WORK / "reports" / "linear",
    protocol="linear",
    label=label,
    label_fractions=[0.03, 0.1, 0.25, 1],
    beside="baseline:pixels",
)


def percent(value):
    return f"{100 * value:.0f} %"


low, high = linear["interval"]
print(f"this encoder    {percent(linear['mean'])}, 95 % interval {percent(low)} to {percent(high)}")
print(f"before training {percent(linear['random_init'])}")
print(f"pixels          {percent(linear['beside'][0]['mean'])}")
print(f"chance          {percent(linear['chance'])}")

# %% [markdown]
# Read the line *before training* first. A network with random weights is not a bad feature extractor: its convolutions
# respond to edges and textures, and a classifier with enough labels makes something of them. What pre-training has
# added is the difference between the first two lines, and no score means much without the second one. The interval
# comes from drawing the test clips again and again: with a hundred of them it is wide, whatever the encoder.
#
# ## 2. How many labels does it take?
#
# The reason to learn without labels is that labels are expensive, so the left side of the plot is the interesting part.

# %%
curve = linear["label_fractions"]
labels = [point["labels"] for point in curve]
figure, axis = plt.subplots(figsize=(6, 4), dpi=80, layout="constrained")
lines = {
    "this encoder": [(point["mean"], point["interval"]) for point in curve],
    "before training": [(point["random_init"], point["random_init_interval"]) for point in curve],
    "pixels": [(each["mean"], each["interval"]) for each in (point["beside"]["baseline:pixels"] for point in curve)],
}
for (name, points), color in zip(lines.items(), ("tab:blue", "tab:orange", "tab:green"), strict=True):
    axis.plot(labels, [100 * mean for mean, _ in points], "o-", color=color, label=name)
    axis.fill_between(labels, *(np.transpose([interval for _, interval in points]) * 100), color=color, alpha=0.15)
axis.axhline(100 * linear["chance"], color="grey", linestyle=":", label="chance")
axis.set(xscale="log", xlabel="labelled training clips", ylabel="test clips named correctly, %", ylim=(0, 100))
axis.set_xticks(labels, [f"{each:.0f}" for each in labels], minor=False)
axis.minorticks_off()
axis.legend()
plt.show()

few = curve[0]
print(f"with {few['labels']:.0f} labels: {percent(few['mean'])}, before training {percent(few['random_init'])}")

# %% [markdown]
# ## 3. Nearest neighbours
#
# A k-nearest-neighbour vote trains nothing at all. It asks whether clips of one class lie close together, which is
# what a search needs. It starts from the features that the linear protocol has left in `reports/features`.

# %%
knn = brave_tf.evaluate(run, dataset.path, WORK / "reports" / "knn", protocol="knn", label=label)
print(f"this encoder {percent(knn['mean'])}, before training {percent(knn['random_init'])}")

# %% [markdown]
# ## 4. Fine-tuning
#
# Here the encoder is not frozen: it is where training with labels starts, and all of its weights go on from there. The
# question becomes how much further that gets than training the same network from scratch. Two hundred clips and ten
# epochs are little for this, so do not be surprised if it stays behind the linear classifier. The paper's figures come
# from thousands of clips and many epochs: `classifier` takes any setting that you want to change.

# %%
tuned = brave_tf.evaluate(
    run,
    dataset.path,
    WORK / "reports" / "finetune",
    protocol="finetune",
    label=label,
    classifier={"epochs": 10, "batch_size": 16, "dropout": 0.2},
)
print(f"fine-tuned {percent(tuned['mean'])}, the same from scratch {percent(tuned['random_init'])}")

# %% [markdown]
# ## All of them in one picture

# %%
reports = {
    "linear": linear,
    f"linear,\n{few['labels']:.0f} labels": few,
    "nearest\nneighbours": knn,
    "fine-tuning": tuned,
}
places = np.arange(len(reports))
figure, axis = plt.subplots(figsize=(6, 3.5), dpi=80, layout="constrained")
means = np.array([each["mean"] for each in reports.values()])
errors = np.abs(np.transpose([each["interval"] for each in reports.values()]) - means)
axis.bar(places - 0.2, 100 * means, 0.4, yerr=100 * errors, capsize=4, label="this encoder")
axis.bar(places + 0.2, [100 * each["random_init"] for each in reports.values()], 0.4, label="random initialisation")
axis.axhline(100 * linear["chance"], color="grey", linestyle=":", label="chance")
axis.set_xticks(places, list(reports))
axis.set(ylabel="test clips named correctly, %", ylim=(0, 100))
axis.legend(loc="upper right", ncols=3, fontsize="small")
plt.show()

# %% [markdown]
# ## What is taken for what
#
# Every evaluation leaves `report.json`, which is what you have been reading from, and `report.html`, a page with the
# same in pictures and with the clips that were got wrong. Here is one thing from it: the clips of each row, by the
# class that the linear classifier gave them. Two classes that are taken for each other in both directions are ones
# that the encoder sees little difference between.

# %%
names = linear["class_names"]
figure, axis = plt.subplots(figsize=(4, 3.5), dpi=80, layout="constrained")
axis.imshow(linear["confusion"], cmap="Blues", vmin=0, vmax=2 * np.max(linear["confusion"]))
axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
axis.set_yticks(range(len(names)), names)
axis.set(xlabel="named", ylabel="shown")
for row, counts in enumerate(linear["confusion"]):
    for column, count in enumerate(counts):
        if count:
            axis.text(column, row, str(count), ha="center", va="center")
plt.show()
print("the page:", WORK / "reports" / "linear" / "report.html")

# %% [markdown]
# ## From here to the paper's tables
#
# Its benchmarks are read as their authors ship them, and their official splits are what is scored. In a shell:
#
# ```
# brave-tf prepare UCF101 --layout ucf101 --out ucf101
# brave-tf evaluate runs/mine --data ucf101 --protocol linear --out reports/ucf101
# brave-tf evaluate runs/mine --data ucf101 --protocol finetune --out reports/ucf101-finetune
# ```
#
# Here the classifier saw each training clip augmented three times and each test clip in three windows, as the `tiny-*`
# presets say, of one crop each, as set above. With the paper's experiments it is ten times, and ten windows of three
# crops. Where the paper leaves a setting open, the report says which value was taken.
#
# ## What to try next
#
# - **The other question**: this world has a second label, the way the picture moves. Evaluate with `label="label"`:
#   an encoder that learned from pictures alone, as this one has, knows little of it. One that learned from sound
#   (`brave_tf.pretrain("tiny-va", ...)`) does better, for the sound tells the motion.
# - **Other encoders beside yours**: `beside` takes whatever `evaluate` takes, such as `random:tsm50`, `v-a-tsm50` or
#   `hf://OWNER/NAME`; and any function, through `brave_tf.as_encoder`.
# - **Other protocols**: `protocol="ridge"` is the quickest, `"attentive"` the one of V-JEPA and VideoPrism,
#   `"retrieval"` ranks.
# - [Reproducing the paper's tables](https://github.com/brave-tf/brave-tf/blob/main/docs/reproducing.md) has the
#   command for every number, and tutorial 6 searches with the same vectors.
