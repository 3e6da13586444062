"""A prepared dataset: shards of records, a table of clips, and `dataset.json`."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brave_tf.data.flow_code import FlowSettings
from brave_tf.errors import UserError, did_you_mean, reason_of
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.storage import RemotePath, is_remote

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
INFO_FILE = "dataset.json"
MISSING_FILE = "missing.txt"
"""Names, one a line, of the files that a benchmark's lists name and that were not there; absent if all were."""
CLIPS_FILE = "clips.parquet"
WORK_FOLDER = ".prepare"
LABEL_PREFIX = "label/"
"""Column of the clip table that holds a label column; also its key in a record, but for the primary one."""
PRIMARY_LABEL = "label"
CLIPS_PER_SOURCE = 2**20
"""A clip's id is its source's number times this, plus its number in the source."""
TFDS_PREFIX = "tfds:"
"""What a TensorFlow Datasets name begins with where a path is expected."""
Parser = Callable[[Any], dict[str, Any]]
"""Reads a serialised record in a TensorFlow graph, see `brave_tf.data.records.parse`."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A dataset on disk.

    Attributes:
        path: its directory.
        info: the content of `dataset.json`.
    """

    path: Path
    info: dict[str, Any]

    @property
    def audio_rate_hz(self) -> int | None:
        """Samples per second of the sound, or None if it was prepared without."""
        rate: int | None = self.info["audio_rate_hz"]
        return rate

    @property
    def flow(self) -> FlowSettings | None:
        """How its optical flow was computed, or None if it was prepared without."""
        settings = self.info.get("flow")
        return None if settings is None else FlowSettings(settings["shorter_side"], settings["stride"])

    @property
    def small_side(self) -> int | None:
        """Shorter side in pixels of the small frames that it holds beside the others, or None if it holds none."""
        side: int | None = self.info.get("broad_size")
        return side

    def picture_stride(self, modality: Modality) -> int | None:
        """Frames from one picture of a modality to the next, as `dataset.json` says; None if it holds none."""
        entry = self.info.get(modality)
        return None if entry is None else int(entry["stride"])

    def check_pictures(self, modality: Modality, step: int, user: str, verb: str = "needs") -> None:
        """Raises `UserError` if pictures of a modality are missing, or lie so that a view would lack some.

        Args:
            modality: one that is made of frames.
            step: frames from one picture of the view to the next.
            user: the experiment or the encoder, for the message.
            verb: what it does with them.
        """
        record = MODALITIES[modality]
        if record.in_every_dataset:
            return
        stride, option = self.picture_stride(modality), record.prepare_option
        if stride is None:
            remedy = f"prepare it with {option}" if option else f"train on one whose records have {record.feature}"
            raise UserError(f"{self.path} holds no {record.word}, which {user} {verb}; {remedy}")
        if step % stride:
            remedy = f"prepare it with a {option}-stride" if option else "write it with a stride"
            raise UserError(
                f"{self.path} holds {record.word} at every {stride}th frame; {user} takes every {step}th; {remedy} "
                f"that divides {step}"
            )

    def shard_path(self, name: str) -> Path:
        """Where a shard lies, by its name in the clip table, which of a dataset of others is a path."""
        return RemotePath(name) if is_remote(name) else self.path / name

    @property
    def labels(self) -> dict[str, list[str]]:
        """Class names of every label column, in the order of their indices."""
        labels: dict[str, list[str]] = self.info["labels"]
        return labels

    @property
    def multilabel(self) -> tuple[str, ...]:
        """Label columns that hold a list of class names for every clip."""
        return tuple(self.info.get("multilabel", ()))

    @property
    def official_folds(self) -> tuple[str, ...]:
        """Label columns that hold a benchmark's official splits or folds; empty where there are none."""
        return tuple(self.info.get("folds", ()))

    @property
    def fingerprint(self) -> str:
        """Tells apart datasets with other sources or settings."""
        return str(self.info["fingerprint"])

    @property
    def parser(self) -> Parser:
        """Reads one of its records in the graph."""
        from brave_tf.data import records

        return records.parse

    def clips(self, split: str | None = None, columns: Sequence[str] | None = None) -> "pa.Table":
        """The clip table, or the rows of one split, in the order of the shards.

        Raises:
            UserError: the table is missing or damaged, what is read of it does not fit together or to `dataset.json`
                (see `brave_tf.data.clip_table.check_table`), or there is no such split.
        """
        # Preparing does without, until it writes the table.
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        from brave_tf.data.clip_table import check_table, required_columns
        from brave_tf.data.dataset_checks import check_columns

        path = self.path / CLIPS_FILE
        wanted = None if columns is None else list(dict.fromkeys([*columns, "split"]))
        try:
            # By its name PyArrow would read a file that is elsewhere in its own way.
            file = pa.BufferReader(path.read_bytes()) if is_remote(path) else path
            check_columns(pq.read_schema(file).names, wanted or required_columns(self.info), path)
            table = pq.read_table(file, columns=wanted)
            table.validate(full=True)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            reason = reason_of(error) if is_remote(path) else " ".join(str(error).split())
            if is_remote(path) and isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise UserError(f"{path} cannot be read ({reason}); try again later") from None
            raise UserError(f"{path} is missing or damaged ({reason}); prepare the dataset again") from None
        table = check_table(table, self.info, path)
        if split is None:
            return table
        self.check_split(split)
        return table.filter(pc.equal(table["split"], split))

    def check_split(self, split: str) -> None:
        """Raises `UserError` if there is no such split."""
        if split not in self.info["splits"]:
            known = self.info["splits"]
            near = did_you_mean(split, known)
            raise UserError(f"{self.path} has no split {split!r}; {near}expected one of: {', '.join(known)}")

    def damaged(self, split: str | None = None) -> list[str]:
        """Records of a split, or of all, that are not in the clip table because they cannot be read, with reasons."""
        return []

    def notes(self, split: str | None = None, audio_rate_hz: int | None = None) -> list[str]:
        """What its user has to know: what was taken for granted, and what is damaged, a line each.

        Args:
            split: whose damaged records are named; None for all.
            audio_rate_hz: what the experiment takes the sound for where the dataset does not say.
        """
        return []
