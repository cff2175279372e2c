"""The array a traced program computes with: NumPy's operators and methods, recorded.

An `Array` is a handle on an immutable `Value`. `x[i] = v` and `x += v` rebind the
handle, so that what was computed from `x` before keeps what it saw. NumPy would
also change every view of `x`; where that would make a difference the handle
refuses, because the traced program would silently mean something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy

from isthmus.dims import Dim, Shape, product
from isthmus.errors import TraceError
from isthmus.graph import Type, Value

_INTO_A_VIEW = (
    "assignment into a view: NumPy would change the array it is taken from; "
    "assign to that array (x[i, j] = v instead of x[i][j] = v), or use np.where"
)
_REMEDY = "use np.where(condition, a, b), or keep the value an argument of the compiled program"


# NumPy's names of functions that are called otherwise here, as in the standard.
_NAMES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "concatenate": "concat",
    "power": "pow",
    "transpose": "permute_dims",
    "true_divide": "divide",
}


def _ours(function: Any) -> str:
    return _NAMES.get(function.__name__, function.__name__)


class Array:
    """A traced array: `dtype`, `shape`, and NumPy's operators, each of which records a node."""

    __slots__ = ("__weakref__", "_base", "_pending", "_seen", "_value", "_version")
    __array_priority__ = 1000  # numpy defers `ndarray + Array` to us

    def __init__(self, value: Value, base: Array | None = None) -> None:
        self._value = value
        self._base = base
        self._version = 0
        self._seen = 0 if base is None else base._version
        self._pending: Array | None = None  # an in-place result of a view, to be assigned next

    @property
    def value(self) -> Value:
        """The immutable value behind the handle, as of now."""
        if self.base._pending is not None:
            raise TraceError(_INTO_A_VIEW)
        if self._base is not None and self._seen != self._base._version:
            raise TraceError(
                "this array is a view of one that was assigned to since; NumPy would have changed "
                "the view as well: take the view after the assignment"
            )
        return self._value

    @property
    def base(self) -> Array:
        """The array whose memory NumPy would share with this one; itself if none."""
        return self if self._base is None else self._base

    @property
    def type(self) -> Type:
        return self.value.type

    @property
    def dtype(self) -> numpy.dtype[Any]:
        return self.type.dtype

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int | Dim:
        return product(self.shape)

    @property
    def T(self) -> Array:
        return np.permute_dims(self)

    @property
    def mT(self) -> Array:
        return np.matrix_transpose(self)

    def __repr__(self) -> str:
        return f"Array({self.type})"

    # Indexing and assignment

    def __getitem__(self, index: Any) -> Array:
        return np.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._pending is not None and self._pending is value:
            self._pending = None  # the second half of x[i] += v
        self._assign(np.setitem(self, value, index))

    def _assign(self, changed: Array) -> None:
        if self._base is not None:
            raise TraceError(_INTO_A_VIEW)
        self._value = changed.value
        self._version += 1

    def _in_place(self, changed: Any) -> Array:
        if not numpy.can_cast(changed.dtype, self.dtype, "same_kind"):
            raise TraceError(
                f"cannot assign {changed.dtype} in place to {self.dtype}; write x = x + y instead"
            )
        whole = np.broadcast_to(np.astype(changed, self.dtype), self.shape)
        if self._base is None:
            self._assign(whole)
            return self
        # Python calls x[i] += v as x[i] = (x[i] += v): the assignment that makes it whole follows,
        # or the array is refused at its next use, since NumPy would have changed it.
        self._base._pending = Array(whole.value, self._base)
        return self._base._pending

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0].__index__()

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    # What needs a number while there is none

    def _refuse(self, wanted: str) -> NoReturn:
        raise TraceError(f"{wanted} of a traced {self.type}: its value is not known yet; {_REMEDY}")

    def __bool__(self) -> NoReturn:
        self._refuse("the truth")

    def __int__(self) -> NoReturn:
        self._refuse("int()")

    def __index__(self) -> NoReturn:
        self._refuse("the index")

    def __float__(self) -> NoReturn:
        self._refuse("float()")

    def __complex__(self) -> NoReturn:
        self._refuse("complex()")

    def __contains__(self, item: object) -> NoReturn:
        self._refuse("'in'")

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TraceError(
            f"a traced {self.type} was given to NumPy or to code that needs numbers; "
            "call the function of isthmus.np or isthmus.npx instead of numpy's"
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        """NumPy's ufuncs record the operator of the same name."""
        if method != "__call__" or keywords:
            raise TraceError(
                f"numpy.{ufunc.__name__}.{method} with {sorted(keywords)} does not trace; "
                f"call isthmus.np.{_ours(ufunc)} on the arrays alone"
            )
        return self._same(ufunc)(*inputs)

    def __array_function__(self, function: Any, _: Any, args: Any, keywords: Any) -> Any:
        """NumPy's functions record the function of the same name."""
        return self._same(function)(*args, **keywords)

    def _same(self, function: Any) -> Any:
        found = getattr(np, _ours(function), None)
        if found is None:
            raise TraceError(
                f"numpy.{function.__name__} of a traced {self.type}: isthmus.np has no such "
                "function; write it with those in dir(isthmus.np)"
            )
        return found

    __hash__ = None  # type: ignore[assignment]  # as ndarray: == is elementwise

    # Operators

    def __add__(self, other: Any) -> Array:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Array:
        return np.add(other, self)

    def __iadd__(self, other: Any) -> Array:
        return self._in_place(np.add(self, other))

    def __sub__(self, other: Any) -> Array:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Array:
        return np.subtract(other, self)

    def __isub__(self, other: Any) -> Array:
        return self._in_place(np.subtract(self, other))

    def __mul__(self, other: Any) -> Array:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Array:
        return np.multiply(other, self)

    def __imul__(self, other: Any) -> Array:
        return self._in_place(np.multiply(self, other))

    def __truediv__(self, other: Any) -> Array:
        return np.divide(self, other)

    def __rtruediv__(self, other: Any) -> Array:
        return np.divide(other, self)

    def __itruediv__(self, other: Any) -> Array:
        return self._in_place(np.divide(self, other))

    def __floordiv__(self, other: Any) -> Array:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Array:
        return np.floor_divide(other, self)

    def __mod__(self, other: Any) -> Array:
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Array:
        return np.remainder(other, self)

    def __pow__(self, other: Any) -> Array:
        return np.pow(self, other)

    def __rpow__(self, other: Any) -> Array:
        return np.pow(other, self)

    def __matmul__(self, other: Any) -> Array:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Array:
        return np.matmul(other, self)

    def __neg__(self) -> Array:
        return np.negative(self)

    def __pos__(self) -> Array:
        return Array(self.value)  # a copy, as NumPy's: assigning to it leaves this one

    def __abs__(self) -> Array:
        return np.abs(self)

    def _truths(self, symbol: str) -> Array:
        if self.dtype != numpy.bool_:
            raise TraceError(
                f"{symbol} of a traced {self.type}: only truth values have it here; compare first"
            )
        return self

    def __invert__(self) -> Array:
        return np.logical_not(self._truths("~"))

    def __and__(self, other: Any) -> Array:
        return np.logical_and(self._truths("&"), other)

    def __or__(self, other: Any) -> Array:
        return np.logical_or(self._truths("|"), other)

    def __xor__(self, other: Any) -> Array:
        return np.logical_xor(self._truths("^"), other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __eq__(self, other: object) -> Array:  # type: ignore[override]
        return np.equal(self, other)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]
        return np.not_equal(self, other)

    def __lt__(self, other: Any) -> Array:
        return np.less(self, other)

    def __le__(self, other: Any) -> Array:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Array:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Array:
        return np.greater_equal(self, other)

    # NumPy's methods

    def astype(self, dtype: Any) -> Array:
        return np.astype(self, dtype)

    def reshape(self, *shape: Any) -> Array:
        whole = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return np.reshape(self, whole)

    def transpose(self, *axes: Any) -> Array:
        whole = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        return np.permute_dims(self, tuple(whole) or None)

    def flatten(self) -> Array:
        return np.reshape(self, (-1,))

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        return np.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        return np.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Array:
        return np.argmax(self, axis=axis, keepdims=keepdims)


# The functions below the operators are made of arrays themselves, so they come last.
from isthmus import np  # noqa: E402
