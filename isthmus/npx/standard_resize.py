"""Which calls of `resize` are the operation that ONNX has, in numbers as well: of images, where a
scale is a power of two, so that float32 has the positions and float64 no better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from isthmus.graph.dims import same
from isthmus.graph.nodes import Node, Type

from .resized_axes import lines_of
from .sampling import scaled_size

__all__ = ["has_exact_positions", "scales_of"]

EXACT = {
    ("linear", "asymmetric"),
    ("linear", "half_pixel"),
    ("linear", "pytorch_half_pixel"),
    ("nearest", "asymmetric"),
    ("nearest", "half_pixel"),
}


def has_exact_positions(node: Node) -> bool:
    """Whether it scales images [N, C, H, W] by powers of two."""
    (x,), facts = node.operands, node.attributes
    assert x is not None
    widened = facts["antialias"] or facts["exclude_outside"]
    if x.type.ndim != 4 or widened or (facts["mode"], facts["coordinates"]) not in EXACT:
        return False
    scales = scales_of(x.type, facts)
    return scales is not None and scales[:2] == [1, 1]


def scales_of(x: Type, facts: Mapping[str, Any]) -> list[float] | None:
    """The scale of each axis; None where one is no power of two."""
    scales = [1.0] * x.ndim
    for axis, line in lines_of(x, facts["sizes"], facts["scales"], facts["axes"], None):
        scale = line.size / line.length if line.scale is None and line.known else line.scale
        if not scale or math.frexp(scale)[0] != 0.5:
            return None
        if not same(line.size, scaled_size(line.length, scale)):
            return None
        scales[axis] = scale
    return scales
