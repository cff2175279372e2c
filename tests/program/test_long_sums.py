"""Sums of many float32 numbers are as exact as NumPy's, which adds in pairs, on every backend.

The error is judged against float64. NumPy's own is near half a unit in the last place, sometimes by
luck far below, so that the bound is four times the larger of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from backends import RUNTIMES, each_runtime
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus import np, npx
from isthmus.program.executable import Executable

FLOAT = numpy.float32
HALF_UNIT = float(numpy.finfo(FLOAT).eps) / 2
SIZES = [2**12, 2**16, 2**20, 2**24, 1_000_003]
each_form = pytest.mark.parametrize("names", [False, True], ids=["static", "named"])


def constant(*shape: int) -> Any:
    return numpy.full(shape, 0.1, FLOAT)


def lognormal(*shape: int) -> Any:
    return numpy.random.default_rng(7).lognormal(size=shape).astype(FLOAT)


def compiled(
    function: Callable[..., Any], backend: str, names: bool, *arrays: Any, **options: Any
) -> Executable:
    """The function for these arrays' shapes, or for a name instead of each size."""
    shapes = [[f"d{size}" for size in a.shape] if names else a.shape for a in arrays]
    specs = tuple(im.spec(a.dtype, shape) for a, shape in zip(arrays, shapes, strict=True))
    return im.compile(function, specs, **RUNTIMES[backend], **options)


def error(found: Any, exact: Any) -> float:
    """The largest error of an element, relative to the largest element."""
    found, exact = numpy.asarray(found, float), numpy.asarray(exact, float)
    assert found.shape == exact.shape
    return float(abs(found - exact).max() / abs(exact).max())


def wide(arrays: tuple[Any, ...]) -> list[Any]:
    return [array.astype(float) for array in arrays]


def check(function: Callable[..., Any], backend: str, names: bool, *arrays: Any) -> None:
    exact = function(*wide(arrays))
    numpys = error(function(*arrays), exact)
    ours = error(compiled(function, backend, names, *arrays)(*arrays), exact)
    assert ours <= 4 * max(numpys, HALF_UNIT), (ours, numpys)


@each_runtime
@each_form
@pytest.mark.parametrize("made", [constant, lognormal])
@pytest.mark.parametrize("count", SIZES)
def test_mean(count: int, made: Callable[..., Any], names: bool, backend: str) -> None:
    check(np.mean, backend, names, made(count))


ADDING: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "rows": (lambda x: np.sum(x, axis=-1), (3, 2**16)),
    "rows that stay": (lambda x: np.sum(x, axis=1, keepdims=True), (3, 70_001)),
    "columns": (lambda x: np.sum(x, axis=0), (2**16, 5)),
    "one column": (lambda x: np.sum(x, axis=0), (2**16, 1)),
    "an axis in the middle": (lambda x: np.mean(x, axis=1), (2, 2**15, 3)),
    "two axes": (lambda x: np.mean(x, axis=(0, 2)), (2**8, 3, 2**8)),
    "all": (lambda x: np.sum(x), (2**8, 2**9)),
    "axes of size 1": (lambda x: np.sum(x, axis=(0, 2, 3)), (1, 2, 1, 2**16)),
    "std": (lambda x: np.std(x + np.arange(x.shape[0]) % 2), (2**18,)),
    "norm": (lambda x: np.linalg.norm(x, axis=1), (2, 2**16)),
    "average": (lambda x: np.average(x, weights=x), (2**17,)),
    "nanmean": (lambda x: np.nanmean(x), (2**17,)),
    "trapezoid": (lambda x: np.trapezoid(x), (2**17,)),
    "vecdot": (lambda x: np.vecdot(x, x), (3, 2**17)),
    "dot": (lambda x: np.dot(x, x), (2**18,)),
    "einsum": (lambda x: np.einsum("ni,ni->i", x, x), (2**16, 3)),
    "softmax": (lambda x: npx.softmax(x * np.arange(x.shape[1]), axis=0), (70_000, 2)),
    "in a loop": (
        lambda x: npx.foreach(lambda row, state: (np.mean(row), state), x, np.sum(x[0] * 0))[0],
        (3, 2**16),
    ),
    "in a branch": (
        lambda x: npx.cond(np.sum(x) > 0, lambda: np.mean(x), lambda: np.sum(x)),
        (2**17,),
    ),
}


@each_runtime
@each_form
@pytest.mark.parametrize("case", ADDING)
def test_whatever_adds(case: str, names: bool, backend: str) -> None:
    function, shape = ADDING[case]
    check(function, backend, names, constant(*shape))


STATIC: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "a pool over the image": (lambda x: npx.average_pool(x, window=(300, 400)), (1, 2, 300, 400)),
    "global pool": (npx.global_average_pool, (1, 2, 300, 400)),
    "large windows": (lambda x: npx.average_pool(x, window=20, strides=3), (1, 2, 50, 60)),
    "padded": (lambda x: npx.average_pool(x, window=20, strides=3, padding=5), (1, 2, 50, 60)),
    "layer norm": (
        lambda x: npx.layer_norm(x, x[0], x[0] * 0),
        (2, 2**16),
    ),
    "covariance": (lambda x: np.cov(x), (3, 2**16)),
}


@each_runtime
@pytest.mark.parametrize("case", STATIC)
def test_of_known_sizes(case: str, backend: str) -> None:
    function, shape = STATIC[case]
    check(function, backend, False, lognormal(*shape))


PRODUCTS = [((1, 100_003), (100_003, 3)), ((2, 70_000), (70_000, 3)), ((7, 1, 5000), (5000, 1))]


@each_runtime
@each_form
@pytest.mark.parametrize("shapes", PRODUCTS, ids=str)
def test_thin_products(shapes: Any, names: bool, backend: str) -> None:
    check(np.matmul, backend, names, *(constant(*shape) for shape in shapes))


@each_runtime
def test_a_layer_whose_weight_is_computed(backend: str) -> None:
    check(npx.fully_connected, backend, False, constant(1, 50_000), constant(3, 50_000))


@each_runtime
@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.data())
def test_of_any_length_and_mean(backend: str, data: Any) -> None:
    count = data.draw(st.integers(2**16, 2**21))
    mean = data.draw(st.sampled_from([0.0, 100.0, 1e6]))
    x = (mean + numpy.random.default_rng(count).normal(size=count)).astype(FLOAT)
    ours = compiled(np.sum, backend, True, x)(x)
    exact, size = numpy.sum(x, dtype=float), float(numpy.sum(abs(x), dtype=float))
    assert abs(ours - exact) <= 16 * HALF_UNIT * size / numpy.log2(count)


@each_runtime
def test_one_program_takes_short_and_long_calls(backend: str) -> None:
    run = im.compile(
        lambda x: np.mean(x, axis=1), im.spec("float32", ["b", "n"]), **RUNTIMES[backend]
    )
    for shape in [(2, 3), (2, 2**17), (5, 1), (2, 2**17), (1, 129)]:
        wanted = constant(*shape).mean(axis=1)
        numpy.testing.assert_allclose(run(constant(*shape)), wanted, rtol=6e-7)


@each_runtime
def test_bound_and_in_a_namespace(backend: str) -> None:
    x = constant(2**18)
    bound = compiled(np.mean, backend, True, x).bind(x)
    assert error(bound(), 0.1) < 3e-7
    xp = im.namespace(backend, device=RUNTIMES[backend].get("device"))
    assert error(numpy.asarray(xp.mean(xp.asarray(x))), 0.1) < 3e-7


def test_the_numpy_backend_adds_as_numpy() -> None:
    run = im.compile(np.sum, im.spec("float32", ["n"]), backend="numpy")
    assert run(constant(2**20)) == constant(2**20).sum()
    assert "np.sum(float32[n])" in run.explain()
