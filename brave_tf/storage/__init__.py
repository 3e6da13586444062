"""Files here and on storage elsewhere, such as `gs://bucket/folder`: the same paths, the same errors, for both."""

from brave_tf.storage.background import in_background, of_many
from brave_tf.storage.path import RemotePath, as_path, as_source, is_remote
from brave_tf.storage.transfer import copy_file, local_copy, remove_tree, upload_tree

__all__ = [
    "RemotePath",
    "as_path",
    "as_source",
    "copy_file",
    "in_background",
    "is_remote",
    "local_copy",
    "of_many",
    "remove_tree",
    "upload_tree",
]
