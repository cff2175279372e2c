"""Nodes for calls: operands cast as NumPy promotes them, the result's type inferred."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, fresh
from isthmus.graph.nodes import Held, Node, Result, Type, Value, next_number
from isthmus.graph.operator import Operator

from .array import Array
from .blocks import current_block
from .constants import constant
from .discovery import record_sizes, shown_outside
from .location import user_line
from .slots import np

__all__ = ["as_value", "declared", "described", "promoted", "record"]


def record(op: Operator, operands: list[Any], attributes: dict[str, Any]) -> Any:
    """Handles of the results of a new node, or of the nodes a composite's body records."""
    attributes = {key: _by_value(value) for key, value in attributes.items()}
    if op.is_composite:
        return _record_composite(op, operands, attributes)
    try:
        values = _cast(op, operands, attributes)
        known = [None if value is None else value.type for value in values]
        types, attributes = declared(op, known, attributes)
        _check_native(_as_tuple(types))
    except (DimensionError, UsageError) as problem:
        raise type(problem)(f"{op.name}({described(operands)}): {problem}") from None
    base = operands[0] if op.view and isinstance(operands[0], Array) else None
    node = Node(op, tuple(values), attributes, user_line(), block=current_block())
    node.results = tuple(Result(t, node, i) for i, t in enumerate(_as_tuple(types)))
    record_sizes(node)
    handles = tuple(Array(result, base) for result in node.results)
    return handles if isinstance(types, tuple) else handles[0]


def declared(
    op: Operator, operands: list[Type | None], attributes: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The type of the result, or a tuple of them, and the attributes as they are recorded."""
    if op.settled is not None:
        attributes = op.settled(*operands, **attributes)
    if op.discovers and attributes["size"] is None:
        attributes = {**attributes, "size": fresh(op.name)}
    assert op.infer is not None  # as of all that are no composites
    try:
        types = op.infer(*operands, **attributes)
    except TypeError as problem:
        if not op.foreign or _takes(op.infer, operands, attributes):
            raise
        raise UsageError(f"infer: {problem}; it is called as infer(*types, **attributes)") from None
    for each in _as_tuple(types):
        if not (isinstance(each, Type) and isinstance(each.dtype, numpy.dtype)):
            raise UsageError(f"infer gives {each!r}; give a Type of a numpy.dtype and a shape")
    return types, attributes


def _takes(rule: Any, operands: Sequence[Any], attributes: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(rule).bind(*operands, **attributes)
    except TypeError:
        return False
    return True


def _record_composite(op: Operator, operands: list[Any], attributes: dict[str, Any]) -> Any:
    operands = [_native(operand) for operand in operands]
    values = tuple(map(_operand, operands))  # before the body, which may assign to a handle
    if op.settled is not None:
        attributes = op.settled(*(value and value.type for value in values), **attributes)
    handles = [operand for operand in operands if isinstance(operand, Array)]
    before = [handle._value for handle in handles]
    since = next_number()
    try:
        outcome = op.body(*([operands] if op.variadic else operands), **attributes)
    except (DimensionError, UsageError) as problem:
        if str(problem).startswith(f"{op.name}("):
            raise
        raise type(problem)(f"{op.name}({described(operands)}): {problem}") from None
    if op.foreign and any(h._value is not v for h, v in zip(handles, before, strict=True)):
        raise UsageError(
            f"{op.name}({described(operands)}): its body writes to an operand, which is the "
            "caller's; write to a copy, as x = np.copy(x)"
        )
    expansion = tuple(as_value(result) for result in _as_tuple(outcome))
    node = Node(op, values, attributes, user_line(), expansion, block=current_block())
    node.results = tuple(Result(value.type, node, i) for i, value in enumerate(expansion))
    node.shown = shown_outside(expansion, since)
    bases = [_viewed(result) for result in _as_tuple(outcome)]
    found = tuple(Array(r, base) for r, base in zip(node.results, bases, strict=True))
    return found if isinstance(outcome, tuple) else found[0]


def _native(operand: Any) -> Any:
    """A NumPy array in this machine's byte order, so that a body may compare dtypes."""
    if isinstance(operand, numpy.ndarray) and not operand.dtype.isnative:
        return operand.astype(operand.dtype.newbyteorder("="))
    return operand


def _by_value(attribute: Any) -> Any:
    return constant(attribute).array if isinstance(attribute, numpy.ndarray) else attribute


def _viewed(result: Any) -> Array | None:
    """The result of a composite's body, where it shares memory with another array."""
    return result if isinstance(result, Array) and result._memory is not None else None


def _cast(op: Operator, operands: Sequence[Any], attributes: dict[str, Any]) -> list[Value | None]:
    """Operands as values, cast as NumPy promotes them; Python scalars are weak."""
    dtypes = promoted(op, operands, attributes)
    if dtypes is None:
        return [_operand(operand) for operand in operands]
    return [_as_dtype(operand, dtype) for operand, dtype in zip(operands, dtypes, strict=True)]


def promoted(
    op: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]
) -> Sequence[numpy.dtype[Any]] | None:
    """The dtypes that operands are cast to; None where they are taken as they are."""
    wanted = attributes[op.cast_to] if op.cast_to else None
    if wanted is not None:
        return [numpy.dtype(wanted)] * len(operands)
    if op.promote is None:
        return None
    found: Sequence[numpy.dtype[Any]] = op.promote(*(_promoted(operand) for operand in operands))
    return found


def _promoted(operand: Any) -> Any:
    if isinstance(operand, Dim):
        return 1  # a size is a Python int, which is weak
    return operand if isinstance(operand, bool | int | float | complex) else _dtype(operand)


def _dtype(operand: Any) -> numpy.dtype[Any]:
    dtype: numpy.dtype[Any] = (
        operand.dtype if hasattr(operand, "dtype") else numpy.asarray(operand).dtype
    )
    return dtype.newbyteorder("=")


def _as_dtype(operand: Any, dtype: numpy.dtype[Any]) -> Value:
    if isinstance(operand, Dim):
        return as_value(np.full((), operand, dtype))
    if not isinstance(operand, Array):
        return constant(operand, dtype)
    if operand.dtype == dtype:
        return as_value(operand)
    return as_value(np.astype(operand, dtype))


def _operand(operand: Any) -> Value | None:
    return None if operand is None else as_value(operand)


def as_value(operand: Any) -> Value:
    """The graph's value of a traced array, or a constant of anything NumPy takes."""
    if isinstance(operand, Array):
        value = operand.value
        return constant(value.host()) if isinstance(value, Held) else value
    if isinstance(operand, Dim):
        return as_value(np.full((), operand, numpy.int64))
    return constant(operand)


def _check_native(types: Sequence[Type]) -> None:
    for found in types:
        if not found.dtype.isnative:
            native = found.dtype.newbyteorder("=")
            raise UsageError(f"{found.dtype} is not in this machine's byte order; give '{native}'")


def _as_tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def described(operands: Sequence[Any]) -> str:
    """The operands of a call, as messages name them."""
    return ", ".join(str(o.type) if isinstance(o, Array) else _described_array(o) for o in operands)


def _described_array(operand: Any) -> str:
    if hasattr(operand, "shape") and hasattr(operand, "dtype"):
        return str(Type(operand.dtype, operand.shape))
    return repr(operand)
