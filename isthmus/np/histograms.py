"""Counts of elements by value. Edges that are given as an array may be traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError, WrongKind
from isthmus.graph.dims import Dim, equal
from isthmus.graph.infer import FLOAT64, INT64, DType
from isthmus.graph.nodes import Type
from isthmus.graph.whole import is_whole, whole
from isthmus.trace.op import primitive

from . import host_only
from .conversion import asarray
from .manipulation import reshape

__all__ = [
    "bincount",
    "histogram",
    "histogram2d",
    "histogram_bin_edges",
    "histogramdd",
]


def _as_many(one: Type, other: Type) -> bool:
    return one.ndim == other.ndim and all(map(equal, one.shape, other.shape))


def _bincount_type(x: Type, weights: Type | None, minlength: int, size: int | Dim) -> Type:
    if x.ndim != 1:
        raise UsageError(f"{x} is counted; give an array of one axis")
    if not numpy.can_cast(x.dtype, INT64, "safe"):
        raise WrongKind(f"{x} is counted; give integers that int64 holds")
    if weights is not None and not numpy.can_cast(weights.dtype, FLOAT64, "safe"):
        raise WrongKind(f"weights {weights}; give real numbers")
    if weights is not None and not _as_many(weights, x):
        raise DimensionError(f"weights {weights} of {x}; give one for each element")
    return Type(INT64 if weights is None else FLOAT64, (size,))


@primitive(infer=_bincount_type, discovers=True, host_only=host_only.DISCOVERED)
def _bincount(x: Any, weights: Any, /, minlength: int, *, size: Any = None) -> Any:
    return numpy.bincount(x, weights, minlength)


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """How often 0, 1, ... are in x, or the sums of their weights; at least `minlength` counts.

    x: [n], integers that are not negative; weights: [n]. The result is [max(x) + 1] if that is not
    below minlength; int64, float64 with weights. Raises UsageError for another number of axes
    (ValueError on NumPy arrays), ValueError for negative elements, TypeError for an x of floats.

    >>> from isthmus import np
    >>> np.bincount([0, 1, 1, 3])
    array([1, 2, 0, 1])
    """
    return _bincount(x, weights, minlength=minlength)


def _one(t: Type | None) -> Any:
    """An array of one element of a type's dtype, of which NumPy is asked the result's dtype."""
    return None if t is None else numpy.ones(1, t.dtype)


def _ascending(t: Type) -> Any:
    return numpy.arange(2).astype(t.dtype)


def _edges_type(x: Type, bins: int, range: Any) -> Type:
    return Type(_edges_dtype(x, range), (bins + 1,))


def _edges_dtype(x: Type, range: Any) -> DType:
    found: DType = numpy.histogram_bin_edges(_one(x), 1, range).dtype
    return found


@primitive(infer=_edges_type, host_only=host_only.COUNTED)
def _histogram_bin_edges(x: Any, /, bins: int, range: Any) -> Any:
    return numpy.histogram_bin_edges(x, bins, range)


@primitive(
    infer=lambda x, bins, range, size: Type(_edges_dtype(x, range), (size,)),
    discovers=True,
    host_only=host_only.DISCOVERED,
)
def _estimated_bin_edges(x: Any, /, bins: str, range: Any, *, size: Any = None) -> Any:
    return numpy.histogram_bin_edges(x, bins, range)


def histogram_bin_edges(x: Any, /, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of `bins` equal bins from the smallest element to the largest, or of `range`.

    bins: a number, the name of a rule as numpy.histogram_bin_edges lists them, or the edges. x: any
    shape. The result is [bins + 1], in x's dtype, float64 of integers. Raises ValueError for fewer
    bins than 1, an unknown rule and a range that does not ascend; TypeError for a rule with
    weights.

    >>> from isthmus import np
    >>> np.histogram_bin_edges([1, 2, 5], bins=4)
    array([1., 2., 3., 4., 5.])
    """
    if isinstance(bins, str):
        if weights is not None:
            raise TypeError(f"bins={bins!r} of weighted elements; give a number of bins")
        return _estimated_bin_edges(x, bins=bins, range=range)
    if is_whole(bins):
        return _histogram_bin_edges(x, bins=whole(bins), range=range)
    return asarray(bins)


def _histogram_type(
    x: Type, edges: Type | None, weights: Type | None, bins: Any, range: Any, density: Any
) -> tuple[Type, Type]:
    given = 1 if edges is None else _ascending(edges)
    counts, found = numpy.histogram(_one(x), given, range, density, _one(weights))
    count = bins if edges is None else edges.shape[0] - 1
    return Type(counts.dtype, (count,)), Type(found.dtype, (count + 1,))


@primitive(infer=_histogram_type, host_only=host_only.COUNTED)
def _histogram(
    x: Any, edges: Any, weights: Any, /, bins: Any, range: Any, density: Any
) -> tuple[Any, Any]:
    return numpy.histogram(x, bins if edges is None else edges, range, density, weights)


def histogram(
    x: Any,
    /,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Any, Any]:
    """How many elements are in each bin, and the edges; see `histogram_bin_edges` for bins.

    The last bin has both its edges. density: as a density, whose integral is 1. Counts: [bins],
    int64, the weights' dtype with weights, float64 as a density. Edges: [bins + 1]. Raises
    ValueError for edges that do not ascend and weights of another shape than x; else as
    `histogram_bin_edges`.

    >>> from isthmus import np
    >>> np.histogram([1, 2, 2, 5], bins=2)
    (array([3, 1]), array([1., 3., 5.]))
    """
    if isinstance(bins, str):
        bins = histogram_bin_edges(x, bins, range, weights)
    edges, number = _edges_or_number(bins)
    found: tuple[Any, Any] = _histogram(
        x, edges, weights, bins=number, range=range, density=density
    )
    return found


def _edges_or_number(bins: Any) -> tuple[Any, int | None]:
    """Bins as an array of edges or as a number, and None for the other."""
    if is_whole(bins):
        return None, whole(bins)
    return asarray(bins), None


def _histogramdd_type(
    *arrays: Type, bins: Any, range: Any, density: Any, weighted: bool
) -> tuple[Type, ...]:
    columns, edges, weights = _parted(arrays, bins, weighted)
    given = [1 if e is None else _ascending(e) for e in edges]
    sample = [_one(column) for column in columns]
    counts, found = numpy.histogramdd(sample, given, range, density, _one(weights))
    numbers = [n if e is None else e.shape[0] - 1 for n, e in zip(bins, edges, strict=True)]
    types = (Type(e.dtype, (n + 1,)) for n, e in zip(numbers, found, strict=True))
    return (Type(counts.dtype, tuple(numbers)), *types)


def _parted(
    arrays: Sequence[Any], bins: tuple[int | None, ...], weighted: bool
) -> tuple[list[Any], list[Any], Any]:
    """The columns, an array of edges or None for each, and the weights."""
    rest = iter(arrays)
    columns = [next(rest) for _ in bins]
    edges = [next(rest) if number is None else None for number in bins]
    return columns, edges, next(rest) if weighted else None


@primitive(infer=_histogramdd_type, variadic=True, host_only=host_only.COUNTED)
def _histogramdd(
    arrays: Any, /, bins: Any, range: Any, density: Any, weighted: bool
) -> tuple[Any, ...]:
    columns, edges, weights = _parted(arrays, bins, weighted)
    given = [n if e is None else e for n, e in zip(bins, edges, strict=True)]
    counts, found = numpy.histogramdd(columns, given, range, density, weights)
    return (counts, *found)


def histogramdd(
    sample: Any,
    /,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Any, list[Any]]:
    """How many rows are in each box, and the edges of each axis; bins as in `histogram`.

    sample: [N, D], or D arrays of N elements. bins: one number, or numbers and edges for each.
    Counts: float64, one axis for each of the D; edges: a list of D arrays. Raises UsageError for
    bins that are not for D axes; else ValueError as `histogram`.

    >>> from isthmus import np
    >>> counts, edges = np.histogramdd(np.asarray([[0, 0], [0, 1], [1, 1]]), bins=2)
    >>> counts
    array([[1., 1.],
           [0., 1.]])
    """
    columns = sample if isinstance(sample, tuple | list) else _columns(asarray(sample))
    columns = list(map(asarray, columns))
    for column in columns[1:]:
        if column.shape and columns[0].shape and not equal(column.shape[0], columns[0].shape[0]):
            raise DimensionError(
                f"{columns[0].shape[0]} elements beside {column.shape[0]}; give as many of each"
            )
    each = [bins] * len(columns) if is_whole(bins) else list(bins)
    if len(each) != len(columns):
        raise UsageError(f"bins for {len(each)} axes of {len(columns)}; give one for each")
    parts = [_edges_or_number(one) for one in each]
    arrays = [*columns, *(edges for edges, _ in parts if edges is not None)]
    counts, *edges = _histogramdd(
        arrays if weights is None else [*arrays, asarray(weights)],
        bins=tuple(number for _, number in parts),
        range=None if range is None else tuple(one and tuple(one) for one in range),
        density=density,
        weighted=weights is not None,
    )
    return counts, edges


def _columns(sample: Any) -> list[Any]:
    if sample.ndim < 2:
        return [reshape(sample, (-1,))]
    return [sample[:, i] for i in numpy.arange(sample.shape[1]).tolist()]


def histogram2d(
    x: Any,
    y: Any,
    /,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Any, Any, Any]:
    """How many pairs are in each box, and the edges of both axes; see `histogramdd`.

    x, y: [N]. Counts: float64 [bins of x, bins of y]. bins: a number, edges for both, or a pair of
    either. Raises ValueError as `histogram`, and for an x and y of different sizes.

    >>> from isthmus import np
    >>> counts, x_edges, y_edges = np.histogram2d([0, 0, 1], [0, 1, 1], bins=2)
    >>> counts
    array([[1., 1.],
           [0., 1.]])
    """
    if not is_whole(bins) and len(bins) != 2:
        bins = [bins, bins]
    counts, (first, second) = histogramdd([x, y], bins, range, density, weights)
    return counts, first, second
