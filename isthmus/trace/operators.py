"""Python's operators of an array: each is a function of `isthmus.np`."""

from __future__ import annotations

from typing import Any

from .slots import np

__all__ = ["Operators"]


class Operators:
    """`x + y`, `x[i] + 1`, `-x`, `x @ y`, `x == y` ..., for what `isthmus.np` computes with."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as ndarray: == is elementwise

    def _in_place(self, changed: Any) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return np.add(other, self)

    def __iadd__(self, other: Any) -> Any:
        return self._in_place(np.add(self, other))

    def __sub__(self, other: Any) -> Any:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return np.subtract(other, self)

    def __isub__(self, other: Any) -> Any:
        return self._in_place(np.subtract(self, other))

    def __mul__(self, other: Any) -> Any:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return np.multiply(other, self)

    def __imul__(self, other: Any) -> Any:
        return self._in_place(np.multiply(self, other))

    def __truediv__(self, other: Any) -> Any:
        return np.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.divide(other, self)

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place(np.divide(self, other))

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __ifloordiv__(self, other: Any) -> Any:
        return self._in_place(np.floor_divide(self, other))

    def __mod__(self, other: Any) -> Any:
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return np.remainder(other, self)

    def __imod__(self, other: Any) -> Any:
        return self._in_place(np.remainder(self, other))

    def __divmod__(self, other: Any) -> Any:
        return np.floor_divide(self, other), np.remainder(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return np.floor_divide(other, self), np.remainder(other, self)

    def __pow__(self, other: Any) -> Any:
        return np.pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return np.pow(other, self)

    def __ipow__(self, other: Any) -> Any:
        return self._in_place(np.pow(self, other))

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self)

    def __imatmul__(self, other: Any) -> Any:
        return self._in_place(np.matmul(self, other))

    def __and__(self, other: Any) -> Any:
        return np.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Any:
        return np.bitwise_and(other, self)

    def __iand__(self, other: Any) -> Any:
        return self._in_place(np.bitwise_and(self, other))

    def __or__(self, other: Any) -> Any:
        return np.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Any:
        return np.bitwise_or(other, self)

    def __ior__(self, other: Any) -> Any:
        return self._in_place(np.bitwise_or(self, other))

    def __xor__(self, other: Any) -> Any:
        return np.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return np.bitwise_xor(other, self)

    def __ixor__(self, other: Any) -> Any:
        return self._in_place(np.bitwise_xor(self, other))

    def __lshift__(self, other: Any) -> Any:
        return np.bitwise_left_shift(self, other)

    def __rlshift__(self, other: Any) -> Any:
        return np.bitwise_left_shift(other, self)

    def __ilshift__(self, other: Any) -> Any:
        return self._in_place(np.bitwise_left_shift(self, other))

    def __rshift__(self, other: Any) -> Any:
        return np.bitwise_right_shift(self, other)

    def __rrshift__(self, other: Any) -> Any:
        return np.bitwise_right_shift(other, self)

    def __irshift__(self, other: Any) -> Any:
        return self._in_place(np.bitwise_right_shift(self, other))

    def __invert__(self) -> Any:
        return np.bitwise_invert(self)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __abs__(self) -> Any:
        return np.abs(self)

    def __eq__(self, other: object) -> Any:
        return np.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return np.not_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return np.less(self, other)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self, other)
