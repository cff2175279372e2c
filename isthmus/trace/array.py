"""The array a program computes with: a handle on an immutable value.

The value is traced (known when the program runs) or held by a device (`isthmus.eager`). Every
operator and method is a function of `isthmus.np`, which records or computes a new value.
`x[i] = v` and `x += v` give the handle another value, so that what was computed before
keeps what it saw. NumPy also changes every array that shares memory with x: held ones change
here as well, traced ones are refused from then on (`aliasing`), because they would
silently mean something else.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy

from isthmus.errors import TraceError
from isthmus.graph.dims import Dim, Shape
from isthmus.graph.nodes import Held, Type, Value
from isthmus.graph.shapes import product

from . import numpy_protocol, scope
from .aliasing import Memory, write_through
from .discovery import is_recording
from .methods import Methods
from .operators import Operators
from .slots import namespaces, np

__all__ = ["Array"]

_STALE = (
    "an array that shares memory with this one was assigned to since, and NumPy would have "
    "changed this one as well; take the view after the assignment, assign to the whole array "
    "(x[i, j] = v instead of x[i][j] = v), or use np.copy(view)"
)
_OUTSIDE = (
    "assignment to an array from outside the body of a loop or branch, which may run any number "
    "of times; make it a loop variable or a result of the body, or assign to a copy, np.copy(x)"
)
_REMEDY = "use np.where(condition, a, b), or keep the value an argument of the compiled program"


class Array(Operators, Methods):
    """`dtype`, `shape`, and NumPy's operators and methods."""

    __slots__ = ("__weakref__", "_changed_by", "_layout", "_memory", "_scope", "_value")
    __array_priority__ = 1000  # numpy defers `ndarray + Array` to us

    def __init__(self, value: Value, base: Array | None = None, layout: Any = None) -> None:
        """base: an array whose memory NumPy would share with this one; layout: where in it."""
        self._value = value
        self._layout = layout
        self._changed_by: Array | None = None  # the other array whose assignment changed this one
        self._memory: Memory | None = None
        self._scope = scope.current()
        if base is not None:
            if base._memory is None:
                base._memory = Memory(base)
            self._memory = base._memory
            self._memory.add(self)

    @property
    def value(self) -> Value:
        """The immutable value behind the handle, as of now."""
        if self._changed_by is not None:
            raise TraceError(_STALE)
        return self._value

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
    def nbytes(self) -> int | Dim:
        return self.size * self.dtype.itemsize

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def device(self) -> Any:
        """Where the elements are; traced ones are nowhere yet, which is called "cpu".

        In a function that is traced all arrays are on one device, that of its constants.
        """
        if is_recording():
            return namespaces.place_of_constants()
        return getattr(self.value, "device", "cpu")

    def __repr__(self) -> str:
        held = self._held()
        return f"Array({self.type})" if held is None else f"{held!r} on {self.device}"

    # Indexing and assignment

    def __getitem__(self, index: Any) -> Any:
        return np.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._changed_by is not None and self._changed_by is value:
            self._changed_by = None  # the second half of x[i] += v, which is x[i] = (x[i] += v)
        self._assign(np.setitem(self, value, index))

    def _assign(self, changed: Any) -> None:
        others = [] if self._memory is None else self._memory.others(self)
        if any(scope.is_outside(handle._scope) for handle in (self, *others)):
            raise TraceError(_OUTSIDE)
        held = all(isinstance(each.value, Held) for each in (self, changed, *others))
        if held and others:
            write_through(self, changed.value, others)
            return
        self._value = changed.value
        for other in others:
            other._changed_by = self

    def _in_place(self, changed: Any) -> Array:
        if not numpy.can_cast(changed.dtype, self.dtype, "same_kind"):
            raise TraceError(
                f"cannot assign {changed.dtype} in place to {self.dtype}; write x = x + y instead"
            )
        self._assign(np.broadcast_to(np.astype(changed, self.dtype), self.shape))
        return self

    def __pos__(self) -> Array:
        return Array(self.value)  # a copy, as NumPy's: assigning to it leaves this one

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0].__index__()

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # What needs the elements

    def _held(self) -> numpy.ndarray[Any, Any] | None:
        """The elements, not to be written to, if a device holds them."""
        held = getattr(self.value, "host", None)
        return None if held is None else held()

    def _on_a_device(self) -> Any:
        """The held value; TraceError where there is none yet."""
        if not hasattr(self.value, "device"):
            self._elements("the memory")
        return self.value

    def _elements(self, wanted: str) -> numpy.ndarray[Any, Any]:
        held = self._held()
        if held is None:
            raise TraceError(
                f"{wanted} of a traced {self.type}: its value is not known yet; {_REMEDY}"
            )
        return held

    def __bool__(self) -> bool:
        return bool(self._elements("the truth"))

    def __int__(self) -> int:
        return int(self._elements("int()"))

    def __index__(self) -> int:
        return operator.index(self._elements("the index"))

    def __float__(self) -> float:
        return float(self._elements("float()"))

    def __complex__(self) -> complex:
        return complex(self._elements("complex()"))

    def __contains__(self, item: object) -> bool:
        return item in self._elements("'in'")

    def item(self, *position: int) -> Any:
        return self._elements("item()").item(*position)

    def tolist(self) -> Any:
        return self._elements("tolist()").tolist()

    def __format__(self, how: str) -> str:
        held = self._held()
        return repr(self) if held is None else format(held, how)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The elements in an array of their own; with copy=False read only."""
        held = self._held()
        if held is None:
            raise TraceError(
                f"a traced {self.type} was given to NumPy or to code that needs numbers; "
                "call the function of isthmus.np or isthmus.npx instead of numpy's"
            )
        if copy is not False:
            return numpy.array(held, dtype)
        shared = numpy.asarray(held, dtype, copy=False).view()
        shared.flags.writeable = False
        return shared

    def __deepcopy__(self, _: Any) -> Array:
        return Array(self.value)

    __copy__ = __pos__

    def __reduce__(self) -> Any:
        """To pickle: the device's namespace and the elements."""
        elements = self._elements("the elements")
        return _restored, (namespaces.home(self), elements)

    # What other libraries ask

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **keywords: Any) -> Any:
        return numpy_protocol.of_ufunc(ufunc, method, operands, keywords)

    def __array_function__(self, function: Any, _: Any, args: Any, keywords: Any) -> Any:
        return numpy_protocol.of_function(function, args, keywords)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The Array API namespace of the device."""
        return namespaces.namespace_of(self, api_version)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The same elements on another device of `isthmus.namespace`."""
        return namespaces.moved(self, device)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """The elements for another library, without a copy unless it asks for one."""
        wanted = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        held = self._on_a_device()
        return held.device.export(held, wanted)

    def __dlpack_device__(self) -> tuple[Any, int]:
        held = self._on_a_device()
        found: tuple[Any, int] = held.device.dlpack_device(held)
        return found


def _restored(namespace: Any, elements: numpy.ndarray[Any, Any]) -> Any:
    return namespace.asarray(elements)
