"""EfficientNets b0 to b7 (Tan and Le 2019, arXiv:1905.11946), and Google's Lite 0 to 4 of them.

Parameters are named as torchvision names them, also those of Lite, which torchvision lacks. Lite
has relu6 in place of silu and no squeeze, and its first and last layers stay as they are in lite0.
x: [N, 3, H, W] -> [N, classes].

Google's own weights (timm's tf_efficientnet_*) were trained with TensorFlow's padding, "same":
where a stride is 2 and the size even, there is a pixel less before the image. torchvision's and
timm's efficientnet_* have the padding "symmetric". The parameters are of the same shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from isthmus import nn, np, npx
from isthmus.errors import UsageError

from .mobilenet import rounded

__all__ = [
    "PADDINGS",
    "EfficientNet",
    "Expanded",
    "PaddedConv2D",
    "SqueezeExcite",
    "Style",
    "efficientnet",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_lite",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "efficientnet_lite3",
    "efficientnet_lite4",
]

# By stage: expansion, kernel, stride of the first block, channels, blocks.
STAGES = (
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
)  # fmt: skip
STEM, LAST = 32, 1280  # channels before the stages, and after them
PADDINGS = ("symmetric", "same")


@dataclass(frozen=True)
class Style:
    """What all layers of a network share."""

    activation: str
    squeezes: bool
    epsilon: float
    padding: str


class PaddedConv2D(nn.Conv2D):
    """A convolution by an odd kernel to ceil(size / stride) pixels, padded in one of `PADDINGS`."""

    def __init__(
        self, channels: int, inputs: int, kernel: int, stride: int, groups: int, padding: str
    ) -> None:
        around = kernel // 2
        super().__init__(channels, inputs, kernel, strides=stride, padding=around, groups=groups)
        self.shifts = padding == "same" and stride > 1

    def _computed(self, x: Any, weight: Any) -> Any:
        """With a pixel less before each axis of an even size, as TensorFlow pads for a stride 2."""
        if not self.shifts:
            return super()._computed(x, weight)
        around, sizes, facts = self.options["padding"], x.shape[2:], {**self.options}
        if all(isinstance(size, int) for size in sizes):
            facts["padding"] = tuple((around - 1 + size % 2, around) for size in sizes)
            return npx.convolution(x, weight, **facts)
        pads = ((0, 0), (0, 0), (around, around), (around, around))
        starts = (slice(1 - size % 2, None) for size in sizes)
        seen = np.getitem(np.pad(x, pads), (slice(None), slice(None), *starts))
        return npx.convolution(seen, weight, **{**facts, "padding": 0})


class SqueezeExcite(nn.Block):
    """x * sigmoid(fc2(silu(fc1(mean over H and W)))) (arXiv:1709.01507)."""

    def __init__(self, channels: int, inner: int) -> None:
        self.fc1 = nn.Conv2D(inner, channels, 1, bias=True)
        self.fc2 = nn.Conv2D(channels, inner, 1, bias=True)

    def forward(self, x: Any) -> Any:
        weights = self.fc2(npx.silu(self.fc1(npx.global_average_pool(x))))
        return x * npx.sigmoid(weights)


def unit(
    channels: int,
    inputs: int,
    kernel: int,
    stride: int,
    groups: int,
    style: Style,
    activates: bool = True,
) -> nn.Sequential:
    """A convolution, normalisation and, unless it projects, activation."""
    after = (nn.Activation(style.activation),) if activates else ()
    convolution = PaddedConv2D(channels, inputs, kernel, stride, groups, style.padding)
    return nn.Sequential(convolution, nn.BatchNorm(channels, style.epsilon), *after)


class Expanded(nn.Block):
    """Expand by 1x1, look around in each channel, squeeze, project by 1x1; added to x if it fits.

    The squeeze is to a quarter of the block's inputs, before they are expanded.
    """

    def __init__(
        self, inputs: int, expansion: int, kernel: int, stride: int, channels: int, style: Style
    ) -> None:
        inner = inputs * expansion
        expand = (unit(inner, inputs, 1, 1, 1, style),) if expansion > 1 else ()
        squeeze = (SqueezeExcite(inner, inputs // 4),) if style.squeezes else ()
        self.block = nn.Sequential(
            *expand,
            unit(inner, inner, kernel, stride, inner, style),
            *squeeze,
            unit(channels, inner, 1, 1, 1, style, activates=False),
        )
        self.adds = stride == 1 and inputs == channels

    def forward(self, x: Any) -> Any:
        return x + self.block(x) if self.adds else self.block(x)


def stage(
    inputs: int, fact: tuple[int, ...], channels: int, count: int, style: Style
) -> nn.Sequential:
    """Blocks of as many channels, of which the first may halve the image."""
    expansion, kernel, first, _, _ = fact
    blocks = []
    for position in range(count):
        stride = 1 if position else first
        blocks.append(Expanded(inputs, expansion, kernel, stride, channels, style))
        inputs = channels
    return nn.Sequential(*blocks)


class EfficientNet(nn.Block):
    """classifier(mean over H and W of features(x)).

    channels: of the stem, of the stages, and last. counts: blocks in each stage.
    """

    def __init__(
        self, channels: tuple[int, ...], counts: tuple[int, ...], classes: int, style: Style
    ) -> None:
        stem, *inner, last = channels
        layers = [unit(stem, 3, 3, 2, 1, style)]
        inputs = stem
        for fact, wanted, count in zip(STAGES, inner, counts, strict=True):
            layers.append(stage(inputs, fact, wanted, count, style))
            inputs = wanted
        self.features = nn.Sequential(*layers, unit(last, inputs, 1, 1, 1, style))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Dense(classes, last))

    def forward(self, x: Any) -> Any:
        return self.classifier(nn.Flatten()(npx.global_average_pool(self.features(x))))


def efficientnet(
    depth: float,
    *,
    width: float = 1.0,
    classes: int = 1000,
    epsilon: float = 1e-5,
    padding: str = "symmetric",
) -> nn.Block:
    """depth and width multiply the blocks of a stage and the channels; both round up or to 8.

    torchvision's epsilon of b5 to b7 is 1e-3. Google's weights take epsilon=1e-3, padding="same".
    """
    wanted = (STEM, *(channels for _, _, _, channels, _ in STAGES), LAST)
    counts = tuple(math.ceil(count * depth) for *_, count in STAGES)
    style = Style("silu", True, epsilon, _known(padding))
    return EfficientNet(tuple(rounded(c * width) for c in wanted), counts, classes, style)


def efficientnet_lite(
    depth: float,
    *,
    width: float = 1.0,
    classes: int = 1000,
    epsilon: float = 1e-3,
    padding: str = "same",
) -> nn.Block:
    """As published by Google; timm's own efficientnet_lite0 takes epsilon=1e-5 and
    padding="symmetric"."""
    inner = tuple(rounded(channels * width) for _, _, _, channels, _ in STAGES)
    counts = [math.ceil(count * depth) for *_, count in STAGES]
    counts[0] = counts[-1] = 1
    style = Style("relu6", False, epsilon, _known(padding))
    return EfficientNet((STEM, *inner, LAST), tuple(counts), classes, style)


def _known(padding: str) -> str:
    if padding not in PADDINGS:
        raise UsageError(f"padding={padding!r}: choose from {', '.join(PADDINGS)}")
    return padding


efficientnet_b0 = partial(efficientnet, 1.0)
efficientnet_b1 = partial(efficientnet, 1.1)
efficientnet_b2 = partial(efficientnet, 1.2, width=1.1)
efficientnet_b3 = partial(efficientnet, 1.4, width=1.2)
efficientnet_b4 = partial(efficientnet, 1.8, width=1.4)
efficientnet_b5 = partial(efficientnet, 2.2, width=1.6, epsilon=1e-3)
efficientnet_b6 = partial(efficientnet, 2.6, width=1.8, epsilon=1e-3)
efficientnet_b7 = partial(efficientnet, 3.1, width=2.0, epsilon=1e-3)
efficientnet_lite0 = partial(efficientnet_lite, 1.0)
efficientnet_lite1 = partial(efficientnet_lite, 1.1)
efficientnet_lite2 = partial(efficientnet_lite, 1.2, width=1.1)
efficientnet_lite3 = partial(efficientnet_lite, 1.4, width=1.2)
efficientnet_lite4 = partial(efficientnet_lite, 1.8, width=1.4)
