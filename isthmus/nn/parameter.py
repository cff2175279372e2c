"""A named array of a Block, made when it is first needed or given by `set`."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy

from isthmus.errors import UsageError

__all__ = ["Parameter", "he", "normal", "ones", "zeros"]

Array = numpy.ndarray[Any, Any]
if TYPE_CHECKING:  # numpy.random takes a while to import, and only random weights need it
    Generator = numpy.random.Generator
Initializer = Callable[["Generator", tuple[int, ...]], Array]


def zeros(_: Generator, shape: tuple[int, ...]) -> Array:
    """All zeros."""
    return numpy.zeros(shape, numpy.float32)


def ones(_: Generator, shape: tuple[int, ...]) -> Array:
    """All ones."""
    return numpy.ones(shape, numpy.float32)


def normal(scale: float) -> Initializer:
    """Normally distributed around 0 with the given standard deviation."""

    def make(generator: Generator, shape: tuple[int, ...]) -> Array:
        array = generator.standard_normal(shape, numpy.float32)
        array *= numpy.float32(scale)
        return array

    return make


def he(generator: Generator, shape: tuple[int, ...]) -> Array:
    """Normal with deviation sqrt(2 / inputs) (He et al. 2015, arXiv:1502.01852)."""
    inputs = int(numpy.prod(shape[1:]))
    return normal((2 / inputs) ** 0.5)(generator, shape)


class Parameter:
    """shape, dtype float32, and the array once it is there.

    `changes` counts how often any parameter was given an array: programs that were
    compiled before hold the old one.
    """

    changes: ClassVar[int] = 0

    def __init__(self, shape: tuple[int, ...], initializer: Initializer) -> None:
        self.shape = shape
        self.initializer = initializer
        self._array: Array | None = None

    def data(self) -> Array:
        """The array; UsageError before `initialize` or `set`."""
        if self._array is None:
            raise UsageError("a parameter has no values yet; call initialize(seed) or load weights")
        return self._array

    def initialize(self, name: str, seed: int) -> None:
        """Random values that depend on the seed and the parameter's name alone."""
        generator = numpy.random.default_rng([seed, zlib.crc32(name.encode())])
        self._take(self.initializer(generator, self.shape))

    def set(self, array: Any) -> None:
        """Take an array of the parameter's shape, without a copy where it is float32."""
        given = numpy.asarray(array)
        if given.shape != self.shape:
            raise UsageError(f"shape {given.shape} given for a parameter of shape {self.shape}")
        self._take(numpy.asarray(given, numpy.float32, order="C"))

    def _take(self, array: Array) -> None:
        self._array = array
        Parameter.changes += 1

    def __repr__(self) -> str:
        return f"Parameter{self.shape}"
