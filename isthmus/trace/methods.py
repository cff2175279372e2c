"""NumPy's methods of an array: each is the function of the same name of `isthmus.np`."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError

from .slots import np

__all__ = ["Methods"]


class Methods:
    """`x.sum(axis=0)`, `x.reshape(2, -1)` ..., as `numpy.ndarray` has them.

    masks: `where=` and `initial=` of the reductions that NumPy has them for.
    """

    __slots__ = ()

    @property
    def T(self) -> Any:
        return np.permute_dims(self)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        return np.astype(self, dtype, copy=copy)

    def view(self, dtype: Any = None) -> Any:
        """The same array, of which assignments show in both; not its bytes as other numbers."""
        array: Any = self
        if dtype is not None and numpy.dtype(dtype) != array.dtype:
            raise UsageError(f"view of {array.dtype} as {numpy.dtype(dtype)}; cast with astype")
        return np.reshape(self, array.shape)

    def reshape(self, *shape: Any) -> Any:
        whole = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return np.reshape(self, whole)

    def transpose(self, *axes: Any) -> Any:
        whole = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        return np.permute_dims(self, tuple(whole) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        return np.squeeze(self, axis=axis)

    def ravel(self) -> Any:
        return np.reshape(self, (-1,))

    def flatten(self) -> Any:
        return np.copy(np.reshape(self, (-1,)))

    def copy(self) -> Any:
        return np.copy(self)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        return np.repeat(self, repeats, axis=axis)

    def take(self, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
        return np.take(self, indices, axis=axis, mode=mode)

    def round(self, decimals: int = 0) -> Any:
        return np.round(self, decimals)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return np.clip(self, min, max)

    def conj(self) -> Any:
        return np.conj(self)

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def sum(
        self, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, **masks: Any
    ) -> Any:
        return np.sum(self, axis=axis, dtype=dtype, keepdims=keepdims, **masks)

    def prod(
        self, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, **masks: Any
    ) -> Any:
        return np.prod(self, axis=axis, dtype=dtype, keepdims=keepdims, **masks)

    def mean(self, axis: Any = None, *, keepdims: bool = False, **masks: Any) -> Any:
        return np.mean(self, axis=axis, keepdims=keepdims, **masks)

    def std(
        self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False, **masks: Any
    ) -> Any:
        return np.std(self, axis=axis, correction=ddof, keepdims=keepdims, **masks)

    def var(
        self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False, **masks: Any
    ) -> Any:
        return np.var(self, axis=axis, correction=ddof, keepdims=keepdims, **masks)

    def max(self, axis: Any = None, *, keepdims: bool = False, **masks: Any) -> Any:
        return np.max(self, axis=axis, keepdims=keepdims, **masks)

    def min(self, axis: Any = None, *, keepdims: bool = False, **masks: Any) -> Any:
        return np.min(self, axis=axis, keepdims=keepdims, **masks)

    def all(self, axis: Any = None, *, keepdims: bool = False, **masks: Any) -> Any:
        return np.all(self, axis=axis, keepdims=keepdims, **masks)

    def any(self, axis: Any = None, *, keepdims: bool = False, **masks: Any) -> Any:
        return np.any(self, axis=axis, keepdims=keepdims, **masks)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        return np.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        return np.argmin(self, axis=axis, keepdims=keepdims)

    def argsort(self, axis: int = -1) -> Any:
        return np.argsort(self, axis=axis)

    def cumsum(self, axis: int | None = None) -> Any:
        return np.cumsum(self, axis)

    def cumprod(self, axis: int | None = None) -> Any:
        return np.cumprod(self, axis)

    def nonzero(self) -> Any:
        return np.nonzero(self)
