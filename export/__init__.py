"""Exported encoders: SavedModels and other files that anyone can load, verified before they are handed over.

Calling the package exports an encoder: `brave_tf.export("runs/first", "exported")` is `brave_tf.commands.export`.
"""

from typing import TYPE_CHECKING

from brave_tf.lazy import make_callable, public_names

if TYPE_CHECKING:
    from brave_tf.export.saved_model import export_encoder as export_encoder

__all__, __getattr__, __dir__ = public_names(__name__, {"export_encoder": "saved_model"})
make_callable(__name__)
