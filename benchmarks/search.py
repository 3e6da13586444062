"""How well a search finds what is alike, how long it takes, and what an index would save.

    python benchmarks/search.py --demo DEMO     scores on the test clips of a finished `brave-tf demo --out DEMO`
    python benchmarks/search.py --speed         exact search beside usearch, on vectors made up at several sizes
    python benchmarks/search.py --speed --exact --rows 1000000      a large table, without an index

Scores: every test clip is a query and the others are searched. The average precision is that of its class, over files
by their best window; beside it stands the same network before training. Across modalities, the sound of a clip looks
for its own pictures among those of all clips, and the other way round.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROWS, SIZES = (10_000, 30_000, 100_000), (512,)
QUERIES, ANSWERS = 50, 10
AT = (1, 5, 10)
COPIES = {"compressed": (1.0, 0.0, 0), "smaller": (0.7, 0.0, 0), "cropped": (1.0, 0.05, 0), "cut": (1.0, 0.0, 12)}
"""Share of the size, share that is cut off on every side, and frames that are left out at the beginning."""
COPIED_EVERY = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, help="folder of a finished demo")
    parser.add_argument("--run", default="tiny-va", help="run of the demo")
    parser.add_argument("--speed", action="store_true", help="time exact search and usearch")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--exact", action="store_true", help="time exact search alone; an index takes long to build")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    if not (arguments.demo or arguments.speed):
        parser.error("expected --demo DEMO, --speed, or both")
    results: dict[str, Any] = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    if arguments.demo:
        results["scores"] = scores(arguments.demo, arguments.run)
    if arguments.speed:
        results["speed"] = [timed(rows, size, arguments.exact) for size in arguments.sizes for rows in arguments.rows]
    print(json.dumps(results, indent=1))


def scores(demo: Path, run: str) -> dict[str, Any]:
    """Average precision of the class and recall across modalities, trained and before."""
    import brave_tf
    from brave_tf.config.values import override
    from brave_tf.runs.directory import read_config

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        trained, untrained = demo / "runs" / run, Path(folder, "untrained")
        # One step at a rate that changes nothing: a whole run of the same networks, heads among them.
        config = override(read_config(trained), ["steps=1", "optimizer.peak_learning_rate=1e-12"])
        brave_tf.pretrain(config, demo / "dataset", untrained)
        for name, encoder in (("trained", str(trained)), ("before training", str(untrained))):
            tables = {}
            for tower in ("narrow", "audio"):
                tables[tower] = Path(folder, f"{name}-{tower}.parquet")
                brave_tf.embed(encoder, demo / "media" / "test", out=tables[tower], tower=tower)  # type: ignore[arg-type]
            results[name] = {
                "class_map": {tower: class_precision(*read(table)) for tower, table in tables.items()},
                "class_map_of_projections": {tower: projected(encoder, tower, path) for tower, path in tables.items()},
                "across": across(encoder, tables),
            }
            if name == "trained":
                results[name]["near_duplicates"] = near_duplicates(encoder, demo / "media" / "test", Path(folder))
    return results


def projected(encoder: str, tower: str, path: Path) -> dict[str, Any]:
    """The same for `--projections`."""
    from brave_tf.embedding.across import rows_projection
    from brave_tf.encoders.heads import load_heads

    places, vectors = read(path)
    return class_precision(places, rows_projection(load_heads(encoder).of(tower))(vectors))  # type: ignore[arg-type]


def near_duplicates(encoder: str, media: Path, folder: Path) -> dict[str, Any]:
    """Cosine similarity of mean embeddings: of all pairs of clips, and of clips with copies of them."""
    import brave_tf
    from brave_tf.embedding.exact import unit
    from brave_tf.embedding.near_duplicates import DEFAULT_SCORE

    originals = sorted(media.rglob("*.mp4"))
    for name, (size, cut, skipped) in COPIES.items():
        for original in originals[::COPIED_EVERY]:
            write_copy(original, folder / "copies" / name / original.name, size, cut, skipped)
    brave_tf.embed(encoder, [media, folder / "copies"], out=folder / "copies.parquet")
    places, vectors = read(folder / "copies.parquet")
    directions = unit(means(places, vectors).astype(np.float32))
    row = {name: number for number, name in enumerate(places.names)}
    first = [row[str(each)] for each in originals]
    distinct = (directions[first] @ directions[first].T)[np.triu_indices(len(first), 1)]
    result: dict[str, Any] = {
        "pairs of clips": {"highest": round(float(distinct.max()), 4), "found": int((distinct >= DEFAULT_SCORE).sum())}
        | {"of": len(distinct)}
    }
    for name in COPIES:
        pairs = [(row[str(each)], row[str(folder / "copies" / name / each.name)]) for each in originals[::COPIED_EVERY]]
        scores = np.array([directions[a] @ directions[b] for a, b in pairs])
        result[name] = {"lowest": round(float(scores.min()), 4), "median": round(float(np.median(scores)), 4)}
        result[name] |= {"found": int((scores >= DEFAULT_SCORE).sum()), "of": len(scores)}
    return result


def write_copy(original: Path, copy: Path, size: float, cut: float, skipped: int) -> None:
    """A copy of a film in strong compression, of another size, without its edges, or without its beginning."""
    import av

    copy.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(original)) as source, av.open(str(copy), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "33"})
        side = source.streams.video[0].height
        copied, edge = 2 * round(size * side / 2), round(cut * side)
        stream.width, stream.height, stream.pix_fmt = copied, copied, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number < skipped:
                continue
            pixels = frame.to_ndarray(format="rgb24")
            inside = np.ascontiguousarray(pixels[edge : side - edge, edge : side - edge])
            picture = av.VideoFrame.from_ndarray(inside, format="rgb24").reformat(copied, copied)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def class_precision(places: Any, vectors: np.ndarray) -> dict[str, Any]:
    """Mean average precision of the class, files by their best window."""
    from sklearn.metrics import average_precision_score

    from brave_tf.evaluation.scores import interval

    classes = np.array([Path(name).parent.name for name in places.names])
    likeness = best_windows(places, vectors, means(places, vectors))
    precisions = []
    for query in range(len(classes)):
        others = np.arange(len(classes)) != query
        precisions.append(average_precision_score(classes[others] == classes[query], likeness[query, others]))
    values = np.array(precisions)
    return {
        "mean": round(float(values.mean()), 4),
        "interval": [round(end, 4) for end in interval([values])],
        "chance": round(float(np.mean([np.mean(np.delete(classes, i) == each) for i, each in enumerate(classes)])), 4),
        "queries": len(values),
    }


def across(encoder: str, tables: dict[str, Path]) -> dict[str, Any]:
    """How often a clip's other side is among the best files."""
    from brave_tf.embedding.across import query_across, rows_across
    from brave_tf.encoders.heads import load_heads
    from brave_tf.evaluation.scores import interval

    heads = load_heads(encoder)
    results = {}
    for asks, answers in (("audio", "narrow"), ("narrow", "audio")):
        towards_table, towards_query = heads.between(asks, answers)  # type: ignore[arg-type]
        places, vectors = read(tables[asks])
        table, rows = read(tables[answers])
        queries = [query_across(towards_table, vectors[places.file == file]) for file in range(len(places.names))]
        likeness = best_windows(table, rows_across(towards_query)(rows), np.stack(queries))
        own = np.array([table.names.index(name) for name in places.names])
        ranks = (likeness > likeness[np.arange(len(own)), own][:, None]).sum(axis=1)
        classes = np.array([Path(name).parent.name for name in places.names])
        answered = np.array([Path(name).parent.name for name in table.names])
        nearest = answered[np.argsort(-likeness, axis=1, kind="stable")[:, 0]]
        results[f"{asks} finds {answers}"] = {
            f"recall_at_{at}": {
                "mean": round(float(np.mean(ranks < at)), 4),
                "interval": [round(end, 4) for end in interval([(ranks < at).astype(float)])],
                "chance": round(at / len(table.names), 4),
            }
            for at in AT
        } | {"class_of_the_first": round(float(np.mean(nearest == classes)), 4)}
    return results


def read(path: Path) -> Any:
    """Places and vectors of a table."""
    from brave_tf.embedding.answers import Places
    from brave_tf.embedding.table import open_table

    table = open_table(path)
    return Places.of(table.places()), np.concatenate(list(table.blocks()))


def means(places: Any, vectors: np.ndarray) -> np.ndarray:
    """The query of each file as a whole."""
    return np.stack([vectors[places.file == file].mean(axis=0) for file in range(len(places.names))])


def best_windows(places: Any, rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """[queries, files] similarity of each file's best window."""
    from brave_tf.embedding.exact import similarities

    found = np.stack([similarities([rows], query, lambda done=1, note="": None) for query in queries])
    best = np.full((len(queries), len(places.names)), -np.inf)
    for file in range(len(places.names)):
        best[:, file] = found[:, places.file == file].max(axis=1)
    return best


def timed(rows: int, size: int, exact_alone: bool) -> dict[str, Any]:
    """Seconds of exact search and of usearch, and how many of the exact answers that finds."""
    from brave_tf.embedding.exact import similarities, unit

    vectors, queries = made_up(rows, size)
    similarities(blocks(vectors), queries[0], lambda done=1, note="": None)
    began = time.perf_counter()
    exact = [
        np.argsort(-similarities(blocks(vectors), query, lambda done=1, note="": None), kind="stable")[:ANSWERS]
        for query in queries
    ]
    result: dict[str, Any] = {"rows": rows, "size": size, "exact_ms": (time.perf_counter() - began) / QUERIES * 1000}
    with tempfile.TemporaryDirectory() as folder:
        result["exact_from_disk_ms"] = from_disk(Path(folder, "table.parquet"), vectors, queries[:3])
    if exact_alone:
        return result
    try:
        from usearch.index import Index
    except ImportError:
        return result
    index = Index(ndim=size, metric="ip", dtype="f32")
    began = time.perf_counter()
    index.add(np.arange(rows), unit(vectors), threads=os.cpu_count() or 1)
    result["usearch_build_s"] = time.perf_counter() - began
    for count in (ANSWERS, 10 * ANSWERS):
        began = time.perf_counter()
        found = [np.asarray(index.search(unit(query), count).keys) for query in queries]
        result[f"usearch_{count}_ms"] = (time.perf_counter() - began) / QUERIES * 1000
        hits = [len(set(each.tolist()) & set(wanted.tolist())) for each, wanted in zip(found, exact, strict=True)]
        result[f"usearch_{count}_recall"] = float(np.mean(hits)) / ANSWERS
    saved = (result["exact_from_disk_ms"] - result[f"usearch_{10 * ANSWERS}_ms"]) / 1000
    result["searches_that_pay_for_building"] = round(result["usearch_build_s"] / saved) if saved > 0 else None
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in result.items()}


def from_disk(path: Path, vectors: np.ndarray, queries: np.ndarray) -> float:
    """Milliseconds of a search that reads the table, which lies in the system's file cache."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from brave_tf.embedding.exact import similarities
    from brave_tf.embedding.table import BLOCK_ROWS, as_column

    pq.write_table(pa.table({"embedding": as_column(vectors)}), path, row_group_size=BLOCK_ROWS, use_dictionary=False)
    size, took = vectors.shape[1], []
    for query in queries:
        began = time.perf_counter()
        batches = pq.ParquetFile(path, memory_map=True).iter_batches(BLOCK_ROWS, columns=["embedding"])
        read_blocks = (batch.column(0).flatten().to_numpy().reshape(-1, size) for batch in batches)
        similarities(read_blocks, query, lambda done=1, note="": None)
        took.append(time.perf_counter() - began)
    return float(np.median(took)) * 1000


def blocks(vectors: np.ndarray) -> Iterator[np.ndarray]:
    """As a table gives them."""
    from brave_tf.embedding.table import BLOCK_ROWS

    return (vectors[first : first + BLOCK_ROWS] for first in range(0, len(vectors), BLOCK_ROWS))


def made_up(rows: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of 32 directions and noise, as networks give them, and queries near some of them."""
    generator = np.random.default_rng(0)
    directions = generator.standard_normal((32, size), dtype=np.float32)
    vectors = np.maximum(generator.standard_normal((rows, 32), dtype=np.float32) @ directions, 0.0)
    vectors += 0.3 * generator.standard_normal(vectors.shape, dtype=np.float32)
    near = vectors[generator.choice(rows, QUERIES, replace=False)]
    return vectors, near + 0.5 * generator.standard_normal(near.shape, dtype=np.float32)


if __name__ == "__main__":
    main()
