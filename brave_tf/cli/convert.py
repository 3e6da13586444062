"""`brave-tf convert`."""

from pathlib import Path

import tyro


def convert(checkpoint: tyro.conf.Positional[str], /, out: Path) -> None:
    """Convert a checkpoint of the released JAX code into an encoder for Keras and TensorFlow.

    Example: brave-tf convert 29466668_1_0.npy --out v-a-tsm50

    Args:
        checkpoint: .npy file, or the name of a published checkpoint, such as v-a-tsm50, which is fetched once.
        out: directory to write; must not exist yet.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.convert.checkpoint import convert_checkpoint

    converted = convert_checkpoint(checkpoint, out)
    passed_over = ", ".join(f"{module} ({count} arrays)" for module, count in converted.passed_over.items())
    print_table(
        str(out),
        {
            "converted": ", ".join(converted.towers),
            "passed over": passed_over or "nothing",
            **({"not the whole model, because": converted.not_whole} if converted.not_whole else {}),
            "verified with": converted.verified["loader"],
            "largest difference": max(converted.verified["errors"].values()),
        },
    )
