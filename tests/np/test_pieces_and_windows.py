"""piecewise, unwrap and sliding_window_view are NumPy's, on known and named sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import isthmus as im
from isthmus import np
from isthmus.errors import DimensionError, UsageError

X = numpy.array([[-3.0, 0.5, 2.0], [0.0, 7.5, -1.0], [4.0, -0.5, 1.0], [9.0, 1.5, 2.5]], "float32")
NAMED = im.spec("float32", ("n", 3))
Case = Callable[..., Any]


def centred(part: Any) -> Any:
    return part - part.mean()


PIECES: dict[str, Case] = {
    "functions": lambda np, x: np.piecewise(x, [x < 0, x > 1], [lambda x: -x, lambda x: x * 2]),
    "numbers": lambda np, x: np.piecewise(x, [x < 0, x < 1], [-1, 3.5]),
    "otherwise": lambda np, x: np.piecewise(x, [x < 0], [0, lambda x: np.sqrt(x)]),
    "one condition": lambda np, x: np.piecewise(x[:, 0], x[:, 0] > 1, [5, np.exp]),
    "overlapping": lambda np, x: np.piecewise(x, [x > 0, x > 2], [1, np.negative]),
    "with arguments": lambda np, x: np.piecewise(x, [x > 0], [lambda x, a, b: a * x + b], 2, b=1),
    "of several elements": lambda np, x: np.piecewise(x, [x > 0], [centred]),
    "of whole numbers": lambda np, x: np.piecewise(
        np.asarray(x).astype("int32"), [x > 0], [lambda x: x / 2]
    ),
}
UNWRAPPED: dict[str, Case] = {
    "last axis": lambda np, x: np.unwrap(x * 3),
    "first axis": lambda np, x: np.unwrap(x * 3, axis=0),
    "discont": lambda np, x: np.unwrap(x * 3, 5.0, axis=0),
    "period": lambda np, x: np.unwrap(x * 3, period=4, axis=0),
    "whole numbers": lambda np, x: np.unwrap(np.asarray(x * 5).astype("int64"), period=7),
    "even period": lambda np, x: np.unwrap(np.asarray(x * 2).astype("int32"), period=4, axis=0),
}
WINDOWS: dict[str, tuple[Any, Any]] = {
    "one axis": (2, 1), "two axes": ((3, 2), None), "the first axis": ((2,), (0,)),
    "one axis twice": ((2, 2), (0, 0)), "turned": ((2, 3), (-1, 0)), "whole": (3, -1),
    "of nothing": (0, 0), "of NumPy's numbers": (numpy.int64(2), numpy.array(0)),
}  # fmt: skip


def check(found: Any, wanted: Any) -> None:
    found = numpy.asarray(found)
    assert found.dtype == wanted.dtype
    numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5, strict=True)


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_piecewise(name: str, device_backend: dict[str, Any]) -> None:
    case, wanted = PIECES[name], PIECES[name](numpy, X)
    check(case(np, X), wanted)
    check(im.compile(lambda x: case(np, x), NAMED, **device_backend)(X), wanted)


def test_piecewise_of_elements_is_the_runtimes() -> None:
    for name, on_host in (("functions", False), ("of several elements", True)):
        run = im.compile(lambda x, case=PIECES[name]: case(np, x), NAMED, backend="cpu")
        assert ("host" in run.explain()) == on_host


def test_piecewise_of_held_arrays_and_one_number() -> None:
    xp = im.namespace("numpy")
    held = xp.asarray(X)
    check(np.piecewise(held, [held > 0], [centred, 7]), numpy.piecewise(X, [X > 0], [centred, 7]))
    run = im.compile(lambda x: np.piecewise(x, [x < 0, x >= 0], [-1, np.exp]), im.spec("float32"))
    check(run(numpy.float32(2)), numpy.exp(numpy.array(2, "float32")))


@pytest.mark.parametrize("name", UNWRAPPED)
def test_unwrap(name: str, device_backend: dict[str, Any]) -> None:
    case, wanted = UNWRAPPED[name], UNWRAPPED[name](numpy, X)
    check(case(np, X), wanted)
    check(im.compile(lambda x: case(np, x), NAMED, **device_backend)(X), wanted)


@pytest.mark.parametrize("name", WINDOWS)
def test_sliding_windows(name: str, device_backend: dict[str, Any]) -> None:
    shape, axis = WINDOWS[name]
    wanted = sliding_window_view(X, shape, axis)
    check(np.sliding_window_view(X, shape, axis), wanted)
    for types in (NAMED, im.spec("float32", X.shape)):
        run = im.compile(
            lambda x: np.sliding_window_view(x, shape, axis=axis), types, **device_backend
        )
        check(run(X), wanted)


def test_gradient_of_windows() -> None:
    weights = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)

    def loss(x: Any) -> Any:
        return np.sum(np.sliding_window_view(x, (2, 3)) * weights)

    wanted = numpy.zeros_like(X)
    for i in range(3):
        wanted[i : i + 2] += weights
    found = im.compile(im.grad(loss), im.spec("float32", X.shape), backend="cpu")(X)
    numpy.testing.assert_array_equal(found, wanted)


def test_what_is_refused() -> None:
    with pytest.raises(UsageError, match="3 functions for 1 conditions; give as many, or one more"):
        im.trace(lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), NAMED)
    with pytest.raises(DimensionError, match="a window of 4 along 3 elements"):
        im.trace(lambda x: np.sliding_window_view(x, 4, axis=1), NAMED)
    run = im.compile(lambda x: np.sliding_window_view(x, 5, axis=0), NAMED, backend="numpy")
    with pytest.raises(DimensionError, match="give sizes for which n - 4 >= 0"):
        run(X[:3])
    with pytest.raises(AttributeError, match=r"is np\.sliding_window_view"):
        np.lib  # noqa: B018
