"""TSM-ResNet-50 and audio ResNet-50 against networks that PyTorch computes from a released tree, read by its own names.

The goldens are square clips; this holds clips of other lengths and shapes to the same tolerance, after showing that the
transcription itself meets a golden.
"""

import re

import numpy as np
import pytest

from brave_tf.convert import from_haiku
from brave_tf.convert.haiku import flatten
from brave_tf.models import AudioResNet, TSMResNet
from tests import golden_files, released_trees

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `backends`: pip install '.[backends]'")

from tests.models.torch_layers import convolve, max_pool, normalise  # noqa: E402 - needs PyTorch

PREFIX = "narrow_video_embedding/TSMResNetV2"
AUDIO_PREFIX = "broad_audio_embedding/res_net_v2"


class Transcription:
    """SPEC by the arrays' own names: stem, shift, pre-activation blocks, means."""

    def __init__(self, tree):
        self.arrays = flatten(tree["params"]) | flatten(tree["state"])

    def conv(self, x, name, stride=1):
        return convolve(x, self.arrays[f"{PREFIX}/{name}/w"][None], (1, stride, stride))

    def active(self, x, name):
        arrays = ("~/mean_ema/average", "~/var_ema/average", "scale", "offset")
        return torch.relu(normalise(x, *(self.arrays[f"{PREFIX}/{name}/{array}"] for array in arrays)))

    def __call__(self, clips):
        x = torch.from_numpy(clips).permute(0, 4, 1, 2, 3)
        x = max_pool(self.conv(x, "tsm_resnet_stem", 2))
        for unit, blocks in enumerate((3, 4, 6, 3)):
            for block in range(blocks):
                x = self.block(x, f"tsm_resnet_unit_{unit}/block_{block}", 2 if unit and not block else 1, block == 0)
        return self.active(x, "batch_norm").mean(dim=(3, 4)).mean(dim=2).numpy()

    def shift(self, x):
        return shifted(x)

    def block(self, x, name, stride, first):
        active = self.active(x, f"{name}/batch_norm")
        shortcut = self.conv(active, f"{name}/shortcut_conv", stride) if first else x
        y = self.conv(self.shift(active), f"{name}/conv_0")
        y = self.conv(self.active(y, f"{name}/batch_norm_1"), f"{name}/conv_1", stride)
        return shortcut + self.conv(self.active(y, f"{name}/batch_norm_2"), f"{name}/conv_2")


class AudioTranscription(Transcription):
    """The sound tower: one frame of one channel, other names, no shift."""

    def name(self, name):
        name = name.replace("tsm_resnet_stem", "~/initial_conv").replace("tsm_resnet_unit_", "~/block_group_")
        return re.sub(r"/((?:shortcut_)?conv.*)$", r"/~/\1", name)

    def conv(self, x, name, stride=1):
        return convolve(x, self.arrays[f"{AUDIO_PREFIX}/{self.name(name)}/w"][None], (1, stride, stride))

    def active(self, x, name):
        arrays = ("~/mean_ema/average", "~/var_ema/average", "scale", "offset")
        values = (self.arrays[f"{AUDIO_PREFIX}/{self.name(name)}/{array}"] for array in arrays)
        return torch.relu(normalise(x, *values))

    def shift(self, x):
        return x


def shifted(x):
    moved = x.shape[1] // 8
    result = torch.zeros_like(x)
    result[:, :moved, :-1] = x[:, -moved:, 1:]
    result[:, moved:-moved] = x[:, moved:-moved]
    result[:, -moved:, 1:] = x[:, :moved, :-1]
    return result


@pytest.fixture(scope="module", params=[1, 2], ids=["width-1", "width-2"])
def both(request):
    tree = released_trees.filled({1: "full_v_va_1x", 2: "narrow_tsm_2x"}[request.param], PREFIX)
    model = TSMResNet(width=request.param)
    from_haiku(model, **tree)
    return model, Transcription(tree), {1: ("tsm1x", "a"), 2: ("tsm2x", "c")}[request.param]


def test_the_transcription_meets_the_golden(both):
    golden = golden_files.load("networks")
    _, transcription, (name, clip) = both
    expected = golden[f"{name}/eval_embedding_{clip}"]
    np.testing.assert_allclose(transcription(golden[f"{name}/video_{clip}"]), expected, atol=2e-5)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (2, 3, 50, 81), (1, 11, 97, 40), (1, 6, 33, 127)])
def test_other_lengths_and_shapes_embed_alike(both, shape):
    clips = np.random.default_rng(0).random((*shape, 3), dtype=np.float32)
    np.testing.assert_allclose(both[0](clips), both[1](clips), atol=2e-5)


def test_sound_of_other_lengths_embeds_alike():
    tree = released_trees.filled("full_v_va_1x", AUDIO_PREFIX)
    model, transcription = AudioResNet(), AudioTranscription(tree)
    from_haiku(model, **tree)
    golden = golden_files.load("networks")
    expected = transcription(golden["audio/spec_a"][:, None, :, :, None])
    np.testing.assert_allclose(expected, golden["audio/eval_embedding"], atol=5e-5)
    for shape in ((2, 57, 80), (1, 201, 64)):
        spectrograms = 5 * np.random.default_rng(0).random(shape, dtype=np.float32)
        expected = transcription(spectrograms[:, None, :, :, None])
        np.testing.assert_allclose(model(spectrograms), expected, atol=5e-5)
