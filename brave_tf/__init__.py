"""BraVe for TensorFlow: video encoders that learn without labels, by regressing broad views from narrow ones.

Everything here loads on first use, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brave_tf import config, convert, data, evaluation, export, losses, models, presets, training
    from brave_tf.lars import LARS
    from brave_tf.models.encoder import load_encoder
    from brave_tf.training.brave import Brave

__version__ = "0.1.0"

__all__ = [
    "LARS",
    "Brave",
    "config",
    "convert",
    "data",
    "evaluation",
    "export",
    "load_encoder",
    "losses",
    "models",
    "presets",
    "training",
]

_HOMES = {
    "Brave": "brave_tf.training.brave",
    "LARS": "brave_tf.lars",
    "load_encoder": "brave_tf.models.encoder",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    home = importlib.import_module(_HOMES.get(name, f"{__name__}.{name}"))
    value = getattr(home, name) if name in _HOMES else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
