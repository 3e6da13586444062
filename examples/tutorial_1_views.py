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
import av
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

if VIDEOS is None:
    VIDEOS = "generated-videos"
    write_world(VIDEOS, clips_per_motion={"train": 3}, seconds=8, size=96)

# %% [markdown]
# `prepare` turns media files into a dataset: frames at 25 per second, sound as one channel, and a table of all clips.
# Anything that it cannot use is left out and named. In a shell, `brave-tf prepare my-videos --out dataset` does
# the same.

# %%
dataset = brave_tf.prepare(VIDEOS, "dataset")
clips = dataset.clips("train")
print(f"{clips.num_rows} clips to train on, {clips['frames'][0].as_py() / 25:g} seconds of the first one")

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


def read_video(path):
    """All frames [T, H, W, 3], the sound [N], and its samples per second."""
    with av.open(path) as media:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in media.decode(video=0)])
    with av.open(path) as media:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in media.decode(audio=0)])
        return frames, sound, media.streams.audio[0].rate


first_file = f"{VIDEOS}/{clips['source'][0].as_py()}"
frames, sound, rate = read_video(first_file)

figure, (above, below) = plt.subplots(2, figsize=(10, 3), height_ratios=[1.2, 1], dpi=80, layout="constrained")
show_strip(above, frames[::25][:8])
above.set_title(first_file, fontsize=10)
below.specgram(sound + 1e-6, NFFT=512, Fs=rate, noverlap=256, vmin=-80, vmax=-20, cmap="magma")
below.set(xlabel="seconds", ylabel="Hz", ylim=(0, 8000))
plt.show()
