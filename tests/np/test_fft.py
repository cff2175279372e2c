"""Fourier transforms beyond the operators' samples: frequencies, shifts, names of sizes, errors."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from samples_linalg import whole

from isthmus import np
from isthmus.errors import UsageError
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

WRONG: Any = "sideways"


@pytest.mark.parametrize("d", [1, 0.1, 3.0])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name: str, d: float) -> None:
    ours, numpys = getattr(np.fft, name), getattr(numpy.fft, name)
    named = compile(lambda x: ours(x.shape[0], d), spec("float32", ["n"]), backend="numpy")
    for n in (1, 2, 5, 8):
        wanted = numpys(n, d)
        numpy.testing.assert_array_equal(ours(n, d=d), wanted, strict=True)
        numpy.testing.assert_array_equal(named(numpy.zeros(n, "float32")), wanted, strict=True)
        assert ours(n, d=d, dtype=numpy.float32, device="cpu").dtype == numpy.float32


@pytest.mark.parametrize("axes", [None, 1, (0, 2), [2, 1]])
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name: str, axes: Any, device_backend: dict[str, Any]) -> None:
    ours, x = getattr(np.fft, name), whole(3, 4, 5)
    wanted = getattr(numpy.fft, name)(x, axes)
    numpy.testing.assert_array_equal(ours(x, axes=axes), wanted)
    for shape in ([3, 4, 5], ["a", "b", "c"]):
        run = compile(lambda x: ours(x, axes=axes), spec("float32", shape), **device_backend)
        numpy.testing.assert_array_equal(run(x), wanted, strict=True)


TWO: dict[str, dict[str, Any]] = {
    "fft2": {},
    "ifft2": {"norm": "ortho"},
    "rfft2": {"axes": (1, 0)},
    "irfft2": {"s": (4, 6)},
}


@pytest.mark.parametrize("name", TWO)
def test_two_axes(name: str) -> None:
    ours, x, given = getattr(np.fft, name), whole(3, 4, 5), TWO[name]
    wanted = getattr(numpy.fft, name)(x, **given)
    numpy.testing.assert_array_equal(ours(x, **given), wanted, strict=True)
    run = compile(lambda x: ours(x, **given), spec("float32", [3, 4, 5]), backend="numpy")
    numpy.testing.assert_array_equal(run(x), wanted, strict=True)


def test_there_and_back_of_a_named_size() -> None:
    def both(x: Any) -> tuple[Any, ...]:
        spectrum = np.fft.rfft(x)
        return spectrum, np.fft.irfft(spectrum, n=x.shape[0]), np.fft.fft(x, n=2 * x.shape[0])

    run = compile(both, spec("float64", ["n"]), backend="numpy")
    for n in (1, 4, 5):
        x = whole(n, dtype=numpy.float64)
        spectrum, back, padded = run(x)
        numpy.testing.assert_array_equal(spectrum, numpy.fft.rfft(x))
        numpy.testing.assert_allclose(back, x, atol=1e-12)
        numpy.testing.assert_array_equal(padded, numpy.fft.fft(x, 2 * n))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.fft.fft(x, n=0), "0 numbers"),
        (lambda x: np.fft.irfft(x[:, :1]), "0 numbers"),
        (lambda x: np.fft.fft(x, norm=WRONG), "'sideways'"),
        (lambda x: np.fft.rfft(np.astype(x, "complex64")), "complex64"),
        (lambda x: np.fft.fftn(x, s=(2,), axes=(0, 1)), "as many"),
        (lambda x: np.fft.fft(x, axis=2), "axis 2"),
    ],
)
def test_wrong_use(function: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(function, spec("float32", [2, 3]))
