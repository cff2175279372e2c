"""Data types, constants and facts of data types: NumPy's own, for traced arrays as well."""

from __future__ import annotations

from typing import Any

import numpy
from numpy import bool_ as bool
from numpy import bool_ as bool_
from numpy import (
    complex64,
    complex128,
    e,
    euler_gamma,
    float16,
    float32,
    float64,
    inf,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    issubdtype,
    nan,
    newaxis,
    pi,
    promote_types,
    uint8,
    uint16,
    uint32,
    uint64,
)
from numpy import dtype as dtype

__all__ = [
    "bool",
    "bool_",
    "can_cast",
    "complex64",
    "complex128",
    "dtype",
    "e",
    "euler_gamma",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "inf",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "issubdtype",
    "min_scalar_type",
    "nan",
    "newaxis",
    "pi",
    "promote_types",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


def _promoted(given: Any) -> Any:
    """What NumPy promotes: an array's dtype; a Python number as itself, which is weak."""
    known = getattr(given, "dtype", None)  # of a type such as numpy.float32 a mere descriptor
    return known if isinstance(known, numpy.dtype) else given


def _dtype_of(given: Any) -> numpy.dtype[Any]:
    return numpy.dtype(_promoted(given))


class finfo:
    """Limits of a floating dtype, or of the parts of a complex one, as Python's numbers.

    given: a dtype or an array; ValueError for an integer's. The members are NumPy's: `bits`, `eps`,
    `max`, `min`, `smallest_normal`, `dtype` and others.

    >>> from isthmus import np
    >>> np.finfo(np.float16).max
    65504.0
    """

    def __init__(self, given: Any, /) -> None:
        self._facts = numpy.finfo(_dtype_of(given))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        fact = getattr(self._facts, name)
        return fact.item() if isinstance(fact, numpy.generic) else fact

    def __str__(self) -> str:
        return str(self._facts)

    def __repr__(self) -> str:
        return repr(self._facts)


def iinfo(given: Any, /) -> numpy.iinfo[Any]:
    """Limits of an integer dtype: `bits`, `min`, `max`, `dtype`. given: a dtype or an array.

    Raises ValueError for a dtype that is not an integer's.

    >>> from isthmus import np
    >>> np.iinfo(np.int8).max
    127
    """
    return numpy.iinfo(_dtype_of(given))


def result_type(*arrays_and_dtypes: Any) -> numpy.dtype[Any]:
    """The dtype of an operation on arrays, dtypes and Python numbers together.

    Python numbers are weak: they do not widen a dtype of their kind. Raises ValueError where
    nothing is given, TypeError for what is no dtype.

    >>> from isthmus import np
    >>> np.result_type(np.asarray([1.0], np.float32), np.int8, 2.5)
    dtype('float32')
    """
    return numpy.result_type(*map(_promoted, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, /, casting: Any = "safe") -> Any:
    """Whether a dtype, or an array's, can be cast; see numpy.can_cast for `casting`.

    Raises TypeError for a Python number, which has no dtype.

    >>> from isthmus import np
    >>> np.can_cast(np.int32, np.float64), np.can_cast(np.float64, np.int32)
    (True, False)
    """
    return numpy.can_cast(_promoted(from_), to, casting)


def min_scalar_type(given: Any, /) -> numpy.dtype[Any]:
    """The smallest dtype that holds a number; an array's own dtype if it has axes.

    >>> from isthmus import np
    >>> np.min_scalar_type(300)
    dtype('uint16')
    """
    return given.dtype if getattr(given, "ndim", 0) else numpy.min_scalar_type(given)
