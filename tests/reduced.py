"""Experiments at a size that a test can run: fewer frames and pixels, thin and shallow networks."""

from pytest import MonkeyPatch

from brave_tf.config import Config
from brave_tf.config.values import override
from brave_tf.models.size import BLOCKS

FEWER_FRAMES = 8
PIXELS = 32
THIN = 0.125
"""Width of thin networks, as a factor."""


def reduced(config: Config, *assignments: str) -> Config:
    """An eighth of the frames, 32 pixels, half a second of sound, two clips, and no warm-up, so that a step is one."""
    views = {"narrow": config.narrow, **{f"broad.{name}": view for name, view in config.broad.visual.items()}}
    changes = ["batch_size=2", "optimizer.warmup_steps=0"]
    for name, view in views.items():
        # A network that shifts channels in time takes more than one frame.
        least = min(view.frames, 2)
        changes += [f"{name}.size={PIXELS}", f"{name}.frames={max(view.frames // FEWER_FRAMES, least)}"]
    if config.broad.audio is not None:
        changes.append("broad.audio.seconds=0.5")
    return override(config, [*changes, *assignments])


def thin(config: Config) -> list[str]:
    """Assignments that make all networks an eighth as wide, in the same proportion, and heads a sixteenth."""
    widths = [f"model.{name}.width={getattr(config.model, name).width * THIN}" for name in NETWORKS]
    return [*widths, f"model.hidden_size={config.model.hidden_size // 16}"]


def shallow() -> list[str]:
    """Assignments that leave one block to each unit of all networks."""
    return [f"model.{name}.depth=14" for name in NETWORKS]


def one_unit(patch: MonkeyPatch) -> None:
    """Leaves one block of networks of depth 14 and 26, for tests of what is around the networks.

    What such a test costs is the tracing of its graph, which grows with the number of layers and not with their width.
    """
    for depth in (14, 26):
        patch.setitem(BLOCKS, depth, (1,))


NETWORKS = ("narrow", "rgb", "flow", "audio")
