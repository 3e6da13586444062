"""Where the time of the 30-clip test goes: `python benchmarks/evaluation.py DATASET [VIDEOS] [ENCODER]`.

Times, over the same videos, decoding alone, the encoder alone on clips that are there already, and the test as
`brave-tf evaluate` runs it. Decoding and the encoder run side by side, so that the test should cost the slower of the
two at best, and their sum at worst; what is beyond the sum is a cost that nobody asked for.
"""

import dataclasses
import sys
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from brave_tf.data import open_dataset
from brave_tf.data.pipeline import clip_windows
from brave_tf.encoders.encoder import load_encoder
from brave_tf.evaluation.features import BATCH_CLIPS, graph_of, window_features


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    dataset = open_dataset(sys.argv[1])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    encoder = load_encoder(sys.argv[3] if len(sys.argv) > 3 else "random:tiny")
    view = dataclasses.replace(encoder.card.view, windows=10, crops=3)
    input_view = dataclasses.replace(encoder.card.input_view, view=view)
    table = dataset.clips()
    rows = np.flatnonzero(table["frames"].to_numpy() > 0)
    # As many videos as asked for, the dataset over and over.
    clips: pa.Table = table.take(np.resize(rows, wanted))
    embed = graph_of(encoder, input_view.modality)

    counts: list[int] = []
    window_features([embed], dataset, clips.slice(0, 2), input_view, lambda done, note="": None)  # the graph is traced

    def decode() -> None:
        for windows, _ in clip_windows(dataset, clips, input_view).prefetch(1):
            counts.append(int(windows.shape[0]))

    decoding = timed(decode)
    windows, _ = next(iter(clip_windows(dataset, clips, input_view)))

    def forward() -> None:
        for count in counts:
            for start in range(0, count, BATCH_CLIPS):
                embed(windows[: min(BATCH_CLIPS, count - start)]).numpy()

    alone = timed(forward)
    whole = timed(lambda: window_features([embed], dataset, clips, input_view, lambda done, note="": None) and None)
    print(f"{wanted} videos, {sum(counts)} different windows of {10 * 3 * wanted}")
    print(f"{'decoding alone':>24} {decoding:8.1f} s")
    print(f"{'encoder alone':>24} {alone:8.1f} s")
    print(f"{'the test':>24} {whole:8.1f} s")
    print(f"{'test / sum of the two':>24} {whole / (decoding + alone):8.2f}")


if __name__ == "__main__":
    main()
