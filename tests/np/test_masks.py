"""Reductions with `where=` and `initial=` are NumPy's: eagerly, compiled, held, differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import DimensionError, UsageError, WrongKind

RANDOM = numpy.random.default_rng(3)
X = RANDOM.standard_normal((4, 3), numpy.float32)
M = numpy.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], bool)
ROW = numpy.array([True, False, True])
NAMED = (im.spec("float32", ("n", 3)), im.spec("bool", ("n", 3)))
Case = Callable[..., Any]

# Of a namespace, an array and a mask.
CASES: dict[str, Case] = {
    "all": lambda np, x, m: np.all(x > 0, axis=0, where=m),
    "any": lambda np, x, m: np.any(x > 1, axis=1, where=m, keepdims=True),
    "any of a row": lambda np, x, m: np.any(x > 1, where=ROW),
    "max": lambda np, x, m: np.max(x, axis=1, initial=-2, where=m),
    "max from": lambda np, x, m: np.max(x, initial=0.5),
    "max of all": lambda np, x, m: np.max(x, initial=-9.0, where=m, keepdims=True),
    "mean": lambda np, x, m: np.mean(x, axis=1, where=m),
    "mean as": lambda np, x, m: np.mean(x, dtype="float64", where=m),
    "mean of a method": lambda np, x, m: x.mean(axis=0, where=m),
    "min": lambda np, x, m: np.min(x, axis=(0, 1), initial=2, where=m),
    "min of a method": lambda np, x, m: x.min(axis=0, initial=0),
    "prod": lambda np, x, m: np.prod(x, axis=0, where=m),
    "prod from": lambda np, x, m: np.prod(x, axis=1, initial=2.5, where=m),
    "std": lambda np, x, m: np.std(x, axis=1, where=m),
    "std of a method": lambda np, x, m: x.std(axis=0, ddof=1, where=m),
    "sum": lambda np, x, m: np.sum(x, axis=1, where=m),
    "sum from": lambda np, x, m: np.sum(x, initial=3, where=[True, False, True]),
    "sum of a method": lambda np, x, m: x.sum(0, initial=1.5, where=m),
    "sum as": lambda np, x, m: np.sum(x, dtype="float64", where=m),
    "var": lambda np, x, m: np.var(x, axis=0, where=m, keepdims=True),
    "var of some": lambda np, x, m: np.var(x, ddof=1, where=m),
}


def check(found: Any, wanted: Any) -> None:
    found, wanted = numpy.asarray(found), numpy.asarray(wanted)
    assert found.dtype == wanted.dtype
    numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, strict=True)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:.*(empty slice|Degrees of freedom|invalid value)")
def test_masked_reductions(name: str, device_backend: dict[str, Any]) -> None:
    case = CASES[name]
    wanted = case(numpy, X, M)
    check(im.compile(lambda x, m: case(np, x, m), NAMED, **device_backend)(X, M), wanted)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:.*(empty slice|Degrees of freedom|invalid value)")
def test_masked_reductions_eagerly_and_held(name: str) -> None:
    case = CASES[name]
    xp = im.namespace("numpy")
    for dtype in ("float32", "float16", "int32", "complex64"):
        if dtype == "complex64" and (name.startswith(("all", "any", "max", "min")) or "as" in name):
            continue
        x = (X * 3).astype(dtype)
        wanted = case(numpy, x, M)
        check(case(np, x, M), wanted)
        held = numpy.asarray(case(xp, xp.asarray(x), xp.asarray(M)))
        assert held.dtype == wanted.dtype and held.shape == wanted.shape
        near: dict[str, Any] = (
            {"rtol": 2e-3, "atol": 1e-3} if dtype == "float16" else {"rtol": 1e-5}
        )
        numpy.testing.assert_allclose(held, wanted, **near)


def test_nothing_to_reduce(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        whole = np.max(x, initial=2), np.min(x, axis=0, initial=-1), np.sum(x, initial=4)
        return *whole, np.max(x, axis=(0, 1), initial=7, keepdims=True)

    for first in ("n", 0):
        run = im.compile(function, im.spec("float32", (first, 3)), **device_backend)
        found = run(X[:0])
        wanted = (X[:0].max(initial=2), X[:0].min(axis=0, initial=-1), numpy.float32(4))
        for one, other in zip(found, (*wanted, numpy.full((1, 1), 7, "float32")), strict=True):
            check(one, other)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "prod"])
def test_gradients_of_masked_reductions(name: str) -> None:
    mask = M | (numpy.arange(4)[:, None] == 1)

    def loss(x: Any) -> Any:
        return np.sum(np.square(CASES[name](np, x, mask)))

    found = im.compile(im.grad(loss), im.spec("float32", (4, 3)), backend="cpu")(X)
    step, wanted = 1e-5, numpy.zeros(X.shape)
    for place in numpy.ndindex(*X.shape):
        ends = []
        for sign in (1, -1):
            moved = X.astype("float64")
            moved[place] += sign * step
            ends.append(float(loss(moved)))
        wanted[place] = (ends[0] - ends[1]) / (2 * step)
    numpy.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


def test_saved_and_through_numpys_protocol(tmp_path: Any) -> None:
    run = im.compile(
        lambda x, m: (
            numpy.sum(x, axis=1, where=m, initial=2) + numpy.add.reduce(x, axis=1, where=m)
        ),
        NAMED,
        backend="numpy",
    )
    run.save(tmp_path / "masked.im")
    wanted = X.sum(axis=1, where=M, initial=2) + X.sum(axis=1, where=M)
    check(im.load(tmp_path / "masked.im", backend="cpu")(X, M), wanted)


def test_what_is_refused() -> None:
    x = im.spec("float32", ("n", 3))
    with pytest.raises(UsageError, match="where= without initial=; say what"):
        im.trace(lambda x: np.max(x, where=ROW), x)
    with pytest.raises(WrongKind, match="where= of int64; give truth values"):
        im.trace(lambda x: np.sum(x, where=numpy.array([1, 0, 1])), x)
    with pytest.raises(TypeError):
        np.sum(X, where=numpy.array([1, 0, 1]))
    with pytest.raises(DimensionError):
        im.trace(lambda x: np.sum(x, where=numpy.ones((2, 1, 3), bool)), x)
    with pytest.raises(UsageError, match=r"initial= of shape \(2,\); give one number"):
        im.trace(lambda x: np.sum(x, initial=[1, 2]), x)
