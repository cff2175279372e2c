"""Lookups at computed positions stay in the runtime's segment, which tells when one was outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError

X = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
INSIDE, OUTSIDE = numpy.array([1, -2, 0], numpy.int32), numpy.array([0, 2, 1], numpy.int32)

LOOKUPS: dict[str, Callable[[Any, Any], Any]] = {
    "along an axis": lambda x, i: np.take(x * 2, i + i, axis=0) + 1,
    "by lines": lambda x, i: np.take_along_axis(x * 2, np.reshape(i + i, (3, 1)), axis=0) + 1,
    "of a lookup": lambda x, i: np.take(x * 2, np.take(i + i, i * i - i), axis=-2) + 1,
    "of all": lambda x, i: np.take(x * 2, i * 6) + 1,
}


def compiled(name: str, backend: dict[str, Any], rows: Any = 4, **options: Any) -> Any:
    types = im.spec("float32", [rows, 3]), im.spec("int32", [3])
    return im.compile(LOOKUPS[name], types, **backend, **options)


@pytest.mark.parametrize("rows", [4, "n"], ids=["known", "named"])
@pytest.mark.parametrize("name", ["along an axis", "by lines", "of all"])
def test_one_segment_that_raises_as_numpy(
    name: str, rows: Any, device_backend: dict[str, Any]
) -> None:
    run = compiled(name, device_backend, rows, on_host="error")
    assert len(run.segments) == 1
    for _ in range(2):
        numpy.testing.assert_array_equal(run(X, INSIDE), LOOKUPS[name](X, INSIDE))
        with pytest.raises(IndexError, match="out of bounds"):
            run(X, OUTSIDE)


def test_a_lookup_of_a_lookup(device_backend: dict[str, Any]) -> None:
    run = compiled("of a lookup", device_backend, on_host="error")
    at = numpy.array([1, -1, 0], numpy.int32)
    numpy.testing.assert_array_equal(run(X, at), LOOKUPS["of a lookup"](X, at))
    with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with size 3"):
        run(X, numpy.array([3, 0, 0], numpy.int32))


def test_other_ways_to_call(device_backend: dict[str, Any]) -> None:
    run = compiled("along an axis", device_backend, "n")
    x, i = X.copy(), INSIDE.copy()
    bound = run.bind(x, i)
    numpy.testing.assert_array_equal(bound(), LOOKUPS["along an axis"](x, i))
    i[:] = OUTSIDE
    with pytest.raises(IndexError):
        bound()
    assert run(X, INSIDE).shape == (3, 3)
    with pytest.raises(IndexError):
        run.submit(X, OUTSIDE).result()
    with pytest.raises(IndexError):
        run(X[:0], INSIDE)


def test_two_results_of_which_the_caller_has_one(device_backend: dict[str, Any]) -> None:
    types = im.spec("float32", [4, 3]), im.spec("int32", [3])
    run = im.compile(
        lambda x, i: {"outside.0": np.take(x, i + i, axis=0), "y": i + i}, types, **device_backend
    )
    found = run(X, INSIDE)
    assert sorted(found) == ["outside.0", "y"]
    numpy.testing.assert_array_equal(found["outside.0"], X[INSIDE + INSIDE])
    numpy.testing.assert_array_equal(found["y"], INSIDE + INSIDE)


def test_where_it_would_cut_as_often_the_host_looks_up() -> None:
    types = im.spec("float32", [4]), im.spec("int32", [3])
    run = im.compile(lambda x, i: np.sort(np.take(x, np.sort(i))), types)
    assert len(run.segments) == 1
    with pytest.raises(UsageError, match="on_host='error'"):
        im.compile(lambda x, i: np.sort(np.take(x, np.sort(i))), types, on_host="error")


def test_the_host_never_sees_what_was_made_of_a_position_outside(
    device_backend: dict[str, Any],
) -> None:
    """It is told before the host computes with the lookup, of sizes that values decide as well."""

    def function(x: Any, i: Any) -> Any:
        kept = np.take(x, i + i, axis=0)
        chosen = np.take(np.tanh(kept[kept > 0]), i * i + i, axis=0)
        return np.sort(np.take(np.sort(chosen * 2), i * 2) * 3)

    types = im.spec("float32", [4, 3]), im.spec("int32", [3])
    run = im.compile(function, types, **device_backend)
    for at in ([1, -1, 0], [1, 1, 1], [0, 0, 0], [1, 1, -2]):
        i = numpy.array(at, numpy.int32)
        try:
            wanted = function(X, i)
        except IndexError:
            with pytest.raises(IndexError):
                run(X, i)
        else:
            numpy.testing.assert_allclose(run(X, i), wanted, rtol=1e-6)
