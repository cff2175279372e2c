"""Where an element of a resized axis looks at the old one, as ONNX's Resize names the ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np
from isthmus.graph.dims import Dim

__all__ = ["COORDINATES", "QUOTIENTS", "WHOLE", "Line"]

WHOLE = (0.0, 1.0)
Size = Any  # int | Dim


@dataclass(frozen=True)
class Line:
    """One axis: its length, the wanted size, size / length as a number or None, a part of it."""

    length: Size
    size: Size
    scale: float | None
    roi: tuple[float, float] = WHOLE

    @property
    def known(self) -> bool:
        return not isinstance(self.length, Dim) and not isinstance(self.size, Dim)


# Positions of i as numbers: n is the length, s the scale.


def _half_pixel(i: Any, n: float, s: float, line: Line) -> Any:
    return (i + 0.5) / s - 0.5


def _symmetric(i: Any, n: float, s: float, line: Line) -> Any:
    return (n - line.size / s) / 2 + (i + 0.5) / s - 0.5


def _pytorch(i: Any, n: float, s: float, line: Line) -> Any:
    return _half_pixel(i, n, s, line) if line.size > 1 else 0 * i


def _corners(i: Any, n: float, s: float, line: Line) -> Any:
    return 0 * i if s * n == 1 else i * (n - 1) / (s * n - 1)


def _crop(i: Any, n: float, s: float, line: Line) -> Any:
    first, last = line.roi
    if line.size == 1:
        return 0 * i + (first + last) / 2 * (n - 1)
    return first * (n - 1) + i * (last - first) * (n - 1) / (s * n - 1)


COORDINATES: dict[str, Callable[[Any, float, float, Line], Any]] = {
    "align_corners": _corners,
    "asymmetric": lambda i, n, s, line: i / s,
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": _pytorch,
    "tf_crop_and_resize": _crop,
    "tf_half_pixel_for_nn": lambda i, n, s, line: (i + 0.5) / s,
}

# The same as quotients of whole numbers, which may be sizes with names: s = p / q, m the new size.


def _corners_quotient(i: Any, n: Any, p: Any, q: Any, m: Any) -> tuple[Any, Any]:
    """i (n - 1) / (s n - 1), and 0 where there is only i = 0."""
    return i * _whole((n - 1) * q), np.maximum(_whole(n * p - q), 1)


def _pytorch_quotient(i: Any, n: Any, p: Any, q: Any, m: Any) -> tuple[Any, Any]:
    found, below = _half_quotient(i, n, p, q, m)
    return np.where(np.greater(_whole(m), 1), found, 0), below


def _half_quotient(i: Any, n: Any, p: Any, q: Any, m: Any) -> tuple[Any, Any]:
    return (2 * i + 1) * _whole(q) - _whole(p), 2 * p


def _whole(size: Size) -> Any:
    return np.asarray(size, numpy.int64)


QUOTIENTS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "align_corners": _corners_quotient,
    "asymmetric": lambda i, n, p, q, m: (i * _whole(q), p),
    "half_pixel": _half_quotient,
    "half_pixel_symmetric": lambda i, n, p, q, m: (
        (2 * i + 1) * _whole(q) + _whole(n * p - m * q - p),
        2 * p,
    ),
    "pytorch_half_pixel": _pytorch_quotient,
    "tf_half_pixel_for_nn": lambda i, n, p, q, m: ((2 * i + 1) * _whole(q), 2 * p),
}
