"""What can go wrong, as one tree; every message is one line: the fact, then the next step.

IsthmusError            exit code 2
├── UsageError          wrong argument, shape, dtype or name (a ValueError)
│   ├── DimensionError  sizes that differ, or cannot be decided
│   ├── IndexOutside    an index or axis out of bounds (an IndexError)
│   └── WrongKind       numbers of another kind than is taken (a TypeError)
├── TraceError          a traced value used where a number is needed (a TypeError)
├── FileError           a file that is missing, truncated, hostile or of another kind
├── NothingMeasured     exit code 3: no benchmark could be compared
├── OutOfMemory         a device or this machine has no room for what was asked (a MemoryError)
└── BackendMissing      exit code 5: a backend, runtime or device is not here
    └── MissingExtra    a package that an extra of the installation brings is not here
"""

from __future__ import annotations

__all__ = [
    "BackendMissing",
    "DimensionError",
    "FileError",
    "IndexOutside",
    "IsthmusError",
    "NothingMeasured",
    "OutOfMemory",
    "TraceError",
    "UsageError",
    "WrongKind",
]


class IsthmusError(Exception):
    """The base of every error raised on purpose; the command line prints it without a traceback.

    exit_code: what the command line then ends with.

    >>> import isthmus as im
    >>> try:
    ...     im.compile(im.np.tanh, im.spec("float32", ["n"]), backend="tpu")
    ... except im.IsthmusError as problem:
    ...     print(problem.exit_code, str(problem).split(";")[0])
    2 no backend 'tpu'
    """

    exit_code = 2


class UsageError(IsthmusError, ValueError):
    """A wrong argument: names it, its value, and what would be right.

    >>> import isthmus as im
    >>> im.spec("float33")
    Traceback (most recent call last):
    isthmus.errors.UsageError: 'float33' is not a dtype; give one such as 'float32'
    """


class DimensionError(UsageError):
    """Sizes that differ, or that named dimensions leave undecided.

    >>> import isthmus as im
    >>> from isthmus.errors import DimensionError
    >>> x, y = im.spec("float32", [2]), im.spec("float32", [3])
    >>> try:
    ...     im.eval_shape(lambda x, y: x + y, (x, y))
    ... except DimensionError as problem:
    ...     print(problem)
    np.add(float32[2], float32[3]): sizes 2 and 3 do not broadcast
    """


class IndexOutside(UsageError, IndexError):
    """An index outside the array it looks up, or an axis that it lacks, as NumPy's IndexError.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.errors import IndexOutside
    >>> x, i = im.spec("float32", [3]), im.spec("int32", ["n"])
    >>> look_up = im.compile(lambda x, i: im.np.take(x, i, axis=0), (x, i), backend="cpu")
    >>> try:
    ...     look_up(numpy.zeros(3, numpy.float32), numpy.array([5], numpy.int32))
    ... except IndexOutside as problem:
    ...     print(str(problem).split(" (")[0])
    i: index 5 is out of bounds for size 3
    """


class WrongKind(UsageError, TypeError):
    """Numbers of another kind than an operation takes, as NumPy's TypeError.

    Such as a float for an axis, or complex numbers for `np.floor`.

    >>> import isthmus as im
    >>> from isthmus.errors import WrongKind
    >>> try:
    ...     im.eval_shape(lambda x: im.np.sum(x, axis=1.0), im.spec("float32", ["n", 3]))
    ... except WrongKind as problem:
    ...     print(problem)
    np.sum(float32[n, 3]): 1.0 where a whole number is needed; give an int
    """


class TraceError(IsthmusError, TypeError):
    """A traced value was used where Python needs a number.

    >>> import isthmus as im
    >>> from isthmus.errors import TraceError
    >>> try:
    ...     im.trace(lambda x: x if x > 0 else -x, im.spec("float32"))
    ... except TraceError as problem:
    ...     print(str(problem).split(";")[0])
    the truth of a traced bool[]: its value is not known yet
    """


class FileError(IsthmusError):
    """A file that is missing, truncated, hostile, or not of the kind that was asked for.

    >>> import isthmus as im
    >>> from isthmus.errors import FileError
    >>> try:
    ...     im.load("absent.im")
    ... except FileError as problem:
    ...     print(str(problem).split(" (")[0])
    absent.im: cannot be read as a program
    """


class NothingMeasured(IsthmusError):
    """Nothing comparable was measured.

    >>> from isthmus.errors import NothingMeasured
    >>> NothingMeasured.exit_code
    3
    """

    exit_code = 3


class OutOfMemory(IsthmusError, MemoryError):
    """A runtime could not get the memory that a program or a call needs, on a GPU or the host.

    The program can be called again, with less.

    >>> from isthmus.errors import OutOfMemory
    >>> issubclass(OutOfMemory, MemoryError)
    True
    """


class BackendMissing(IsthmusError):
    """A backend, its runtime, or its device is not on this machine.

    >>> from isthmus.errors import BackendMissing
    >>> BackendMissing.exit_code
    5
    """

    exit_code = 5


class MissingExtra(BackendMissing):
    """Packages that are not installed; names the extra that brings them (`system.extras`)."""
