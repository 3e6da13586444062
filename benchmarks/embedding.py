"""Time of `brave-tf embed`, beside decoding the windows and the network alone.

    python benchmarks/embedding.py                          a table, and the same as JSON with --json
    python benchmarks/embedding.py --media VIDEOS --encoder random:tsm50

Decoding and the network run side by side. Where they share the same cores a table cannot cost less than the sum of what
each costs alone, and where the network has an accelerator no less than the slower of the two. It writes its own videos,
or takes yours. Everything is measured in turns in one process, whose start-up and first batch do not count; the fastest
and the median turn are given.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLIPS_PER_MOTION = {"train": 8}
CLIP_SECONDS = 6.0
SIZE = 256
PARTS = ("decode", "network", "embed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--turns", type=int, default=5, help="turns of each measurement")
    parser.add_argument("--media", type=Path, help="folder of media instead of videos of its own")
    parser.add_argument("--encoder", default="random:tiny-va")
    parser.add_argument("--tower")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        media = arguments.media or write_videos(Path(folder) / "media")
        parts, facts = make_parts(arguments, media, Path(folder) / "table.parquet")
        for part in PARTS:
            parts[part]()
        readings: dict[str, list[float]] = {part: [] for part in PARTS}
        for _ in range(arguments.turns):
            for part in PARTS:
                began = time.perf_counter()
                parts[part]()
                readings[part].append(time.perf_counter() - began)
    results = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores", **facts}
    results |= summarise(readings)
    print(json.dumps(results, indent=1) if arguments.json else table(results))


def write_videos(folder: Path) -> Path:
    """Short videos of the demo's world."""
    from brave_tf.demo.world import write_world

    write_world(folder, clips_per_motion=CLIPS_PER_MOTION, seconds=CLIP_SECONDS, size=SIZE, seed=0, workers=1)
    return folder


def make_parts(arguments: argparse.Namespace, media: Path, path: Path) -> tuple[dict[str, Callable[[], Any]], Any]:
    """What is timed, each over the same windows: decoding, the network in full batches, and the table."""
    import numpy as np
    import tensorflow as tf

    import brave_tf
    from brave_tf.embedding.batches import full_batches
    from brave_tf.embedding.embed import embed_rows, window_events, work_of_media
    from brave_tf.embedding.grid import Grid
    from brave_tf.embedding.plan import kept_rows
    from brave_tf.embedding.table import TableFacts
    from brave_tf.embedding.vectors import WindowEmbedder
    from brave_tf.embedding.writer import write_table

    tf.get_logger().setLevel("ERROR")
    encoder = brave_tf.load_encoder(arguments.encoder, arguments.tower)
    grid = Grid.of(encoder.card.input_view)
    embedder = WindowEmbedder(encoder, grid)
    facts = TableFacts(
        encoder=arguments.encoder,
        weights_sha256=encoder.weights_sha256(),
        card=encoder.card,
        tower=encoder.card.tower,
        embedding_size=encoder.embedding_size,
        window=grid.window_seconds,
        stride=grid.stride_seconds,
    )
    work = work_of_media(encoder, grid, facts, [media])
    batches = full_batches(window_events(work.jobs, arguments.workers), embedder.batch_size)
    clips = [batch.clips for batch in batches if batch is not None and batch.clips is not None]
    windows, some = sum(map(len, clips)), np.concatenate(clips[:2])[: embedder.batch_size]

    def decode() -> None:
        for _ in window_events(work.jobs, arguments.workers):
            pass

    def network() -> None:
        for _ in range(-(-windows // embedder.batch_size)):
            embedder(some)

    def embed() -> None:
        path.unlink(missing_ok=True)
        with kept_rows(path, work.plan) as journal:
            embed_rows(path, work, journal, embedder, arguments.workers)
            write_table(path, work.plan, journal)

    return {"decode": decode, "network": network, "embed": embed}, {"files": len(work.jobs), "windows": windows}


def summarise(readings: dict[str, list[float]]) -> dict[str, Any]:
    """Fastest and median turn of each part, and how much of the speed of the two alone is left when both are done."""
    results: dict[str, Any] = {
        part: {"best": min(values), "median": statistics.median(values)} for part, values in readings.items()
    }
    turns = list(zip(*(readings[part] for part in PARTS), strict=True))
    for name, limit in (("of_the_sum", sum), ("of_the_slower", max)):
        results[name] = {
            "best": limit(min(readings[part]) for part in PARTS[:2]) / min(readings["embed"]),
            "median": statistics.median(limit((decode, network)) / embed for decode, network, embed in turns),
        }
    return results


def table(results: dict[str, Any]) -> str:
    """The results for people."""
    lines = [f"{results['machine']}; {results['windows']:,} windows of {results['files']:,} files", ""]
    for part in PARTS:
        lines.append(f"{part:>28}: {results[part]['best']:7.2f} s best, {results[part]['median']:7.2f} s median")
    for name in ("of_the_sum", "of_the_slower"):
        words = f"speed {name.replace('_', ' ')}"
        lines.append(f"{words:>28}: {results[name]['best']:7.2f} best,   {results[name]['median']:7.2f} median")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
