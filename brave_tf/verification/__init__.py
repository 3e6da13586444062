"""Reads a whole dataset and says what is wrong with it."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.verification.report import VerificationReport as VerificationReport
    from brave_tf.verification.verifier import verify_dataset as verify_dataset

# Importing the package costs nothing.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "VerificationReport": "report",
        "verify_dataset": "verifier",
    },
)
