"""VGGs: 3x3 convolutions, and three dense layers (Simonyan and Zisserman 2014, arXiv:1409.1556).

Parameters are named as torchvision names them. Images may have any size from 32 pixels on: what
the convolutions make of them is brought to 7 x 7 first, as torchvision does.
x: [N, 3, H, W] -> [N, classes].
"""

from __future__ import annotations

from functools import partial
from typing import Any

from isthmus import nn, np
from isthmus.errors import UsageError

__all__ = [
    "DEPTHS",
    "VGG",
    "regions",
    "vgg",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

# depth: convolutions in each of the five stages
DEPTHS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
GROWTH = (1, 2, 4, 8, 8)  # a stage's channels by those of the first
SIDE = 7  # of what the dense layers see


def features(depth: int, normalized: bool, width: int) -> nn.Sequential:
    """The convolutions; each stage ends by halving the image."""
    inputs = 3
    layers: list[nn.Block] = []
    for count, growth in zip(DEPTHS[depth], GROWTH, strict=True):
        for _ in range(count):
            channels = width * growth
            layers.append(nn.Conv2D(channels, inputs, 3, padding=1, bias=True))
            layers += [nn.BatchNorm(channels)] if normalized else []
            layers.append(nn.Activation("relu"))
            inputs = channels
        layers.append(nn.MaxPool2D(2, 2))
    return nn.Sequential(*layers)


def regions(x: Any, side: int) -> Any:
    """The means of side x side regions, which overlap where they do not fit, as of torch's
    AdaptiveAvgPool2d. x: [N, C, H, W], of any sizes -> [N, C, side, side]."""
    height, width = x.shape[2:]
    if isinstance(height, int) and isinstance(width, int) and height == width == side:
        return x
    across = np.matrix_transpose(_shares(width, side))
    return np.matmul(np.matmul(_shares(height, side), x), across)


def _shares(size: Any, count: int) -> Any:
    """[count, size]: how much each pixel of a line counts in the mean of each region.

    Region i goes from floor(i * size / count) to ceil((i + 1) * size / count), which integers say
    without a division.
    """
    region = np.reshape(np.arange(count, dtype="int32"), (count, 1))
    pixel = np.arange(size, dtype="int32")
    begun = count * (pixel + 1) > np.multiply(region, size)
    going = count * pixel < np.multiply(region + 1, size)
    inside = np.astype(np.logical_and(begun, going), "float32")
    return inside / np.sum(inside, axis=1, keepdims=True)


class VGG(nn.Block):
    """classifier(the means of 7 x 7 regions of features(x))."""

    def __init__(self, depth: int, normalized: bool, width: int, hidden: int, classes: int) -> None:
        channels = width * GROWTH[-1]
        self.features = features(depth, normalized, width)
        self.classifier = nn.Sequential(
            nn.Dense(hidden, channels * SIDE * SIDE),
            nn.Activation("relu"),
            nn.Dropout(),
            nn.Dense(hidden, hidden),
            nn.Activation("relu"),
            nn.Dropout(),
            nn.Dense(classes, hidden),
        )

    def forward(self, x: Any) -> Any:
        return self.classifier(nn.Flatten()(regions(self.features(x), SIDE)))


def vgg(
    depth: int,
    normalized: bool = False,
    *,
    width: int = 64,
    hidden: int = 4096,
    classes: int = 1000,
) -> nn.Block:
    """A VGG of one of `DEPTHS`; normalized: with batch normalisation (Ioffe and Szegedy 2015).

    width: channels of the first stage. hidden: of the first two dense layers.
    """
    if depth not in DEPTHS:
        raise UsageError(f"depth={depth!r}: choose from {', '.join(map(str, DEPTHS))}")
    return VGG(depth, normalized, width, hidden, classes)


vgg11, vgg11_bn = partial(vgg, 11), partial(vgg, 11, True)
vgg13, vgg13_bn = partial(vgg, 13), partial(vgg, 13, True)
vgg16, vgg16_bn = partial(vgg, 16), partial(vgg, 16, True)
vgg19, vgg19_bn = partial(vgg, 19), partial(vgg, 19, True)
