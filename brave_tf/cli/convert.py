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
    from brave_tf.convert.released import locate

    file, name = locate(checkpoint)
    found = convert_checkpoint(file, out, name)
    passed_over = ", ".join(f"{module} ({count} arrays)" for module, count in found.passed_over.items())
    print_table(
        str(out),
        {
            "converted": ", ".join(found.towers),
            "passed over": passed_over or "nothing",
            **({"not the whole model, because": found.not_whole} if found.not_whole else {}),
            "verified with": found.verified["loader"],
            "largest difference": max(found.verified["errors"].values()),
        },
    )
