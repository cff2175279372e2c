"""What NumPy refuses is refused while tracing: the same kind of error, in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import IndexOutside, IsthmusError

ROWS = numpy.ones((2, 3), numpy.float32)

# What is called, what the arrays are, NumPy's kind of error, and what the message says.
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str]] = {
    "bincount of floats": (np.bincount, (ROWS[0],), TypeError, "give integers"),
    "bincount of other weights": (
        lambda x, w: np.bincount(x, w), (numpy.ones(2, int), ROWS[0]), ValueError, "one for each",
    ),
    "choose by floats": (lambda x: np.choose(x, [x, x]), (ROWS,), TypeError, "give integers"),
    "condition of an unknown norm": (
        lambda x: np.linalg.cond(x, 7), (ROWS[:, :2],), ValueError, "p=7; give None, 1",
    ),
    "covariance by other weights": (
        lambda x, w: np.cov(x, fweights=w), (ROWS, numpy.ones(4, int)), ValueError, "fweights",
    ),
    "erf of complex": (npx.erf, (ROWS + 1j,), TypeError, "erf of complex"),
    "fft along no axis": (lambda x: np.fft.fft(x, axis=5), (ROWS,), IndexError, "axis 5 of an"),
    "floor of complex": (np.floor, (ROWS + 1j,), TypeError, "not defined for complex"),
    "histogram of other pairs": (
        lambda x, y: np.histogram2d(x, y), (ROWS[0], ROWS[:, 0]), ValueError, "3 elements beside 2",
    ),
    "interpolation at complex": (
        lambda x: np.interp(x, [0, 1], [0, 1]), (ROWS + 1j,), TypeError, "give real positions",
    ),
    "lookup at floats": (lambda x: x[np.ix_(x[0], x[0])], (ROWS,), IndexError, "give integers"),
    "lookup by floats": (lambda x: np.take(x, x), (ROWS,), TypeError, "give integers"),
    "lookup of lines by floats": (
        lambda x: np.take_along_axis(x, x, axis=0), (ROWS,), IndexError, "give integers",
    ),
    "negative of truth": (np.negative, (ROWS > 0,), TypeError, "not defined for bool"),
    "nothing joined": (lambda x: np.concat([]), (ROWS,), ValueError, "no arrays to join; give"),
    "nothing stacked": (lambda x: np.stack([]), (ROWS,), ValueError, "no arrays to join; give"),
    "positions of floats": (
        lambda x: np.ravel_multi_index((x, x), (3, 3)), (ROWS,), TypeError, "give integers",
    ),
    "rounded truth": (lambda x: np.round(x, 1), (ROWS > 0,), TypeError, "to 1 decimals"),
    "several ellipses": (lambda x: np.getitem(x, (..., ...)), (ROWS,), IndexError, "several"),
    "sum along no axis": (lambda x: np.sum(x, axis=2), (ROWS,), IndexError, "axis 2 of an array"),
    "sum along one axis twice": (lambda x: np.sum(x, axis=(0, -2)), (ROWS,), ValueError, "twice"),
    "variance along one axis twice": (
        lambda x: np.var(x, axis=(1, 1)), (ROWS,), ValueError, "one is given twice; give each once",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_while_tracing(name: str) -> None:
    function, arrays, kind, text = REFUSED[name]
    types = tuple(im.spec(x.dtype, x.shape) for x in arrays)
    with pytest.raises(kind, match=text) as problem:
        im.trace(lambda *given: function(*given), types)
    assert isinstance(problem.value, IsthmusError) and "\n" not in str(problem.value)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_eagerly(name: str) -> None:
    function, arrays, kind, _ = REFUSED[name]
    if name in ("covariance by other weights", "lookup at floats"):
        kind = Exception if name.startswith("cov") else IndexError  # NumPy's is a RuntimeError
    with pytest.raises(kind):
        function(*arrays)


def test_an_axis_that_is_not_there_is_an_index_error_eagerly() -> None:
    for function in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft):
        with pytest.raises(
            IndexOutside, match=r"axis 5 of an array with 2 axes; give one in -2..1"
        ):
            function(ROWS, axis=5)


def test_erf_of_whole_numbers_is_a_float(device_backend: dict[str, Any]) -> None:
    for dtype in ("int64", "int32", "uint8", "bool"):
        x = numpy.array([0, 1, 2]).astype(dtype)
        wanted = npx.erf(x.astype(numpy.float64))
        assert npx.erf(x).dtype == numpy.exp(x).dtype
        run = im.compile(npx.erf, im.spec(dtype, (3,)), **device_backend)
        for found in (npx.erf(x), run(x)):
            assert found.dtype == numpy.exp(x).dtype
            numpy.testing.assert_allclose(found, wanted, rtol=2e-3)
