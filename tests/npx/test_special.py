"""erfinv, gamma and gammaln beside SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx

special = pytest.importorskip("scipy.special")
RANDOM = numpy.random.default_rng(3)
POSITIVE = numpy.concatenate([
    10.0 ** RANDOM.uniform(-300, 2.2, 2000),
    RANDOM.uniform(0, 4, 4000), RANDOM.uniform(0, 171, 2000),
    1 + RANDOM.standard_normal(500) * 1e-6, 2 + RANDOM.standard_normal(500) * 1e-6,
    [0.5, 1, 1.5, 2, 2.5, 3, 9.999999, 10, 10.000001, 1e5],
])  # fmt: skip
NEGATIVE = -RANDOM.uniform(0, 160, 4000)
UNIT = numpy.concatenate([
    RANDOM.uniform(-1, 1, 4000), 1 - 10.0 ** RANDOM.uniform(-16, -1, 2000),
    10.0 ** RANDOM.uniform(-300, -1, 2000), [0.0, -0.0, 0.5, -1.0, 1.0],
])  # fmt: skip


def check(function: Callable[..., Any], wanted: Callable[..., Any], x: Any, rtol: float) -> None:
    with numpy.errstate(all="ignore"):
        numpy.testing.assert_allclose(function(x), wanted(x), rtol=rtol, atol=0)


def test_float64_to_13_digits() -> None:
    check(npx.gamma, special.gamma, POSITIVE, 1e-13)
    check(npx.gammaln, special.gammaln, POSITIVE[POSITIVE > 2.5], 1e-13)
    check(npx.erfinv, special.erfinv, UNIT, 1e-13)


@pytest.mark.parametrize("centre", [1, 2])
def test_the_logarithm_keeps_its_digits_near_its_zeros(centre: int) -> None:
    """By its Taylor series with SciPy's zeta; SciPy's own gammaln loses digits near 1."""
    x = centre + numpy.outer([1, -1], 10.0 ** -numpy.arange(2.0, 16)).reshape(-1)
    t = x - centre
    powers = numpy.arange(2, 14)
    wanted = -numpy.euler_gamma * t + numpy.sum(
        special.zeta(powers) * (-t[:, None]) ** powers / powers, axis=1
    )
    wanted += numpy.log1p(t) if centre == 2 else 0
    numpy.testing.assert_allclose(npx.gammaln(x), wanted, rtol=1e-13, atol=0)
    between = numpy.linspace(1.05, 1.95, 500)
    numpy.testing.assert_allclose(npx.gammaln(between), special.gammaln(between), rtol=1e-13)


def test_left_of_zero() -> None:
    check(npx.gamma, special.gamma, NEGATIVE, 1e-12)
    with numpy.errstate(all="ignore"):
        numpy.testing.assert_allclose(
            npx.gammaln(NEGATIVE), special.gammaln(NEGATIVE), rtol=1e-12, atol=1e-11
        )


@pytest.mark.parametrize("name", ["digamma", "erfinv", "gamma", "gammaln"])
def test_float32_and_special_values(name: str) -> None:
    ours, theirs = getattr(npx, name), getattr(special, name)
    x = numpy.array(
        [
            0.0,
            0.25,
            -0.25,
            0.999999,
            1,
            2,
            3.5,
            30,
            -2.5,
            -3,
            170,
            numpy.inf,
            -numpy.inf,
            numpy.nan,
        ],
        numpy.float32,
    )
    with numpy.errstate(all="ignore"):
        found, wanted = ours(x), theirs(x)
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_compiled(any_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        return npx.erfinv(np.tanh(x)) + npx.gammaln(x * x + 1)

    x = RANDOM.standard_normal(7).astype(numpy.float32)
    run = im.compile(function, im.spec("float32", ["n"]), **any_backend)
    wanted = special.erfinv(numpy.tanh(x)) + special.gammaln(x * x + 1)
    numpy.testing.assert_allclose(run(x), wanted, rtol=2e-5)


def test_what_is_no_real_number() -> None:
    with pytest.raises(TypeError, match="real"):
        npx.gamma(numpy.array([1j]))


def test_digamma_and_what_it_is_the_derivative_of(any_backend: dict[str, Any]) -> None:
    apart = POSITIVE[numpy.abs(POSITIVE - 1.4616321449683622) > 0.1]
    check(npx.digamma, special.digamma, apart, 1e-13)
    near = 1.4616321449683622 + numpy.linspace(-0.1, 0.1, 21)
    numpy.testing.assert_allclose(npx.digamma(near), special.digamma(near), rtol=0, atol=2e-15)
    check(npx.digamma, special.digamma, numpy.array([-0.5, -1.75, -20.3, -1e-9, 1e-300]), 1e-12)
    x = numpy.array([0.3, 1.7, 4.0, 11.5, -0.4])
    types = im.spec("float64", ["n"])
    for function, wanted in (
        (npx.gammaln, special.digamma(x)),
        (npx.gamma, special.gamma(x) * special.digamma(x)),
    ):
        run = im.compile(im.grad(lambda x, f=function: np.sum(f(x))), types, **any_backend)
        numpy.testing.assert_allclose(run(x), wanted, rtol=1e-12)
