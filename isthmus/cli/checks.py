"""Does each backend compute what NumPy computes, here and now?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus.errors import BackendMissing
from isthmus.program.backend import backend_names, facts_of, find_backend

__all__ = ["Check", "checks"]

LIMIT = 1e-5  # relative; float32 of a sum of 64 products stays well below

Array = numpy.ndarray[Any, numpy.dtype[numpy.float32]]


@dataclass(frozen=True)
class Check:
    """status: "works", "missing" (not on this machine) or "fails"; detail: why, or how exactly."""

    backend: str
    device: str | None
    status: str
    detail: str
    max_relative_error: float | None = None

    @property
    def name(self) -> str:
        """`gpu (cuda)`."""
        return self.backend + (f" ({self.device})" if self.device else "")


def checks() -> list[Check]:
    """A check for each backend that is installed, and each of its devices."""
    return [check(backend, device) for backend in backend_names() for device in _devices(backend)]


def _devices(backend: str) -> tuple[str | None, ...]:
    try:
        return facts_of(find_backend(backend)).devices
    except BackendMissing:  # which its check says
        return (None,)


def check(backend: str, device: str | None) -> Check:
    """Compile and run a small program, and compare it with the same formula by NumPy."""
    try:
        error = _max_relative_error(backend, device)
    except BackendMissing as problem:
        return Check(backend, device, "missing", str(problem))
    except Exception as problem:  # a broken runtime may raise anything, and doctor must go on
        return Check(backend, device, "fails", f"{type(problem).__name__}: {problem}")
    if not error <= LIMIT:  # so written that NaN fails, too
        wrong = f"differs from NumPy by {error:.1e} (relative)"
        return Check(backend, device, "fails", wrong, error if math.isfinite(error) else None)
    return Check(backend, device, "works", f"equals NumPy to {error:.1e}", error)


def _max_relative_error(backend: str, device: str | None) -> float:
    from isthmus.program.compiling import compile
    from isthmus.trace.tracing import spec

    x, weight, bias = _data()
    specs = (spec("float32", ["n", 64]),)
    program = compile(lambda v: _network(v, weight, bias), specs, backend=backend, device=device)
    expected = _by_numpy(x, weight, bias)
    return float(numpy.max(numpy.abs(program(x) - expected)) / numpy.max(numpy.abs(expected)))


def _network(x: Any, weight: Array, bias: Array) -> Any:
    """A layer with softmax: matrix product, addition, exponential, reduction, division."""
    from isthmus import np, npx

    return npx.softmax(np.tanh(np.matmul(x, weight) + bias), axis=-1)


def _by_numpy(x: Array, weight: Array, bias: Array) -> Array:
    """The same in float64, by NumPy alone."""
    wide = x.astype(numpy.float64), weight.astype(numpy.float64), bias.astype(numpy.float64)
    raised = numpy.exp(numpy.tanh(wide[0] @ wide[1] + wide[2]))
    return (raised / raised.sum(axis=-1, keepdims=True)).astype(numpy.float32)


def _data() -> tuple[Array, Array, Array]:
    """x: [5, 64], weight: [64, 16], bias: [16]."""
    random = numpy.random.default_rng(0)
    x, weight = random.standard_normal((5, 64)), random.standard_normal((64, 16)) / 8
    bias = random.standard_normal(16)
    return x.astype(numpy.float32), weight.astype(numpy.float32), bias.astype(numpy.float32)
