"""TSM-ResNet-50 and audio ResNet-50 computed by PyTorch from a released tree, read by its own names.

The released goldens are square clips. These networks meet those, and so say what clips of other lengths and shapes
give; `test_networks.py` compares ours with that.
"""

import re

import numpy as np
import pytest

from brave_tf.convert.haiku import flatten
from tests import golden_files, released_trees
from tests.models.transcribed import SOUND_SHAPES, VIDEO_SHAPES, name_of, sound, video

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `backends`: make backends")

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


WIDTHS = {1: ("full_v_va_1x", "tsm1x", "a"), 2: ("narrow_tsm_2x", "tsm2x", "c")}
"""Released tree, its goldens, and their clip."""


def of_width(width):
    """TSM-ResNet-50 of this width."""
    return Transcription(released_trees.filled(WIDTHS[width][0], PREFIX))


def of_sound():
    """Audio ResNet-50, as a function of spectrograms."""
    transcription = AudioTranscription(released_trees.filled("full_v_va_1x", AUDIO_PREFIX))
    return lambda spectrograms: transcription(spectrograms[:, None, :, :, None])


@pytest.fixture(scope="module")
def stored():
    return golden_files.load("transcriptions")


@pytest.mark.parametrize("width", WIDTHS)
def test_video_transcriptions_meet_the_released_and_the_stored_embeddings(width, stored):
    released, transcription, (_, name, clip) = golden_files.load("networks"), of_width(width), WIDTHS[width]
    expected = released[f"{name}/eval_embedding_{clip}"]
    np.testing.assert_allclose(transcription(released[f"{name}/video_{clip}"]), expected, atol=2e-5)
    for shape in VIDEO_SHAPES:
        found = stored[name_of("tsm", width, shape)]
        np.testing.assert_allclose(found, transcription(video(shape)), atol=1e-5, err_msg=str(shape))


def test_the_sound_transcription_meets_the_released_and_the_stored_embeddings(stored):
    released, transcription = golden_files.load("networks"), of_sound()
    expected = released["audio/eval_embedding"]
    np.testing.assert_allclose(transcription(released["audio/spec_a"]), expected, atol=5e-5)
    for shape in SOUND_SHAPES:
        found = stored[name_of("audio", shape)]
        np.testing.assert_allclose(found, transcription(sound(shape)), atol=2e-5, err_msg=str(shape))
