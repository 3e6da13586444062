"""The model card of an export: README.md, with the front matter that the Hugging Face Hub reads."""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from brave_tf.config import SOURCE_FPS, Config
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.exported import FORMAT_FILES, MODEL_CARD, FormatCheck
from brave_tf.encoders.hub_names import is_hub
from brave_tf.export import card_text
from brave_tf.export.card_curves import Curve, curves_of
from brave_tf.export.card_origin import origin_of
from brave_tf.export.card_scores import Score, read_scores, score_rows
from brave_tf.export.card_snippets import snippets
from brave_tf.export.card_text import table
from brave_tf.export.signature import clip_shape
from brave_tf.modalities import MODALITIES
from brave_tf.presets.facts import letters, view_facts
from brave_tf.progress import note
from brave_tf.runs.directory import read_config
from brave_tf.runs.paths import CHECKPOINT_FOLDER, CONFIG_FILE

NOT_TOLD = "not told"
LIBRARIES: Mapping[str, str] = {"keras": "keras", "savedmodel": "tensorflow", "onnx": "onnx", "litert": "tflite"}
"""What the Hugging Face Hub calls the libraries that load the formats, the first of them first."""


@dataclasses.dataclass(frozen=True)
class Told:
    """What only its maker can tell of an encoder.

    Attributes:
        license: identifier of the licence that the encoder is given away under.
        trained_on: the data that it was trained on, in words.
        data_license: the licence of that data, in words.
        reports: directories of its evaluations.
    """

    license: str = ""
    trained_on: str = ""
    data_license: str = ""
    reports: Sequence[str | os.PathLike[str]] = ()


NOTHING_TOLD = Told()


class ModelCard:
    """What the card of one encoder says; everything that can be wrong with it is found before anything is exported.

    Args:
        encoder: what is exported.
        told: what its maker tells.

    Raises:
        UserError: the licence is no identifier, or a report is damaged, or about another encoder.
    """

    def __init__(self, encoder: Encoder, told: Told):
        card_text.check_license(told.license)
        self._encoder, self._told = encoder, told
        self._scores: list[Score] = read_scores(told.reports, encoder.weights_sha256(), str(encoder.path))
        run = _run_of(encoder)
        self._config: Config | None = None if run is None else read_config(run)
        self._curves: list[Curve] = [] if run is None else curves_of(run)

    def write(self, directory: Path, formats: Mapping[str, FormatCheck]) -> list[str]:
        """Writes the card and its curves into an export that has everything else.

        Args:
            directory: the export's.
            formats: what was checked.

        Returns:
            The names of its files.
        """
        for curve in self._curves:
            (directory / curve.file).write_bytes(curve.drawing())
        (directory / MODEL_CARD).write_text(self.text(formats), encoding="utf-8")
        return [MODEL_CARD, *(curve.file for curve in self._curves)]

    def bring_up_to_date(self, directory: Path, formats: Mapping[str, FormatCheck], is_edited: bool) -> list[str]:
        """Writes the card anew where it would say something else now; not over what somebody wrote.

        Args:
            directory: the export's.
            formats: what was checked.
            is_edited: whether the card is not as it was written.

        Returns:
            The names of the files that were written.
        """
        file = directory / MODEL_CARD
        if file.is_file() and file.read_text(encoding="utf-8") == self.text(formats):
            return []
        if file.is_file() and is_edited:
            note(f"{MODEL_CARD} was edited, and is left as it is; remove it to have it written anew")
            return []
        return self.write(directory, formats)

    def text(self, formats: Mapping[str, FormatCheck]) -> str:
        """The card in Markdown."""
        card, origin = self._encoder.card, origin_of(self._encoder)
        parts = {
            "Views": self._views(),
            "Scores": self._score_table(),
            "Training": _pictures(self._curves),
            "Files": _format_table(formats),
            "Use": self._use(formats),
            "Intended use and limits": origin.use,
            "Citation": card_text.CITATION,
        }
        libraries = [name for word, name in LIBRARIES.items() if any(each.startswith(word) for each in formats)]
        tags = ["audio" if MODALITIES[card.modality].is_sound else "video", *origin.tags, *libraries]
        kind = f"{MODALITIES[card.modality].word} encoder"
        return "\n\n".join(
            [
                card_text.front_matter(self._told.license, tags, libraries[0]),
                f"# {card_text.cell(card.preset or kind)}",
                f"An encoder of {MODALITIES[card.modality].word}, {origin.sentence}",
                table(["", ""], self._facts()),
                card_text.sections(parts) + "\n",
            ]
        )

    def _facts(self) -> list[tuple[str, str]]:
        encoder, card, told = self._encoder, self._encoder.card, self._told
        network = dict(card.network)
        kind = network.pop("class", "") or NOT_TOLD
        size = ", ".join(f"{key} {network[key]:g}" for key in ("depth", "width") if key in network)
        shape = ", ".join(map(str, ["B", *clip_shape(encoder)[1:]]))
        view = card.view
        trained = f"{card.steps:,} steps" if card.steps else NOT_TOLD
        if card.steps and self._config is not None:
            trained += f" of {self._config.batch_size:,} clips"
        evaluated = (
            f"log-mel spectrograms of {view.audio_seconds:g} s"
            if MODALITIES[card.modality].is_sound
            else f"{view.frames} frames, {SOURCE_FPS / view.step:.3g} per second, {view.size} x {view.size} pixels"
        )
        if card.input_view.is_gray:
            evaluated += ", grey: the three channels hold the same"
        return [
            ("experiment", card.preset or NOT_TOLD),
            ("tower", card.tower),
            ("network", ", ".join(filter(None, [kind, size]))),
            ("trainable parameters", f"{sum(math.prod(each.shape) for each in encoder.trainable_variables):,}"),
            ("evaluated on", evaluated),
            ("input", f"[{shape}] float32"),
            ("embedding", f"[B, {encoder.embedding_size}] float32"),
            ("trained", trained),
            ("trained on", told.trained_on or NOT_TOLD),
            ("licence of that data", told.data_license or NOT_TOLD),
            ("licence of the encoder", told.license or NOT_TOLD),
            ("SHA-256 of the weights", encoder.weights_sha256()),
        ]

    def _views(self) -> str:
        if self._config is None:
            return ""
        rows = []
        for name, view in view_facts(self._config).items():
            seen = (
                f"{view['spectrogram_frames']:,} x {view['mel_bands']} log-mel, {view['sample_rate_hz']:,} Hz"
                if "mel_bands" in view
                else f"{view['frames']} frames, {view['fps']:.3g} per second, {view['size']} x {view['size']} pixels"
            )
            rows.append((name, MODALITIES[view["modality"]].word, view["views"], f"{view['seconds']:.3g} s", seen))
        words = f"{letters(self._config)}: each network learned to predict what the other makes of its own view."
        return f"{words}\n\n{table(['view', 'of', 'how many', 'length', 'size'], rows)}"

    def _score_table(self) -> str:
        if not self._scores:
            return "None are told here."
        header = ["data", "protocol", "label", "score", "95 % interval", "random initialisation", "chance"]
        words = "The same protocol on the same network at random initialisation, and guessing, stand beside each score."
        return f"{words}\n\n{table(header, score_rows(self._scores))}"

    def _use(self, formats: Mapping[str, FormatCheck]) -> str:
        programs = [f"{each.title}:\n\n```python\n{each.program}\n```" for each in snippets(self._encoder, formats)]
        words = f"In the directory of this file; each way needs what it imports, and nothing else. {_fetching(formats)}"
        warning = "A SavedModel is a program, which can read and write your files; `encoder.keras` is none."
        return "\n\n".join([words, *programs, *([warning] if "savedmodel" in formats else [])])


def _run_of(encoder: Encoder) -> Path | None:
    """The run directory that an encoder was loaded from, itself or one of its checkpoints."""
    path = encoder.path
    if is_hub(str(path)) or not path.exists():
        return None
    if path.absolute().parent.name == CHECKPOINT_FOLDER:
        path = path.absolute().parents[1]
    run = path if path.is_dir() else path.parent
    return run if (run / CONFIG_FILE).is_file() else None


def _fetching(formats: Mapping[str, FormatCheck]) -> str:
    """How to fetch an export from where it is published; this library opens two of the formats."""
    if {"keras", "savedmodel"} & formats.keys():
        return (
            'Where it is published, `brave_tf.load_encoder("hf://OWNER/NAME")` fetches it too, or '
            '`"kaggle://OWNER/MODEL/FRAMEWORK/VARIATION"`.'
        )
    file = FORMAT_FILES[next(iter(formats))][0]
    return (
        f'Where it is published, `huggingface_hub.hf_hub_download("OWNER/NAME", "{file}")` fetches a file, or '
        '`kagglehub.model_download("OWNER/MODEL/FRAMEWORK/VARIATION")` all of them, and gives its path.'
    )


def _pictures(curves: Sequence[Curve]) -> str:
    return "\n\n".join(f"![{each.title}]({each.file})\n\n{each.aid}" for each in curves)


def _format_table(formats: Mapping[str, FormatCheck]) -> str:
    rows = [
        (
            f"{name}, opset {check.facts['opset']}" if "opset" in check.facts else name,
            f"{check.bytes / 1e6:.2f} MB",
            f"{check.error:.1e}",
            f"{check.cosine:.6f}",
            f"{check.latency_ms:.3g} ms",
            f"{check.keras_latency_ms:.3g} ms",
            check.checked_with,
        )
        for name, check in formats.items()
    ]
    words = (
        "Each was loaded in a process of its own and compared with the original: the largest difference in an "
        "embedding, as a share of that embedding's largest value, the least cosine of the two embeddings of a clip, "
        "and the time for one clip on the machine that exported it."
    )
    header = ["format", "size", "difference", "cosine", "one clip", "in Keras", "checked with"]
    return f"{words}\n\n{table(header, rows)}"
