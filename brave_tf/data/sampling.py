"""Which frames, which samples, which window: integer arithmetic that knows nothing of pixels.

Example number n of a run (n = step * batch size + row) decides everything: which clip, which windows, which crops.
"""

import numpy as np
import tensorflow as tf

from brave_tf.data.augment.random import derive_seed, integer_below, random_bits

SHUFFLE_ROUNDS = 8
STAND_IN = 2**40
"""More examples than any run has: example e + k * STAND_IN stands in for e where k clips before it were damaged."""
MOST_DRAWS = 64
"""Clips that are drawn for one example before it is given up: with half of all damaged, that never comes to pass."""


def example_seed(run_seed: int, example: tf.Tensor) -> tf.Tensor:
    """The seed of one example: [2] int64, (run seed, example number)."""
    return tf.stack([tf.cast(run_seed, tf.int64), tf.cast(example, tf.int64)])


def example_of_share(position: tf.Tensor, batch: int, share: int, number: int) -> tf.Tensor:
    """The example that stands at a position of one of the shares into which every batch is divided.

    Share 0 is the first `share` examples of each batch, share 1 the next, and so on.

    Args:
        position: int64, counted over all batches of the share.
        batch: examples of a batch.
        share: examples of a share, a divisor of `batch`.
        number: the share.
    """
    step, row = position // share, position % share
    return step * batch + number * share + row


def shuffled_row(example: tf.Tensor, clips: int, run_seed: int) -> tf.Tensor:
    """The clip that example number `example` shows: every epoch is another permutation of all clips.

    Args:
        example: int64 scalar.
        clips: clips in all, at least 1.
        run_seed: the run's seed.

    Returns:
        A row in [0, clips), int64.
    """
    epoch, position = example // clips, example % clips
    seed = random_bits(derive_seed(tf.stack([tf.cast(run_seed, tf.int64), epoch]), "order"), [3])
    # `tf.random.experimental.index_shuffle` has 4 rounds, too few for a handful of clips.
    return tf.raw_ops.RandomIndexShuffle(
        index=position, seed=seed, max_index=tf.constant(clips - 1, tf.int64), rounds=SHUFFLE_ROUNDS
    )


def draws(example: tf.Tensor | int) -> tf.data.Dataset:
    """What is shown for an example: itself, or the first of those that stand in for it whose clip is not damaged.

    A stand-in is an example like any other: its clip is its `shuffled_row`, its views follow from its `example_seed`.

    Returns:
        `MOST_DRAWS` int64 scalars; the first is the example.
    """
    return tf.data.Dataset.range(example, example + MOST_DRAWS * STAND_IN, STAND_IN)


def rows_before(draw: int, clips: int, run_seed: int) -> list[int]:
    """The rows that were drawn for the same example before a draw, in order: their clips were damaged."""
    example, damaged = draw % STAND_IN, draw // STAND_IN
    return [row_of(example + number * STAND_IN, clips, run_seed) for number in range(damaged)]


def row_of(draw: int, clips: int, run_seed: int) -> int:
    """`shuffled_row` as a number, outside of a graph."""
    return int(shuffled_row(tf.constant(draw, tf.int64), clips, run_seed))


def narrow_start(frames: tf.Tensor, span_frames: int, seed: tf.Tensor) -> tf.Tensor:
    """First frame of a narrow view, uniform over all places where it fits (paper, section 4.1).

    Args:
        frames: frames of the clip, at least 1.
        span_frames: frames from the view's first to its last.
        seed: [2].

    Returns:
        int64; 0 when the clip is shorter than the view, which then loops.
    """
    return integer_below(derive_seed(seed, "start"), tf.maximum(tf.cast(frames, tf.int64) - span_frames, 0) + 1)


def broad_start(frames: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """First frame of a broad view, uniform over the whole clip (paper, section 4.1)."""
    return integer_below(derive_seed(seed, "start"), tf.cast(frames, tf.int64))


def frame_indices(start: tf.Tensor, count: int, step: int, frames: tf.Tensor) -> tf.Tensor:
    """`count` frame numbers, `step` apart from `start` on, looping to the start of the clip: [count] int64."""
    return (start + step * tf.range(count, dtype=tf.int64)) % tf.cast(frames, tf.int64)


def sample_indices(start: tf.Tensor, count: int, samples: tf.Tensor) -> tf.Tensor:
    """`count` audio sample numbers from `start` on, looping to the start of the sound: [count] int64."""
    return (start + tf.range(count, dtype=tf.int64)) % tf.cast(samples, tf.int64)


def sample_at_frame(frame: tf.Tensor, frames: tf.Tensor, samples: tf.Tensor) -> tf.Tensor:
    """The audio sample that sounds when a frame is shown: floor(frame * samples / frames), int64."""
    return tf.cast(frame, tf.int64) * tf.cast(samples, tf.int64) // tf.cast(frames, tf.int64)


def centered_sample(frame: tf.Tensor, span_frames: int, frames: tf.Tensor, count: int, samples: tf.Tensor) -> tf.Tensor:
    """First of `count` samples whose middle sounds at the middle of a narrow view, int64; below 0 it loops.

    Args:
        frame: the narrow view's first frame.
        span_frames: frames from its first to its last.
        frames: frames of the clip.
        count: samples of the sound view.
        samples: samples of the clip.
    """
    return sample_at_frame(frame + span_frames // 2, frames, samples) - count // 2


def released_sample_indices(
    frame: tf.Tensor, frames: tf.Tensor, samples: tf.Tensor, view_frames: int, count: int
) -> tf.Tensor:
    """The released code's sample numbers, [count] int64; -1 is silence.

    It repeats picture and sound equally often, so that the picture covers `view_frames` from `frame` on; a sound that
    is shorter than its picture then ends early and is filled with silence.

    Args:
        frame: the narrow view's first frame.
        frames: frames of the clip.
        samples: samples of the clip.
        view_frames: nominal length of the broad view, frames times step.
        count: samples of the sound view.
    """
    frames = tf.cast(frames, tf.int64)
    repeats = tf.maximum(-(-(tf.cast(frame, tf.int64) + view_frames) // frames), 1)
    ratio = tf.cast(tf.cast(samples, tf.float32) / tf.cast(frames, tf.float32), tf.float32)
    first = tf.cast(tf.cast(frame, tf.float32) * ratio, tf.int64)
    numbers = first + tf.range(count, dtype=tf.int64)
    samples = tf.cast(samples, tf.int64)
    return tf.where(numbers < repeats * samples, numbers % samples, -1)


def window_starts(frames: tf.Tensor, span_frames: int, count: int) -> tf.Tensor:
    """Evenly spaced first frames of `count` windows.

    Args:
        frames: frames of the clip.
        span_frames: frames from a window's first to its last.
        count: windows; one window starts at 0.

    Returns:
        [count] int64, the truncated float32 line from 0 to frames - span (0 when the clip is shorter), as in the
        released evaluation code.
    """
    last = tf.cast(tf.maximum(tf.cast(frames, tf.int64) - span_frames, 0), tf.float32)
    return tf.cast(tf.linspace(0.0, last, count), tf.int64)


def crop_corners(height: tf.Tensor, width: tf.Tensor, size: int, count: int, places: str = "diagonal") -> tf.Tensor:
    """Upper left corners of `count` square crops: [count, 2] int64 (top, left).

    Args:
        height: of the picture.
        width: of the picture.
        size: side of a crop.
        count: crops.
        places: "diagonal" spaces both axes evenly and pairs them, as the released evaluation code does; "centered"
            spaces the longer side and stays in the middle of the shorter one. A single crop is the middle one, where
            the released code has the first.
    """
    odd = count if count > 1 else 3
    corners = tf.stack([window_starts(height, size, odd), window_starts(width, size, odd)], axis=1)
    if count == 1:
        return corners[1:2]
    if places == "centered":
        middle = tf.cast(tf.stack([height - size, width - size]) // 2, tf.int64)
        is_shorter = tf.stack([height < width, width <= height])
        return tf.where(is_shorter[None], middle[None], corners)
    return corners


def permutation(clips: int, run_seed: int, epoch: int) -> np.ndarray:
    """The order of all clips in one epoch, for looking at: [clips] rows."""
    examples = tf.range(epoch * clips, (epoch + 1) * clips, dtype=tf.int64)
    return tf.map_fn(lambda example: shuffled_row(example, clips, run_seed), examples).numpy()
