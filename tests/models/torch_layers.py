"""The few operations that networks are transcribed with in PyTorch, which pads by other rules."""

import numpy as np
import torch


def same_padding(shape, kernel, stride):
    """Padding for `torch.nn.functional.pad`, last axis first, that makes an output of ceil(size / stride)."""
    pads = []
    for size, taps, step in zip(reversed(shape), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // step) - 1) * step + taps - size, 0)
        pads += [total // 2, total - total // 2]
    return pads


def convolve(x, kernel, stride):
    """A "same" convolution of [N, C, T, H, W] with a kernel [T, H, W, C, C']."""
    padded = torch.nn.functional.pad(x, same_padding(x.shape[2:], kernel.shape[:3], stride))
    weights = torch.from_numpy(np.ascontiguousarray(kernel.transpose(4, 3, 0, 1, 2)))
    return torch.nn.functional.conv3d(padded, weights, stride=stride)


def max_pool(x):
    """3 x 3 pixels, stride 2."""
    pads = same_padding(x.shape[2:], (1, 3, 3), (1, 2, 2))
    padded = torch.nn.functional.pad(x, pads, value=float("-inf"))
    return torch.nn.functional.max_pool3d(padded, (1, 3, 3), (1, 2, 2))


def normalise(x, mean, variance, scale, offset):
    """Batch norm with given statistics, each of any shape with C entries."""
    arrays = (torch.from_numpy(np.ravel(array)) for array in (mean, variance, scale, offset))
    return torch.nn.functional.batch_norm(x, *arrays, eps=1e-5)
