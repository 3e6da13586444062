"""The method, section 3 of the paper: networks that regress each other's views."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.method.brave import Brave as Brave

# Importing the package costs nothing.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "Brave": "brave",
    },
)
