"""What the standard adds to NumPy's sorting and searching, and what both refuse."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

NAN = numpy.nan
TIES = numpy.array([3, 1, 2, 1, 3, 1])
ZEROS = numpy.array([0.0, 1.0, -0.0, NAN, -1.0, -0.0, NAN, 0.0], numpy.float32)


def test_descending_keeps_the_order_of_equal_elements() -> None:
    assert np.argsort(TIES, descending=True).tolist() == [0, 4, 2, 1, 3, 5]
    assert np.argsort(TIES).tolist() == [1, 3, 5, 2, 0, 4]
    assert np.sort(TIES, descending=True).tolist() == [3, 3, 2, 1, 1, 1]


def test_zeros_of_both_signs_are_equal_and_nan_is_above_all() -> None:
    up, down = np.sort(ZEROS), np.sort(ZEROS, descending=True)
    assert numpy.signbit(up[1:5]).tolist() == [False, True, True, False]
    assert numpy.signbit(down[3:7]).tolist() == [False, True, True, False]
    assert numpy.isnan(up[-2:]).all() and numpy.isnan(down[:2]).all()
    assert np.argsort(ZEROS, descending=True).tolist() == [3, 6, 1, 0, 2, 5, 7, 4]


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_what_argsort_says(axis: Any, descending: bool) -> None:
    x = numpy.random.default_rng(0).integers(0, 4, (5, 6))
    order = np.argsort(x, axis=axis, descending=descending)
    wanted = x.ravel()[order] if axis is None else numpy.take_along_axis(x, order, axis)
    numpy.testing.assert_array_equal(np.sort(x, axis=axis, descending=descending), wanted)


def test_a_sort_compiles(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        return np.sort(x, descending=True) * 2, np.argsort(x, kind="stable", stable=True)

    doubled, order = compile(function, spec("float32", ["n"]), **device_backend)(ZEROS)
    numpy.testing.assert_array_equal(doubled, np.sort(ZEROS, descending=True) * 2)
    numpy.testing.assert_array_equal(order, np.argsort(ZEROS))


def test_a_condition_alone_is_nonzero() -> None:
    (found,) = np.where(TIES > 1)
    assert found.tolist() == [0, 2, 4]
    with pytest.raises(UsageError, match=r"np.where.*alone; call np\.nonzero\(condition\)"):
        trace(np.where, spec("bool", [3]))


def test_unique_results_have_names() -> None:
    found = np.unique_all(TIES)
    assert found._fields == ("values", "indices", "inverse_indices", "counts")
    assert np.unique_counts(TIES)._fields == ("values", "counts")
    assert np.unique_inverse(TIES)._fields == ("values", "inverse_indices")


def test_each_nan_is_one_of_its_own() -> None:
    assert np.unique_counts(ZEROS).counts.tolist() == [1, 4, 1, 1, 1]
    assert np.unique(ZEROS).size == 4 and np.unique(ZEROS, equal_nan=False).size == 5


X = numpy.ones((2, 3), numpy.float32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.nonzero(x[0, 0]), "no positions; reshape"),
        (lambda x: np.cumulative_sum(x), "2 axes; give the one to go along"),
        (lambda x: np.var(x, ddof=1, correction=1), "ddof=1 beside correction=1"),
        (lambda x: np.std(x, dtype="int32"), "a deviation in int32"),
        (lambda x: np.nanvar(x, dtype="int32"), "dtype int32 of float32 elements"),
        (lambda x: np.diff(x, n=-1), "n=-1 differences"),
        (lambda x: np.sort(x, axis=2), "axis 2 of an array with 2 axes"),
        (lambda x: np.searchsorted(x, x), "give an array of one axis"),
        (lambda x: np.lexsort([x, x[0]]), "give keys of one shape"),
        (lambda x: np.lexsort([]), "of no keys"),
        (lambda x: np.bincount(x), "is counted; give an array of one axis"),
        (lambda x: np.gradient(x, edge_order=3), "edge_order=3"),
        (lambda x: np.gradient(x, axis=0, edge_order=2), "2 elements along axis 0"),
        (lambda x: np.gradient(x, np.ones(4), axis=1), "give one an element"),
        (lambda x: np.interp(x, x[0], x[0, :2]), "give as many of both"),
        (lambda x: np.convolve(x, x[0]), "give arrays of one axis"),
        (lambda x: np.convolve(x[0], x[0], "half"), "mode 'half'"),
        (lambda x: np.convolve(x[0], x[0, :0]), "an array is empty"),
        (lambda x: np.average(x, axis=0, weights=x[0]), r"weights \(3,\) of the axes 0"),
        (lambda x: np.cov(x[None]), "3 axes; give variables by observations"),
        (lambda x: np.vander(x), "2 axes; give an array of one"),
        (lambda x: np.polyfit(x, x, 1), "x of one axis"),
        (lambda x: np.polyder(x[0], -1), "m=-1"),
        (lambda x: np.polyint(x[0], 3, [1, 2]), "2 constants for 3 integrals"),
        (lambda x: np.histogramdd(x, [1, 2]), "bins for 2 axes of 3"),
    ],
)
def test_wrong_use(function: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(function, spec("float32", [2, 3]))


def test_weights_without_a_sum_are_refused() -> None:
    for backend in ("numpy", "cpu"):
        run = compile(lambda x: np.average(x, weights=x), spec("float32", [2]), backend=backend)
        with pytest.raises(ZeroDivisionError, match="the weights sum to 0"):
            run(numpy.array([1, -1], numpy.float32))
    with pytest.raises(TypeError, match="say by axis="):
        np.average(X, weights=numpy.ones(3))


def test_sizes_that_are_not_decided_are_refused() -> None:
    with pytest.raises(DimensionError, match="not decided"):
        trace(lambda x: np.convolve(x, np.ones(3), "same"), spec("float32", ["n"]))
    with pytest.raises(DimensionError, match="not decided"):
        trace(np.polyadd, (spec("float32", ["n"]), spec("float32", ["m"])))


def test_reductions_of_no_axes_are_the_array(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        truths = np.all(x > 0, axis=()), np.any(x > 0, axis=())
        return *truths, np.sum(x, axis=()), np.max(x, axis=()), np.prod(x, axis=())

    x = numpy.array([[1.5, -2], [NAN, 0]], numpy.float32)
    for found, wanted in zip(
        compile(function, spec("float32", [2, 2]), **device_backend)(x), function(x), strict=True
    ):
        numpy.testing.assert_array_equal(found, wanted, strict=True)


BIG = numpy.array([[2**24 + 1, 2**24], [2**31 - 1, 2**31 - 2], [-(2**31), 5]], numpy.int32)


@pytest.mark.parametrize(
    "function", [np.max, np.min, np.argmax, np.argmin, np.sum, np.ptp], ids=str
)
def test_reductions_of_large_integers(function: Any, device_backend: dict[str, Any]) -> None:
    """Beyond 2**24 they are no float32, in which the runtimes reduce."""
    for axis in (0, 1, None):
        run = compile(
            lambda x, a=axis: function(x, axis=a), spec("int32", [3, 2]), **device_backend
        )
        numpy.testing.assert_array_equal(run(BIG), function(BIG, axis=axis), strict=True)
