"""Exported encoders: SavedModels that anyone can load, verified before they are handed over."""

from brave_tf.export.saved_model import export_encoder

__all__ = ["export_encoder"]
