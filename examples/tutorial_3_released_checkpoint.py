# %% [markdown]
# # Use a released checkpoint
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_3_released_checkpoint.ipynb)
#
# With [the paper](https://arxiv.org/abs/2103.16559), DeepMind published four BraVe encoders that were trained on large
# collections of video, as files of its JAX code. This tutorial turns one of them into an ordinary Keras model and
# SavedModel. At the end you will have
#
# - an encoder that takes two or three seconds of video and gives 2,048 numbers or more, the *embedding*,
# - the embeddings of a folder of videos, and which of these videos are alike,
# - a classifier of your own with the encoder inside.
#
# It takes three to four minutes on two processor cores, besides the download, and less with a GPU.

# %%
import importlib.util

if importlib.util.find_spec("brave_tf") is None:
    print("installing brave-tf")
    # %pip install -q brave-tf

# %%
import textwrap
from pathlib import Path

import av
import keras
import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

import brave_tf
from brave_tf.demo.world import write_world

# %% [markdown]
# ## Which ones there are
#
# The letters say what the broad views were: V is video, F optical flow, A sound. The narrow view, which is what the
# encoder takes, is always video. The scores are the published ones, in percent, of linear classifiers on top of the
# frozen encoder.

# %%
for name, checkpoint in brave_tf.presets.released_checkpoints.items():
    scores = ", ".join(f"{benchmark} {score}" for benchmark, score in checkpoint.scores.items())
    print(f"{name:13} {scores}")

# %% [markdown]
# ## Fetch and convert
#
# `convert` fetches the file, once, and keeps it in `~/.cache/brave_tf`. Then it builds the network in Keras, puts the
# weights in, writes it, and checks in a process of its own that what was written gives the same embeddings.
#
# The files are pickles, and a pickle can run any program when it is opened. This one is not run: the library reads the
# numbers in it, and refuses everything else.
#
# Without an internet connection a stand-in takes the place of the checkpoint, so that you can still try everything
# that follows: a small network with random weights, in a file of the same layout. It has learned nothing. The cell
# says which of the two you have.

# %%
CHECKPOINT = "v-a-tsm50"  # or another name from above, or a .npy file that you have
WORK = Path("tutorial_3")  # where everything goes that this tutorial writes


def write_stand_in(path):
    """A small network that has learned nothing, in the layout of the released files."""
    keras.utils.set_random_seed(0)
    network = brave_tf.TSMResNet(depth=14, width=0.25)
    content = {**brave_tf.convert.to_haiku(network), "config": {}}
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


try:
    converted = brave_tf.convert(CHECKPOINT, WORK / "converted")
    print(f"This is {CHECKPOINT}, as it was released.")
except brave_tf.errors.UserError as error:
    print(textwrap.fill(str(error), 100))
    WORK.mkdir(exist_ok=True)
    write_stand_in(WORK / "stand-in.npy")
    converted = brave_tf.convert(WORK / "stand-in.npy", WORK / "converted")
    print("This is a STAND-IN with random weights. It shows how things are done, and knows nothing about videos.")

print("converted:", ", ".join(converted.towers))
print("left over:", ", ".join(converted.passed_over) or "nothing")

# %%
for path in sorted((WORK / "converted").iterdir()):
    size = sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())
    print(f"{path.name + '/' * path.is_dir():20} {size / 1e6:6.1f} MB")

# %% [markdown]
# `encoder.keras` opens with Keras alone and `saved_model` with TensorFlow alone; `model_card.md` says what the
# encoder is and where it comes from, for those that you give it to. If there is a `brave.keras`, it is the whole
# model with the broad networks, to go on training.
#
# `load_encoder` opens the folder and knows how the encoder wants to be shown a video. The released encoders give 2,048
# numbers (`v-fa-tsm50x2` gives 4,096), the stand-in 512.

# %%
encoder = brave_tf.load_encoder(WORK / "converted")
view = encoder.card.view
print(f"{view.frames} frames, {view.frames * view.step / 25:.2f} seconds, of {view.size} x {view.size} pixels")
print(f"embedding of {encoder.embedding_size:,} numbers")

# %% [markdown]
# ## Embed a folder of videos
#
# A few videos are generated here. They are only surfaces that move: what an encoder that was trained on real videos
# sees in them is an open question. So put the name of a folder of your own below if you have one.

# %%
VIDEOS = None  # or "my-videos"

if VIDEOS is None:
    VIDEOS = WORK / "videos"
    write_world(VIDEOS, clips_per_motion={"all": 2}, seconds=5, size=96)

# %% [markdown]
# `embed` cuts every video into windows as long as the encoder wants them, and writes a table: file, beginning, end, and
# the embedding. Long videos become many rows. A file that cannot be read is left out and named.

# %%
seconds = view.frames * view.step / 25
facts = brave_tf.embed(WORK / "converted", VIDEOS, out=WORK / "embeddings.parquet", stride=seconds)
print(f"{facts.files} files, {facts.rows} windows of {facts.window:g} seconds, {facts.embedding_size:,} numbers each")

table = pq.read_table(WORK / "embeddings.parquet")
for row in table.slice(0, 4).to_pylist():
    numbers = " ".join(f"{number:.3f}" for number in row["embedding"][:3])
    print(f"{row['file']}, {row['start']:.2f} to {row['end']:.2f} s: {numbers} ...")

# %% [markdown]
# ## Which videos are alike?
#
# What all videos have in common is of no use here, so the mean of all embeddings is subtracted first. Then it is the
# direction that counts: at a *cosine similarity* of 1 two videos are alike, at 0 as different as any two. On the left
# are three of the videos, and beside each the three others that are most like it.


# %%
def read_frames(path, frames, step):
    """Frames [T, H, W, 3] from the beginning of a video, uint8, as they are in the file."""
    with av.open(path) as media:
        first = zip(media.decode(video=0), range(frames * step), strict=False)
        pictures = [picture.to_ndarray(format="rgb24") for picture, _ in first]
    return np.stack([pictures[number % len(pictures)] for number in range(0, frames * step, step)])


def read_clip(path, frames, step, size):
    """A clip [T, H, W, 3] from the beginning of a video, in [0, 1], as a network takes it."""
    return tf.image.resize(read_frames(path, frames, step), (size, size)).numpy() / 255


rows = table.to_pylist()
files = sorted({row["file"] for row in rows})
embeddings = np.array([np.mean([row["embedding"] for row in rows if row["file"] == file], axis=0) for file in files])
embeddings -= embeddings.mean(axis=0)
embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
similarity = embeddings @ embeddings.T

figure, axes = plt.subplots(3, 4, figsize=(10, 2.7), dpi=80, layout="constrained")
for row, query in zip(axes, (0, len(files) // 2, len(files) - 1), strict=True):
    alike = np.argsort(-similarity[query])[:4]
    for place, number in zip(row, [query, *alike[alike != query][:3]], strict=True):
        strip = read_clip(files[number], 4, 8, 64)
        place.imshow(np.concatenate(np.pad(strip, ((0, 0), (0, 0), (0, 3), (0, 0)), constant_values=1), axis=1))
        title = Path(files[number]).stem
        place.set_title(title if number == query else f"{title}: {similarity[query, number]:.2f}", fontsize=9)
        place.set_axis_off()
plt.show()

# %% [markdown]
# With the stand-in this order has no meaning. With a released encoder and videos of your own, look for what the videos
# beside each other have in common.
#
# In large collections leave the arithmetic to `search`, which also finds moments within videos
# ([tutorial 6](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_6_search_and_export.ipynb)).
#
# ## Without this library
#
# Keras opens `encoder.keras` by itself, with any of its backends, and TensorFlow opens `saved_model`. Both are the same
# network, so they agree on every clip: below are the first numbers of its embedding. The SavedModel has a second
# entrance, `video_uint8`, which takes frames of any size as they come from a file, and resizes and crops them as the
# encoder is used to.

# %%
clip = tf.constant(read_clip(files[0], view.frames, view.step, view.size)[None], tf.float32)
network = keras.saving.load_model(WORK / "converted/encoder.keras")
saved = tf.saved_model.load(str(WORK / "converted/saved_model"))
frames = tf.constant(read_frames(files[0], view.frames, view.step)[None])

embeddings_of_it = {
    "this library": encoder(clip),
    "Keras alone": network(clip),
    "TensorFlow alone": saved(clip),
    f"from frames of {frames.shape[2]} x {frames.shape[3]} pixels": saved.signatures["video_uint8"](video=frames)[
        "embedding"
    ],
}
for name, embedding in embeddings_of_it.items():
    print(f"{name:32}", " ".join(f"{number:.4f}" for number in embedding[0, :5].numpy()), "...")

# %% [markdown]
# ## A classifier with the encoder inside
#
# As long as the encoder stays as it is, the embeddings of your videos do not change, and a classifier learns from the
# table alone, in a moment. The folders name the classes here.

# %%
labels = [Path(row["file"]).parent.name for row in rows]
classes = sorted(set(labels))
vectors = np.array([row["embedding"] for row in rows], "float32")
targets = np.array([classes.index(label) for label in labels])

scale = keras.layers.Normalization()
scale.adapt(vectors)
head = keras.Sequential([keras.Input(vectors.shape[1:]), scale, keras.layers.Dense(len(classes))])
head.compile(optimizer=keras.optimizers.Adam(0.01), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = head.fit(vectors, targets, epochs=50, verbose=0).history["loss"]
print(f"{len(classes)} classes, loss {history[0]:.2f} at first, {history[-1]:.2f} at last")

# %% [markdown]
# Then it goes on top of the encoder, and the two are one Keras model from frames to classes. Save it, deploy it, or
# train all of it further: with `network.trainable = True` and a small learning rate that is fine-tuning.

# %%
network.trainable = False
classifier = keras.Sequential([network, head])
answer = classes[int(np.argmax(classifier(clip)[0]))]
learning = sum(int(np.prod(weight.shape)) for weight in classifier.trainable_weights)
print(f"{Path(files[0]).name}: {answer}")
print(f"{learning:,} of {classifier.count_params():,} parameters learn")

# %% [markdown]
# It has seen this video before, so this is no score. How good such a classifier is on videos that it has not seen is
# what tutorial 4 is about.
#
# ## In short
#
# In Python, all of the first half in one line, which fetches and converts on first use:
#
# ```python
# encoder = brave_tf.load_encoder("v-a-tsm50")
# ```
#
# In a shell:
#
# ```
# brave-tf convert v-a-tsm50 --out converted
# brave-tf embed converted my-videos --out embeddings.parquet
# brave-tf search embeddings.parquet --query my-videos/film.mp4@12.5
# ```
#
# ## What next
#
# - Take `v-fa-tsm50x2`, the largest, with four times the parameters and the best published scores on HMDB51 and UCF101.
# - [Tutorial 4](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_4_evaluate.ipynb): evaluate it by the
#   protocols of the paper, on your labelled videos.
# - What the files hold, and what of it is converted:
#   [networks](https://github.com/brave-tf/brave-tf/blob/main/docs/networks.md#released-checkpoints).
# - Anyone who opens files from strangers should know [what they can
#   do](https://github.com/brave-tf/brave-tf/blob/main/SECURITY.md).
