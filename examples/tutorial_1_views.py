# %% [markdown]
# # Narrow and broad views, in pictures
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_1_views.ipynb)
#
# BraVe teaches a network to understand video without a single label. It shows one network a short, sharp piece of a
# video, the *narrow* view, and another network a longer stretch of the same video, or its sound, the *broad* view. Each
# has to predict what the other makes of its view.
#
# In this tutorial you look at those views, as the networks get them. At the end you will know
#
# - where in a video a narrow and a broad view lie, and how they are cut out and disturbed,
# - what the two have in common, for that is what a network can learn from them,
# - what "predicting the other view" means in numbers.
#
# Nothing is trained here, and it takes about a minute.

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

import brave_tf
from brave_tf.demo.world import write_world

# %% [markdown]
# ## A few videos
#
# The library can generate a small world of videos, so that you need none of your own: patterned surfaces that move in
# six ways, and each way of moving has a sound of its own. To look at your own videos instead, put the name of a folder
# of them below. They should have sound.

# %%
VIDEOS = None  # or "my-videos": a folder of videos, whose sub-folders may name classes
WORK = Path("tutorial_1")  # where everything goes that this tutorial writes

if VIDEOS is None:
    VIDEOS = WORK / "videos"
    write_world(VIDEOS, clips_per_motion={"train": 3}, seconds=8, size=96)

# %% [markdown]
# `prepare` turns media files into a dataset: frames at 25 per second, sound as one channel, and a table of all clips.
# Anything that it cannot use is left out and named. In a shell, `brave-tf prepare my-videos --out dataset` does
# the same.

# %%
dataset = brave_tf.prepare(VIDEOS, WORK / "dataset")
clips = dataset.clips("train")
print(f"{clips.num_rows} clips to train on; the first lasts {clips['frames'][0].as_py() / 25:g} seconds")

# %% [markdown]
# ## One video
#
# Here is one of them, a frame every second, with its sound below. Time runs from left to right.


# %%
def show_strip(axes, frames, seconds=()):
    """Frames side by side, with the second of the video that each is of."""
    height, width = frames.shape[1:3]
    gap = np.full((len(frames), height, max(width // 24, 1), 3), 255, np.uint8)
    axes.imshow(np.concatenate(np.concatenate([frames, gap], axis=2), axis=1))
    axes.set_axis_off()
    for number, second in enumerate(seconds):
        place = (number + 0.5) * (width + gap.shape[2])
        axes.text(place, 1.06 * height, f"{second:.2f} s", ha="center", va="top", fontsize=8)


def read_video(path, seconds=8, rate=16_000):
    """The beginning of a video: a frame of each second [T, H, W, 3], and the sound [N], rate samples a second."""
    frames, sound = [], []
    with av.open(path) as media:
        for frame in media.decode(video=0):
            if frame.time >= len(frames):
                width = round(96 * frame.width / frame.height)
                frames.append(frame.reformat(width, 96, "rgb24").to_ndarray())
            if len(frames) == seconds:
                break
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
    with av.open(path) as media:
        for frame in media.decode(audio=0):
            if frame.time >= seconds:
                break
            sound += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    return np.stack(frames), np.concatenate(sound)


first_file = f"{VIDEOS}/{clips['source'][0].as_py()}"
frames, sound = read_video(first_file)

figure, (above, below) = plt.subplots(2, figsize=(10, 3), height_ratios=[1.2, 1], dpi=80, layout="constrained")
show_strip(above, frames)
above.set_title(first_file, fontsize=10)
below.specgram(sound + 1e-6, NFFT=512, Fs=16_000, noverlap=256, vmin=-80, vmax=-20, cmap="magma")
below.set(xlabel="seconds", ylabel="Hz", ylim=(0, 8000))
plt.show()

# %% [markdown]
# A single frame does not tell how the surface moves: for that you have to see several in a row, or listen. Keep this in
# mind: it is the whole trick.
#
# ## Where the views lie
#
# `inspect` draws the views of some clips exactly as training would, and returns what it drew. It also writes
# `views.html`, a page to click through, for any dataset and any experiment. The experiment here is `tiny-va`, a
# *preset*: pictures for the narrow view, sound for the broad one.
#
# Every time training comes back to a clip, its views are drawn anew. With `redraws=2` you get three draws of each clip.

# %%
shown = brave_tf.inspect(dataset.path, "tiny-va", WORK / "views.html", clips=2, redraws=2)
clip = shown.clips[0]
print(f"{clip.source}, {clip.seconds:g} seconds")

# %%
COLOURS = {"narrow": "tab:blue", "broad": "tab:orange"}


def show_windows(axes, clip):
    """A line of bars for each view of each draw: when in the clip it begins and ends."""
    names = []
    for number, draw in enumerate(clip.draws, start=1):
        for window in draw.windows:
            bars = [(begin, end - begin) for begin, end in window.pieces]
            axes.broken_barh(bars, (len(names) - 0.35, 0.7), color=COLOURS[window.kind])
            names.append(f"draw {number}: {window.name}")
    axes.set(yticks=range(len(names)), yticklabels=names, xlim=(0, clip.seconds), xlabel="seconds of the clip")
    axes.invert_yaxis()


figure, axes = plt.subplots(figsize=(9, 2.6), dpi=80, layout="constrained")
show_windows(axes, clip)
plt.show()

# %% [markdown]
# Blue is what the one network sees, orange what the other hears. In this experiment the two begin together, so that
# the network that sees can be asked what is heard in the meantime.
#
# ## The narrow view, from frame to network
#
# A narrow view goes through three steps. A rectangle is cut out, the same in all its frames. It is resized to a few
# pixels. And it is disturbed: mirrored, its brightness, contrast and colours changed, blurred, again alike in all its
# frames. This is called *augmentation*. It takes away what would make the task too easy: a network that could
# recognise a clip by its brightness would learn nothing about motion.

# %%
narrow = clip.draws[0].narrow

figure, axes = plt.subplot_mosaic("fcccc;fdddd", figsize=(10, 2.8), dpi=80, layout="constrained")
axes["f"].imshow(narrow.whole)
top, left, height, width = narrow.crop
axes["f"].add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=COLOURS["narrow"], linewidth=3))
axes["f"].set_title("a frame, and what is cut out", fontsize=9)
axes["f"].set_axis_off()
for place, frames, title in (("c", narrow.before, "cut out and resized"), ("d", narrow.after, "disturbed")):
    show_strip(axes[place], frames, narrow.seconds)
    axes[place].set_title(title, fontsize=9)
plt.show()
print(f"drawn for this view: {narrow.parameters}")

# %% [markdown]
# The lower strip is what the network gets. The motion is still to be seen in it.
#
# And here is the same clip in its other draws. Another moment, another rectangle, other disturbances. What stays the
# same is what the clip is about.

# %%
figure, axes = plt.subplots(2, figsize=(9, 3), dpi=80, layout="constrained")
for number, (row, draw) in enumerate(zip(axes, clip.draws[1:], strict=True), start=2):
    show_strip(row, draw.narrow.after, draw.narrow.seconds)
    row.set_title(f"draw {number}: {draw.narrow.parameters}", fontsize=9)
plt.show()

# %% [markdown]
# ## The broad view: sound
#
# The other network never sees a picture. It gets two seconds of sound as a *spectrogram*: time from left to right,
# pitch from bottom to top, bright where it is loud. Below are those of two clips that move in different ways.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), dpi=80, layout="constrained", sharey=True)
for place, each in zip(axes, shown.clips, strict=True):
    heard = each.draws[0].sound
    begin = heard.window.pieces[0][0]
    extent = (begin, begin + heard.seconds, 0, heard.spectrogram.shape[1])
    place.imshow(heard.spectrogram.T, aspect="auto", origin="lower", extent=extent, cmap="magma")
    place.set(xlabel="seconds of the clip")
    place.set_title(each.source, fontsize=9)
axes[0].set_ylabel("pitch (mel band)")
plt.show()

# %% [markdown]
# Now the trick. The network with the pictures has to predict what the network with the sound makes of *its* view, and
# the other way round. Shapes and shades are of no use for that: they cannot be heard. What can be both seen and heard
# is the motion. So to predict well, one network has to learn to see motion, and the other to hear it, and nobody had
# to say what motion is.
#
# This holds for your videos, too: **what both views have in common is what will be learned.**
#
# ## The broad view: more pictures
#
# Without sound, the broad view is a longer stretch of pictures. The preset `tiny-v` does that. `set` changes settings
# of a preset, here to a narrow view of 1.3 seconds and a broad one of 5.

# %%
settings = ["narrow.step=4", "broad.rgb.frames=8", "broad.rgb.step=16", "broad.rgb.size=32"]
pictures = brave_tf.inspect(dataset.path, "tiny-v", WORK / "views-of-pictures.html", clips=1, redraws=2, set=settings)
clip = pictures.clips[0]

figure, axes = plt.subplot_mosaic("t;n;b", figsize=(9, 5), dpi=80, height_ratios=[1.1, 1, 1], layout="constrained")
show_windows(axes["t"], clip)
for place, view in (("n", clip.draws[0].narrow), ("b", clip.draws[0].broad[0])):
    show_strip(axes[place], view.after, view.seconds)
    axes[place].set_title(
        f"draw 1: {view.window.name}, {view.after.shape[1]} x {view.after.shape[2]} pixels", fontsize=10
    )
plt.show()

# %% [markdown]
# Look at the times below the frames. The narrow view shows a moment well, the broad one shows at a glance, and in fewer
# pixels, what goes on for longer. Here they lie anywhere in the clip, independent of each other. A view that runs past
# the end of the clip goes on at its beginning, so that a bar may come in two pieces. Now the patterns on the surface
# are in both views, and so these are what the networks learn first: the choice of the broad view decides what is
# learned.
#
# The experiments of [the paper](https://arxiv.org/abs/2103.16559) are presets as well. This is how long their views
# are.

# %%
for name in ("tiny-va", "tiny-v", "v-a-tsm50-audioset", "v-v-tsm50-k600"):
    config = brave_tf.presets.get(name)
    narrow = config.narrow
    print(f"{name}: narrow {narrow.seconds:.1f} s, {narrow.frames} frames of {narrow.size} x {narrow.size}")
    for view in config.broad.visual.values():
        print(f"    broad {view.seconds:.1f} s, {view.frames} frames of {view.size} x {view.size}")
    for view in config.broad.sound.values():
        print(f"    broad {view.seconds:.1f} s of sound, {view.spectrogram_frames} x {view.mel_bands}")

# %% [markdown]
# ## Predicting the other view, in numbers
#
# Training sees many clips at a time, a *batch*. Here is one, as it leaves the dataset, and a model that has not learned
# anything yet. Each of its two networks turns its view into a vector, the *projection* `z`, and each makes a
# *prediction* `h` of the other's projection.

# %%
config = brave_tf.presets.get("tiny-va")
batch = next(iter(brave_tf.data.pretraining_dataset(dataset.path, config)))
keras.utils.set_random_seed(0)
model = brave_tf.Brave.from_preset("tiny-va")
views = model.augmented_views(batch)
outputs = model(views, training=True)

print("narrow views:", views["narrow"].shape, "(clips, frames, height, width, colours)")
print("broad views: ", views["broad"]["audio"].shape, "(clips, moments, pitches)")
print("predictions: ", outputs["narrow"]["audio"]["h"].shape)
print("projections: ", outputs["broad"]["audio"]["z"].shape)

# %% [markdown]
# Only directions count, not lengths. So the distance of a prediction from a projection is between 0, the same
# direction, and 4, the opposite one; vectors that have nothing to do with each other are at a distance of 2. Below is
# that distance, from what is predicted of the sound of each clip (a row) to the sound of each clip (a column).

# %%
predicted = brave_tf.losses.unit_normalise(outputs["narrow"]["audio"]["h"]).numpy()
heard = brave_tf.losses.unit_normalise(outputs["broad"]["audio"]["z"][:, 0]).numpy()
distances = 2 - 2 * predicted @ heard.T

figure, axes = plt.subplots(figsize=(4.2, 3.4), dpi=80, layout="constrained")
image = axes.imshow(distances, vmin=0, vmax=4, cmap="RdBu")
axes.set(xlabel="sound of clip", ylabel="prediction for clip", title="before training")
figure.colorbar(image, label="squared distance")
plt.show()

loss, terms = brave_tf.losses.view_losses(outputs)
is_own = np.eye(len(distances), dtype=bool)
print(f"distance to its own clip {distances[is_own].mean():.2f}, to any other {distances[~is_own].mean():.2f}")
print(f"loss {loss:.2f}: " + ", ".join(f"{name} {float(value):.2f}" for name, value in terms.items()))

# %% [markdown]
# The diagonal, where each prediction meets the sound of its own clip, does not stand out: nothing is predicted yet. The
# loss is the mean of the diagonal, plus that of the other direction, in which sound predicts pictures. Training
# lowers it. You will see it fall in the next tutorial.
#
# Could the two networks not cheat, and give the same vector for every clip? It is a good question, and the answer has
# three parts. No network is pulled towards what the other predicts of it: a projection counts as given, and only the
# prediction moves. The prediction is made by a small network of its own on top, the predictor. And batch norm keeps the
# projections of a batch apart. In practice this is enough; `pretrain` watches it, and says so if the projections do
# become the same.
#
# ## What next
#
# - Open `tutorial_1/views.html` in a browser: all these views on one page to click through, with the sound to listen
#   to.
# - Set `VIDEOS` at the top to a folder of your own. What do the views of your videos have in common?
# - Change a setting, such as `set=["narrow.augment.crop_area=0.1,0.3"]`, and look at the views again.
# - Go on to [tutorial 2](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_2_pretrain.ipynb), which
#   trains a network on such views, or see [what can be
#   set](https://github.com/brave-tf/brave-tf/blob/main/docs/experiments.md).
