"""BraVe for TensorFlow: video encoders that learn without labels, by regressing broad views from narrow ones.

One function for each command of `brave-tf`, with the command's arguments and defaults (`prepare`, `verify`, `inspect`,
`pretrain`, `report`, `evaluate`, `ablate`, `embed`, `search`, `export`, `publish`, `convert`, `doctor`); the method
as a Keras model (`Brave`, `LARS`, `WarmupCosine`, `losses`); the networks (`TSMResNet`, `R3D`, `AudioResNet`); and what
lies below.
Everything loads on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf import config as config
    from brave_tf import data as data
    from brave_tf import losses as losses
    from brave_tf import models as models
    from brave_tf import presets as presets
    from brave_tf import training as training
    from brave_tf.commands import ablate as ablate
    from brave_tf.commands import convert as convert
    from brave_tf.commands import doctor as doctor
    from brave_tf.commands import embed as embed
    from brave_tf.commands import evaluate as evaluate
    from brave_tf.commands import export as export
    from brave_tf.commands import inspect as inspect
    from brave_tf.commands import prepare as prepare
    from brave_tf.commands import pretrain as pretrain
    from brave_tf.commands import publish as publish
    from brave_tf.commands import report as report
    from brave_tf.commands import search as search
    from brave_tf.commands import verify as verify
    from brave_tf.encoders.card import EncoderCard as EncoderCard
    from brave_tf.encoders.foreign import as_encoder as as_encoder
    from brave_tf.encoders.loading import load_encoder as load_encoder
    from brave_tf.lars import LARS as LARS
    from brave_tf.method.brave import Brave as Brave
    from brave_tf.models.audio_resnet import AudioResNet as AudioResNet
    from brave_tf.models.r3d import R3D as R3D
    from brave_tf.models.tsm_resnet import TSMResNet as TSMResNet
    from brave_tf.schedules import WarmupCosine as WarmupCosine
    from brave_tf.training.build import build as build

__version__ = "0.2.0"

__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "AudioResNet": "models.audio_resnet",
        "Brave": "method.brave",
        "EncoderCard": "encoders.card",
        "LARS": "lars",
        "R3D": "models.r3d",
        "TSMResNet": "models.tsm_resnet",
        "WarmupCosine": "schedules",
        "ablate": "commands",
        "as_encoder": "encoders.foreign",
        "build": "training.build",
        "config": "",
        "convert": "",
        "data": "",
        "doctor": "",
        "embed": "commands",
        "evaluate": "commands",
        "export": "",
        "inspect": "commands",
        "load_encoder": "encoders.loading",
        "losses": "",
        "models": "",
        "prepare": "commands",
        "presets": "",
        "pretrain": "commands",
        "publish": "commands",
        "report": "commands",
        "search": "commands",
        "training": "",
        "verify": "commands",
    },
)
