"""What `brave-tf export` and `brave-tf publish` say."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from tests.errors.entry import Area, Entry
from tests.errors.world import World

ANY = (None, None, None, 3)


def export(encoder: object = None, **settings: object) -> Callable[[World], object]:
    """Exports an encoder, or what is said before anything of it is written."""

    def provoke(world: World) -> object:
        from brave_tf.export import export_encoder

        made = encoder(world) if callable(encoder) else _tiny()
        return export_encoder(made, "exported", **settings)

    return provoke


def _tiny() -> object:
    from tests.embedding.encoders import video_encoder

    return video_encoder()


def _of_a_signature(world: World) -> object:
    from brave_tf.encoders.card import EncoderCard
    from brave_tf.encoders.encoder import Encoder

    return Encoder(lambda clips, training=False: clips, EncoderCard(), Path("model"), [], [])


def network(shapes: list[tuple[int | None, ...]], sizes: tuple[int, ...] = (3,), batch: int | None = None) -> object:
    """An encoder of a network that was made elsewhere."""

    def make(world: World) -> object:
        import keras

        from brave_tf.encoders.card import EncoderCard
        from brave_tf.encoders.encoder import Encoder
        from tests.export.test_export import network as build

        # Keras counts the tensors that it has named.
        keras.backend.clear_session()
        model = build(shapes, sizes, batch)
        return Encoder(model, EncoderCard(), Path("mine.keras"), model.variables, model.trainable_variables)

    return make


def _without_ends(world: World) -> None:
    from brave_tf.export.saved_model import _check_ends

    encoder = _tiny()
    encoder.model, encoder.path = SimpleNamespace(inputs=None, outputs=None), Path("mine")
    _check_ends(encoder)


def _taken(world: World) -> object:
    world.file("exported/notes.txt", "mine")
    return _tiny()


def _other_heads(world: World) -> object:
    from brave_tf.export import saved_model

    heads = SimpleNamespace(place=Path("runs/first"), weights_sha256={"narrow": "0f"})
    world.patch.setattr(saved_model, "load_heads", lambda place: heads)
    encoder = _tiny()
    encoder.path = Path("runs/first")
    return encoder


def _changed(world: World) -> None:
    from brave_tf.export import saved_model

    world.file("exported/verification.json", "{}")
    world.patch.setattr(saved_model, "read_verification", lambda folder: SimpleNamespace(files={}))
    world.patch.setattr(saved_model, "changed_files", lambda folder, files: ["encoder.keras"])
    saved_model._check_again(_tiny(), Path("exported"), [], None)


def _without_packages(world: World) -> None:
    from brave_tf.export import formats

    world.patch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    formats.check_packages(["litert"])


def _onnx_refuses(world: World) -> None:
    from brave_tf.export.onnx import write_onnx

    encoder = _tiny()

    def refuse(*words: object, **more: object) -> None:
        raise NotImplementedError("the layer Lambda has no counterpart")

    world.patch.setattr(type(encoder), "own_network", lambda self: SimpleNamespace(export=refuse))
    write_onnx(encoder, world.folder("exported"))


def _litert(world: World) -> None:
    from brave_tf.errors import UserError
    from brave_tf.export.litert import _why

    raise UserError(_why(ValueError("Flex ops: FlexErfinv"), SimpleNamespace(path=Path("runs/first"))))


def _converter_fails(world: World) -> None:
    from brave_tf.export import litert

    class Converter:
        target_spec = SimpleNamespace()

        @staticmethod
        def from_saved_model(*words: object, **more: object) -> "Converter":
            return Converter()

        def convert(self) -> bytes:
            raise ValueError("Flex ops: FlexErfinv")

    world.patch.setattr(litert.tf.lite, "TFLiteConverter", Converter)
    litert._converted("folder", "float32", SimpleNamespace(path=Path("runs/first")))


def checked(**found: object) -> Callable[[World], object]:
    """Checks an export whose process ends as is told."""

    def provoke(world: World) -> None:
        from brave_tf.export import verify

        def run(*words: str) -> object:
            if found.get("late"):
                raise subprocess.TimeoutExpired("python", 600)
            text = json.dumps({"errors": {"call": 0.4}, "cosine": 0.2})
            return SimpleNamespace(
                returncode=found.get("status", 0), stderr="ImportError: libGL.so.1 is missing", stdout=text
            )

        world.patch.setattr(verify, "_run_program", run)
        place = world.file("exported/encoder.onnx")
        verify.check("onnx", place, SimpleNamespace(file=Path("examples.npz")))

    return provoke


def _score(world: World, content: str | None) -> None:
    from brave_tf.export.card_scores import read_scores

    if content is not None:
        world.file("report/report.json", content)
    read_scores(["report"], "0f" * 32, "runs/first")


def _other_score(world: World) -> None:
    from brave_tf.export import card_scores

    score = SimpleNamespace(encoder=SimpleNamespace(sha256="ab", path="runs/second"))
    world.file("report/report.json", "{}")
    world.patch.setattr(
        card_scores.pydantic, "TypeAdapter", lambda kind: SimpleNamespace(validate_json=lambda text: score)
    )
    card_scores.read_scores(["report"], "0f" * 32, "runs/first")


def publish(to: str = "hf:owner/name", change: Callable[[Path], object] | None = None) -> Callable[[World], object]:
    """Publishes a small export, as a trial."""

    def provoke(world: World) -> None:
        from brave_tf.encoders.checksums import sha256_of_files
        from brave_tf.encoders.exported import FormatCheck, write_verification
        from brave_tf.export.publish import publish_directory

        folder = world.folder("exported")
        for name, content in {"encoder.keras": "keras", "brave_tf.json": "{}", "README.md": "# Mine\n"}.items():
            (folder / name).write_text(content)
        hashes = sha256_of_files(folder, ["encoder.keras", "brave_tf.json"])
        check = FormatCheck(hashes, 10, 0.0, 1.0, 2.0, 2.0, (1, 8, 48, 48, 3), "keras 3")
        write_verification(folder, "1234", {"keras": check})
        given = (change and change(folder)) or folder
        publish_directory(given.relative_to(world.here), to, dry_run=True)

    return provoke


def _link_inside(folder: Path) -> None:
    (folder / "link").symlink_to("encoder.keras")


def _link_to_it(folder: Path) -> Path:
    (folder.parent / "latest").symlink_to(folder)
    return folder.parent / "latest"


def _without_formats(folder: Path) -> None:
    from brave_tf.encoders.exported import write_verification

    (folder / "verification.json").unlink()
    write_verification(folder, "1234", {})


COMMON = (
    Entry(
        "export/saved_model.py",
        "exists already; choose another --out",
        export(_taken),
        "There is something in that folder, or the export of another encoder. An export never overwrites.",
        title="The folder of the export is taken",
    ),
    Entry(
        "export/formats.py",
        "not installed: ",
        _without_packages,
        "A format needs a package that does not come with brave_tf.",
        title="A format needs a package",
    ),
    Entry(
        "export/publish.py",
        "is not as `brave-tf export` verified it",
        publish(change=lambda folder: (folder / "encoder.keras").write_text("changed") and None),
        "Files were changed or removed after the export, and what was measured of it would be wrong. The model card "
        "may be edited.",
        title="An export was changed before it is published",
    ),
)

OTHERS = (
    Entry("export/saved_model.py", "received formats", export(formats=["tflite"]), "There is no such format."),
    Entry(
        "export/saved_model.py",
        "is no Keras model, but a SavedModel or a function",
        export(_of_a_signature),
        "Only networks of layers are exported.",
    ),
    Entry(
        "export/saved_model.py",
        "is of another step than",
        export(_other_heads, heads=True),
        "The run has gone on since.",
    ),
    Entry(
        "export/saved_model.py",
        "does not say what it takes",
        _without_ends,
        "The network is no graph of layers.",
    ),
    Entry(
        "export/saved_model.py",
        "expected one input",
        export(network([(64, 64, 3)])),
        "The network takes something else than clips.",
        varies=True,
    ),
    Entry(
        "export/saved_model.py",
        "expected one output",
        export(network([ANY], (3, 4))),
        "The network gives something else than one embedding.",
        varies=True,
    ),
    Entry(
        "export/saved_model.py",
        "expected a network for clips of any length",
        export(network([(4, 16, 16, 3)])),
        "The network takes clips of one shape.",
    ),
    Entry(
        "export/saved_model.py",
        "clips at once and no other number",
        export(network([ANY], batch=2)),
        "The network takes batches of one size.",
    ),
    Entry("export/saved_model.py", "is not as it was verified", _changed, "The export was changed since."),
    Entry("export/onnx.py", "cannot be written for ONNX", _onnx_refuses, "A layer has no counterpart in ONNX."),
    Entry("export/litert.py", "{_why(error, encoder)}", _converter_fails, "A layer has no counterpart in LiteRT."),
    Entry("export/litert.py", "cannot be written for LiteRT", _litert, "An operation has no counterpart in LiteRT."),
    Entry(
        "export/verify.py",
        "does not load in a fresh process",
        checked(status=1),
        "What was written does not load. The reason is what that process said last.",
    ),
    Entry(
        "export/verify.py",
        "embeds differently",
        checked(),
        "What was written gives other embeddings than the encoder.",
    ),
    Entry("export/verify.py", "was not verified within", checked(late=True), "The machine is very busy."),
    Entry(
        "export/card_scores.py",
        "expected a directory that `brave-tf evaluate` wrote",
        lambda world: _score(world, None),
        "There is no report of an evaluation.",
    ),
    Entry("export/card_scores.py", "evaluate again", lambda world: _score(world, "{"), "The report was changed."),
    Entry("export/card_scores.py", "is about", _other_score, "The report is of another encoder."),
    Entry(
        "export/card_text.py",
        "received --license",
        "export {encoder} --out exported --license ?",
        "The licence is not one that the Hub knows.",
    ),
    Entry(
        "export/publish.py",
        "received --to {one_line(to)}; expected",
        publish("owner/name"),
        "The place says neither Hugging Face nor Kaggle.",
    ),
    Entry(
        "export/publish.py",
        "without a revision or a folder",
        publish("hf:owner/name@main"),
        "A model is published as a whole.",
    ),
    Entry(
        "export/publish.py",
        "each is a new one",
        publish("kaggle:owner/model/keras/base/2"),
        "Kaggle counts versions by itself.",
    ),
    Entry(
        "export/publish.py",
        "but the directory holds the formats",
        publish("kaggle:owner/model/tensorFlow2/base"),
        "Kaggle sorts models by frameworks, and the export has no format of this one.",
    ),
    Entry("export/publish.py", "is a link to", publish(change=_link_to_it), "A link may be changed meanwhile."),
    Entry(
        "export/publish.py",
        "is no directory",
        "publish exported --to hf:owner/name --dry-run",
        "There is no such folder.",
    ),
    Entry("export/publish.py", "holds links", publish(change=_link_inside), "Links could lead anywhere."),
    Entry("export/publish.py", "has no verified format", publish(change=_without_formats), "The export is not whole."),
    Entry(
        "export/publish.py",
        "did not verify",
        publish(change=lambda folder: (folder / "secret.txt").write_text("x") and None),
        "Files were added after the export, and would be published with it.",
    ),
    Entry(
        "export/publish.py",
        "expected the model card",
        publish(change=lambda folder: (folder / "README.md").unlink()),
        "The model card is gone.",
    ),
)

AREA = Area(
    "Exporting and publishing",
    "What `brave-tf export` and `brave-tf publish` say. An export is verified in a process of its own before its "
    "folder appears.",
    COMMON,
    OTHERS,
)
