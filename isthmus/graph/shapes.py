"""Shapes: tuples of sizes, which are numbers or named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isthmus.errors import DimensionError

from .dims import Dim, Shape, equal, same

__all__ = ["broadcast", "evaluate", "product", "same_shape"]


def same_shape(left: Shape, right: Shape) -> bool:
    """Whether two shapes are the same expressions, size by size."""
    return len(left) == len(right) and all(map(same, left, right))


def product(shape: Iterable[int | Dim]) -> int | Dim:
    """The number of elements of a shape."""
    result: int | Dim = 1
    for size in shape:
        result = size * result
    return result


def evaluate(size: int | Dim, sizes: Mapping[str, int]) -> int:
    """The number a size has for the given sizes of its names."""
    return size.evaluate(sizes) if isinstance(size, Dim) else size


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's broadcasting of shapes; a named size meets itself or 1, nothing else.

    >>> import isthmus as im
    >>> from isthmus.extend import broadcast
    >>> broadcast(im.spec("float32", ["n", 1]).shape, (3,))
    (n, 3)
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_broadcast_sizes(sizes) for sizes in zip(*padded, strict=True))


def _broadcast_sizes(sizes: tuple[int | Dim, ...]) -> int | Dim:
    wide = [size for size in sizes if not same(size, 1)]
    if not wide:
        return 1
    for other in wide[1:]:
        if not equal(wide[0], other):
            raise DimensionError(f"sizes {wide[0]} and {other} do not broadcast")
    return wide[0]
