"""Opens datasets of every kind."""

import json
from pathlib import Path

from brave_tf.data.dataset import FORMAT_VERSION, INFO_FILE, TFDS_PREFIX, WORK_FOLDER, Dataset
from brave_tf.data.dataset_checks import check_info
from brave_tf.errors import UserError, reason_of
from brave_tf.storage import as_path


def open_dataset(path: str | Path) -> Dataset:
    """Opens what `brave-tf prepare` wrote, DMVR shards as they are, or a prepared TensorFlow Datasets dataset.

    Args:
        path: a directory, here or on storage that TensorFlow knows (`gs://bucket/dataset`), or `tfds:NAME`.

    Raises:
        UserError: there is no dataset, it is not finished, its `dataset.json` is damaged or lacks something, or a newer
            version wrote it.
    """
    if str(path).startswith(TFDS_PREFIX):
        from brave_tf.data.tfds_source import open_tfds

        return open_tfds(str(path))
    path = as_path(path)
    file = path / INFO_FILE
    if not file.is_file() and not (path / WORK_FOLDER).is_dir():
        from brave_tf.data.dmvr import open_dmvr
        from brave_tf.data.shard_names import find_shards

        if shards := find_shards(path):
            return open_dmvr(path, shards)
    if not file.is_file():
        if (path / WORK_FOLDER).is_dir():
            raise UserError(f"{path} is not finished; run the same prepare command again to finish it")
        raise UserError(
            f"{path} is not a dataset; expected a directory that `brave-tf prepare` wrote, one of DMVR shards, or "
            "tfds:NAME"
        )
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
        version = int(info["format_version"])
    except OSError as error:
        raise UserError(f"{file} cannot be read ({reason_of(error)}); make it readable, or try again later") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is damaged ({error}); prepare the dataset again") from None
    if version > FORMAT_VERSION:
        raise UserError(f"{path} has format {version}; this version reads up to {FORMAT_VERSION}; upgrade brave_tf")
    check_info(info, file)
    return Dataset(path, info)
