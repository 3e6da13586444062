# %% [markdown]
# # Search your videos, and take the encoder elsewhere
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/tutorial_6_search_and_export.ipynb)
#
# An encoder turns every moment of a video into a vector, so that moments can be compared. At the end of this tutorial
# you will have
#
# - an encoder that learned from a folder of videos, and a **table** with a vector for every window of every file,
# - a **search**: show it a moment, and it finds the moments that are like it,
# - a list of **near duplicates**,
# - the encoder as **ONNX** and **LiteRT** files, which run without this library and without TensorFlow, and the
#   search done again with those.
#
# It takes about four minutes on two CPU cores, and needs no GPU.

# %%
import importlib.util

if not all(map(importlib.util.find_spec, ("brave_tf", "tf2onnx", "onnxruntime", "ai_edge_litert"))):
    print("installing brave-tf, and what exports to ONNX and LiteRT")
    # %pip install -q "brave-tf[onnx,litert]"

# %%
from pathlib import Path

import av
import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet

import brave_tf
from brave_tf.demo.world import write_world

# %% [markdown]
# ## Videos, and an encoder that has learned from them
#
# Put the name of a folder of your own videos below, or let the library generate some: each shows one of six things,
# such as stars or rings, from a camera that moves in one of six ways.

# %%
VIDEOS = None  # or "my-videos": a folder of videos
WORK = Path("tutorial_6")  # where everything goes that this tutorial writes

is_generated = VIDEOS is None
if is_generated:
    VIDEOS = WORK / "videos"
    write_world(VIDEOS, clips_per_motion={"films": 30}, seconds=8, size=56)

# %% [markdown]
# The encoder learns from the same videos, without labels; [tutorial
# 2](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_2_pretrain.ipynb) explains these two steps. If you
# have an encoder already, such as a run of yours or a released checkpoint ([tutorial
# 3](https://github.com/brave-tf/brave-tf/blob/main/examples/tutorial_3_released_checkpoint.ipynb)), you can leave them
# out.

# %%
STEPS = 600
SETTINGS = [
    "narrow.size=40",  # the encoder sees 8 frames of 40 x 40 pixels, which span 1.3 seconds
    "narrow.step=4",
    "broad.rgb.frames=8",  # and learns to tell from them what 8 frames of 5 seconds show
    "broad.rgb.step=16",
    "broad.rgb.size=40",
    "narrow.augment.color=0",  # the generated videos are grey; leave these four out for videos in colour
    "broad.rgb.augment.color=0",
    "narrow.augment.blur=0",
    "broad.rgb.augment.blur=0",
    "model.narrow.depth=14",
    "evaluation.size=40",  # what it is shown afterwards is what it was trained on
    "evaluation.shorter_side=46",
    "evaluation.step=4",
    "monitor.probe_every=0",
]
dataset = brave_tf.prepare(VIDEOS, WORK / "dataset", split="train=1")
run = WORK / "run"
summary = brave_tf.pretrain("tiny-v", dataset.path, run, steps=STEPS, set=SETTINGS)
print(f"{summary['steps']} steps on {summary['clips']} clips; loss of the last batch {summary['final_loss']:.1f}")

# %% [markdown]
# ## A table of vectors
#
# `embed` cuts every file into windows of the length that the encoder knows, each half a window after the one before,
# and writes a row for each. The table is a Parquet file, and says itself which encoder made it.

# %%
facts = brave_tf.embed(run, VIDEOS, out=WORK / "embeddings.parquet")
print(f"{facts.rows} windows of {facts.window:.2f} s in {facts.files} files, each {facts.embedding_size} numbers")

table = pyarrow.parquet.read_table(WORK / "embeddings.parquet")
for row in table.slice(0, 3).to_pylist():
    print(row["file"], f"{row['start']:.2f} to {row['end']:.2f} s", np.round(row["embedding"][:4], 2), "...")

# %% [markdown]
# ## Search
#
# A query is a file, or a moment of one: what follows the `@` is where it begins, in seconds or as a time code. The
# query need not be in the table; if it is, its own windows are left out of the answers.

# %%
files = sorted(set(table["file"].to_pylist()))
query = files[1]
answers = brave_tf.search(WORK / "embeddings.parquet", f"{query}@2", top=5, html=WORK / "found.html")
for answer in answers:
    print(f"{answer.score:.3f}  {answer.file}  {answer.start:.2f} to {answer.end:.2f} s")


# %%
def frames_between(path, start, end, count=6, side=56):
    """Evenly spaced square frames of a moment, [count, side, side, 3]."""
    with av.open(path) as video:
        frames = [
            frame.reformat(side, side, "rgb24").to_ndarray()
            for frame in video.decode(video=0)
            if start <= frame.time < end
        ]
    return np.stack([frames[i] for i in np.linspace(0, len(frames) - 1, count).astype(int)])


def strip(frames):
    """Frames side by side, with a gap between them."""
    return np.hstack([np.pad(frame, ((0, 0), (0, 3), (0, 0)), constant_values=255) for frame in frames])


moments = [("query", query, 2, 2 + facts.window)]
moments += [(f"{answer.score:.3f}", answer.file, answer.start, answer.end) for answer in answers]
figure, axes = plt.subplots(len(moments), 1, figsize=(5.5, 0.95 * len(moments)), dpi=80, layout="constrained")
for axis, (name, *moment) in zip(axes, moments, strict=True):
    axis.imshow(strip(frames_between(*moment)))
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# The first row is the query, and below it are its answers, the best first. Look at the things in them, not at where
# they lie or how the camera moves. The encoder was trained to predict from a short view what a longer one shows.
# Arrangement and motion change from shot to shot, but the things stay, so they are what it has learned. An encoder
# that learned from sound would look for what can be heard, such as the motion (see *what to try next*).
#
# `found.html` is the same as a page, on which the answers can be played. The scores are cosines. They are all high,
# and only their order counts.
#
# ### Does it hold for more than one query?
#
# Some things are easier to find than others. The table is yours: a few lines of NumPy ask every file for the five
# files that are most like it. In the generated videos we know what each file shows, from its number, and so which
# answers are right.

# %%
from brave_tf.demo.world import thing_of

vectors = np.stack(table["embedding"].to_numpy())
names = np.array(table["file"].to_pylist())
means = np.stack([vectors[names == file].mean(axis=0) for file in files])
means /= np.linalg.norm(means, axis=1, keepdims=True)
likeness = means @ means.T
np.fill_diagonal(likeness, -1)
nearest = np.argsort(-likeness, axis=1)[:, :5]

if is_generated:
    shows = np.array([thing_of(int(Path(file).stem.split("-")[-1])) for file in files])
    right = shows[nearest] == shows[:, None]
    print(f"{100 * right.mean():.0f} % of the answers show the same thing; of answers at random {100 / 6:.0f} %")

# %% [markdown]
# ## Near duplicates
#
# Collections hold the same video twice more often than one thinks: made smaller, compressed again, cut off. Here are
# three such copies.


# %%
def copy_video(source, target, side=56, quality=23, skip=0.0):
    """Writes a video again: smaller, compressed harder (a higher number), or without its first seconds."""
    target.parent.mkdir(exist_ok=True)
    with av.open(source) as original, av.open(target, "w") as copy:
        stream = copy.add_stream("libx264", rate=25, options={"crf": str(quality)})
        stream.width = stream.height = side
        for frame in original.decode(video=0):
            if frame.time >= skip:
                smaller = av.VideoFrame.from_ndarray(frame.reformat(side, side, "rgb24").to_ndarray(), format="rgb24")
                copy.mux(stream.encode(smaller))
        copy.mux(stream.encode(None))


originals = [files[0], files[len(files) // 2], files[-1]]
copies = WORK / "copies"
copy_video(originals[0], copies / "smaller.mp4", side=40)
copy_video(originals[1], copies / "compressed.mp4", quality=38)
copy_video(originals[2], copies / "without-its-beginning.mp4", skip=0.5)

# %% [markdown]
# The encoder above is the wrong one to find them with. It has learned to overlook how things are arranged, so that to
# it any two videos of rings are as good as the same. What tells a copy is just that arrangement, and for this the
# pixels themselves are enough: `baseline:pixels` is an encoder without weights, which averages a window to 16 x 16
# pixels. What *alike* means is the encoder's choice; choose the encoder by what you look for.

# %%
brave_tf.embed("baseline:pixels", [VIDEOS, copies], out=WORK / "pixels.parquet")
for pair in brave_tf.search(WORK / "pixels.parquet", near_duplicates=0.9995):
    print(f"{pair.score:.4f}  {pair.file}  {pair.other}")

# %% [markdown]
# The copies are there, each beside the video that it was made of. Where copies end and mere likeness begins depends
# on the encoder and on the videos: begin with a lower threshold, look at the pairs, and raise it until only copies
# are left.
#
# ## The encoder elsewhere
#
# `export` writes the encoder in other formats. Each is loaded by its own package in a process that cannot import this
# library, and its vectors are compared with the Keras model's; what does not agree is not written.
#
# - **ONNX** is computed by ONNX Runtime and by many other programs, on servers and in browsers.
# - **LiteRT** (which was TensorFlow Lite) is for phones and small boards. There are three files: with 32-bit numbers,
#   with 16-bit numbers at half the size, and with 8-bit whole numbers at a quarter.

# %%
exported = brave_tf.export(run, WORK / "exported", formats=["onnx", "litert"])
for name, check in exported["formats"].items():
    print(f"{name:15} {check['bytes'] / 1e6:5.2f} MB, cosine with Keras at least {check['cosine']:.5f}")

# %% [markdown]
# ### Run both, with their own packages
#
# From here on nothing uses brave_tf or TensorFlow: this is what a program on another machine would do.
# `brave_tf.json`, which lies beside the files, says how many frames the encoder takes, how far apart, and how large.
# So read the moment that the search found first, shrink its frames, take the square in the middle, and scale the
# values to 0 to 1.

# %%
import json

view = json.loads((WORK / "exported/brave_tf.json").read_text())["view"]


def clip_at(path, seconds):
    """One clip as the encoder takes it, [1, frames, size, size, 3] float32 in [0, 1]."""
    side, size = view["shorter_side"], view["size"]
    with av.open(path) as video:
        later = [frame for frame in video.decode(video=0) if frame.time > seconds - 0.001]
        frames = later[:: view["step"]][: view["frames"]]
        width, height = frames[0].width, frames[0].height
        scale = side / min(width, height)
        width, height = round(width * scale), round(height * scale)
        pixels = np.stack([frame.reformat(width, height, "rgb24").to_ndarray() for frame in frames])
    top, left = (height - size) // 2, (width - size) // 2
    return pixels[None, :, top : top + size, left : left + size].astype("float32") / 255


best = answers[0]
clip = clip_at(best.file, best.start)
print(clip.shape)

# %%
import onnxruntime

session = onnxruntime.InferenceSession(WORK / "exported/encoder.onnx")
(by_onnx,) = session.run(["embedding"], {"video": clip})

# %%
from ai_edge_litert.interpreter import Interpreter


def by_litert(precision):
    encoder = Interpreter(str(WORK / f"exported/encoder_{precision}.tflite")).get_signature_runner("serving_default")
    return encoder(video=clip)["embedding"]


elsewhere = {"ONNX": by_onnx, **{f"LiteRT {each}": by_litert(each) for each in ("float32", "float16", "int8")}}

# %% [markdown]
# Each of these vectors should be the one that the table holds for this moment. So search the table with them:

# %%
directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
starts = table["start"].to_numpy()
for name, (vector,) in elsewhere.items():
    scores = directions @ (vector / np.linalg.norm(vector))
    row = np.argmax(scores)
    print(f"{name:15} finds {names[row]} at {starts[row]:.2f} s, with a score of {scores[row]:.4f}")
print(f"the moment was  {best.file} at {best.start:.2f} s")

figure, axis = plt.subplots(figsize=(8, 2.6), dpi=80, layout="constrained")
(row,) = np.flatnonzero((names == best.file) & (starts == best.start))
axis.plot(vectors[row, :64], color="lightgrey", linewidth=6, label="table")
for name, (vector,) in elsewhere.items():
    axis.plot(vector[:64], label=name, linewidth=1)
axis.set(xlabel="the first 64 numbers of the embedding", ylabel="value")
axis.legend(fontsize="small", ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1))
plt.show()

# %% [markdown]
# The lines lie on one another. Rounding the weights to eight bits changes them too little to see, and so does PyAV's
# different way of shrinking the frames.
#
# ## What to try next
#
# - Your own videos: set `VIDEOS` at the top. In a shell, `brave-tf embed run my-videos --out embeddings.parquet` makes
#   the table, and `brave-tf search embeddings.parquet --query my-videos/film.mp4@1:02.5 --html found.html` searches it.
# - Search by what can be heard: train `tiny-va` instead, and compare `brave_tf.search(..., projections=True)`; with
#   `cross=True` a sound finds pictures. [Embeddings and
#   search](https://github.com/brave-tf/brave-tf/blob/main/docs/embedding.md) tells how well each of them works, and
#   how long it takes with a million rows.
# - A classifier of your own on the table: *Learning from it* on the same page.
# - `formats=["savedmodel", "keras"]` for TensorFlow Serving and for further training: [Formats and
#   serving](https://github.com/brave-tf/brave-tf/blob/main/docs/serving.md).
# - Give it to others: [`brave-tf publish`](https://github.com/brave-tf/brave-tf/blob/main/docs/sharing.md).
