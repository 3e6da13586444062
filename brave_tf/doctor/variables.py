"""Environment variables that change how the library works. Others are not looked at: they may hold secrets."""

import os
from collections.abc import Iterator

from brave_tf.doctor.check import Check, note, ok

GROUP = "environment"
LONGEST_VALUE = 80
TOLD = (
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"),
    *("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "TF_DETERMINISTIC_OPS", "TF_USE_LEGACY_KERAS"),
    *("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "HF_HUB_OFFLINE", "PYTHONUTF8"),
)
"""Variables that hold flags and numbers."""
NAMED = (
    *("XDG_CACHE_HOME", "TMPDIR", "KERAS_HOME", "TFDS_DATA_DIR", "HF_HOME", "KAGGLEHUB_CACHE"),
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "TF_CONFIG", "TPU_NAME", "HTTP_PROXY", "HTTPS_PROXY"),
)
"""Variables that hold folders, addresses and passwords: only that they are set is told."""


def look_at_variables() -> Iterator[Check]:
    """Which of them are set."""
    values = [f"{name}={_shortened(os.environ[name])}" for name in TOLD if name in os.environ]
    named = [name for name in NAMED if os.environ.get(name)]
    yield ok(GROUP, "values", ", ".join(values) or "none that matters")
    yield ok(GROUP, "also set", ", ".join(named) or "none that matters")
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true"):
        found = "tf.keras is Keras 2; this library uses Keras 3, and models of the two do not mix"
        yield note(GROUP, "TF_USE_LEGACY_KERAS", found, "unset TF_USE_LEGACY_KERAS")


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
