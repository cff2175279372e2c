"""Calls that run at once on a device: each operator compiled once for its types and attributes.

A device is a backend with the programs it has compiled. Sizes are not part of what a program is
compiled for: equal ones share a name, so that a new shape is no new program. What the backend
leaves to the host, what only moves elements in the host's memory, and empty arrays run by the
operator's NumPy body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy

from isthmus.errors import DimensionError, IsthmusError, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import plain
from isthmus.graph.nodes import Held, Type
from isthmus.graph.size_text import parse
from isthmus.program.backend import Backend, Memory
from isthmus.program.executable import Executable
from isthmus.program.options import Options
from isthmus.program.recent import Recent
from isthmus.system import blas
from isthmus.trace.aliasing import layout
from isthmus.trace.array import Array
from isthmus.trace.location import located
from isthmus.trace.op import Op
from isthmus.trace.tracing import traced_once

__all__ = ["MOST_PROGRAMS", "Device", "Program"]


class Program(NamedTuple):
    """A compiled operator, and which of its results NumPy would make views of an operand."""

    executable: Executable
    views: Sequence[bool]


DLPACK_HOST = 1  # kDLCPU
MOST_PROGRAMS = 256  # a device keeps; on cpu one is half a MiB or more, and two idle threads


class Device:
    """Arrays live on it, and operators called with them run on it. Prints as its name."""

    def __init__(self, name: str, backend: Backend, options: Options) -> None:
        self.name = name
        self.backend = backend
        self.options = options
        blas.find_libraries()
        make = getattr(backend, "memory", None)
        self.memory: Memory | None = None if make is None else make(options)
        self.programs: Recent[Any] = Recent(MOST_PROGRAMS)  # a Program, None, or _UNDECIDED

    def __repr__(self) -> str:
        return self.name

    def hold(
        self, array: numpy.ndarray[Any, Any], base: Array | None = None, layout: Any = None
    ) -> Array:
        """The elements on this device; they must not change from now on."""
        if array.dtype.kind not in "biufc":
            raise UsageError(f"an array of {array.dtype} has no place on {self}; give numbers")
        array = plain(array)
        return Array(Held(Type(array.dtype, array.shape), self, host=array), base, layout)

    def take_over(self, buffer: Any, base: Array | None = None, layout: Any = None) -> Array:
        """An array of this device's memory."""
        assert self.memory is not None
        return Array(Held(self.memory.type_of(buffer), self, buffer=buffer), base, layout)

    def run(self, op: Op[..., Any], operands: Sequence[Any], attributes: dict[str, Any]) -> Any:
        """The operator's results, as arrays of this device."""
        given = self._arrays(op, operands)
        program = self._program(op, given, attributes)
        if program is not None:
            try:
                return self._by_program(program, op, given, attributes)
            except DimensionError:  # made for named sizes, of which it assumes what these are not
                pass
        return self._on_host(op, given, attributes)

    def _by_program(
        self, program: Program, op: Op[..., Any], given: list[Any], attributes: dict[str, Any]
    ) -> Any:
        arrays = [operand for operand in given if isinstance(operand, Array)]
        executable, views = program
        types = [array.type for array in arrays]
        if self.memory is None or not executable.takes_buffers(types):
            return self._placed(executable(*map(_host, arrays)), None, [])
        given_buffers = [array.value.buffer() for array in arrays]  # type: ignore[attr-defined]
        buffers = executable.on_device(given_buffers, types)
        several = isinstance(executable.traced.result, tuple)
        laid: Any = _computed(op, given, attributes, layout) if any(views) else None
        places = laid if several and any(views) else [laid] * len(buffers)
        bases = [_viewed(place, arrays) for place in places]
        results = tuple(map(self.take_over, buffers, bases, places))
        return results if several else results[0]

    def export(self, value: Held, wanted: dict[str, Any]) -> Any:
        """A DLPack capsule of an array, sharing its memory unless a copy is asked for."""
        kind = (
            self.dlpack_device(value)[0] if wanted["dl_device"] is None else wanted["dl_device"][0]
        )
        if self.memory is None or kind == DLPACK_HOST or wanted["copy"]:
            return value.host().__dlpack__(**wanted)
        return self.memory.export(value.buffer())

    def imported(self, other: Any) -> Array:
        """Another library's array by DLPack, not copied."""
        if self.memory is None or other.__dlpack_device__()[0] == DLPACK_HOST:
            return self.hold(numpy.from_dlpack(other))
        return self.take_over(self.memory.imported(other))

    def dlpack_device(self, value: Held) -> tuple[Any, int]:
        """DLPack's kind and number of where an array is; complex ones are in the host's memory."""
        if self.memory is None or self.memory.is_host or value.type.dtype.kind == "c":
            return DLPACK_HOST, 0
        return self.memory.dlpack_device()

    # Which program

    def _arrays(self, op: Op[..., Any], operands: Sequence[Any]) -> list[Any]:
        """The operands with NumPy's arrays held here, and scalars as arrays where they are cast."""
        given = [
            self.hold(numpy.asarray(o)) if isinstance(o, numpy.ndarray | numpy.generic) else o
            for o in map(self._here, operands)
        ]
        if op.promote is None or not any(isinstance(o, _SCALARS) for o in given):
            return given
        dtypes = op.promote(*(o if isinstance(o, _SCALARS) else o.dtype for o in given))
        return [
            self.hold(numpy.asarray(o, dtype)) if isinstance(o, _SCALARS) else o
            for o, dtype in zip(given, dtypes, strict=True)
        ]

    def _here(self, operand: Any) -> Any:
        """The elements of an array of another device, which are a traced function's constants."""
        elsewhere = isinstance(operand, Array) and operand.value.device is not self  # type: ignore[attr-defined]
        return _host(operand) if elsewhere else operand

    def _program(
        self, op: Op[..., Any], operands: Sequence[Any], attributes: dict[str, Any]
    ) -> Program | None:
        """The compiled program of a call; None where NumPy runs it."""
        by_bodies = self.backend.name == "numpy" and self.options.precision == "f32"
        if by_bodies or (op.view and self._at_hand(operands, attributes)):
            return None
        shapes = [operand.shape for operand in operands if isinstance(operand, Array)]
        if any(0 in shape for shape in shapes):
            return None
        for specs in (_named(operands), _exact(operands)):
            try:
                key = (op, tuple(map(_key, specs)), _key(attributes))
            except TypeError:  # an attribute that is no constant
                return None
            found = self.programs(key, partial(self._compiled, op, specs, attributes))
            if found is not _UNDECIDED:
                return found
        return None

    def _at_hand(self, operands: Sequence[Any], attributes: dict[str, Any]) -> bool:
        """Whether a view is best taken in the host's memory: the elements are there, or one
        position is asked for, of which there are too many to compile a program for each."""
        if self.memory is None or self.memory.is_host:
            return True
        arrays = [operand.value for operand in operands if isinstance(operand, Array)]
        positions = attributes.get("index", ())
        return all(value.is_on_host for value in arrays) or any(  # type: ignore[attr-defined]
            isinstance(part, int) for part in positions
        )

    def _compiled(self, op: Op[..., Any], specs: Sequence[Any], attributes: dict[str, Any]) -> Any:
        views: list[bool] = []

        def call(*arrays: Array) -> Any:
            source = iter(arrays)
            operands = [next(source) if isinstance(spec, Type) else spec for spec in specs]
            found = op(*([operands] if op.variadic else operands), **attributes)
            results = found if isinstance(found, tuple) else (found,)
            views.extend(getattr(result, "_memory", None) is not None for result in results)
            return found

        try:
            with located(""):  # calls of other lines will share the program
                traced = traced_once(call, tuple(s for s in specs if isinstance(s, Type)))
            if any(views) and self.memory is None:
                return None
            executable = Executable(traced, self.backend.name, self.options, "allow")
        except (IsthmusError, TypeError, ValueError):
            return _UNDECIDED  # for named sizes, or wrong: NumPy's own body then says in which way
        on_host = all(segment.on_host for segment in executable.segments)
        return None if on_host else Program(executable, views)

    # NumPy

    def _on_host(self, op: Op[..., Any], operands: Sequence[Any], attributes: Any) -> Any:
        """The operator's own body; results that share memory with an operand are its views."""
        arrays = [o for o in operands if isinstance(o, Array)]
        with blas.at_most(self.options.threads):
            found = _computed(op, operands, attributes, _host)
        laid = found
        if self.memory is not None:
            shared = any(_viewed(part, arrays, _host) is not None for part in _parts(found))
            laid = _laid(op, operands, attributes, found) if shared else None
            if shared and laid is None:
                copies = tuple(numpy.array(part) for part in _parts(found))
                found = copies if isinstance(found, tuple) else copies[0]
        return self._placed(found, laid, arrays)

    def _placed(self, found: Any, laid: Any, operands: Sequence[Array]) -> Any:
        if isinstance(found, tuple):
            places = laid or [None] * len(found)
            return tuple(self._placed(*pair, operands) for pair in zip(found, places, strict=True))
        return self.hold(numpy.asarray(found), _viewed(laid, operands), laid)


_UNDECIDED: Any = object()
_SCALARS = (bool, int, float, complex)


def _computed(
    op: Op[..., Any],
    operands: Sequence[Any],
    attributes: dict[str, Any],
    of: Callable[[Array], numpy.ndarray[Any, Any]],
) -> Any:
    """The operator by its body, of what `of` gives for each array."""
    arrays = [of(o) if isinstance(o, Array) else o for o in operands]
    settings = {key: _as_host(value) for key, value in attributes.items()}
    with numpy.errstate(all="ignore"):
        run = op.body if op.is_direct else op
        return run(*([arrays] if op.variadic else arrays), **settings)


def _laid(op: Op[..., Any], operands: Sequence[Any], attributes: Any, found: Any) -> Any:
    """Where the results lie; None where values decide what the body does: a layout is all zeros."""
    try:
        laid = _computed(op, operands, attributes, layout)
    except (ArithmeticError, LookupError, ValueError):
        return None
    pairs = zip(_parts(laid), _parts(found), strict=False)
    return laid if all(numpy.shape(one) == numpy.shape(two) for one, two in pairs) else None


def _viewed(
    laid: Any, operands: Sequence[Array], of: Callable[[Array], Any] = layout
) -> Array | None:
    """The operand in whose memory an array lies."""
    if not isinstance(laid, numpy.ndarray):
        return None
    return next((o for o in operands if numpy.may_share_memory(laid, of(o))), None)


def _parts(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def _host(array: Array) -> numpy.ndarray[Any, Any]:
    value = array.value
    assert isinstance(value, Held)
    return value.host()


def _as_host(attribute: Any) -> Any:
    return numpy.asarray(attribute) if isinstance(attribute, Array) else attribute


def _exact(operands: Sequence[Any]) -> list[Any]:
    return [o.type if isinstance(o, Array) else o for o in operands]


def _named(operands: Sequence[Any]) -> list[Any]:
    """The types of the operands with a name for each size above 1, equal ones the same."""
    names: dict[Any, Dim | int] = {1: 1}

    def named(size: Any) -> Dim | int:
        return names.setdefault(size, parse(f"n{len(names)}"))

    return [
        Type(o.dtype, tuple(map(named, o.shape))) if isinstance(o, Array) else o for o in operands
    ]


def _key(value: Any) -> Any:
    """Something hashable that is equal for what traces to the same program."""
    match value:
        case Type():
            return value.dtype, str(value.shape)
        case slice():
            return slice, _key(value.start), _key(value.stop), _key(value.step)
        case dict():
            return tuple((name, _key(part)) for name, part in value.items())
        case tuple() | list():
            return tuple(map(_key, value))
        case Array():
            raise TypeError("an array is no constant")
    hash(value)
    return type(value), repr(value) if isinstance(value, float | complex) else value
