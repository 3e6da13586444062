"""What is said where an encoder is loaded."""

import errno
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

ENCODERS = "brave_tf/encoders"
CLOSED = PermissionError(errno.EACCES, "Permission denied")


def load(place: object, tower: str | None = None, **settings: object) -> Callable[[World], object]:
    """Loads an encoder."""

    def provoke(world: World) -> object:
        from brave_tf.encoders.loading import load_encoder

        return load_encoder(place(world) if callable(place) else place, tower, **settings)

    return provoke


def heads(place: str) -> Callable[[World], object]:
    """Loads heads."""

    def provoke(world: World) -> object:
        from brave_tf.encoders.heads import load_heads

        world.encoder  # noqa: B018 - makes it
        return load_heads(place)

    return provoke


def archive(change: Callable[[zipfile.ZipFile], object]) -> Callable[[World], object]:
    """Loads a `.keras` file that is made by hand."""

    def provoke(world: World) -> object:
        with zipfile.ZipFile("model.keras", "w") as file:
            change(file)
        return load("model.keras")(world)

    return provoke


def _encrypted(world: World) -> object:
    with zipfile.ZipFile("model.keras", "w") as file:
        file.writestr("config.json", "{}")
    content = bytearray(Path("model.keras").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    Path("model.keras").write_bytes(content)
    return load("model.keras")(world)


def _nested(world: World) -> object:
    from brave_tf.encoders.loading import as_keras_errors

    with as_keras_errors(Path("model.keras")):
        raise RecursionError


def _run_with_checkpoint(world: World) -> Path:
    """A run that keeps the checkpoint of step 100, whose weights are damaged."""
    place = world.run / "checkpoints" / "step-00000100"
    place.mkdir(parents=True)
    (place / "variables.index").write_text("x")
    return Path("runs/first")


def _damaged_checkpoint(world: World) -> object:
    _run_with_checkpoint(world)
    return load("runs/first/checkpoints/step-00000100")(world)


def _other_step(world: World) -> object:
    return load(_run_with_checkpoint(world), step=7)(world)


def _other_folder(world: World) -> object:
    _run_with_checkpoint(world)
    return load("runs/first/checkpoints/step-00000007")(world)


def _saved_model(world: World, *, whole: bool = True) -> object:
    world.file("export/saved_model.pb", b"\xff\xff")
    if whole:
        world.file("export/variables/variables.index", b"")
    return load("export")(world)


def _without_signature(world: World) -> object:
    from brave_tf.encoders.loading import _signature

    return _signature(SimpleNamespace(signatures={}), Path("export"))


def _sent_in_part(world: World) -> object:
    world.patch.setattr("brave_tf.encoders.loading.is_unfinished", lambda path: True)
    return load(world.empty)(world)


def _place_does_not_answer(world: World) -> object:
    world.failing("brave_tf.encoders.loading._from_place", OSError(errno.EIO, "Input/output error"))
    return load("runs/first")(world)


def _own_networks(world: World) -> object:
    from brave_tf.encoders.loading import _tower_of

    return _tower_of(SimpleNamespace(augment=None), None, Path("brave.keras"))


def _changed_weights(world: World) -> object:
    from brave_tf.encoders.loading import _check_told
    from tests.embedding.encoders import video_encoder

    encoder = video_encoder()
    encoder.model.set_weights([0.5 * weight for weight in encoder.model.get_weights()])
    return _check_told(encoder, "hf://owner/name")


def _keras_hub(world: World, name: str = "keras-hub:", fails: Exception | None = None) -> object:
    def from_preset(name: str) -> object:
        raise fails or ValueError("unknown preset")

    client = SimpleNamespace(models=SimpleNamespace(Backbone=SimpleNamespace(from_preset=from_preset)))
    world.patch.setattr("brave_tf.encoders.keras_hub.load_client", lambda *words: client)
    return load(name)(world)


def _other_backbone(world: World) -> object:
    from brave_tf.encoders.keras_hub import _unsuitable

    raise _unsuitable("keras-hub:bert_tiny_en_uncased", "inputs ['token_ids', 'segment_ids', 'padding_mask']")


def _no_client(world: World) -> object:

    from brave_tf.encoders.hub_clients import load_client

    world.absent("huggingface_hub")
    return load_client("huggingface_hub", "huggingface", "hf://owner/name")


def _not_fetched(world: World) -> object:
    from brave_tf.encoders.places import _fetching

    with _fetching("hf://owner/name"):
        raise ConnectionError("404 Client Error: Repository Not Found")


def _listed(change: str) -> Callable[[World], object]:
    """Looks at a folder whose `verification.json` does not fit."""

    def provoke(world: World) -> object:
        from brave_tf.encoders.exported import check_listed, read_verification

        if change == "none":
            return read_verification(world.empty.relative_to(world.here))
        name = "../other" if change == "outside" else "encoder.keras"
        content = "{" if change == "damaged" else json.dumps(_verification({name: "0f" * 32}))
        world.file("model/verification.json", content)
        world.file("model/encoder.keras", "changed")
        if change == "changed":
            return check_listed(Path("model"), "hf://owner/name")
        return read_verification(Path("model"))

    return provoke


def _verification(files: dict[str, str]) -> dict[str, object]:
    from brave_tf.config.values import to_dict
    from brave_tf.encoders.exported import Verification

    return to_dict(Verification(formats={}, weights_sha256="0f" * 32, other_files=files))


def _closed_verification(world: World) -> object:
    from brave_tf.encoders.exported import read_verification

    world.file("model/verification.json/x")
    return read_verification(Path("model"))


def _link_out(world: World) -> object:
    from brave_tf.encoders.places import check_links

    world.file("secret.txt")
    world.folder("cache/model")
    (world.here / "cache" / "model" / "encoder.keras").symlink_to(world.here / "secret.txt")
    return check_links(world.here / "cache" / "model", world.here / "cache", "hf://owner/name")


def _damaged_blob(world: World) -> object:
    from brave_tf.encoders.places import _check_blobs

    digest = "0f" * 32
    world.file(f"cache/blobs/{digest}", "changed")
    world.folder("cache/snapshot")
    (world.here / "cache" / "snapshot" / "encoder.keras").symlink_to(f"../blobs/{digest}")
    return _check_blobs(world.here / "cache" / "snapshot", "hf://owner/name")


def _nothing_fetched(world: World) -> object:
    from brave_tf.encoders.places import _chosen

    return _chosen(world.empty, None, "hf://owner/name")


def as_encoder(function: object, card: object = None, name: str = "mine") -> Callable[[World], object]:
    """Takes a function for an encoder."""

    def provoke(world: World) -> object:
        from brave_tf.encoders.card import EncoderCard
        from brave_tf.encoders.foreign import as_encoder
        from tests.embedding.encoders import VIEW

        return as_encoder(function, EncoderCard(view=VIEW) if card is None else card, name=name)

    return provoke


def _call(shape: tuple[int, ...], kind: str) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        import numpy as np

        from tests.embedding.encoders import video_encoder

        return video_encoder()(np.zeros(shape, kind))

    return provoke


def _one_shape(world: World) -> object:
    from tests.embedding.encoders import video_encoder

    encoder = video_encoder()
    encoder.model = SimpleNamespace(input_shape=(None, 16, 224, 224, 3))
    return encoder.check_takes(encoder.card.input_view, "leave --view out")


def _dense(*, is_keras: bool) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.encoders.dense import dense_network
        from tests.embedding.encoders import video_encoder

        encoder = video_encoder()
        encoder.model = SimpleNamespace(layers=[]) if is_keras else None
        return dense_network(encoder, "--protocol attentive", "choose a protocol that takes embeddings, such as linear")

    return provoke


def _damaged_card(world: World) -> object:
    from brave_tf.encoders.card import EncoderCard

    return EncoderCard.from_json("{", Path("encoder.keras"))


def _two_broad(world: World) -> object:
    from brave_tf.encoders.card import choose_tower

    return choose_tower("broad", ["narrow", "rgb", "flow", "audio"], "runs/first")


def _between(first: str, second: str) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.encoders.heads import Heads

        hashes = dict.fromkeys(("narrow", "flow", "audio"), "0f")
        return Heads(Path("runs/first"), hashes, {}, {}).between(first, second)

    return provoke


def _heads_do_not_answer(world: World) -> object:
    world.failing("brave_tf.encoders.heads._from_place", OSError(errno.EIO, "Input/output error"))
    return heads("runs/first")(world)


def _run_went_on(world: World) -> object:
    from brave_tf.encoders.heads import Heads, write_heads
    from tests.embedding.encoders import video_encoder

    world.patch.setattr("brave_tf.encoders.heads.load_encoder", lambda *words: video_encoder())
    return write_heads(Heads(Path("runs/first"), {"narrow": "0f"}, {}, {}), world.here / "heads")


def _damaged_heads(world: World) -> object:
    world.file("export/heads.keras", "x")
    world.patch.setattr("brave_tf.encoders.heads.load_archive", lambda path: None)
    return heads("export")(world)


def _huggingface(text: str) -> Callable[[World], object]:
    def provoke(world: World) -> object:
        from brave_tf.encoders.places import fetch

        return fetch(text, None)

    return provoke


COMMON = (
    Entry(
        f"{ENCODERS}/loading.py",
        "expected a run directory, a .keras file or an exported SavedModel",
        "export runs/frist --out exported",
        "There is nothing of that name.",
        "Check the spelling, and the folder that you are in. An encoder may be a run directory, `encoder.keras` in it, "
        "an export, a name such as `random:tiny`, or a place such as `hf://OWNER/NAME`.",
        title="The encoder is not there",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "holds no encoder; expected {ENCODER_FILE} (a run)",
        "export {empty} --out exported",
        "The folder is there and holds no encoder.",
        "Give the run directory itself, or the folder that `brave-tf export` wrote.",
        title="The folder holds no encoder",
    ),
    Entry(
        f"{ENCODERS}/from_run.py",
        "is a run that has no checkpoint yet",
        "export {run} --out exported",
        "The training has not come to its first checkpoint.",
        "Wait, or train with a smaller `--set checkpoint_every=100`.",
        title="The run has no checkpoint yet",
    ),
    Entry(
        f"{ENCODERS}/card.py",
        "choose one of them",
        load("random:tiny-va", "flow"),
        "The run was not trained on that kind of view.",
        "`narrow` is always there: it is what `--tower` means where it is left out.",
        title="The run has no such tower",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "copy or write it again",
        lambda world: load(world.file("encoder.keras", "hello").name)(world),
        "The file is damaged, cut off, or another kind of file under that name.",
        title="The .keras file cannot be read",
        varies=True,
    ),
    Entry(
        f"{ENCODERS}/hub_clients.py",
        "{failed} ({short_reason(error)}); {remedy}",
        _not_fetched,
        "The Hugging Face Hub or Kaggle did not give the model.",
        "Open its page in a browser. For a private model log in first: `hf auth login`, or a token of Kaggle.",
        title="A model of a hub cannot be fetched",
    ),
    Entry(
        f"{ENCODERS}/hub_clients.py",
        "which does not load",
        _no_client,
        "Places such as `hf://OWNER/NAME` need a package that is not installed.",
        title="The client of a hub is not installed",
        varies=True,
    ),
)

OTHERS = (
    Entry(f"{ENCODERS}/card.py", "expected one of {', '.join(available)}", _two_broad, "`broad` could mean several."),
    Entry(f"{ENCODERS}/card.py", "holds a damaged", _damaged_card, "What describes the encoder was changed."),
    Entry(
        f"{ENCODERS}/dense.py",
        "which is no Keras model",
        _dense(is_keras=False),
        "Maps are of networks whose layers can be seen.",
    ),
    Entry(
        f"{ENCODERS}/dense.py",
        "end without a global average pooling",
        _dense(is_keras=True),
        "The network has no map that its embedding would be the mean of.",
    ),
    Entry(
        f"{ENCODERS}/encoder.py",
        "expected float32",
        _call((1, 4, 16, 16, 3), "uint8"),
        "In Python: frames are numbers from 0 to 1.",
    ),
    Entry(f"{ENCODERS}/encoder.py", "expected those; {remedy}", _one_shape, "The network takes clips of one shape."),
    Entry(f"{ENCODERS}/exported.py", "expected files within its folder", _listed("outside"), "It may do harm."),
    Entry(
        f"{ENCODERS}/exported.py",
        "which the same command again adds it to",
        _listed("none"),
        "The folder is no export, or one that was not finished.",
    ),
    Entry(
        f"{ENCODERS}/exported.py",
        "its SHA-256 is another",
        _listed("changed"),
        "A file was changed after the export, or on the way.",
    ),
    Entry(
        f"{ENCODERS}/exported.py",
        "make it readable, or export again",
        _closed_verification,
        "The system does not let you read the file.",
    ),
    Entry(f"{ENCODERS}/exported.py", "remove it and export again", _listed("damaged"), "The file was changed."),
    Entry(
        f"{ENCODERS}/foreign.py",
        "expected a function from clips to embeddings",
        as_encoder("resnet"),
        "In Python: `as_encoder` takes a function, or a Keras model.",
    ),
    Entry(
        f"{ENCODERS}/foreign.py",
        "as the card; expected",
        as_encoder(len, card={}),
        "In Python: the card says what the function is shown.",
    ),
    Entry(f"{ENCODERS}/foreign.py", "received the name", as_encoder(len, name=""), "In Python: the name is empty."),
    Entry(
        f"{ENCODERS}/foreign.py",
        "expected embeddings [2, D]",
        as_encoder(lambda clips: clips),
        "In Python: the function gives something else than one vector for each clip.",
    ),
    Entry(
        f"{ENCODERS}/foreign.py",
        "that are not finite of clips of zeros",
        as_encoder(lambda clips: clips.mean(axis=(1, 2, 3)) + float("nan")),
        "In Python: the function gives infinite numbers, or none.",
    ),
    Entry(
        f"{ENCODERS}/foreign.py",
        "change its card, or the function",
        as_encoder(lambda clips: clips.embed()),
        "In Python: the function failed on clips of the shape that its card tells.",
        varies=True,
    ),
    Entry(f"{ENCODERS}/from_run.py", "received step=", _other_step, "The run keeps other checkpoints."),
    Entry(
        f"{ENCODERS}/from_run.py",
        "is damaged or incomplete",
        _damaged_checkpoint,
        "The files of a checkpoint are damaged.",
        varies=True,
    ),
    Entry(
        f"{ENCODERS}/from_run.py",
        "warning: {problem}",
        lambda world: _older_checkpoint(world),
        "A warning: the newest checkpoint is damaged, and an older one is taken.",
        says="warning: runs/first/checkpoints",
        varies=True,
    ),
    Entry(f"{ENCODERS}/heads.py", "never had to predict each other", _between("flow", "audio"), "Choose other towers."),
    Entry(f"{ENCODERS}/heads.py", "has no tower", _between("narrow", "rgb"), "The model has other towers."),
    Entry(f"{ENCODERS}/heads.py", "does not exist", heads("runs/frist"), "There is nothing of that name."),
    Entry(
        f"{ENCODERS}/heads.py",
        "has no heads;",
        heads("encoder.keras"),
        "An encoder alone has no heads, which compare pictures with sound.",
    ),
    Entry(f"{ENCODERS}/heads.py", "run the same command again", _heads_do_not_answer, "The place does not answer."),
    Entry(
        f"{ENCODERS}/heads.py",
        "has gone on while its heads were written",
        _run_went_on,
        "The training goes on meanwhile.",
    ),
    Entry(f"{ENCODERS}/heads.py", "export the run again with --heads", _damaged_heads, "The file was changed."),
    Entry(
        f"{ENCODERS}/hub_names.py",
        "and none empty or",
        load("hf://owner/../name"),
        "That is no name of a model.",
    ),
    Entry(
        f"{ENCODERS}/hub_names.py",
        "which is no model",
        load("hf://datasets/owner/name"),
        "Datasets and Spaces are no models.",
    ),
    Entry(f"{ENCODERS}/keras_hub.py", "{KERAS_HUB}NAME", lambda world: _keras_hub(world), "A name is missing."),
    Entry(
        f"{ENCODERS}/keras_hub.py",
        "expected a backbone of videos",
        _other_backbone,
        "The model of KerasHub is one of text or sound.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "is a SavedModel that cannot be called",
        _without_signature,
        "The SavedModel was made for something else.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "received a {type(path).__name__}",
        load(3),
        "In Python: that is no encoder.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "expected a run directory, which keeps checkpoints",
        load("hf://owner/name", step=5),
        "In Python: only runs keep several steps.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "does not exist; expected one that is kept",
        _other_folder,
        "The run keeps other checkpoints.",
    ),
    Entry(f"{ENCODERS}/loading.py", "was cut off while it was sent", _sent_in_part, "It was not sent as a whole."),
    Entry(
        f"{ENCODERS}/loading.py",
        "is damaged: {DAMAGED}",
        _changed_weights,
        "The weights were changed after the model was published.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "is encrypted",
        _encrypted,
        "The archive has a password.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "would write outside its own folder",
        archive(lambda file: file.writestr("../../outside.txt", "x")),
        "The archive is made to do harm.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "is a Brave of networks of its own",
        _own_networks,
        "A model of your own networks says nothing of what they take.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "run the same command again",
        _place_does_not_answer,
        "The place that the encoder lies in does not answer.",
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "expected one of {', '.join(names)}",
        load("baseline:colors"),
        "That is none of the baselines.",
    ),
    Entry(f"{ENCODERS}/loading.py", "is nested too deeply", _nested, "The file is made to do harm."),
    Entry(
        f"{ENCODERS}/loading.py",
        "is not a readable SavedModel",
        _saved_model,
        "Files of the SavedModel are damaged.",
        varies=True,
    ),
    Entry(
        f"{ENCODERS}/loading.py",
        "is not a whole SavedModel",
        lambda world: _saved_model(world, whole=False),
        "A copy was interrupted, or took the first file alone.",
    ),
    Entry(
        f"{ENCODERS}/named.py",
        "presets that `brave-tf presets` lists",
        load("random:tinny"),
        "There is no such network.",
    ),
    Entry(f"{ENCODERS}/places.py", "holds no encoder; expected", _nothing_fetched, "The model is of another kind."),
    Entry(
        f"{ENCODERS}/places.py",
        "is a link that leads to",
        _link_out,
        "The model is made to read a file of this machine.",
    ),
    Entry(
        f"{ENCODERS}/places.py",
        "its hash is another than the Hub tells",
        _damaged_blob,
        "A file was damaged on the way, or on the disk.",
    ),
)


def _older_checkpoint(world: World) -> object:
    from brave_tf.encoders.from_run import _newest_readable
    from brave_tf.errors import UserError

    run = _run_with_checkpoint(world)
    newer = run / "checkpoints" / "step-00000200"
    newer.mkdir()
    (newer / "variables.index").write_text("x")

    def read(place: Path) -> object:
        if place.name.endswith("200"):
            raise UserError(f"{place} is damaged or incomplete (Data loss); choose another checkpoint of the run")
        return object()

    return _newest_readable(run, None, read)


AREA = Area(
    "Loading an encoder",
    "What every command says that is given an encoder: `evaluate`, `embed`, `search --encoder`, `export`, "
    "`inspect --encoder`. [Sharing](sharing.md) lists the places that an encoder may be loaded from.",
    COMMON,
    OTHERS,
)
