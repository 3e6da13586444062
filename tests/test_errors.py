"""What went wrong, in one line."""

import errno

import pytest
import tensorflow as tf

from brave_tf.errors import reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "file"), "No space left on device"),
        (ValueError("one\ntwo"), "one"),
        (ValueError(), "ValueError"),
        (
            tf.errors.DataLossError(
                None, None, "{{function_node f}} corrupted record at 44\n\t [[{{node get}}]] [Op:Next] name: "
            ),
            "corrupted record at 44",
        ),
        (
            tf.errors.InvalidArgumentError(
                None,
                None,
                'in user code:\n\n    File "a.py", line 1, in f\n        decode(x)\n\n'
                "    InvalidArgumentError: {{function_node f}} Invalid JPEG data. [Op:DecodeJpeg] name: \n",
            ),
            "Invalid JPEG data.",
        ),
        (tf.errors.InternalError(None, None, "Graph execution error:\n\nDetected at node x"), "Detected at node x"),
        (
            tf.errors.InvalidArgumentError(
                None,
                None,
                "Graph execution error:\n\nDetected at node a/b_1 defined at (most recent call last):\n"
                '  File "a.py", line 4, in <module>\n\n  File "a.py", line 3, in read\n\n'
                "Invalid protocol message input\n\t [[{{node a/b_1}}]] [Op:__inference_read_31]",
            ),
            "Invalid protocol message input",
        ),
    ],
)
def test_reasons_are_one_line_without_names_of_graphs(error, reason):
    assert reason_of(error) == reason
