"""MobileNets: V1 (arXiv:1704.04861), V2 (arXiv:1801.04381), and V3 large and small (1905.02244).

Parameters of V2 and V3 are named as torchvision names them, those of V1 as timm's
mobilenetv1_100. `width` multiplies the channels. x: [N, 3, H, W] -> [N, classes].
"""

from __future__ import annotations

from functools import partial
from typing import Any

from isthmus import nn, npx

__all__ = [
    "Inverted",
    "MobileNet",
    "MobileNetV1",
    "Separable",
    "Squeeze",
    "Squeezed",
    "conv",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "rounded",
    "unit",
]

# V1, by stage: strides of the blocks, channels.
V1 = (((1,), 64), ((2, 1), 128), ((2, 1), 256), ((2, 1, 1, 1, 1, 1), 512), ((2, 1), 1024))

# V2, by stage: expansion, channels, blocks, stride of the first.
V2 = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip

# V3, by block: kernel, expanded channels, channels, squeezed, activation, stride.
V3_LARGE = (
    (3, 16, 16, False, "relu", 1), (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1), (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1), (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hard_swish", 2), (3, 200, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1), (3, 184, 80, False, "hard_swish", 1),
    (3, 480, 112, True, "hard_swish", 1), (3, 672, 112, True, "hard_swish", 1),
    (5, 672, 160, True, "hard_swish", 2), (5, 960, 160, True, "hard_swish", 1),
    (5, 960, 160, True, "hard_swish", 1),
)  # fmt: skip
V3_SMALL = (
    (3, 16, 16, True, "relu", 2), (3, 72, 24, False, "relu", 2),
    (3, 88, 24, False, "relu", 1), (5, 96, 40, True, "hard_swish", 2),
    (5, 240, 40, True, "hard_swish", 1), (5, 240, 40, True, "hard_swish", 1),
    (5, 120, 48, True, "hard_swish", 1), (5, 144, 48, True, "hard_swish", 1),
    (5, 288, 96, True, "hard_swish", 2), (5, 576, 96, True, "hard_swish", 1),
    (5, 576, 96, True, "hard_swish", 1),
)  # fmt: skip


Fact = tuple[int, int, int, bool, str, int]  # a row of V3's tables


def rounded(channels: float) -> int:
    """The nearest multiple of 8, but never less than 90 % of the channels."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def conv(channels: int, inputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2D:
    """A convolution that keeps the size but for its stride."""
    return nn.Conv2D(channels, inputs, kernel, strides=stride, padding=kernel // 2, groups=groups)


def unit(*sizes: int, epsilon: float, activation: str | None = None) -> nn.Sequential:
    """A `conv` of these sizes, normalisation and, if one is named, activation."""
    after = () if activation is None else (nn.Activation(activation),)
    return nn.Sequential(conv(*sizes), nn.BatchNorm(sizes[0], epsilon), *after)


class Separable(nn.Block):
    """V1's block: a 3x3 convolution in each channel, then a 1x1 across them."""

    def __init__(self, inputs: int, channels: int, stride: int, epsilon: float) -> None:
        self.conv_dw = conv(inputs, inputs, 3, stride, inputs)
        self.bn1 = nn.BatchNorm(inputs, epsilon)
        self.conv_pw = conv(channels, inputs, 1)
        self.bn2 = nn.BatchNorm(channels, epsilon)

    def forward(self, x: Any) -> Any:
        y = npx.relu6(self.bn1(self.conv_dw(x)))
        return npx.relu6(self.bn2(self.conv_pw(y)))


class MobileNetV1(nn.Block):
    """A stem and 13 separable blocks."""

    def __init__(self, width: float, classes: int, epsilon: float) -> None:
        inputs = rounded(32 * width)
        self.conv_stem = conv(inputs, 3, 3, 2)
        self.bn1 = nn.BatchNorm(inputs, epsilon)
        stages = []
        for strides, wanted in V1:
            channels = rounded(wanted * width)
            sizes = [inputs] + [channels] * (len(strides) - 1)
            facts = zip(sizes, strides, strict=True)
            stages.append(nn.Sequential(*(Separable(i, channels, s, epsilon) for i, s in facts)))
            inputs = channels
        self.blocks = nn.Sequential(*stages)
        self.classifier = nn.Dense(classes, inputs)

    def forward(self, x: Any) -> Any:
        y = self.blocks(npx.relu6(self.bn1(self.conv_stem(x))))
        return self.classifier(nn.Flatten()(npx.global_average_pool(y)))


class Inverted(nn.Block):
    """V2's block: expand by 1x1, 3x3 in each channel, project by 1x1; added to x if it fits."""

    def __init__(
        self, inputs: int, expansion: int, channels: int, stride: int, epsilon: float
    ) -> None:
        step = partial(unit, activation="relu6", epsilon=epsilon)
        inner = inputs * expansion
        expand = (step(inner, inputs, 1),) if expansion > 1 else ()
        project = conv(channels, inner, 1), nn.BatchNorm(channels, epsilon)
        self.conv = nn.Sequential(*expand, step(inner, inner, 3, stride, inner), *project)
        self.adds = stride == 1 and inputs == channels

    def forward(self, x: Any) -> Any:
        return x + self.conv(x) if self.adds else self.conv(x)


class Squeeze(nn.Block):
    """x * hard_sigmoid(fc2(relu(fc1(mean over H and W)))) (arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        inner = rounded(channels // 4)
        self.fc1 = nn.Conv2D(inner, channels, 1, bias=True)
        self.fc2 = nn.Conv2D(channels, inner, 1, bias=True)

    def forward(self, x: Any) -> Any:
        weights = self.fc2(npx.relu(self.fc1(npx.global_average_pool(x))))
        return x * npx.hard_sigmoid(weights)


class Squeezed(nn.Block):
    """V3's block: V2's with a kernel of 3 or 5, an activation, and perhaps a squeeze."""

    def __init__(self, inputs: int, fact: Fact, width: float, epsilon: float) -> None:
        kernel, inner, channels, squeezed, activation, stride = fact
        inner, channels = rounded(inner * width), rounded(channels * width)
        step = partial(unit, activation=activation, epsilon=epsilon)
        expand = (step(inner, inputs, 1),) if inner != inputs else ()
        squeeze = (Squeeze(inner),) if squeezed else ()
        depthwise = step(inner, inner, kernel, stride, inner)
        self.block = nn.Sequential(
            *expand, depthwise, *squeeze, unit(channels, inner, 1, epsilon=epsilon)
        )
        self.channels = channels
        self.adds = stride == 1 and inputs == channels

    def forward(self, x: Any) -> Any:
        return x + self.block(x) if self.adds else self.block(x)


class MobileNet(nn.Block):
    """classifier(mean over H and W of features(x)): V2 and V3."""

    def __init__(self, features: nn.Sequential, classifier: nn.Sequential) -> None:
        self.features = features
        self.classifier = classifier

    def forward(self, x: Any) -> Any:
        return self.classifier(nn.Flatten()(npx.global_average_pool(self.features(x))))


def mobilenet_v1(*, width: float = 1.0, classes: int = 1000, epsilon: float = 1e-5) -> nn.Block:
    """13 depthwise separable blocks."""
    return MobileNetV1(width, classes, epsilon)


def mobilenet_v2(*, width: float = 1.0, classes: int = 1000, epsilon: float = 1e-5) -> nn.Block:
    """17 inverted residuals; the last layer does not get narrower than 1280."""
    step = partial(unit, activation="relu6", epsilon=epsilon)
    inputs, last = rounded(32 * width), rounded(1280 * max(1.0, width))
    layers: list[nn.Block] = [step(inputs, 3, 3, 2)]
    for expansion, wanted, count, first in V2:
        channels = rounded(wanted * width)
        for position in range(count):
            stride = 1 if position else first
            layers.append(Inverted(inputs, expansion, channels, stride, epsilon))
            inputs = channels
    features = nn.Sequential(*layers, step(last, inputs, 1))
    return MobileNet(features, nn.Sequential(nn.Dropout(), nn.Dense(classes, last)))


def mobilenet_v3(
    size: str, *, width: float = 1.0, classes: int = 1000, epsilon: float = 1e-3
) -> nn.Block:
    """11 (small) or 15 (large) inverted residuals, found by a search; timm's epsilon is 1e-5."""
    table, wanted = {"large": (V3_LARGE, 1280), "small": (V3_SMALL, 1024)}[size]
    step = partial(unit, activation="hard_swish", epsilon=epsilon)
    inputs, last = rounded(16 * width), rounded(wanted * width)
    layers: list[nn.Block] = [step(inputs, 3, 3, 2)]
    for fact in table:
        block = Squeezed(inputs, fact, width, epsilon)
        layers.append(block)
        inputs = block.channels
    features = nn.Sequential(*layers, step(6 * inputs, inputs, 1))
    head = (
        nn.Dense(last, 6 * inputs),
        nn.Activation("hard_swish"),
        nn.Dropout(),
        nn.Dense(classes, last),
    )
    return MobileNet(features, nn.Sequential(*head))


mobilenet_v3_large = partial(mobilenet_v3, "large")
mobilenet_v3_small = partial(mobilenet_v3, "small")
