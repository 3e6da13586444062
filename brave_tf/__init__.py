"""BraVe for TensorFlow: video encoders that learn without labels, by regressing broad views from narrow ones.

Everything here loads on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf import config as config
    from brave_tf import convert as convert
    from brave_tf import data as data
    from brave_tf import evaluation as evaluation
    from brave_tf import export as export
    from brave_tf import losses as losses
    from brave_tf import models as models
    from brave_tf import presets as presets
    from brave_tf import training as training
    from brave_tf.encoders.encoder import load_encoder as load_encoder
    from brave_tf.lars import LARS as LARS
    from brave_tf.method.brave import Brave as Brave
    from brave_tf.schedules import WarmupCosine as WarmupCosine
    from brave_tf.training.build import build as build

__version__ = "0.1.0"

__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "Brave": "method.brave",
        "LARS": "lars",
        "WarmupCosine": "schedules",
        "build": "training.build",
        "config": "",
        "convert": "",
        "data": "",
        "evaluation": "",
        "export": "",
        "load_encoder": "encoders.encoder",
        "losses": "",
        "models": "",
        "presets": "",
        "training": "",
    },
)
