"""Fourier transforms: products with a matrix of known numbers, which every backend computes.

Their matrices are what `numpy.fft` makes of unit vectors, in float64. Longer transforms, whose
matrices would be large, are the host's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim

from ..facts import Facts, Row, row

__all__ = ["ROWS"]

LARGEST = 2**22  # elements of a matrix
HALF_BYTES = 2


def dft(facts: Facts, x: Any, length: Any = None, axis: Any = None) -> Any:
    """x: [..., 1] if real, [..., 2] else, of which the last axis is no axis of the signal."""
    axis = _one(axis, facts.get("axis", 1) if facts.opset < 20 else -2)
    if not -x.ndim <= axis < x.ndim or axis % x.ndim == x.ndim - 1:
        raise UsageError(f"axis={axis} of an array with {x.ndim} axes, of which the last is none")
    inverse, onesided = bool(facts.get("inverse", 0)), bool(facts.get("onesided", 0))
    parts = _parts(x)
    if onesided and parts != 1 + inverse:
        raise UsageError(f"onesided={int(onesided)}, inverse={int(inverse)} of {parts} parts")
    moved = np.moveaxis(x, axis % x.ndim, -2)
    size = moved.shape[-2]
    if isinstance(size, Dim):
        raise UsageError(f"{size} numbers are transformed; it has to be known how many")
    length = _one(length, 2 * (size - 1) if inverse and onesided else size)
    if length < 1 or size < 1:
        raise UsageError(f"a transform of {size} numbers to {length}")
    y = _transformed(_wide(moved), size, int(length), parts, inverse, onesided)
    return np.astype(np.moveaxis(y, -2, axis % x.ndim), x.dtype, copy=False)


def _one(given: Any, otherwise: Any) -> Any:
    """A number that may be given in a list."""
    if given is None:
        return otherwise
    (number,) = given if isinstance(given, list) else (given,)
    return number


def _parts(x: Any) -> int:
    """1 of real signals, 2 of complex ones."""
    if isinstance(x.shape[-1], Dim) or x.shape[-1] not in (1, 2):
        raise UsageError(f"a signal of shape {tuple(x.shape)}; its last size is 1 or 2")
    return int(x.shape[-1])


def _wide(x: Any) -> Any:
    return np.astype(x, numpy.float32) if x.dtype.itemsize == HALF_BYTES else x


def _transformed(x: Any, size: int, length: int, parts: int, inverse: bool, onesided: bool) -> Any:
    """[..., size, parts] -> [..., bins, 2], or [..., length, 1] of the inverse of one side."""
    made = 1 if inverse and onesided else 2
    count = length if inverse or not onesided else length // 2 + 1
    if size * parts * count * made > LARGEST:
        return _by_host(x, length, inverse, onesided)
    matrix = _matrix(size, length, parts, inverse, onesided).astype(x.dtype)
    before = tuple(x.shape[:-2])
    y = np.matmul(np.reshape(x, (*before, size * parts)), matrix)
    y = y / length if inverse else y
    return np.reshape(y, (*before, count, made))


@lru_cache(maxsize=8)
def _matrix(size: int, length: int, parts: int, inverse: bool, onesided: bool) -> Any:
    """[size * parts, bins * 2]: what becomes of each unit, and of each imaginary one."""
    units = numpy.eye(size)
    given = units[:, None] if parts == 1 else numpy.stack([units, 1j * units], axis=1)
    found = _FUNCTIONS[inverse, onesided](given.reshape(size * parts, size), length)
    found = found * length if inverse else found  # ones stay ones, which float32 holds exactly
    if inverse and onesided:
        return found
    return numpy.stack([found.real, found.imag], axis=-1).reshape(size * parts, -1)


_FUNCTIONS: dict[tuple[bool, bool], Callable[..., Any]] = {
    (False, False): numpy.fft.fft,
    (False, True): numpy.fft.rfft,
    (True, False): numpy.fft.ifft,
    (True, True): numpy.fft.irfft,
}


def _by_host(x: Any, length: int, inverse: bool, onesided: bool) -> Any:
    parts = [np.getitem(x, (..., i)) for i in range(x.shape[-1])]
    given = parts[0] if len(parts) == 1 else parts[0] + parts[1] * 1j
    name = _FUNCTIONS[inverse, onesided].__name__
    found = getattr(np.fft, name)(given, n=length)
    if inverse and onesided:
        return np.expand_dims(found, -1)
    return np.stack([np.real(found), np.imag(found)], axis=-1)


def stft(facts: Facts, x: Any, step: Any, window: Any = None, length: Any = None) -> Any:
    """x: [N, T, parts] -> [N, frames, bins, 2]: a convolution with the transform of the window.

    [N, T] is real, as files write it and runtimes take it.
    """
    x = np.expand_dims(x, -1) if x.ndim == 2 else x
    onesided, parts = bool(facts.get("onesided", 1)), _parts(x)
    if x.ndim != 3:
        raise UsageError(f"a signal of shape {tuple(x.shape)}; give [N, T, 1] or [N, T, 2]")
    if onesided and parts == 2:
        raise UsageError("onesided=1 of a complex signal")
    size = _one(length, x.shape[1] if window is None else window.shape[0])
    step = _one(step, None)
    if isinstance(size, Dim) or size < 1 or step < 1:
        raise UsageError(f"frames of {size} numbers, {step} apart")
    if window is not None and tuple(window.shape) != (size,):
        raise UsageError(f"a window of shape {tuple(window.shape)} for frames of {size}")
    count = size // 2 + 1 if onesided else size
    if size * parts * count * 2 > 4 * LARGEST:
        raise UsageError(f"frames of {size} numbers, whose transform is too large a matrix")
    wide = _wide(x)
    matrix = _matrix(size, size, parts, False, onesided).astype(wide.dtype)
    kernel = matrix.reshape(size, parts, 1, count * 2).transpose(3, 1, 2, 0)
    if window is not None:
        kernel = kernel * _wide(window)
    signal = np.expand_dims(np.permute_dims(wide, (0, 2, 1)), 2)
    y = npx.convolution(signal, kernel, strides=(1, int(step)))
    frames = np.permute_dims(np.squeeze(y, axis=2), (0, 2, 1))
    return np.astype(np.reshape(frames, (*frames.shape[:2], count, 2)), x.dtype, copy=False)


ROWS: dict[str, Row] = {
    "DFT": row(dft, known=(1, 2)),
    "STFT": row(stft, known=(1, 3)),
}
