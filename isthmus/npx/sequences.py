"""Sequences of different lengths in one array, by the names of MXNet's `npx`.

x: [steps, batch, ...], or [batch, steps, ...] for axis=1; the lengths are [batch].
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError, WrongKind

__all__ = [
    "reversed_steps",
    "sequence_last",
    "sequence_mask",
    "sequence_reverse",
]


def _with_lengths(x: Any, lengths: Any, axis: int) -> tuple[Any, Any, Any]:
    """x, the lengths and the numbers of the steps, the latter two so that they broadcast to x."""
    x, lengths = np.asarray(x), np.asarray(lengths)
    if axis not in (0, 1) or x.ndim < 2:
        raise UsageError(f"axis={axis} of x with {x.ndim} axes; steps and batch are its first two")
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1:
        raise WrongKind(
            f"lengths of {lengths.dtype} with {lengths.ndim} axes; give integers [batch]"
        )
    shape = (1, -1) if axis == 0 else (-1, 1)
    rest = (1,) * (x.ndim - 2)
    steps = np.arange(x.shape[axis], dtype=numpy.int64)
    lengths = np.astype(lengths, numpy.int64, copy=False)
    return x, np.reshape(lengths, (*shape, *rest)), np.reshape(steps, (*shape[::-1], *rest))


def sequence_mask(
    x: Any,
    sequence_length: Any = None,
    /,
    use_sequence_length: bool | None = None,
    value: float = 0.0,
    axis: int = 0,
) -> Any:
    """y = x where the step is below the length of its sequence, else value.

    x: [steps, batch, ...], axis=1: [batch, steps, ...]. sequence_length: integers [batch]; x itself
    where it is None, or use_sequence_length is False. Result: x's shape and dtype. Raises
    UsageError for another axis, WrongKind for lengths that are no integers. As MXNet's
    `npx.sequence_mask`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.sequence_mask(numpy.ones((3, 2)), numpy.array([1, 2]))
    array([[1., 1.],
           [0., 1.],
           [0., 0.]])
    """
    if sequence_length is None or use_sequence_length is False:
        return np.asarray(x)
    x, lengths, steps = _with_lengths(x, sequence_length, axis)
    return np.where(steps < lengths, x, numpy.asarray(value).astype(x.dtype))


def sequence_last(
    x: Any,
    sequence_length: Any = None,
    /,
    use_sequence_length: bool | None = None,
    axis: int = 0,
) -> Any:
    """The last step of each sequence: x[length - 1].

    x and sequence_length are as of `sequence_mask`; without lengths all steps are a sequence's.
    Result: x without the axis of the steps. Raises IndexError for a length that is not 1..steps. As
    MXNet's `npx.sequence_last`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.sequence_last(numpy.array([[1, 2], [3, 4], [5, 6]]), numpy.array([1, 3]))
    array([1, 6])
    """
    if sequence_length is None or use_sequence_length is False:
        return np.take(np.asarray(x), -1, axis=axis)
    x, lengths, _ = _with_lengths(x, sequence_length, axis)
    last = np.where(lengths > 0, lengths - 1, x.shape[axis])
    return np.squeeze(np.take_along_axis(x, last, axis=axis), axis=axis)


def sequence_reverse(
    x: Any,
    sequence_length: Any = None,
    /,
    use_sequence_length: bool | None = None,
    axis: int = 0,
) -> Any:
    """y[i] = x[length - 1 - i] of the steps below the length of each sequence, the others as in x.

    x and sequence_length are as of `sequence_mask`; without lengths all steps are a sequence's.
    Raises IndexError for a length that is not 0..steps. As MXNet's `npx.sequence_reverse`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.sequence_reverse(numpy.array([[1, 2], [3, 4], [5, 6]]), numpy.array([2, 3]))
    array([[3, 6],
           [1, 4],
           [5, 2]])
    """
    if sequence_length is None or use_sequence_length is False:
        return np.flip(np.asarray(x), axis=axis)
    return reversed_steps(x, sequence_length, axis)


def reversed_steps(x: Any, lengths: Any, axis: int) -> Any:
    """The first steps of each sequence backwards; IndexError for a length that is not 0..steps."""
    x, lengths, steps = _with_lengths(x, lengths, axis)
    outside = np.where(lengths < 0, x.shape[axis], steps)
    return np.take_along_axis(x, np.where(steps < lengths, lengths - 1 - steps, outside), axis=axis)
