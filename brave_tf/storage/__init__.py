"""Files here and on storage elsewhere, such as `gs://bucket/folder`: the same paths, the same errors, for both."""

from brave_tf.storage.path import RemotePath, as_path, is_remote
from brave_tf.storage.transfer import copy_file, local_copy, remove_tree, upload_tree

__all__ = ["RemotePath", "as_path", "copy_file", "is_remote", "local_copy", "remove_tree", "upload_tree"]
