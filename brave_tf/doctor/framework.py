"""TensorFlow and Keras: whether they load, which devices they see, and a train step as a proof."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf import quiet
from brave_tf.doctor import nvidia
from brave_tf.doctor.check import Check, note, ok, problem
from brave_tf.errors import short_reason

GROUP = "tensorflow"
NAMES = ("TensorFlow", "Keras", "GPU", "TPU", "a tiny train step")
FIX = (
    "see what `python -c 'import tensorflow'` says, and install TensorFlow again in a new environment; its wheels need "
    "a processor with AVX"
)
BACKEND_FIX = "set KERAS_BACKEND=tensorflow before Python starts, or backend in ~/.keras/keras.json to tensorflow"
STEP_FIX = (
    "if the reason is memory, end what else uses the device; otherwise set CUDA_VISIBLE_DEVICES=-1 for the CPU alone: "
    "if it works there, the driver and this TensorFlow do not fit together"
)
TPU_DEVICE = Path("/dev/accel0")
"""What the driver of a TPU makes."""


def look_at_tensorflow() -> Iterator[Check]:
    """All of it; without TensorFlow there is no more to look at."""
    began = time.perf_counter()
    try:
        # Should it end the process, its last words are heard.
        quiet.load_tensorflow()
    except Exception as error:  # what a broken library raises while it loads may be anything
        found = f"does not load ({type(error).__name__}: {short_reason(error)})"
        yield problem(GROUP, "TensorFlow", f"{found}; so nothing is known of: {', '.join(NAMES[1:])}", FIX)
        return
    import tensorflow as tf

    yield ok(GROUP, "TensorFlow", f"{tf.version.VERSION} loads", time.perf_counter() - began)
    yield _keras()
    yield _gpus(tf)
    yield _tpus(tf)
    yield _train_step(tf)


def _keras() -> Check:
    try:
        import keras
    except Exception as error:
        return problem(GROUP, "Keras", f"does not load ({type(error).__name__}: {short_reason(error)})", BACKEND_FIX)
    backend = keras.config.backend()
    if backend != "tensorflow":
        found = f"{keras.__version__} computes with {backend}; expected tensorflow"
        return problem(GROUP, "Keras", found, BACKEND_FIX)
    if keras.config.image_data_format() != "channels_last":
        found = f"{keras.__version__} puts channels first; expected image_data_format channels_last"
        return problem(GROUP, "Keras", found, "set image_data_format in ~/.keras/keras.json to channels_last")
    return ok(GROUP, "Keras", f"{keras.__version__} computes with {backend} in {keras.config.floatx()}")


def _gpus(tf: Any) -> Check:
    seen = tf.config.list_physical_devices("GPU")
    there, has_driver = nvidia.cards()
    if seen:
        details = [tf.config.experimental.get_device_details(device) for device in seen]
        names = [f"{each.get('device_name', 'GPU')} ({_capability(each)})" for each in details]
        cards = f"; the driver tells of {'; '.join(there)}" if there else ""
        return ok(GROUP, "GPU", f"TensorFlow sees {len(seen)}: {', '.join(names)}{cards}")
    if not there:
        return ok(GROUP, "GPU", "none; TensorFlow computes on the CPU")
    fix = nvidia.why_unseen(has_driver, tf.test.is_built_with_cuda(), tf.version.VERSION)
    return note(GROUP, "GPU", f"TensorFlow sees none, though there is {'; '.join(there)}: it computes on the CPU", fix)


def _capability(details: dict[str, Any]) -> str:
    known = details.get("compute_capability")
    return f"compute capability {'.'.join(map(str, known))}" if known else "of unknown capability"


def _tpus(tf: Any) -> Check:
    seen = tf.config.list_physical_devices("TPU")
    if seen:
        return ok(GROUP, "TPU", f"TensorFlow sees {len(seen)} cores")
    if "TPU_NAME" in os.environ:
        return ok(GROUP, "TPU", "TPU_NAME names one, which training connects to")
    if TPU_DEVICE.exists():
        fix = "install the build of TensorFlow for TPUs: pip install tensorflow-tpu"
        return note(GROUP, "TPU", "TensorFlow sees none, though there seems to be one", fix)
    return ok(GROUP, "TPU", "none")


def _train_step(tf: Any) -> Check:
    from brave_tf.doctor.train_step import train_step

    began = time.perf_counter()
    devices = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    try:
        loss, replicas = train_step()
    except Exception as error:  # whatever stops it would stop training
        return problem(GROUP, NAMES[-1], f"failed ({type(error).__name__}: {short_reason(error)})", STEP_FIX)
    found = f"loss {loss:.3f} on {f'{replicas} devices' if replicas > 1 else f'one {devices}'}"
    return ok(GROUP, NAMES[-1], found, time.perf_counter() - began)
