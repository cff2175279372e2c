"""Residual networks for ImageNet, 18 to 152 layers, in three versions.

v1 strides in a bottleneck's first 1x1 convolution (He et al. 2015, arXiv:1512.03385), v1.5 in its
3x3; parameters are named as torchvision names them. v2 normalises before each convolution instead
of after it (He et al. 2016, arXiv:1603.05027); its names are those of timm's resnetv2_50.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from isthmus import nn, npx
from isthmus.errors import UsageError

__all__ = [
    "DEPTHS",
    "Chain",
    "Preactivated",
    "ResNet",
    "ResNetV2",
    "Residual",
    "conv",
    "convolutions",
    "quarter",
    "resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "stages",
]

Plan = tuple[tuple[int, int, int], ...]  # channels, kernel and stride of each convolution

# depth: (blocks in each of the four stages, channels out of a block for each inside)
DEPTHS = {
    18: ((2, 2, 2, 2), 1),
    34: ((3, 4, 6, 3), 1),
    50: ((3, 4, 6, 3), 4),
    101: ((3, 4, 23, 3), 4),
    152: ((3, 8, 36, 3), 4),
}
VERSIONS = ("v1", "v1.5", "v2")


def convolutions(channels: int, expansion: int, stride: int, version: str) -> Plan:
    """A block's: two 3x3, or where channels expand 1x1, 3x3, 1x1."""
    if expansion == 1:
        return (channels, 3, stride), (channels, 3, 1)
    first = stride if version == "v1" else 1
    return (channels, 1, first), (channels, 3, stride // first), (channels * expansion, 1, 1)


def conv(channels: int, inputs: int, kernel: int, stride: int = 1) -> nn.Conv2D:
    """A convolution that keeps the size but for its stride."""
    return nn.Conv2D(channels, inputs, kernel, strides=stride, padding=kernel // 2)


def quarter(block: nn.Block) -> None:
    """Smaller at random: the sums of 50 blocks would leave the range of float16."""
    parameter = block.parameters()["weight"]
    parameter.initializer = partial(_quarter_of, parameter.initializer)


def _quarter_of(whole: Callable[..., Any], generator: Any, shape: tuple[int, ...]) -> Any:
    return whole(generator, shape) / 4


class Residual(nn.Block):
    """relu(bn(conv(...)) + shortcut(x)): versions 1 and 1.5. x: [N, inputs, H, W]."""

    def __init__(self, inputs: int, plan: Plan, stride: int) -> None:
        self.steps: list[tuple[nn.Conv2D, nn.BatchNorm]] = []
        width, outputs = inputs, plan[-1][0]
        for number, (channels, kernel, step) in enumerate(plan, 1):
            self.steps.append((conv(channels, width, kernel, step), nn.BatchNorm(channels)))
            setattr(self, f"conv{number}", self.steps[-1][0])
            setattr(self, f"bn{number}", self.steps[-1][1])
            width = channels
        quarter(self.steps[-1][1])
        projects = stride > 1 or inputs != outputs
        projection = (conv(outputs, inputs, 1, stride), nn.BatchNorm(outputs))
        self.downsample = nn.Sequential(*projection) if projects else None

    def forward(self, x: Any) -> Any:
        y = x
        for position, (convolution, norm) in enumerate(self.steps):
            y = norm(convolution(npx.relu(y) if position else y))
        return npx.relu(y + (x if self.downsample is None else self.downsample(x)))


class Chain(nn.Block):
    """Blocks run one after another, under the given names."""

    def __init__(self, **blocks: nn.Block) -> None:
        vars(self).update(blocks)

    def forward(self, x: Any) -> Any:
        for _, block in self.children():
            x = block(x)
        return x


class Preactivated(nn.Block):
    """conv(relu(bn(...))) + shortcut(x): version 2. x: [N, inputs, H, W]."""

    def __init__(self, inputs: int, plan: Plan, stride: int) -> None:
        self.steps: list[tuple[nn.BatchNorm, nn.Conv2D]] = []
        width, outputs = inputs, plan[-1][0]
        for number, (channels, kernel, step) in enumerate(plan, 1):
            self.steps.append((nn.BatchNorm(width), conv(channels, width, kernel, step)))
            setattr(self, f"norm{number}", self.steps[-1][0])
            setattr(self, f"conv{number}", self.steps[-1][1])
            width = channels
        quarter(self.steps[-1][1])
        projects = stride > 1 or inputs != outputs
        self.downsample = Chain(conv=conv(outputs, inputs, 1, stride)) if projects else None

    def forward(self, x: Any) -> Any:
        (norm, convolution), *rest = self.steps
        first = npx.relu(norm(x))
        y = convolution(first)
        for norm, convolution in rest:
            y = convolution(npx.relu(norm(y)))
        return y + (x if self.downsample is None else self.downsample(first))


def stages(
    block: Callable[[int, Plan, int], nn.Block], depth: int, version: str, width: int
) -> list[nn.Sequential]:
    """The four stages; each but the first halves the image and doubles the channels."""
    counts, expansion = DEPTHS[depth]
    inputs, result = width, []
    for stage, count in enumerate(counts):
        blocks = []
        for position in range(count):
            stride = 2 if stage and not position else 1
            plan = convolutions(width << stage, expansion, stride, version)
            blocks.append(block(inputs, plan, stride))
            inputs = plan[-1][0]
        result.append(nn.Sequential(*blocks))
    return result


class ResNet(nn.Block):
    """Versions 1 and 1.5. x: [N, 3, H, W] -> [N, classes]."""

    def __init__(self, depth: int, version: str, width: int, classes: int) -> None:
        self.conv1 = conv(width, 3, 7, 2)
        self.bn1 = nn.BatchNorm(width)
        self.maxpool = nn.MaxPool2D(3, 2, 1)
        parts = stages(Residual, depth, version, width)
        self.layer1, self.layer2, self.layer3, self.layer4 = parts
        self.fc = nn.Dense(classes, width * 8 * DEPTHS[depth][1])

    def forward(self, x: Any) -> Any:
        y = self.maxpool(npx.relu(self.bn1(self.conv1(x))))
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return self.fc(nn.Flatten()(npx.global_average_pool(y)))


class ResNetV2(nn.Block):
    """Version 2. x: [N, 3, H, W] -> [N, classes]."""

    def __init__(self, depth: int, version: str, width: int, classes: int) -> None:
        channels = width * 8 * DEPTHS[depth][1]
        parts = stages(Preactivated, depth, version, width)
        self.stem = Chain(conv=conv(width, 3, 7, 2), pool=nn.MaxPool2D(3, 2, 1))
        self.stages = nn.Sequential(*(Chain(blocks=part) for part in parts))
        self.norm = nn.BatchNorm(channels)
        self.head = Chain(
            pool=nn.GlobalAvgPool2D(), flatten=nn.Flatten(), fc=nn.Dense(classes, channels)
        )

    def forward(self, x: Any) -> Any:
        return self.head(npx.relu(self.norm(self.stages(self.stem(x)))))


def resnet(depth: int, *, version: str = "v1.5", width: int = 64, classes: int = 1000) -> nn.Block:
    """A ResNet of one of `DEPTHS` and `VERSIONS`; width: channels of the first stage."""
    if depth not in DEPTHS:
        raise UsageError(f"depth={depth!r}: choose from {', '.join(map(str, DEPTHS))}")
    if version not in VERSIONS:
        raise UsageError(f"version={version!r}: choose from {', '.join(VERSIONS)}")
    network = ResNetV2 if version == "v2" else ResNet
    return network(depth, version, width, classes)


resnet18 = partial(resnet, 18)
resnet34 = partial(resnet, 34)
resnet50 = partial(resnet, 50)
resnet101 = partial(resnet, 101)
resnet152 = partial(resnet, 152)
