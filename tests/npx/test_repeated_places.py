"""Updates of which several go to one place, and positions that are computed: in the runtimes, with
NumPy's order."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx

RANDOM = numpy.random.default_rng(0)
X = RANDOM.standard_normal((50, 16)).astype(numpy.float32)
AT = RANDOM.integers(-50, 50, (4000, 1))
UPDATES = RANDOM.standard_normal((4000, 16)).astype(numpy.float32)
TYPES = (
    im.spec("float32", ["n", 16]),
    im.spec("int64", ["m", 1]),
    im.spec("float32", ["m", 16]),
)


def updated(reduction: str) -> Any:
    def function(x: Any, at: Any, updates: Any) -> Any:
        places = np.broadcast_to(np.where(at > 10**6, 0, at), updates.shape)  # computed
        return npx.scatter_elements(x * 2, places, updates, axis=0, reduction=reduction)

    return function


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_of_many(reduction: str, device_backend: dict[str, Any]) -> None:
    run = im.compile(updated(reduction), TYPES, **device_backend, on_host="error")
    updates = numpy.exp(UPDATES * 0.01) if reduction == "mul" else UPDATES
    for _ in range(3):
        wanted = updated(reduction)(X, AT, updates)
        numpy.testing.assert_allclose(run(X, AT, updates), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", ["max", "min"])
def test_nan_is_the_largest_and_the_smallest(
    reduction: str, device_backend: dict[str, Any]
) -> None:
    run = im.compile(updated(reduction), TYPES, **device_backend)
    x, updates = X.copy(), UPDATES.copy()
    x[3, 1], updates[17, 2], updates[18] = numpy.nan, numpy.nan, numpy.inf
    numpy.testing.assert_array_equal(run(x, AT, updates), updated(reduction)(x, AT, updates))


@pytest.mark.parametrize("place", [50, -51])
def test_outside(place: int, device_backend: dict[str, Any]) -> None:
    run = im.compile(updated("add"), TYPES, **device_backend)
    at = AT.copy()
    at[77] = place
    with pytest.raises(IndexError, match=f"index {place} is out of bounds"):
        run(X, at, UPDATES)
    numpy.testing.assert_allclose(
        run(X, AT, UPDATES), updated("add")(X, AT, UPDATES), rtol=1e-5, atol=1e-6
    )


def test_positions_watched_once(device_backend: dict[str, Any]) -> None:
    """Several lookups and updates at the same positions, broadcast in between."""

    def function(x: Any, at: Any) -> Any:
        places = np.where(at > 10**6, 0, at)[:, 0]
        for _ in range(4):
            messages = np.tanh(np.take(x, places, axis=0))
            wide = np.broadcast_to(np.expand_dims(places, 1), messages.shape)
            x = x + npx.scatter_elements(np.zeros_like(x), wide, messages, axis=0, reduction="add")
        return x

    run = im.compile(function, TYPES[:2], **device_backend, on_host="error")
    assert len(run.segments) == 1
    numpy.testing.assert_allclose(run(X, AT), function(X, AT), rtol=1e-4, atol=1e-4)
    with pytest.raises(IndexError):
        run(X, AT + 1000)


def test_positions_along_two_axes(device_backend: dict[str, Any]) -> None:
    """Each column is known to be inside of its own axis."""

    def function(mask: Any) -> Any:
        rows, columns = np.arange(2), np.arange(9)
        at = np.stack(
            [
                np.broadcast_to(np.reshape(rows, (2, 1)), (2, 9)),
                np.broadcast_to(columns, (2, 9)),
            ],
            axis=-1,
        )
        return npx.gather_nd(mask, at)

    mask = RANDOM.random((2, 9)) > 0.5
    run = im.compile(function, im.spec("bool", [2, 9]), **device_backend, on_host="error")
    numpy.testing.assert_array_equal(run(mask), mask)
