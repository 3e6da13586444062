"""R3D computed by PyTorch from the same weights; `test_transcriptions.py` compares ours with what this gave."""

import numpy as np
import pytest

from tests import golden_files
from tests.models.transcribed import R3D_CLIP, R3D_KINDS, name_of, r3d

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `backends`: make backends")

from tests.models.torch_layers import convolve, max_pool, normalise  # noqa: E402 - needs PyTorch


class Transcription:
    """The table of the Slow pathway, read again: layers by name, weights from ours."""

    def __init__(self, model, version, stem):
        self.weights = {tuple(weight.path.split("/")[-2:]): np.array(weight) for weight in model.weights}
        self.version, self.stem = version, stem

    def conv(self, x, name, stride):
        kernel = self.weights[name, "kernel"]
        return convolve(x, kernel[None] if kernel.ndim == 4 else kernel, stride)

    def norm(self, x, name):
        arrays = ("moving_mean", "moving_variance", "gamma", "beta")
        return normalise(x, *(self.weights[name, array] for array in arrays))

    def __call__(self, clips):
        relu = torch.relu
        x = torch.from_numpy(clips).permute(0, 4, 1, 2, 3)
        x = self.conv(x, "stem", (2 if self.stem == "cvrl" else 1, 2, 2))
        if self.version == 1:
            x = relu(self.norm(x, "stem_norm"))
        x = max_pool(x)
        for unit in range(4):
            for block in range(2):
                stride = (1, 2, 2) if unit and not block else (1, 1, 1)
                x = getattr(self, f"block_v{self.version}")(x, f"unit_{unit}_block_{block}", stride, block == 0)
        if self.version == 2:
            x = relu(self.norm(x, "last_norm"))
        return x.mean(dim=(2, 3, 4)).numpy()

    def block_v1(self, x, name, stride, first):
        shortcut = self.norm(self.conv(x, f"{name}_shortcut", stride), f"{name}_shortcut_norm") if first else x
        y = torch.relu(self.norm(self.conv(x, f"{name}_conv_0", (1, 1, 1)), f"{name}_0_norm"))
        y = torch.relu(self.norm(self.conv(y, f"{name}_conv_1", stride), f"{name}_1_norm"))
        y = self.norm(self.conv(y, f"{name}_conv_2", (1, 1, 1)), f"{name}_2_norm")
        return torch.relu(shortcut + y)

    def block_v2(self, x, name, stride, first):
        active = torch.relu(self.norm(x, f"{name}_0_norm"))
        shortcut = self.conv(active, f"{name}_shortcut", stride) if first else x
        y = self.conv(active, f"{name}_conv_0", (1, 1, 1))
        y = self.conv(torch.relu(self.norm(y, f"{name}_1_norm")), f"{name}_conv_1", stride)
        return shortcut + self.conv(torch.relu(self.norm(y, f"{name}_2_norm")), f"{name}_conv_2", (1, 1, 1))


def transcribed(version, stem):
    """The embedding of the clip."""
    return Transcription(r3d(version, stem), version, stem)(R3D_CLIP)


@pytest.mark.parametrize(("version", "stem"), R3D_KINDS)
def test_the_stored_embedding_is_that_of_the_transcription(version, stem):
    stored = golden_files.load("transcriptions")[name_of("r3d", version, stem)]
    np.testing.assert_allclose(stored, transcribed(version, stem), atol=2e-5)
