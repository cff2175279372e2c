"""A named array of a Block, made when it is first needed or given by `set`."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy

from isthmus.errors import UsageError
from isthmus.graph.foreign import check_plain, share

__all__ = ["Parameter", "he", "normal", "ones", "zeros"]

Array = numpy.ndarray[Any, Any]
if TYPE_CHECKING:  # numpy.random takes a while to import, and only random weights need it
    Generator = numpy.random.Generator
Initializer = Callable[["Generator", tuple[int, ...]], Array]


def zeros(_: Generator, shape: tuple[int, ...]) -> Array:
    """All zeros, float32: an initializer of a `Parameter`.

    >>> from isthmus import nn
    >>> bias = nn.Parameter((2,), nn.zeros)
    >>> bias.initialize("bias", seed=0)
    >>> bias.data()
    array([0., 0.], dtype=float32)
    """
    return numpy.zeros(shape, numpy.float32)


def ones(_: Generator, shape: tuple[int, ...]) -> Array:
    """All ones, float32: an initializer of a `Parameter`.

    >>> from isthmus import nn
    >>> scale = nn.Parameter((2,), nn.ones)
    >>> scale.initialize("scale", seed=0)
    >>> scale.data()
    array([1., 1.], dtype=float32)
    """
    return numpy.ones(shape, numpy.float32)


def normal(scale: float) -> Initializer:
    """The initializer of float32 normally distributed around 0, of standard deviation `scale`.

    >>> from isthmus import nn
    >>> weight = nn.Parameter((300, 300), nn.normal(0.02))
    >>> weight.initialize("weight", seed=0)
    >>> round(float(weight.data().std()), 3)
    0.02
    """

    def make(generator: Generator, shape: tuple[int, ...]) -> Array:
        array = generator.standard_normal(shape, numpy.float32)
        array *= numpy.float32(scale)
        return array

    return make


def he(generator: Generator, shape: tuple[int, ...]) -> Array:
    """Normal with deviation sqrt(2 / inputs), an initializer (He et al. 2015, arXiv:1502.01852).

    shape: [outputs, ...]; the inputs are all the rest.

    >>> from isthmus import nn
    >>> weight = nn.Parameter((300, 50, 2, 2), nn.he)
    >>> weight.initialize("weight", seed=0)
    >>> round(float(weight.data().std()), 2)
    0.1
    """
    inputs = int(numpy.prod(shape[1:]))
    return normal((2 / inputs) ** 0.5)(generator, shape)


class Parameter:
    """A named array of a block: its shape, float32, and the elements once they are there.

    >>> from isthmus import nn
    >>> weight = nn.Parameter((2, 3), nn.normal(0.02))
    >>> weight
    Parameter(2, 3)
    >>> weight.set([[1, 2, 3], [4, 5, 6]])
    >>> weight.data()
    array([[1., 2., 3.],
           [4., 5., 6.]], dtype=float32)

    `changes` counts how often any parameter was given an array: programs that were
    compiled before hold the old one.
    """

    changes: ClassVar[int] = 0

    def __init__(self, shape: tuple[int, ...], initializer: Initializer) -> None:
        self.shape = shape
        self.initializer = initializer
        self._array: Array | None = None

    def data(self) -> Array:
        """The array itself, not a copy, and read-only: programs refer to it; `set` replaces it.

        Raises UsageError before `initialize` or `set`.

        >>> from isthmus import nn
        >>> scale = nn.Parameter((2,), nn.ones)
        >>> scale.set([3, 4])
        >>> scale.data()
        array([3., 4.], dtype=float32)
        """
        if self._array is None:
            raise UsageError("a parameter has no values yet; call initialize(seed) or load weights")
        return share(self._array)

    def initialize(self, name: str, seed: int) -> None:
        """Values by the initializer; random ones depend on the seed and the name alone.

        >>> from isthmus import nn
        >>> one, other = (nn.Parameter((4,), nn.normal(1.0)) for _ in range(2))
        >>> one.initialize("weight", seed=7)
        >>> other.initialize("weight", seed=7)
        >>> bool((one.data() == other.data()).all())
        True
        """
        generator = numpy.random.default_rng([seed, zlib.crc32(name.encode())])
        self._take(self.initializer(generator, self.shape))

    def set(self, array: Any) -> None:
        """Take an array of the parameter's shape, without a copy where it is float32.

        It is then read-only, as is the array of which it is a view: changing either raises
        ValueError. Give numpy.array(x) to go on changing x. Raises UsageError for another shape,
        and for arrays that mean more than their elements, as masked ones.

        >>> from isthmus import nn
        >>> scale = nn.Parameter((2,), nn.ones)
        >>> scale.set([3, 4])
        >>> scale.data()
        array([3., 4.], dtype=float32)
        """
        check_plain(array, "a parameter")
        given = numpy.asarray(array)
        if given.shape != self.shape:
            raise UsageError(f"shape {given.shape} given for a parameter of shape {self.shape}")
        self._take(numpy.require(given, numpy.float32, ["C", "A"]))

    def _take(self, array: Array) -> None:
        self._array = share(array)
        Parameter.changes += 1

    def __repr__(self) -> str:
        return f"Parameter{self.shape}"
