"""The names that torchvision's state dicts have, written out: its version here cannot be installed.

From torchvision/models/vgg.py and efficientnet.py of version 0.15 and later.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["BLOCKS", "CONVOLUTIONS", "efficientnet_names", "vgg_names"]

# Places of the convolutions in `features`.
CONVOLUTIONS = {
    "vgg-11": (0, 3, 6, 8, 11, 13, 16, 18),
    "vgg-13": (0, 2, 5, 7, 10, 12, 15, 17, 20, 22),
    "vgg-16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    "vgg-19": (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
    "vgg-11-bn": (0, 4, 8, 11, 15, 18, 22, 25),
    "vgg-13-bn": (0, 3, 7, 10, 14, 17, 21, 24, 28, 31),
    "vgg-16-bn": (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40),
    "vgg-19-bn": (0, 3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49),
}
# Blocks in each of the stages 1 to 7.
BLOCKS = {
    "efficientnet-b0": (1, 2, 2, 3, 3, 4, 1),
    "efficientnet-b1": (2, 3, 3, 4, 4, 5, 2),
    "efficientnet-b2": (2, 3, 3, 4, 4, 5, 2),
    "efficientnet-b3": (2, 3, 3, 5, 5, 6, 2),
    "efficientnet-b4": (2, 4, 4, 6, 6, 8, 2),
    "efficientnet-b5": (3, 5, 5, 7, 7, 9, 3),
    "efficientnet-b6": (3, 6, 6, 8, 8, 11, 3),
    "efficientnet-b7": (4, 7, 7, 10, 10, 13, 4),
}
VECTORS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def vgg_names(name: str) -> list[str]:
    """In the order of the state dict."""
    found = []
    for place in CONVOLUTIONS[name]:
        found += [f"features.{place}.weight", f"features.{place}.bias"]
        if name.endswith("-bn"):
            found += [f"features.{place + 1}.{vector}" for vector in VECTORS]
    dense = [f"classifier.{n}.{kind}" for n in (0, 3, 6) for kind in ("weight", "bias")]
    return found + dense


def efficientnet_names(name: str) -> list[str]:
    """In the order of the state dict."""
    stages = [n for s, count in enumerate(BLOCKS[name], 1) for n in _stage(s, count)]
    ends = ["classifier.1.weight", "classifier.1.bias"]
    return [*_convolution("features.0"), *stages, *_convolution("features.8"), *ends]


def _stage(stage: int, count: int) -> Iterator[str]:
    """Of a block that does not expand, those of stage 1, the places are one less."""
    squeeze = 1 if stage == 1 else 2
    for block in range(count):
        start = f"features.{stage}.{block}.block"
        for place in range(squeeze):
            yield from _convolution(f"{start}.{place}")
        for part in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"):
            yield f"{start}.{squeeze}.{part}"
        yield from _convolution(f"{start}.{squeeze + 1}")


def _convolution(start: str) -> list[str]:
    return [f"{start}.0.weight", *(f"{start}.1.{vector}" for vector in VECTORS)]
