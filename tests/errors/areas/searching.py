"""What `brave-tf embed` and `brave-tf search` say."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

EMBEDDING = "brave_tf/embedding"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
BUSY = BlockingIOError(errno.EAGAIN, "busy")


def embed(*media: str, out: str = "table.parquet", **settings: object) -> Callable[[World], object]:
    """Embeds media with an encoder of one convolution."""

    def provoke(world: World) -> object:
        from brave_tf import commands

        _tiny(world)
        given = [world[name] if hasattr(world, name) else name for name in media]
        return commands.embed("runs/first", *given, out=out, **({"workers": 0} | settings))

    return provoke


def _tiny(world: World) -> None:
    from tests.embedding.encoders import video_encoder

    world.patch.setattr("brave_tf.embedding.embed.load_encoder", lambda *words: video_encoder())


def _again(world: World) -> None:
    embed("videos")(world)
    embed("videos", stride=0.5)(world)


def _something_else(world: World) -> None:
    world.file("table.parquet", "x")
    embed("videos")(world)


def _other_maps(world: World) -> None:
    world.file("table.parquet.dense/x")
    embed("videos", dense=True)(world)


def _nothing_embedded(world: World) -> None:
    world.file("media/a.mp4", "no video")
    world.media = world.here / "media"
    embed("media")(world)


def _many_left_out(world: World) -> None:
    from brave_tf.embedding.embed import _tell

    left_out = [SimpleNamespace(file=f"{number}.mp4", text="does not decode") for number in range(100)]
    _tell(SimpleNamespace(left_out=left_out, remarks=[]))


def _no_clips(world: World) -> None:
    world.with_clips(lambda rows: rows.clear())
    embed(data="dataset")(world)


def plan(world: World) -> object:
    """What a table will hold."""
    from brave_tf.embedding.plan import Plan
    from brave_tf.embedding.table import open_table

    return Plan(open_table(world.table).facts, (("a.mp4", 10, None, None),))


def kept(change: Callable[[World], object]) -> Callable[[World], object]:
    """Begins a table where something is in the way."""

    def provoke(world: World) -> None:
        from brave_tf.embedding.plan import kept_rows

        made = plan(world)
        change(world)
        with kept_rows(Path("new.parquet"), made):
            pass

    return provoke


def _journal(world: World) -> None:
    from brave_tf.embedding.journal import Journal

    raise object.__new__(Journal).__class__._failed(SimpleNamespace(_path=Path("table.parquet.parts/rows")), FULL)


def _writer(world: World) -> None:
    from brave_tf.embedding.writer import _writing

    with _writing(Path("table.parquet")):
        raise FULL


def _bad_rows(world: World) -> None:
    import numpy as np

    from brave_tf.embedding.writer import RowWriter

    writer = object.__new__(RowWriter)
    writer._plan = plan(world)
    vectors = SimpleNamespace(embeddings=np.full((1, 6), np.nan, np.float32))
    writer._add_rows(0, np.zeros((1, 2)), vectors, np.array([0]))


def _too_large(world: World) -> None:
    import numpy as np
    import tensorflow as tf

    from brave_tf.embedding.vectors import WindowEmbedder

    embedder = object.__new__(WindowEmbedder)
    embedder.batch_size, embedder._sound = 8, False

    def fail(clips: object) -> object:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    embedder._embed = fail
    embedder(np.zeros((8, 750, 16, 16, 3), np.uint8))


def _flow(world: World) -> None:
    from brave_tf.embedding.windows import check_modality

    check_modality(SimpleNamespace(modality="flow"))


def search(*, encoder: object = None, near: object = None, query: str | None = "clip", **settings: object) -> object:
    """Searches in a table."""

    def provoke(world: World) -> object:
        from brave_tf import commands

        world.table  # noqa: B018 - makes it
        asked = None if query is None or near is not None else query if "." in query or not query else world[query]
        return commands.search("table.parquet", asked, encoder=encoder, near_duplicates=near, **settings)

    return provoke


def table(**changed: object) -> Callable[[World], object]:
    """Opens a table whose facts are others."""

    def provoke(world: World) -> None:
        import numpy as np

        from brave_tf.embedding.table import open_table
        from tests.embedding.tables import write_table

        vectors = changed.pop("vectors", np.eye(2, 6))
        rows = changed.pop("windows", [("a.mp4", 0.0, 2.0), ("b.mp4", 0.0, 2.0)])
        opened = open_table(write_table(world.here / "table.parquet", rows, vectors, **changed))
        opened.path = Path("table.parquet")
        opened.places()
        list(opened.blocks())

    return provoke


LISTS_MAY_BE_NULL = 26
"""The pyarrow from which on it writes and reads columns of vectors in which some are missing."""


def metadata(change: Callable[[dict], object] | None, column: str = "", values: list | None = None) -> object:
    """Opens a table that is changed after it was written."""

    def provoke(world: World) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq
        import pytest

        from brave_tf.embedding.table import KEY, open_table

        if (
            column == "embedding"
            and None in (values or ())
            and int(pa.__version__.partition(".")[0]) < LISTS_MAY_BE_NULL
        ):
            pytest.skip("this pyarrow neither writes nor reads vectors of which some are missing")
        read = pq.read_table(world.table)
        facts = json.loads(read.schema.metadata[KEY])
        if change is not None:
            facts = change(facts) or facts
        if column:
            place = read.column_names.index(column)
            field = read.schema.field(column)
            read = read.set_column(place, field, pa.array(values, field.type))
        kept = {} if change is None and not column else {KEY: json.dumps(facts).encode()}
        pq.write_table(read.replace_schema_metadata(kept), "table.parquet")
        opened = open_table("table.parquet")
        opened.places()
        list(opened.blocks())

    return provoke


def loaded(world: World, **facts: object) -> SimpleNamespace:
    """A table that is not written."""
    from brave_tf.embedding.table import open_table

    return SimpleNamespace(
        path=Path("table.parquet"), facts=SimpleNamespace(**vars(open_table(world.table).facts) | facts)
    )


def rows_of(**facts: object) -> Callable[[World], object]:
    """Embeds a query as a table would hold it."""

    def provoke(world: World) -> None:
        from brave_tf.embedding import query_vector
        from tests.embedding.encoders import video_encoder

        encoder = video_encoder()
        changed = {key: value for key, value in facts.items() if key != "same"}
        made = loaded(world, **({"card": encoder.card, "weights_sha256": encoder.weights_sha256()} | changed))
        world.patch.setattr(query_vector, "_loaded", lambda *words: encoder)
        query_vector._as_rows(made, "film.mp4", None)

    return provoke


def _table_of_flow(world: World) -> None:
    from brave_tf.encoders.card import EncoderCard

    rows_of(card=EncoderCard("flow", "flow"))(world)


def _other_view(world: World) -> None:
    from brave_tf.encoders.card import EncoderCard

    rows_of(card=EncoderCard())(world)


def _other_heads(world: World) -> None:
    from brave_tf.embedding import query_vector

    world.patch.setattr(query_vector, "load_heads", lambda place: SimpleNamespace(weights_sha256={"rgb": "0f"}))
    query_vector._heads(loaded(world), "runs/second")


def _heads_of_another_step(world: World) -> None:
    from brave_tf.embedding import query_vector
    from tests.embedding.encoders import video_encoder

    heads = SimpleNamespace(place=Path("runs/first"), weights_sha256={"audio": "0f"}, between=lambda *words: (0, 0))
    world.patch.setattr(query_vector, "_heads", lambda *words: (heads, "narrow"))
    world.patch.setattr(query_vector, "query_tower", lambda *words: "audio")
    world.patch.setattr(query_vector, "_heads", lambda *words: heads)
    world.patch.setattr(query_vector, "load_encoder", lambda *words: video_encoder())
    query_vector.across_modalities(loaded(world), "film.mp4", None)


def _no_sound_tower(world: World) -> None:
    from brave_tf.embedding.across import query_tower

    query_tower(SimpleNamespace(place=Path("runs/first"), weights_sha256={"narrow": "0f", "rgb": "0f"}), "narrow")


def _without_windows(world: World) -> None:
    from brave_tf.embedding import query_vector

    world.patch.setattr(query_vector, "decoded_query", lambda *words: (each for each in ()))
    world.patch.setattr(query_vector, "_embedder", lambda *words: SimpleNamespace(batch_size=8))
    encoder = SimpleNamespace(card=SimpleNamespace(input_view=None))
    query_vector._embedded(encoder, "film.mp4", None)


def windows(query: str) -> Callable[[World], object]:
    """Reads the windows of a query."""

    def provoke(world: World) -> None:
        from brave_tf.embedding.grid import Grid
        from brave_tf.embedding.query import parse_query, query_windows
        from tests.embedding.encoders import video_encoder

        world.text, world.clip  # noqa: B018 - makes them
        view = video_encoder().card.input_view
        list(query_windows(parse_query(query), view, Grid.of(view)))

    return provoke


def _worker_reads_nothing(world: World) -> None:
    from brave_tf.embedding import query_job
    from brave_tf.embedding.grid import Grid
    from brave_tf.embedding.query import parse_query
    from brave_tf.preparation.jobs import Outcome
    from tests.embedding.encoders import video_encoder

    view = video_encoder().card.input_view
    world.patch.setattr(query_job, "check_processes", lambda: None)
    outcome = Outcome([], "ended the process that read it, twice (signal 11)")
    world.patch.setattr(query_job, "decoded_in_processes", lambda *words: (each for each in [(0, outcome)]))
    world.clip  # noqa: B018 - makes it
    list(query_job.decoded_query(parse_query("videos/walk/1.mp4"), view, Grid.of(view)))


def _no_process(world: World) -> None:
    from brave_tf.embedding.query_job import check_processes

    world.failing("brave_tf.embedding.query_job.running_server", OSError(errno.EAGAIN, "too many processes"))
    check_processes()


def _not_finite(world: World) -> None:
    import numpy as np

    from brave_tf.embedding.exact import _cosines

    _cosines(np.full((1, 6), np.nan, np.float32), np.ones(6, np.float32))


def _many_pairs(world: World) -> None:
    world.patch.setattr("brave_tf.embedding.near_duplicates.MOST_PAIRS", 1)
    import numpy as np

    from brave_tf import commands
    from tests.embedding.tables import write_table

    rows = [(f"{number}.mp4", 0.0, 2.0) for number in range(4)]
    write_table(world.here / "table.parquet", rows, np.ones((4, 6)))
    commands.search("table.parquet", near_duplicates=0.9)


def index(problem: str) -> Callable[[World], object]:
    """Asks for the index of a table."""

    def provoke(world: World) -> None:
        from contextlib import nullcontext

        from brave_tf.embedding import approximate
        from brave_tf.embedding.table import open_table

        world.table  # noqa: B018 - makes it
        opened = open_table("table.parquet")
        if problem == "absent":
            world.absent("usearch")
            approximate.check_installed()
        if problem == "elsewhere":
            opened.path = "gs://bucket/table.parquet"
        world.patch.setattr(approximate, "_is_of", lambda *words: problem == "damaged")
        world.patch.setattr(approximate, "_alone", lambda folder: nullcontext())
        if problem in ("busy", "full"):
            world.failing("brave_tf.embedding.approximate._build", BUSY if problem == "busy" else FULL)
        if problem == "strangers":
            world.file("table.parquet.index/notes.txt")
            with approximate._replaced_folder(Path("table.parquet.index")):
                pass
        world.patch.setattr(approximate, "_restored", lambda file: None)
        approximate.row_index(opened)

    return provoke


def _unreadable_clip(world: World) -> None:
    from brave_tf.inspection.moment_pictures import DatasetPictures

    pictures = object.__new__(DatasetPictures)
    pictures._rows, pictures._table = {"a.mp4": [(0.0, 0)]}, None
    pictures._dataset = SimpleNamespace(parser=None)
    world.failing("brave_tf.inspection.moment_pictures.read_record", OSError(errno.EIO, "Input/output error"))
    pictures.picture("a.mp4", 0.0, 1.0, "frame")


def _gone_clip(world: World) -> None:
    from brave_tf.inspection.moment_pictures import DatasetPictures

    pictures = object.__new__(DatasetPictures)
    pictures._rows = {}
    pictures.picture("a.mp4", 0.0, 1.0, "frame")


def absent(count: int) -> Callable[[World], object]:
    """Draws a page of answers whose media are gone."""

    def provoke(world: World) -> None:
        from brave_tf.inspection.moments import _say_what_is_missing

        moments = [
            SimpleNamespace(file=f"videos/{number}.mp4", problem="it is not there any more", picture=None)
            for number in range(count)
        ]
        _say_what_is_missing(moments)

    return provoke


def clip_windows(kind: str) -> Callable[[World], object]:
    """Cuts a clip of a dataset that lacks something."""

    def provoke(world: World) -> None:
        import numpy as np

        from brave_tf.embedding import clip_jobs
        from brave_tf.embedding.grid import Grid
        from tests.embedding.encoders import audio_encoder, video_encoder

        encoder = audio_encoder() if kind == "nan" else video_encoder()
        view = encoder.card.input_view
        reader = object.__new__(clip_jobs.ClipReader)
        import tensorflow as tf

        record = {"audio": tf.fill([16_000], np.nan), "frames": tf.constant([], tf.string)}
        reader._dataset = SimpleNamespace(parser=lambda payload: record)
        reader._table, reader._input_view, reader._grid = None, view, Grid.of(view)
        reader._start_seconds, reader._source = [0.0], ["a.mp4"]
        world.patch.setattr(clip_jobs, "read_record", lambda *words: b"")
        list(reader.windows(0))

    return provoke


COMMON = (
    Entry(
        f"{EMBEDDING}/listing.py",
        "received no media",
        embed(),
        "Nothing was given to embed.",
        "`brave-tf embed runs/first my-videos --out table.parquet`, or `--data dataset` for a prepared dataset.",
        title="Nothing to embed",
    ),
    Entry(
        f"{EMBEDDING}/plan.py",
        "was begun with other files or settings",
        _again,
        "There is a table of that name already, or half of one, made with other settings or of other files.",
        "Choose another `--out`, or remove what the message names.",
        title="The table is there already",
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "files can be embedded; the first",
        _nothing_embedded,
        "Not one of the files could be read. The message gives the reason of the first.",
        "See [files that are left out](#files-that-prepare-leaves-out).",
        title="None of the files can be embedded",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "does not exist; expected a table",
        "search tabel.parquet --near-duplicates",
        "There is no table of that name.",
        "Write one: `brave-tf embed runs/first my-videos --out table.parquet`.",
        title="The table is not there",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "expected a media file to search for",
        "search {table} --query film.mp4",
        "The file that was to be looked for is not there.",
        "`--query` takes a file of this machine, with `@` and a time for one moment: `film.mp4@1:02`. Words cannot be "
        "searched for.",
        title="The query is not there",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "expected the same weights",
        rows_of(weights_sha256="ab" * 32),
        "The encoder was trained further since the table was made, or is another one. Their vectors mean different "
        "things.",
        "Give the encoder of that time, such as `--encoder runs/first/checkpoints/step-00001000`, or write the table "
        "again.",
        title="The encoder is not that of the table",
    ),
    Entry(
        f"{EMBEDDING}/approximate.py",
        "and usearch is not installed",
        index("absent"),
        "`--approximate` builds an index, by a package that is not installed.",
        title="The index needs a package",
    ),
)

OTHERS = (
    Entry(
        f"{EMBEDDING}/embed.py",
        "warning: {kind}: {one_line(entry.file)}",
        embed("mixed"),
        "A warning: a file is not in the table, or not all of it is.",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "more, which are named in the table's metadata",
        _many_left_out,
        "A warning: only the first of such files are named.",
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "received media and --data",
        embed("videos", data="dataset"),
        "A table is of files, or of a dataset.",
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "received --dense with --pool video",
        embed("videos", dense=True, pool="video"),
        "The two options contradict one another.",
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "received --dense with --out",
        embed("videos", dense=True, out="gs://bucket/table.parquet"),
        "Maps are written on this machine alone.",
    ),
    Entry(
        f"{EMBEDDING}/embed.py",
        "received --workers",
        embed("videos", workers=-1),
        "The number is out of its range.",
    ),
    Entry(f"{EMBEDDING}/embed.py", "holds no clips", _no_clips, "The dataset is empty."),
    Entry(
        f"{EMBEDDING}/embed.py",
        "exists, and is not of this table",
        _other_maps,
        "The folder for the maps holds something else.",
    ),
    Entry(
        f"{EMBEDDING}/grid.py",
        "expected seconds above 0",
        embed("videos", window=0.0),
        "The number is out of its range.",
    ),
    Entry(
        f"{EMBEDDING}/listing.py",
        "does not exist; expected a media file",
        embed("gone.mp4"),
        "There is nothing of that name.",
    ),
    Entry(f"{EMBEDDING}/plan.py", "is in the way: choose", _something_else, "Another kind of file has that name."),
    Entry(
        f"{EMBEDDING}/plan.py",
        "is damaged; remove",
        kept(lambda world: world.file("new.parquet.parts/plan.json", "{")),
        "What an interrupted command left is damaged.",
    ),
    Entry(
        f"{EMBEDDING}/plan.py",
        "another process is writing",
        kept(lambda world: world.failing("brave_tf.embedding.plan.locked", BUSY)),
        "Another `brave-tf embed` writes the same table.",
    ),
    Entry(
        f"{EMBEDDING}/plan.py",
        "cannot be written ({reason_of(error)}); choose",
        kept(lambda world: world.failing("brave_tf.embedding.plan.locked", FULL)),
        "There is no space left.",
    ),
    Entry(f"{EMBEDDING}/journal.py", "cannot be read or written", _journal, "There is no space left."),
    Entry(f"{EMBEDDING}/writer.py", "cannot be written ({reason_of(error)})", _writer, "There is no space left."),
    Entry(
        f"{EMBEDDING}/writer.py",
        "gives embeddings that are not finite",
        _bad_rows,
        "The weights of the encoder are infinite or no numbers.",
    ),
    Entry(
        f"{EMBEDDING}/vectors.py",
        "does not fit into memory",
        _too_large,
        "A window is too long for the memory.",
    ),
    Entry(
        f"{EMBEDDING}/windows.py",
        "which media files do not hold",
        _flow,
        "Optical flow is computed by `brave-tf prepare`.",
    ),
    Entry(
        f"{EMBEDDING}/clip_jobs.py",
        "it holds no {facts.word}",
        clip_windows("empty"),
        "A reason to leave out a clip: it lacks what the encoder embeds.",
    ),
    Entry(
        f"{EMBEDDING}/clip_jobs.py",
        "its sound is not finite",
        clip_windows("nan"),
        "A reason to leave out a clip: its sound is infinite or no number.",
    ),
    Entry(
        f"{EMBEDDING}/search.py",
        "of --query and --near-duplicates",
        "search {table}",
        "A search is for one of the two.",
    ),
    Entry(
        f"{EMBEDDING}/search.py", "received --top", "search {table} --query {clip} --top 0", "It is out of its range."
    ),
    Entry(
        f"{EMBEDDING}/search.py",
        "expected at most one of them",
        "search {table} --query {clip} --cross --projections",
        "The options are different ways to compare.",
    ),
    Entry(
        f"{EMBEDDING}/search.py",
        "expected a cosine from -1 to 1",
        "search {table} --near-duplicates 1.5",
        "The score is out of its range.",
    ),
    Entry(
        f"{EMBEDDING}/search.py",
        "expected the table alone",
        "search {table} --near-duplicates --cross",
        "Near duplicates are found without an encoder.",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "received --query {text}; expected a media file",
        "search {table} --query @5",
        "The name of a file is missing.",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "expected a file on this machine",
        "search {table} --query gs://bucket/film.mp4",
        "The query has to be on this machine.",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "expected seconds or a time code",
        "search {table} --query {clip}@soon",
        "What follows the `@` is no time.",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "is past the end of the file",
        windows("videos/walk/1.mp4@100"),
        "The file is shorter.",
    ),
    Entry(
        f"{EMBEDDING}/query.py",
        "cannot be searched for: it",
        windows("notes.txt"),
        "The file cannot be read as media.",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/query_job.py",
        "cannot be searched for: it",
        _worker_reads_nothing,
        "Reading the file failed, in a process of its own.",
    ),
    Entry(
        f"{EMBEDDING}/query_job.py",
        "the process that reads media",
        _no_process,
        "The system allows no further process, or has no memory for one.",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "are of another step than its tower",
        _heads_of_another_step,
        "The run has gone on since its heads were written.",
    ),
    Entry(f"{EMBEDDING}/query_vector.py", "is of a tower", _other_heads, "The model has another kind of tower."),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "which no media file has by itself",
        _table_of_flow,
        "The table is of optical flow.",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "is shown other clips now",
        _other_view,
        "The encoder is shown other clips than the table was made of.",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "which are too long",
        rows_of(window=1e9),
        "The table was changed by hand.",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "does not load ({error})",
        search(),
        "The encoder that made the table is not where it was.",
    ),
    Entry(
        f"{EMBEDDING}/query_vector.py",
        "it has no windows",
        _without_windows,
        "Nothing can be cut from the file.",
    ),
    Entry(
        f"{EMBEDDING}/across.py",
        "and none of sound",
        _no_sound_tower,
        "`--cross` finds pictures by their sound, which the model was not trained on.",
    ),
    Entry(
        f"{EMBEDDING}/exact.py",
        "vectors to compare that are not finite",
        _not_finite,
        "The weights of the encoder are infinite or no numbers.",
    ),
    Entry(
        f"{EMBEDDING}/near_duplicates.py",
        "pairs of files have a score of at least",
        _many_pairs,
        "Nearly all files are alike to the encoder. It may not have been trained long enough.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "does not say which encoder made it",
        metadata(None),
        "The Parquet file is no table of embeddings.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "upgrade brave_tf",
        metadata(lambda facts: facts.update(version=99)),
        "A newer version of brave_tf wrote the table.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "has damaged metadata",
        metadata(lambda facts: facts.update(rows="three")),
        "The table was changed.",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "has rows without {name}",
        metadata(lambda facts: None, "file", [None, "a.mp4", "b.mp4"]),
        "The table was changed.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "is no number of seconds",
        metadata(lambda facts: None, "start", [float("nan"), 1.0, 0.0]),
        "The table was changed.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "has rows without an embedding",
        metadata(lambda facts: None, "embedding", [None, [0.0] * 6, [0.0] * 6]),
        "The table was changed.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "the embedding in row",
        metadata(lambda facts: None, "embedding", [[float("inf")] * 6, [0.0] * 6, [0.0] * 6]),
        "The weights of the encoder are infinite or no numbers.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "that its metadata tell of",
        metadata(lambda facts: facts.update(embedding_size=7)),
        "The table was changed.",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "rows and tells of",
        metadata(lambda facts: facts.update(rows=5)),
        "The table was changed.",
    ),
    Entry(
        f"{EMBEDDING}/table.py",
        "is no readable Parquet file",
        lambda world: _no_parquet(world),
        "The file is damaged, cut off, or of another kind.",
        varies=True,
    ),
    Entry(
        f"{EMBEDDING}/approximate.py",
        "expected one on this machine",
        index("elsewhere"),
        "An index lies beside its table, on this machine.",
    ),
    Entry(f"{EMBEDDING}/approximate.py", "is damaged; remove it", index("damaged"), "The index was changed."),
    Entry(
        f"{EMBEDDING}/approximate.py",
        "is in the way of the index",
        index("strangers"),
        "The folder for the index holds something else.",
    ),
    Entry(f"{EMBEDDING}/approximate.py", "another process builds", index("busy"), "It is being built."),
    Entry(
        f"{EMBEDDING}/approximate.py",
        "cannot be written or read",
        index("full"),
        "There is no space left for the index.",
    ),
    Entry(
        "brave_tf/inspection/moment_pictures.py",
        "is not in the dataset any more",
        _gone_clip,
        "A reason why the page does not show an answer: the dataset was written anew.",
    ),
    Entry(
        "brave_tf/inspection/moment_pictures.py",
        "has a clip that cannot be shown",
        _unreadable_clip,
        "A reason why the page does not show an answer: its record is damaged.",
    ),
    Entry(
        "brave_tf/inspection/moments.py",
        "warning: {one_line(name)} cannot be shown",
        absent(1),
        "A warning: the page does not show an answer.",
    ),
    Entry(
        "brave_tf/inspection/moments.py",
        "files cannot be shown; the page names them all",
        absent(20),
        "A warning: the page does not show several answers.",
    ),
    Entry(
        "brave_tf/pages/html.py",
        "to write a page to",
        "report {run} --out {text}/page.html",
        "The page cannot be written there.",
        varies=True,
    ),
)


def _no_parquet(world: World) -> None:
    from brave_tf.embedding.table import open_table

    world.file("table.parquet", "hello")
    open_table("table.parquet")


AREA = Area(
    "Embedding and searching",
    "What `brave-tf embed` and `brave-tf search` say of media, tables and queries.",
    COMMON,
    OTHERS,
)
