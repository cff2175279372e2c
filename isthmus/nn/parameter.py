"""A named array of a Block, made when it is first needed or given by `set`."""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import check_plain, share

from .casting import as_dtype, parameter_dtype

__all__ = ["Parameter", "he", "normal", "ones", "zeros"]

Array = numpy.ndarray[Any, Any]
if TYPE_CHECKING:  # numpy.random takes a while to import, and only random weights need it
    Generator = numpy.random.Generator
Initializer = Callable[["Generator", tuple[int, ...]], Array]
FLOAT32, FLOAT16 = numpy.dtype(numpy.float32), numpy.dtype(numpy.float16)


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


@dataclass(frozen=True)
class _Normal:
    """What `normal` makes: a value that travels to other processes, as a function inside of one
    would not."""

    scale: float

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> Array:
        array = generator.standard_normal(shape, numpy.float32)
        array *= numpy.float32(self.scale)
        return array


def normal(scale: float) -> Initializer:
    """The initializer of float32 normally distributed around 0, of standard deviation `scale`.

    >>> from isthmus import nn
    >>> weight = nn.Parameter((300, 300), nn.normal(0.02))
    >>> weight.initialize("weight", seed=0)
    >>> round(float(weight.data().std()), 3)
    0.02
    """
    return _Normal(scale)


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
    """A named array of a block: its shape, its dtype, and the elements once they are there.

    A size that is None is settled by the first call of its block, or by the array that is set. The
    dtype is float32 until `cast`. wide: it stays float32 where its block is cast to float16.

    >>> from isthmus import nn
    >>> weight = nn.Parameter((2, None), nn.normal(0.02))
    >>> weight
    Parameter(2, ?)
    >>> weight.set([[1, 2, 3], [4, 5, 6]])
    >>> weight
    Parameter(2, 3)
    >>> weight.data()
    array([[1., 2., 3.],
           [4., 5., 6.]], dtype=float32)

    `changes` counts how often a parameter that had an array was given another: programs that were
    compiled before hold the old one.
    """

    changes: ClassVar[int] = 0
    _asked: numpy.dtype[Any] = FLOAT32
    _wide: bool = False

    def __init__(
        self, shape: tuple[int | None, ...], initializer: Initializer, *, wide: bool = False
    ) -> None:
        self._wide = wide
        self.shape: tuple[Any, ...] = tuple(map(_size, shape))  # None where it is open
        self.initializer = initializer
        self._array: Array | None = None
        self._waiting: tuple[str, int] | None = None  # name and seed, until the shape is known

    @property
    def has_values(self) -> bool:
        """Whether its elements are there.

        >>> from isthmus import nn
        >>> nn.Parameter((2,), nn.ones).has_values
        False
        """
        return self._array is not None

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """What its elements are of: float32 until `cast`.

        >>> from isthmus import nn
        >>> nn.Parameter((2,), nn.ones).dtype
        dtype('float32')
        """
        return self._kept_in(self._asked)

    @property
    def is_half(self) -> bool:
        """Whether it was cast to float16; its elements are float32 even so where it is wide."""
        return self._asked == FLOAT16

    def cast(self, dtype: Any) -> None:
        """Bring its elements to float16, float32 or float64, and those that it gets from now on.

        They are rounded: back in a longer dtype, they are as short as they were. Raises UsageError
        for another dtype, and for numbers that it does not hold.

        >>> from isthmus import nn
        >>> scale = nn.Parameter((2,), nn.ones)
        >>> scale.cast("float16")
        >>> scale.set([1 / 3, 4])
        >>> scale.data()
        array([0.3333, 4.    ], dtype=float16)
        """
        asked = parameter_dtype(dtype)
        array = self.in_dtype(asked)
        is_other = asked != self._asked
        self._asked = asked
        if array is not None and is_other:
            self._take(array)

    def in_dtype(self, dtype: numpy.dtype[Any]) -> Array | None:
        """Its elements, if there are any, as `cast` would leave them; UsageError as there.

        >>> import numpy
        >>> from isthmus import nn
        >>> nn.Parameter((2,), nn.ones).in_dtype(numpy.dtype("float16")) is None
        True
        """
        return None if self._array is None else as_dtype(self._array, self._kept_in(dtype))

    def _kept_in(self, dtype: numpy.dtype[Any]) -> numpy.dtype[Any]:
        return FLOAT32 if self._wide and dtype == FLOAT16 else dtype

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
            raise UsageError(
                "a parameter has no values yet; call initialize(seed) or load weights"
                if self._waiting is None
                else f"{self} has no values before its block is called; call it, or trace it, once"
            )
        return share(self._array)

    def initialize(self, name: str, seed: int) -> None:
        """Values by the initializer; random ones depend on the seed and the name alone.

        Where a size is not known yet, they are made when it is.

        >>> from isthmus import nn
        >>> one, other = (nn.Parameter((4,), nn.normal(1.0)) for _ in range(2))
        >>> one.initialize("weight", seed=7)
        >>> other.initialize("weight", seed=7)
        >>> bool((one.data() == other.data()).all())
        True
        """
        known = _known(self.shape)
        if known is None:
            self._waiting = name, seed
        else:
            self._take(self._made(known, name, seed))

    def settle(self, shape: tuple[Any, ...]) -> None:
        """Make a shape known that has sizes left open; nothing where it is known.

        Raises UsageError for sizes that are named, since a parameter has numbers.

        >>> from isthmus import nn
        >>> weight = nn.Parameter((2, None), nn.normal(0.02))
        >>> weight.initialize("weight", seed=0)
        >>> weight.settle((2, 3))
        >>> weight.data().shape
        (2, 3)
        """
        if _known(self.shape) is not None:
            return
        for size in shape:
            if isinstance(size, Dim):
                raise UsageError(
                    f"{self} would have a size of '{size}', which is a name; give the spec a "
                    "number there, or the layer its inputs"
                )
        if self._waiting is not None:  # before the shape, which another thread may find known
            self._array = self._made(shape, *self._waiting)
        self.shape = shape

    def set(self, array: Any) -> None:
        """Take an array of the parameter's shape, without a copy where it has its dtype.

        It is then read-only, as is the array of which it is a view: changing either raises
        ValueError. Give numpy.array(x) to go on changing x. Raises UsageError for another shape,
        for elements that its dtype does not hold, and for arrays that mean more than their
        elements, as masked ones.

        >>> from isthmus import nn
        >>> scale = nn.Parameter((2,), nn.ones)
        >>> scale.set([3, 4])
        >>> scale.data()
        array([3., 4.], dtype=float32)
        """
        self._take(self.fitted(array))

    def fitted(self, array: Any) -> Array:
        """The array as `set` takes it: of its dtype, in C order; UsageError where it does not fit.

        >>> from isthmus import nn
        >>> nn.Parameter((2,), nn.ones).fitted([3, 4])
        array([3., 4.], dtype=float32)
        """
        check_plain(array, "a parameter")
        given = numpy.asarray(array)
        pairs = zip(given.shape, self.shape, strict=False)
        if given.ndim != len(self.shape) or any(n not in (size, None) for size, n in pairs):
            raise UsageError(f"shape {given.shape} given for a parameter of shape {self._sizes}")
        if given.dtype.kind not in "biuf" and not _is_a_short_float(given.dtype):
            raise UsageError(
                f"{given.dtype} given for a parameter of {self.dtype}; give real numbers"
            )
        return as_dtype(given, self.dtype)

    def _take(self, array: Array) -> None:
        if self._array is not None:
            Parameter.changes += 1
        self._array = share(array)
        self.shape = array.shape

    def _made(self, shape: tuple[int, ...], name: str, seed: int) -> Array:
        generator = numpy.random.default_rng([seed, zlib.crc32(name.encode())])
        return as_dtype(self.initializer(generator, shape), self.dtype)

    @property
    def _sizes(self) -> str:
        return str(self.shape).replace("None", "?")

    def __repr__(self) -> str:
        return f"Parameter{self._sizes}"


def _size(size: Any) -> int | None:
    """A size as an int; UsageError for what is none."""
    try:
        number = None if size is None else operator.index(size)
    except TypeError:
        number = -1
    if number is not None and number < 0:
        raise UsageError(f"a parameter with a size of {size!r}; give a whole number from 0")
    return number


def _known(shape: tuple[Any, ...]) -> tuple[int, ...] | None:
    sizes = tuple(size for size in shape if size is not None)
    return sizes if len(sizes) == len(shape) else None


def _is_a_short_float(dtype: numpy.dtype[Any]) -> bool:
    """Whether it is bfloat16 or another float of ml_dtypes, which NumPy knows as opaque bytes."""
    return dtype.names is None and numpy.can_cast(dtype, numpy.float32)
