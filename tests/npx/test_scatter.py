"""Lookups and updates at positions: what is computed, what is refused, and where it runs."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import DimensionError, UsageError

X = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)


def test_the_last_of_several_updates_remains(any_backend: dict[str, Any]) -> None:
    at = numpy.array([[1], [0], [1]])
    updates = numpy.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], numpy.float32)
    wanted = X.copy()
    wanted[[1, 0, 1]] = updates
    types = im.spec("float32", ["n", 3]), im.spec("int64", ["k", 1]), im.spec("float32", ["k", 3])
    run = im.compile(lambda x, i, u: npx.scatter_nd(x, i, u), types, **any_backend)
    numpy.testing.assert_array_equal(run(X, at, updates), wanted)


@pytest.mark.parametrize("reduction", ["add", "mul", "max", "min"])
def test_several_updates_are_reduced(reduction: str, any_backend: dict[str, Any]) -> None:
    at, updates = numpy.array([[2, 2, -1, 0]]), numpy.array([[1.5, -2, 3, 4]], numpy.float32)
    function = {"add": numpy.add, "mul": numpy.multiply, "max": numpy.maximum, "min": numpy.minimum}
    x = numpy.concatenate([X, X[:, :1]], axis=1)
    wide = numpy.concatenate([X, X[:, :1]], axis=1)
    for j, (i, u) in enumerate(zip((2, 2, 3, 0), updates[0], strict=True)):
        wide[i, j] = function[reduction](wide[i, j], u)
    types = tuple(im.spec(a.dtype, a.shape) for a in (x, at, updates))
    run = im.compile(
        lambda x, i, u: npx.scatter_elements(x, i, u, axis=0, reduction=reduction), types,
        **any_backend,
    )  # fmt: skip
    numpy.testing.assert_array_equal(run(x, at, updates), wide)


def test_known_places_are_the_runtimes(device_backend: dict[str, Any]) -> None:
    at = numpy.array([[0, 1], [-1, 2]])

    def function(x: Any, u: Any) -> Any:
        y = npx.scatter_nd(x, at, u, reduction="add")
        return npx.gather_nd(y, at), npx.scatter_elements(y, at.T, np.reshape(y[:2, :2], (2, 2)))

    types = im.spec("float32", [4, 3]), im.spec("float32", [2])
    run = im.compile(function, types, **device_backend, on_host="error")
    u = numpy.array([10, 20], numpy.float32)
    for found, wanted in zip(run(X, u), function(X, u), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


def test_a_row_of_a_cache_is_the_runtimes(device_backend: dict[str, Any]) -> None:
    types = im.spec("float32", [4, 3]), im.spec("int64", [1, 1]), im.spec("float32", [1, 3])
    run = im.compile(npx.scatter_nd, types, **device_backend, on_host="error")
    row = numpy.full((1, 3), 7, numpy.float32)
    for at in (2, -1):
        wanted = X.copy()
        wanted[at] = 7
        numpy.testing.assert_array_equal(run(X, numpy.array([[at]]), row), wanted)
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        run(X, numpy.array([[4]]), row)


@pytest.mark.parametrize("outside", [(4, 0), (0, 3), (-5, 0), (0, -4)])
def test_positions_outside(outside: tuple[int, int], any_backend: dict[str, Any]) -> None:
    at = numpy.array([[0, 0], outside])
    types = im.spec("float32", [4, 3]), im.spec("int64", [2, 2])
    run = im.compile(npx.gather_nd, types, **any_backend)
    with pytest.raises(IndexError):
        run(X, at)
    put = im.compile(lambda x, i: npx.scatter_nd(x, i, x[:2, 0]), types, **any_backend)
    with pytest.raises(IndexError):
        put(X, at)
    with pytest.raises(IndexError):  # eager, or where it runs
        im.compile(lambda x: npx.gather_nd(x, at), types[0], **any_backend)(X)


def test_computed_positions(any_backend: dict[str, Any]) -> None:
    types = im.spec("float32", [4, 3]), im.spec("int64", ["k", 2])
    run = im.compile(lambda x, i: npx.gather_nd(x, i * 2), types, **any_backend)
    numpy.testing.assert_array_equal(run(X, numpy.array([[1, 1], [0, -1]])), [X[2, 2], X[0, 1]])
    with pytest.raises(IndexError):
        run(X, numpy.array([[2, 0]]))


@pytest.mark.parametrize("batch", [1, 2])
def test_batches(batch: int, any_backend: dict[str, Any]) -> None:
    x = numpy.arange(48, dtype=numpy.float32).reshape(2, 3, 4, 2)
    at = numpy.random.default_rng(0).integers(-2, 2, (2, 3, 5, 1))
    if batch == 1:
        wanted = numpy.stack([one[i[..., 0]] for one, i in zip(x, at, strict=True)])
    else:
        wanted = numpy.stack([
            numpy.stack([one[i[..., 0]] for one, i in zip(xs, ats, strict=True)])
            for xs, ats in zip(x, at, strict=True)
        ])  # fmt: skip
    types = im.spec("float32", ["n", 3, 4, 2]), im.spec("int64", ["n", 3, 5, 1])
    run = im.compile(lambda x, i: npx.gather_nd(x, i, batch_dims=batch), types, **any_backend)
    numpy.testing.assert_array_equal(run(x, at), wanted)


def test_what_does_not_fit() -> None:
    at = numpy.array([[0], [1]])
    with pytest.raises(DimensionError, match="updates"):
        npx.scatter_nd(X, at, X)
    with pytest.raises(UsageError, match="reduction='sum'"):
        npx.scatter_nd(X, at, X[:2], reduction="sum")
    with pytest.raises(UsageError, match="one dtype"):
        npx.scatter_elements(X, at, at)
    with pytest.raises(TypeError, match="integers"):
        npx.gather_nd(X, X)
    with pytest.raises(UsageError, match="last size"):
        npx.gather_nd(X, numpy.zeros((2, 3), int))
    with pytest.raises(DimensionError, match="no larger"):
        npx.scatter_elements(X, numpy.zeros((1, 4), int), numpy.zeros((1, 4), numpy.float32))


def test_gradients_of_places_that_meet() -> None:
    at = numpy.array([[1], [0], [1]])
    weights = numpy.arange(1, 13, dtype=numpy.float32).reshape(4, 3)

    def loss(x: Any, u: Any, reduction: str) -> Any:
        return np.sum(npx.scatter_nd(x, at, u, reduction=reduction) * weights)

    updates = numpy.ones((3, 3), numpy.float32)
    types = im.spec("float32", [4, 3]), im.spec("float32", [3, 3])
    of_x, of_u = (
        im.compile(im.grad(lambda x, u: loss(x, u, "none"), i), types, backend="numpy")
        for i in (0, 1)
    )
    numpy.testing.assert_array_equal(of_x(X, updates)[:, 0], [0, 0, 7, 10])
    numpy.testing.assert_array_equal(of_u(X, updates)[:, 0], [0, 1, 4])
    added = im.compile(im.grad(lambda x, u: loss(x, u, "add"), 1), types, backend="numpy")
    numpy.testing.assert_array_equal(added(X, updates)[:, 0], [4, 1, 4])


def differences(f: Any, x: Any, step: float = 1e-6) -> Any:
    found = numpy.zeros(x.shape)
    for place in numpy.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[place] += step
        low[place] -= step
        found[place] = (f(high) - f(low)) / (2 * step)
    return found


@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize("reduction", ["max", "min", "mul"])
def test_gradients_of_reductions(
    reduction: str, elements: bool, any_backend: dict[str, Any]
) -> None:
    random = numpy.random.default_rng(1)
    x, u = random.normal(size=(4, 3)), random.normal(size=(3, 3))
    x[2], u[0, 1] = 0, 0  # products with a zero, with two, and zeros that meet nobody
    u[2, 1] = 0
    weights = random.normal(size=(4, 3))

    def loss(x: Any, u: Any) -> Any:
        if elements:
            at = numpy.array([[1, 0, 1], [0, 0, 1], [1, 2, 3]])
            return np.sum(npx.scatter_elements(x, at, u, reduction=reduction) * weights)
        at = numpy.array([[1], [2], [1]])
        return np.sum(npx.scatter_nd(x, at, u, reduction=reduction) * weights)

    types = im.spec("float64", [4, 3]), im.spec("float64", [3, 3])
    of_x, of_u = (im.compile(im.grad(loss, i), types, **any_backend)(x, u) for i in (0, 1))
    if reduction != "mul":  # differences see both sides of a tie of zeros
        x, u = x + 0, u + 0
        tied = [(0, 1), (2, 1)]
        for place in tied:
            of_u[place] = 0
        wanted = differences(lambda u: loss(x, u), u)
        for place in tied:
            wanted[place] = 0
        numpy.testing.assert_allclose(of_u, wanted, atol=1e-7)
    else:
        numpy.testing.assert_allclose(of_u, differences(lambda u: loss(x, u), u), atol=1e-7)
        numpy.testing.assert_allclose(of_x, differences(lambda x: loss(x, u), x), atol=1e-7)


def test_those_that_share_the_extreme_share_the_gradient() -> None:
    x, u, at = numpy.array([2.0, 1.0]), numpy.array([2.0, 5.0, 2.0, 5.0]), [[0], [1], [0], [1]]

    def loss(x: Any, u: Any) -> Any:
        weights = numpy.array([6.0, 8.0])
        return np.sum(npx.scatter_nd(x, numpy.array(at), u, reduction="max") * weights)

    types = im.spec("float64", [2]), im.spec("float64", [4])
    of_x, of_u = (im.compile(im.grad(loss, i), types, backend="numpy")(x, u) for i in (0, 1))
    numpy.testing.assert_array_equal(of_x, [2, 0])
    numpy.testing.assert_array_equal(of_u, [2, 4, 2, 4])


# MXNet's names


A = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4)
COLUMNS = numpy.array([[0, 1, 0], [2, -1, 2]])
UPDATES: dict[str, tuple[Any, Any]] = {
    "a number": (COLUMNS, 3),
    "one row": (COLUMNS, numpy.arange(4.0)),
    "a row each": (COLUMNS, numpy.arange(12).reshape(3, 4)),
    "a number each": (COLUMNS, numpy.array([[1], [2], [4]], numpy.int64)),
    "all axes": (numpy.array([[0, 1], [0, 1], [3, 3]], numpy.int32), numpy.array([5, 7])),
    "one axis": (numpy.array([1, 1]), numpy.ones((3, 4))),
    "one axis in a row": (numpy.array([[1, 0]]), 2.5),
    "none": (numpy.zeros((2, 0), int), 3),
}


@pytest.mark.parametrize("name", sorted(UPDATES))
def test_updates_with_an_index_a_column(name: str, any_backend: dict[str, Any]) -> None:
    ind, val = UPDATES[name]
    places = tuple(numpy.atleast_2d(ind))
    added, put = A.copy(), A.copy()
    values = numpy.broadcast_to(val, (len(places[0]), *A.shape[len(places) :])).astype(A.dtype)
    numpy.add.at(added, places, values)
    for i, place in enumerate(zip(*places, strict=True)):
        put[place] = values[i]
    types = im.spec("float32", ["n", 3, 4]), im.spec(ind.dtype, ind.shape)
    for function, wanted in ((npx.index_add, added), (npx.index_update, put)):

        def call(a: Any, i: Any, function: Any = function) -> Any:
            return function(a, i, val)

        for run in (call, im.compile(lambda a, i: call(a, i), types, **any_backend)):
            found = run(A, ind)
            assert found.dtype == A.dtype
            numpy.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("function", [npx.index_add, npx.index_update])
def test_columns_that_do_not_fit(function: Any) -> None:
    with pytest.raises(TypeError, match=r"ind of dtype float64; give integers"):
        function(A, numpy.zeros((1, 2)), 1)
    with pytest.raises(UsageError, match="ind with 3 axes"):
        function(A, numpy.zeros((1, 1, 2), int), 1)
    with pytest.raises(UsageError, match=r"ind of 4 rows, of a with 3 axes"):
        function(A, numpy.zeros((4, 2), int), 1)
    with pytest.raises(IndexError):
        function(A, numpy.array([2]), 1)
    with pytest.raises((DimensionError, ValueError)):
        function(A, COLUMNS, numpy.ones(5))


def test_gradients_of_columns() -> None:
    def loss(a: Any, val: Any) -> Any:
        return np.sum(npx.index_add(a, COLUMNS, val) * A)

    types = im.spec("float32", [2, 3, 4]), im.spec("float32", [4])
    found = im.compile(im.grad(loss, 1), types, backend="numpy")(A, numpy.ones(4, numpy.float32))
    numpy.testing.assert_array_equal(found, A[0, 2] * 2 + A[1, 2])
