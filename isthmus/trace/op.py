"""How an operator is defined: one decorated NumPy function.

    @primitive(infer=elementwise)          @composite
    def tanh(x, /):                        def silu(x, /):
        return numpy.tanh(x)                   return x * sigmoid(x)

Positional-only parameters are arrays, the others static attributes. With NumPy
arrays an operator runs its body; with a traced array or a named size it records
a node. A primitive's body calls NumPy and `infer` gives its result's type; a
composite's body calls other operators and needs nothing else.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

import numpy

from isthmus.eager.device import device_of
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, fresh
from isthmus.graph.nodes import Constant, Held, Node, Result, Type, Value, next_number

from .array import Array
from .discovery import record_sizes, shown_outside

P = ParamSpec("P")
R = TypeVar("R")
Infer = Callable[..., Any]
Cost = Callable[[Sequence[Type], Sequence[Type], Any], "int | Dim"]

OPERATORS: dict[str, Op[..., Any]] = {}
_PACKAGE = str(Path(__file__).parents[1])


class Op(Generic[P, R]):
    """An operator: its NumPy body, and for a primitive how types, casts and gradients follow.

    `promote(types and scalars) -> dtypes` says to which dtypes operands are cast
    before the node is recorded, so that backends see NumPy's promotion done.
    `settled(*types, **attributes)` gives attributes the form they are recorded in.
    `discovers`: a size of the results depends on values; the attribute `size` names it.
    `cast_to`: the attribute with a dtype that operands are cast to before, if it is given.
    """

    def __init__(
        self,
        body: Callable[P, R],
        *,
        infer: Infer | None = None,
        promote: Callable[..., Sequence[Any]] | None = None,
        vjp: Callable[..., tuple[Any, ...]] | None = None,
        settled: Callable[..., dict[str, Any]] | None = None,
        operations: Cost | None = None,
        view: bool = False,
        variadic: bool = False,
        discovers: bool = False,
        cast_to: str | None = None,
    ) -> None:
        update_wrapper(self, body)
        self.body = body
        self.infer = infer
        self.promote = promote
        self.vjp = vjp
        self.settled = settled
        self.operations = operations
        self.view = view
        self.variadic = variadic
        self.discovers = discovers
        self.cast_to = cast_to
        self.name = _name(body)
        OPERATORS[self.name] = self

    @cached_property
    def signature(self) -> inspect.Signature:
        """The body's; read when an operator is first recorded, since there are hundreds."""
        return inspect.signature(self.body)

    @cached_property
    def array_names(self) -> list[str]:
        """The names of the operands."""
        found = self.signature.parameters.items()
        return [name for name, p in found if p.kind is inspect.Parameter.POSITIONAL_ONLY]

    @property
    def is_composite(self) -> bool:
        return self.infer is None

    def __repr__(self) -> str:
        return self.name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        kind = max(_kind(args), _kind(tuple(kwargs.values())) if kwargs else NUMPY)
        if kind == NUMPY:
            return self.body(*args, **kwargs)
        if kind == TRACED:
            return _record(self, args, kwargs)
        operands, attributes = _bind(self, args, kwargs)
        result: R = device_of(operands, attributes).run(self, operands, attributes)
        return result

    def infer_node(self, node: Node) -> tuple[Type, ...]:
        """The types of a node's results, from its operands' types alone."""
        if self.infer is None:
            return tuple(value.type for value in node.expansion)
        types = [None if value is None else value.type for value in node.operands]
        return _as_tuple(self.infer(*types, **node.attributes))


def primitive(*, infer: Infer, **facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]:
    """An operator that is its NumPy body; see `Op` for the facts it may state."""
    facts.setdefault("promote", getattr(infer, "promote", None))
    return lambda body: Op(body, infer=infer, **facts)


def composite(body: Callable[P, R]) -> Op[P, R]:
    """An operator made of others; type, cost, gradient and lowering follow from its body."""
    return Op(body)


def _name(body: Callable[..., Any]) -> str:
    """`np.tanh` and `np.fft.fft` for ours, `package.module.name` for those of users."""
    package, *rest = body.__module__.split(".")
    module = rest[0] if package == "isthmus" and rest else body.__module__
    extension = f".{rest[1]}" if rest[1:2] in (["fft"], ["linalg"]) else ""
    return f"{module}{extension}.{body.__name__.lstrip('_')}"


NUMPY, HELD, TRACED = 0, 1, 2


def _kind(values: Sequence[Any]) -> int:
    """What the arguments of a call are: all NumPy's, some held by a device, or some traced."""
    found = NUMPY
    for value in values:
        if isinstance(value, Array):
            if not isinstance(value._value, Held):
                return TRACED
            found = HELD
        elif isinstance(value, Dim):
            return TRACED
        elif isinstance(value, tuple | list):
            found = max(found, _kind(value))
        elif isinstance(value, slice):
            found = max(found, _kind((value.start, value.stop, value.step)))
    return found


def _record(op: Op[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    operands, attributes = _bind(op, args, kwargs)
    if op.is_composite:
        return _record_composite(op, operands, attributes)
    try:
        values = _cast(op, operands, attributes)
        known = [value and value.type for value in values]
        if op.settled is not None:
            attributes = op.settled(*known, **attributes)
        if op.discovers and attributes["size"] is None:
            attributes["size"] = fresh(op.name)
        types = op.infer(*known, **attributes)  # type: ignore[misc]
    except (DimensionError, UsageError) as problem:
        raise type(problem)(f"{op.name}({_described(operands)}): {problem}") from None
    base = operands[0] if op.view and isinstance(operands[0], Array) else None
    node = Node(op, tuple(values), attributes, _user_line())
    node.results = tuple(Result(t, node, i) for i, t in enumerate(_as_tuple(types)))
    record_sizes(node)
    handles = tuple(Array(result, base) for result in node.results)
    return handles if isinstance(types, tuple) else handles[0]


def _record_composite(op: Op[..., Any], operands: list[Any], attributes: dict[str, Any]) -> Any:
    values = tuple(map(_operand, operands))  # before the body, which may assign to a handle
    since = next_number()
    try:
        outcome = op.body(*([operands] if op.variadic else operands), **attributes)
    except (DimensionError, UsageError) as problem:
        if str(problem).startswith(f"{op.name}("):
            raise
        raise type(problem)(f"{op.name}({_described(operands)}): {problem}") from None
    expansion = tuple(as_value(result) for result in _as_tuple(outcome))
    node = Node(op, values, attributes, _user_line(), expansion)
    node.results = tuple(Result(value.type, node, i) for i, value in enumerate(expansion))
    node.shown = shown_outside(expansion, since)
    bases = [_viewed(result) for result in _as_tuple(outcome)]
    handles = tuple(Array(r, base) for r, base in zip(node.results, bases, strict=True))
    return handles if isinstance(outcome, tuple) else handles[0]


def _viewed(result: Any) -> Array | None:
    """The result of a composite's body, where it shares memory with another array."""
    return result if isinstance(result, Array) and result._memory is not None else None


def _bind(
    op: Op[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    try:
        bound = op.signature.bind(*args, **kwargs)
    except TypeError as problem:
        raise UsageError(f"{op.name}: {problem}; see help({op.name})") from None
    bound.apply_defaults()
    operands = [bound.arguments.pop(name) for name in op.array_names]
    if op.variadic:
        operands = list(operands[0])
    return operands, dict(bound.arguments)


def _cast(
    op: Op[..., Any], operands: Sequence[Any], attributes: dict[str, Any]
) -> list[Value | None]:
    """Operands as values, cast as NumPy promotes them; Python scalars are weak."""
    wanted = attributes[op.cast_to] if op.cast_to else None
    if wanted is not None:
        return [_as_dtype(operand, numpy.dtype(wanted)) for operand in operands]
    if op.promote is None:
        return [_operand(operand) for operand in operands]
    dtypes = op.promote(*(_promoted(operand) for operand in operands))
    return [_as_dtype(operand, dtype) for operand, dtype in zip(operands, dtypes, strict=True)]


def _promoted(operand: Any) -> Any:
    if isinstance(operand, Dim):
        return 1  # a size is a Python int, which is weak
    return operand if isinstance(operand, bool | int | float | complex) else _dtype(operand)


def _dtype(operand: Any) -> numpy.dtype[Any]:
    dtype: numpy.dtype[Any] = (
        operand.dtype if hasattr(operand, "dtype") else numpy.asarray(operand).dtype
    )
    return dtype


def _as_dtype(operand: Any, dtype: numpy.dtype[Any]) -> Value:
    if isinstance(operand, Dim):
        return as_value(OPERATORS["np.full"]((), operand, dtype))
    if not isinstance(operand, Array):
        return constant(numpy.asarray(operand, dtype))
    if operand.dtype == dtype:
        return as_value(operand)
    return as_value(OPERATORS["np.astype"](operand, dtype))


def _operand(operand: Any) -> Value | None:
    return None if operand is None else as_value(operand)


def as_value(operand: Any) -> Value:
    """The graph's value of a traced array, or a constant of anything NumPy takes."""
    if isinstance(operand, Array):
        value = operand.value
        return constant(value.host()) if isinstance(value, Held) else value
    if isinstance(operand, Dim):
        return as_value(OPERATORS["np.full"]((), operand, numpy.dtype("int64")))
    return constant(numpy.asarray(operand))


def constant(array: numpy.ndarray[Any, Any]) -> Constant:
    """A constant that shares the array's memory."""
    if array.dtype.hasobject:
        raise UsageError(f"an array of {array.dtype} cannot be traced; give numbers or booleans")
    return Constant(Type(array.dtype, array.shape), array)


def _as_tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def _described(operands: Sequence[Any]) -> str:
    return ", ".join(str(o.type) if isinstance(o, Array) else _described_array(o) for o in operands)


def _described_array(operand: Any) -> str:
    if hasattr(operand, "shape") and hasattr(operand, "dtype"):
        return str(Type(operand.dtype, operand.shape))
    return repr(operand)


def _user_line() -> str:
    """`file:line` of the nearest caller outside this package."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
