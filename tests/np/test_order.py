"""Statistics, sorting, searching and sets are NumPy's, on its arrays and in compiled programs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec

random = numpy.random.default_rng(3)
NAN, INF = numpy.nan, numpy.inf

DTYPES = ["bool", "int8", "uint32", "int64", "float16", "float32", "float64", "complex64"]


def array(dtype: str, *shape: int, special: bool = False) -> Any:
    """Numbers of a dtype; with its extremes, or NaN, infinity and both zeros."""
    kind = numpy.dtype(dtype).kind
    if kind == "b":
        return random.random(shape) < 0.5
    if kind in "iu":
        found = random.integers(0 if kind == "u" else -9, 10, shape).astype(dtype)
        limits = numpy.iinfo(dtype)
        numpy.put(found, [0, 1], [limits.max, limits.min])
        return found
    parts = random.standard_normal((2, *shape))
    found = (parts[0] + 1j * parts[1] if kind == "c" else parts[0]).astype(dtype)
    if special:
        numpy.put(found, [1, 4, 2, -1], [NAN, INF, 0.0, -0.0])
    return found


def leaves(outcome: Any) -> list[Any]:
    if isinstance(outcome, tuple | list):
        return [leaf for part in outcome for leaf in leaves(part)]
    return [numpy.asarray(outcome)]


def check(found: Any, wanted: Any, rtol: float = 0) -> None:
    """Dtype, shape and values are the same; floats within rtol."""
    for one, other in zip(leaves(found), leaves(wanted), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        close = rtol * (other.dtype.kind in "fc")
        numpy.testing.assert_allclose(one, other, rtol=close, atol=close)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy warns of empty and NaN slices, of overflow and of polynomials that fit badly."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", numpy.exceptions.RankWarning)
        yield


# NumPy's functions of one array, for each dtype

_AXES: list[dict[str, Any]] = [{}, {"axis": 0}, {"axis": 1, "keepdims": True}]
_SEVERAL: list[dict[str, Any]] = [*_AXES, {"axis": (0, -1)}, {"axis": ()}]
_DTYPES: list[dict[str, Any]] = [{"axis": 1, "dtype": d} for d in ("f4", "f8", "i4", "c16", "u1")]
_FREEDOM: list[dict[str, Any]] = [
    {"ddof": 1}, {"axis": 0, "correction": 0.5}, {"axis": 0, "ddof": 5}, *_DTYPES,
]  # fmt: skip
_LINES: list[dict[str, Any]] = [{}, {"axis": 0}, {"axis": -1}]
_RUNNING: list[dict[str, Any]] = [*_LINES, {"dtype": "i2"}]
_PLAIN: list[dict[str, Any]] = [{}]
_METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
)  # fmt: skip

ONE: dict[str, list[dict[str, Any]]] = {
    **dict.fromkeys(("all", "any", "max", "min", "amax", "amin", "ptp"), _SEVERAL),
    **dict.fromkeys(("nanmax", "nanmin", "count_nonzero", "median", "nanmedian"), _SEVERAL),
    **dict.fromkeys(("sum", "prod", "mean", "nansum", "nanprod", "nanmean"), _SEVERAL + _DTYPES),
    **dict.fromkeys(("var", "std", "nanvar", "nanstd"), _SEVERAL + _FREEDOM),
    **dict.fromkeys(("argmax", "argmin", "nanargmax", "nanargmin"), _AXES),
    **dict.fromkeys(("cumsum", "cumprod", "nancumsum", "nancumprod"), _RUNNING),
    "cumulative_sum": [{"axis": 1}, {"axis": 0, "include_initial": True, "dtype": "f8"}],
    "cumulative_prod": [{"axis": 1}, {"axis": 0, "include_initial": True}],
    "sort": [*_LINES, {"axis": None}],
    "diff": [*_LINES, {"n": 2}, {"n": 0}, {"n": 5}, {"prepend": 3}, {"append": 3, "axis": 1}],
    "ediff1d": [{}, {"to_end": 1}],
    "trapezoid": [{}, {"dx": 0.5, "axis": 1}],
    "gradient": [{}, {"axis": 1}, {"axis": (2, 0)}, {"edge_order": 2, "axis": 2}],
    **dict.fromkeys(("nonzero", "flatnonzero", "argwhere", "average"), _PLAIN),
    **dict.fromkeys(("unique_all", "unique_counts", "unique_inverse", "unique_values"), _PLAIN),
    "unique": [
        {}, {"return_index": True}, {"return_inverse": True, "return_counts": True},
        {"axis": 1, "return_inverse": True}, {"equal_nan": False}, {"sorted": False},
    ],
    "histogram_bin_edges": [{}, {"bins": 3, "range": (0, 2)}, {"bins": [0, 1, 2]}],
    "histogram": [{}, {"bins": 3, "range": (0, 2)}, {"bins": [0.0, 1, 2]}, {"density": True}],
}  # fmt: skip
_SHARES: list[tuple[Any, dict[str, Any]]] = [
    (0.3, {"axis": 1}), ([0.1, 1], {"axis": (0, 2)}), (numpy.float32(0.3), {"keepdims": True}),
    *((0.37, {"axis": 2, "method": method}) for method in _METHODS),
]  # fmt: skip


# NumPy leaves the order open, and gives another one for each dtype.
THEIRS: dict[str, Any] = {"unique_values": lambda x: numpy.unique(x, equal_nan=False)}


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns, or None where it raises."""
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError):
        return None


def check_all(ours: Callable[..., Any], theirs: Callable[..., Any], dtype: str) -> None:
    """Ours is theirs, at once and traced with a named size."""
    calls = [ours]
    if (traced := outcome(program, ours, dtype)) is not None:
        calls.append(traced)
    for special in (False, True):
        x = array(dtype, 2, 3, 4, special=special)
        wanted = outcome(theirs, x)
        for call in calls:
            if wanted is None:
                assert outcome(call, x) is None
            else:
                check(call(x), wanted)
        assert len(calls) == 2 or wanted is None


def program(function: Callable[..., Any], dtype: str) -> Callable[..., Any]:
    return compile(function, spec(dtype, ["n", 3, 4]), backend="numpy")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_array(name: str, dtype: str) -> None:
    ours, theirs = getattr(np, name), THEIRS.get(name, getattr(numpy, name))
    for options in ONE[name]:
        check_all(lambda x, o=options: ours(x, **o), lambda x, o=options: theirs(x, **o), dtype)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["quantile", "nanquantile", "percentile", "nanpercentile"])
def test_quantiles(name: str, dtype: str) -> None:
    ours, theirs, whole = getattr(np, name), getattr(numpy, name), 100 if "cent" in name else 1
    for q, options in _SHARES:
        share = [whole * one for one in q] if isinstance(q, list) else whole * q
        check_all(
            lambda x, s=share, o=options: ours(x, s, **o),
            lambda x, s=share, o=options: theirs(x, s, **o),
            dtype,
        )


# Functions of several arrays, on every backend

f32: Callable[..., Any] = lambda *shape: array("float32", *shape)  # noqa: E731
X, Y, LINE = f32(2, 3, 4), f32(2, 3, 4), f32(7)
SORTED, WHOLE = numpy.sort(f32(9)), random.integers(0, 5, 12)
COUNTS, WEIGHTS = random.integers(0, 9, 6), random.random(6) + 0.5
POINTS = numpy.array([[1, 2], [3, 4], [3, 4], [1, 2], [1, 0]], numpy.int32)

CALLS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "argpartition": [((WHOLE, 3), {}), ((X, 1), {"axis": 1})],
    "argsort": [((WHOLE,), {"kind": "stable"}), ((X,), {"axis": None}), ((X,), {"axis": 1})],
    "average": [
        ((X,), {"weights": numpy.abs(Y), "axis": (0, 1)}),
        ((X,), {"weights": numpy.arange(1, 4), "axis": 1, "returned": True}),
        ((X, 1, [1, 2, 3]), {"keepdims": True}),
        ((X, (2, 0), random.random((4, 2))), {}),
        ((WHOLE,), {"returned": True}),
        ((WHOLE,), {"weights": WHOLE + 1}),
    ],
    "bincount": [((COUNTS,), {}), ((COUNTS, WEIGHTS), {"minlength": 20}), ((COUNTS[:0],), {})],
    "convolve": [((LINE, f32(3), mode), {}) for mode in ("full", "same", "valid")],
    "corrcoef": [((f32(3, 6),), {}), ((LINE, f32(7)), {}), ((f32(5, 2),), {"rowvar": False})],
    "correlate": [((LINE, f32(k), mode), {}) for k in (2, 9) for mode in ("full", "same", "valid")],
    "cov": [
        ((f32(3, 6),), {}), ((LINE,), {}), ((LINE, f32(7)), {"bias": True}),
        ((f32(5, 2),), {"rowvar": False, "ddof": 0}), ((array("complex64", 2, 5),), {}),
        ((f32(2, 6),), {"fweights": COUNTS, "aweights": WEIGHTS}),
        ((f32(2, 6),), {"dtype": "f4"}), ((f32(1, 4),), {"rowvar": False}),
    ],
    "diff": [((X,), {"prepend": X[:, :, :1], "append": Y}), ((X,), {"append": f32(2, 3, 2)})],
    "digitize": [((X, SORTED), {}), ((X, SORTED[::-1].copy(), True), {}), ((0.3, SORTED), {})],
    "ediff1d": [((X,), {"to_begin": numpy.int8(3), "to_end": f32(2)})],
    "gradient": [
        ((X, 2.0), {}), ((X, 0.5, 1.0, 2.0), {}), ((X, SORTED[:3]), {"axis": 1}),
        ((X, SORTED[:4], 2.0), {"axis": (2, 1)}), ((WHOLE, WHOLE.cumsum()), {"edge_order": 2}),
        ((WHOLE, 3), {}),
    ],
    "histogram": [
        ((X, SORTED), {}), ((X, SORTED), {"weights": numpy.abs(Y), "density": True}),
        ((X, "auto"), {}), ((WHOLE, 4), {"weights": WHOLE}), ((X, 4, (-1, 1)), {"weights": Y}),
    ],
    "histogram2d": [
        ((LINE, f32(7)), {}), ((LINE, f32(7), (3, SORTED)), {}), ((LINE, f32(7), SORTED), {}),
        ((LINE, f32(7), 3), {"range": [[-1, 1], [0, 2]], "density": True, "weights": LINE}),
    ],
    "histogramdd": [
        ((f32(9, 3),), {"bins": 2}), ((f32(9, 2),), {"bins": [3, SORTED]}), ((LINE,), {"bins": 2}),
        (([LINE, f32(7)],), {"bins": 2, "range": [None, (0, 1)]}),
    ],
    "interp": [
        ((X, SORTED, f32(9)), {}), ((X, SORTED, f32(9), -1, 1.5), {}), ((0.3, SORTED, f32(9)), {}),
        ((LINE, f32(9), f32(9)), {"period": 1.5}), ((X, SORTED, array("complex64", 9)), {}),
    ],
    "intersect1d": [((WHOLE, COUNTS), {}), ((WHOLE, COUNTS), {"return_indices": True})],
    "isin": [
        ((WHOLE, COUNTS), {}), ((X, X[0, :2]), {"invert": True}), ((WHOLE, 3), {}),
        ((3, WHOLE), {}), ((WHOLE, COUNTS[:0]), {}), ((WHOLE, [1, 2]), {"kind": "table"}),
    ],
    "lexsort": [(((COUNTS, WEIGHTS),), {}), ((POINTS,), {}), ((POINTS.T,), {"axis": -1})],
    "partition": [((X, 1), {"axis": 1}), ((X, (2, 5)), {"axis": None})],
    "polyadd": [((f32(3), f32(5)), {}), ((f32(3), 2.0), {}), ((COUNTS, COUNTS), {})],
    "polyder": [((f32(5),), {}), ((COUNTS, 2), {}), ((f32(1),), {}), ((f32(2), 0), {})],
    "polydiv": [((f32(5), f32(2)), {}), ((f32(2), f32(5)), {}), ((COUNTS + 1, WHOLE[:3] + 1), {})],
    "polyfit": [((LINE, f32(7), 2), {}), ((LINE, f32(7, 2), 3), {"w": numpy.abs(LINE)})],
    "polyint": [((f32(3),), {}), ((COUNTS, 3, 2), {}), ((f32(3), 2, [1, 2]), {})],
    "polymul": [((f32(3), f32(4)), {}), (([0, 0, 1, 2], COUNTS), {}), (([0], [0, 0]), {})],
    "polysub": [((f32(5), f32(3)), {}), ((2, COUNTS), {})],
    "polyval": [((f32(3), X), {}), ((COUNTS, WHOLE), {}), ((f32(3), 2.0), {}), ((f32(0), X), {})],
    "searchsorted": [
        ((SORTED, X), {}), ((SORTED, SORTED[2:5]), {"side": "right"}), ((SORTED, 0.3), {}),
        ((LINE, X), {"sorter": LINE.argsort()}), ((numpy.arange(5), X), {}),
    ],
    "setdiff1d": [((WHOLE, COUNTS), {}), ((WHOLE[:4], COUNTS, True), {}), ((X, Y), {})],
    "setxor1d": [((WHOLE, COUNTS), {}), ((X, Y), {}), ((COUNTS[:0], COUNTS[:0]), {})],
    "trapezoid": [((X, SORTED[:4]), {}), ((X, SORTED[:3]), {"axis": 1}), ((X, Y), {"axis": 0})],
    "union1d": [((WHOLE, COUNTS), {}), ((X, WHOLE), {})],
    "vander": [((LINE,), {}), ((COUNTS, 3, True), {}), ((LINE, 0), {}), ((LINE, 1), {})],
    "where": [((X > 0, X, Y), {}), ((X > 0, X, 2.0), {}), ((WHOLE, 1, WHOLE), {})],
}  # fmt: skip


def with_arrays(call: Any, arrays: Iterator[Any]) -> Any:
    """The arguments with other arrays in the place of theirs."""
    if isinstance(call, numpy.ndarray):
        return next(arrays)
    if isinstance(call, tuple | list):
        return type(call)(with_arrays(part, arrays) for part in call)
    if isinstance(call, dict):
        return {key: with_arrays(part, arrays) for key, part in call.items()}
    return call


def arrays_of(call: Any) -> list[Any]:
    if isinstance(call, numpy.ndarray):
        return [call]
    parts = call.values() if isinstance(call, dict) else call
    nested = isinstance(call, dict | tuple | list)
    return [array for part in parts for array in arrays_of(part)] if nested else []


def compiled(name: str, call: Any, options: dict[str, Any]) -> Any:
    """The result of a call whose arrays are all traced."""
    arrays = arrays_of(call)

    def function(*traced: Any) -> Any:
        operands, attributes = with_arrays(call, iter(traced))
        return getattr(np, name)(*operands, **attributes)

    types = tuple(spec(x.dtype, x.shape) for x in arrays)
    return compile(function, types, **options)(*arrays)


@pytest.mark.parametrize("name", CALLS)
def test_functions_of_several_arrays(name: str) -> None:
    for operands, attributes in CALLS[name]:
        wanted = getattr(numpy, name)(*operands, **attributes)
        check(getattr(np, name)(*operands, **attributes), wanted, rtol=1e-6)


@pytest.mark.parametrize("name", CALLS)
def test_functions_of_several_arrays_compiled(name: str, device_backend: dict[str, Any]) -> None:
    for call in CALLS[name]:
        wanted = getattr(numpy, name)(*call[0], **call[1])
        if not arrays_of(call):
            continue
        check(compiled(name, call, {"backend": "numpy"}), wanted, rtol=1e-6)
        check(compiled(name, call, device_backend), wanted, rtol=1e-5)
