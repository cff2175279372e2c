"""Channels as places of an image, and back (Shi et al. 2016, arXiv:1609.05158)."""

from __future__ import annotations

from typing import Any

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim
from isthmus.trace.op import composite

__all__ = ["depth_to_space", "space_to_depth"]

MODES = ("CRD", "DCR")


@composite
def depth_to_space(x: Any, /, block_size: int, *, mode: str = "DCR") -> Any:
    """y[n, c, h b + i, w b + j] = x[n, (i b + j) C + c, h, w]; "CRD": x[n, (c b + i) b + j, h, w].

    x: [N, b b C, H, W], any dtype -> [N, C, b H, b W], b = block_size. "CRD" is torch's
    pixel_shuffle. Raises UsageError for other axes or modes, DimensionError for channels that do
    not divide. As ONNX's DepthToSpace, and MXNet's depth_to_space.

    >>> from isthmus import np, npx
    >>> npx.depth_to_space(np.reshape(np.arange(4), (1, 4, 1, 1)), 2)
    array([[[[0, 1],
             [2, 3]]]])
    """
    _check(x, block_size, mode)
    (n, c, h, w), b = x.shape, block_size
    if not isinstance(c, Dim) and c % (b * b):
        raise DimensionError(f"{c} channels are no multiple of {b} * {b}")
    if mode == "DCR":
        parts = np.reshape(x, (n, b, b, c // (b * b), h, w))
        moved = np.permute_dims(parts, (0, 3, 4, 1, 5, 2))
    else:
        parts = np.reshape(x, (n, c // (b * b), b, b, h, w))
        moved = np.permute_dims(parts, (0, 1, 4, 2, 5, 3))
    return np.reshape(moved, (n, c // (b * b), h * b, w * b))


@composite
def space_to_depth(x: Any, /, block_size: int, *, mode: str = "DCR") -> Any:
    """y[n, (i b + j) C + c, h, w] = x[n, c, h b + i, w b + j]; "CRD": y[n, (c b + i) b + j, h, w].

    x: [N, C, b H, b W], any dtype -> [N, b b C, H, W], b = block_size. Raises UsageError for other
    axes or modes, DimensionError for an image that does not divide. As ONNX's SpaceToDepth, and
    MXNet's space_to_depth; "CRD" is torch's pixel_unshuffle.

    >>> from isthmus import np, npx
    >>> npx.space_to_depth(np.reshape(np.arange(4), (1, 1, 2, 2)), 2).shape
    (1, 4, 1, 1)
    """
    _check(x, block_size, mode)
    (n, c, h, w), b = x.shape, block_size
    if any(not isinstance(size, Dim) and size % b for size in (h, w)):
        raise DimensionError(f"an image of {h} * {w} does not divide into blocks of {b} * {b}")
    parts = np.reshape(x, (n, c, h // b, b, w // b, b))
    moved = np.permute_dims(parts, (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4))
    return np.reshape(moved, (n, c * b * b, h // b, w // b))


def _check(x: Any, block_size: int, mode: str) -> None:
    if mode not in MODES or block_size < 1:
        raise UsageError(f"mode={mode!r}, block_size={block_size}; give 'DCR' or 'CRD', from 1")
    if x.ndim != 4:
        raise UsageError(f"{x.ndim} axes; give images [N, C, H, W]")
