"""DenseNets: each layer sees all layers before it (Huang et al. 2016, arXiv:1608.06993).

Parameters are named as torchvision names them. x: [N, 3, H, W] -> [N, classes].
"""

from __future__ import annotations

from functools import partial
from typing import Any

from isthmus import nn, np, npx
from isthmus.errors import UsageError

from .resnet import Chain, conv

__all__ = [
    "DEPTHS",
    "DenseBlock",
    "DenseLayer",
    "DenseNet",
    "Transition",
    "densenet",
    "densenet121",
    "densenet169",
    "densenet201",
    "features",
]

# depth: layers in each of the four blocks
DEPTHS = {
    121: (6, 12, 24, 16),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}
BOTTLENECK = 4  # channels inside of a layer for each that it adds


class DenseLayer(nn.Block):
    """conv2(relu(norm2(conv1(relu(norm1(x)))))): 1x1, then 3x3. -> [N, growth, H, W]."""

    def __init__(self, inputs: int, growth: int) -> None:
        self.norm1 = nn.BatchNorm(inputs)
        self.conv1 = conv(BOTTLENECK * growth, inputs, 1)
        self.norm2 = nn.BatchNorm(BOTTLENECK * growth)
        self.conv2 = conv(growth, BOTTLENECK * growth, 3)

    def forward(self, x: Any) -> Any:
        y = self.conv1(npx.relu(self.norm1(x)))
        return self.conv2(npx.relu(self.norm2(y)))


class DenseBlock(Chain):
    """x and what each layer makes of all before it, joined by their channels."""

    def __init__(self, inputs: int, growth: int, count: int) -> None:
        sizes = (inputs + number * growth for number in range(count))
        layers = (DenseLayer(size, growth) for size in sizes)
        super().__init__(**{f"denselayer{n}": layer for n, layer in enumerate(layers, 1)})

    def forward(self, x: Any) -> Any:
        for _, layer in self.children():
            x = np.concatenate((x, layer(x)), axis=1)
        return x


class Transition(nn.Block):
    """The mean of each 2 x 2 pixels of conv(relu(norm(x))), of half the channels."""

    def __init__(self, inputs: int) -> None:
        self.norm = nn.BatchNorm(inputs)
        self.conv = conv(inputs // 2, inputs, 1)
        self.pool = nn.AvgPool2D(2, 2)

    def forward(self, x: Any) -> Any:
        return self.pool(self.conv(npx.relu(self.norm(x))))


def features(counts: tuple[int, ...], growth: int) -> tuple[Chain, int]:
    """A stem and the blocks, with a transition between each two; and how many channels come out."""
    channels = 2 * growth
    parts: dict[str, nn.Block] = {
        "conv0": conv(channels, 3, 7, 2),
        "norm0": nn.BatchNorm(channels),
        "relu0": nn.Activation("relu"),
        "pool0": nn.MaxPool2D(3, 2, 1),
    }
    for number, count in enumerate(counts, 1):
        parts[f"denseblock{number}"] = DenseBlock(channels, growth, count)
        channels += count * growth
        if number < len(counts):
            parts[f"transition{number}"] = Transition(channels)
            channels //= 2
    parts["norm5"] = nn.BatchNorm(channels)
    return Chain(**parts), channels


class DenseNet(nn.Block):
    """classifier(mean over H and W of relu(features(x)))."""

    def __init__(self, counts: tuple[int, ...], growth: int, classes: int) -> None:
        self.features, channels = features(counts, growth)
        self.classifier = nn.Dense(classes, channels)

    def forward(self, x: Any) -> Any:
        y = npx.global_average_pool(npx.relu(self.features(x)))
        return self.classifier(nn.Flatten()(y))


def densenet(depth: int, *, growth: int = 32, classes: int = 1000) -> nn.Block:
    """A DenseNet of one of `DEPTHS`; growth: channels that each layer adds."""
    if depth not in DEPTHS:
        raise UsageError(f"depth={depth!r}: choose from {', '.join(map(str, DEPTHS))}")
    return DenseNet(DEPTHS[depth], growth, classes)


densenet121 = partial(densenet, 121)
densenet169 = partial(densenet, 169)
densenet201 = partial(densenet, 201)
