"""Experiments by name: the paper's, the released code's, and tiny ones that run on a laptop."""

from brave_tf.config import Config
from brave_tf.errors import UserError, did_you_mean
from brave_tf.presets.ablations import TABLE_1, TABLE_2, TABLE_3, TABLE_4, TOPICS
from brave_tf.presets.main_results import MAIN_RESULTS
from brave_tf.presets.preset import Preset
from brave_tf.presets.released import RELEASED, released_checkpoints
from brave_tf.presets.tiny import TINY

__all__ = ["Preset", "describe", "get", "names", "released_checkpoints"]

_BY_NAME = {
    preset.name: preset for preset in (*TINY, *MAIN_RESULTS, *TABLE_1, *TABLE_2, *TABLE_3, *TABLE_4, *TOPICS, RELEASED)
}


def __dir__() -> list[str]:
    return __all__


def names() -> tuple[str, ...]:
    """All preset names, the tiny ones first."""
    return tuple(_BY_NAME)


def get(name: str) -> Config:
    """The configuration of the preset called `name`.

    Raises:
        UserError: there is no such preset; the message offers the nearest name.
    """
    return describe(name).config


def describe(name: str) -> Preset:
    """The preset called `name`, with where it comes from, its published scores, and the choices in it.

    Raises:
        UserError: there is no such preset; the message offers the nearest name.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise UserError(
        f"received preset {name!r}; {did_you_mean(name, _BY_NAME)}expected one of the {len(_BY_NAME)} that "
        "`brave-tf presets` lists"
    )
