"""Softmax of the elements that a mask chooses, by the names of MXNet's `npx`."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np

from .softmax import log_softmax, softmax

__all__ = [
    "masked_log_softmax",
    "masked_softmax",
]


def masked_log_softmax(
    x: Any, mask: Any = None, /, axis: int = -1, temperature: float = 1.0
) -> Any:
    """log_softmax(x / temperature) of the elements where mask is True, -inf elsewhere.

    x: float; mask: truth values that broadcast to it, None for all. Result: x's dtype and shape. A
    line with no element is -inf. As MXNet's `npx.masked_log_softmax`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.masked_log_softmax(numpy.zeros(3), numpy.array([True, True, False]))
    array([-0.69314718, -0.69314718,        -inf])
    """
    x, scaled = _scaled(x, temperature)
    if mask is None:
        return log_softmax(scaled, axis=axis)
    lowest = numpy.asarray(-numpy.inf, x.dtype)
    return np.where(mask, log_softmax(_masked(scaled, mask, axis), axis=axis), lowest)


def masked_softmax(x: Any, mask: Any = None, /, axis: int = -1, temperature: float = 1.0) -> Any:
    """softmax(x / temperature) of the elements where mask is True, 0 elsewhere.

    x: float; mask: truth values that broadcast to it, None for all. Result: x's dtype and shape. A
    line with no element is 0. As MXNet's `npx.masked_softmax`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.masked_softmax(numpy.zeros(3), numpy.array([True, True, False]))
    array([0.5, 0.5, 0. ])
    """
    x, scaled = _scaled(x, temperature)
    if mask is None:
        return softmax(scaled, axis=axis)
    zero = numpy.zeros((), x.dtype)
    return np.where(mask, softmax(_masked(scaled, mask, axis), axis=axis), zero)


def _scaled(x: Any, temperature: float) -> tuple[Any, Any]:
    x = np.asarray(x)
    return x, x if temperature == 1 else x / temperature


def _masked(x: Any, mask: Any, axis: int) -> Any:
    """x, -inf where it is masked; a line with no element stays, so that no NaN is made of it."""
    lowest = numpy.asarray(-numpy.inf, x.dtype)
    keeps = np.logical_or(mask, np.logical_not(np.any(mask, axis=axis, keepdims=True)))
    return np.where(keeps, x, lowest)
