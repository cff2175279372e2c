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
    with pytest.raises(UsageError, match="no gradient of reduction='max'"):
        im.compile(im.grad(lambda x, u: loss(x, u, "max")), types, backend="numpy")
