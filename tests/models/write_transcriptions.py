"""Writes `tests/golden/transcriptions.npz` anew: `.venv-backends/bin/python -m tests.models.write_transcriptions`.

`make backends` makes that environment, and compares the file with what PyTorch and JAX compute.
"""

import os
import tempfile
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

from tests.models import test_r3d_transcription, test_tsm_transcription
from tests.models.test_backends import embedded
from tests.models.transcribed import (
    BACKENDS,
    NETWORKS,
    R3D_KINDS,
    SOUND_SHAPES,
    VIDEO_SHAPES,
    name_of,
    sound,
    video,
)

OUT = Path(__file__).parents[1] / "golden" / "transcriptions.npz"


def main() -> None:
    arrays = {name_of("r3d", *kind): test_r3d_transcription.transcribed(*kind) for kind in R3D_KINDS}
    for width in test_tsm_transcription.WIDTHS:
        network = test_tsm_transcription.of_width(width)
        arrays |= {name_of("tsm", width, shape): network(video(shape)) for shape in VIDEO_SHAPES}
    network = test_tsm_transcription.of_sound()
    arrays |= {name_of("audio", shape): network(sound(shape)) for shape in SOUND_SHAPES}
    for backend in BACKENDS:
        for kind in NETWORKS:
            with tempfile.TemporaryDirectory() as folder:
                arrays[name_of("encoder", backend, kind)] = embedded(backend, kind, Path(folder))
    np.savez_compressed(OUT, **arrays)


if __name__ == "__main__":
    main()
