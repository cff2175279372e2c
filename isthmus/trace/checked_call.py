"""Calls with NumPy's arrays of operators that are held to their rule, as a program would hold them.

Operands are cast as a recorded call casts them and lent to the body, which cannot write to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.contract import check_results, results_of, run_body
from isthmus.graph.nodes import Type
from isthmus.graph.operator import Operator

from .recording import declared, described, promoted

__all__ = ["checked_call"]

Array = numpy.ndarray[Any, Any]


def checked_call(op: Operator, operands: Sequence[Any], attributes: dict[str, Any]) -> Any:
    """The results, which are the caller's; UsageError where rule, operands and body do not agree.

    A composite has no rule: its operands are lent, and nothing else is different.
    """
    if op.is_composite:
        return _handed_over(run_body(op, operands, attributes), op, operands)
    try:
        arrays = _cast(op, operands, attributes)
        given = [None if array is None else Type(array.dtype, array.shape) for array in arrays]
        types, attributes = declared(op, given, attributes)
    except (DimensionError, UsageError) as problem:
        raise type(problem)(f"{op.name}({described(operands)}): {problem}") from None
    if op.discovers:
        attributes = {name: value for name, value in attributes.items() if name != "size"}
    results = results_of(op, run_body(op, arrays, attributes))
    check_results(op, operands, results, types if isinstance(types, tuple) else (types,), {})
    return _handed_over(results if isinstance(types, tuple) else results[0], op, arrays)


def _cast(op: Operator, operands: Sequence[Any], attributes: dict[str, Any]) -> list[Any]:
    dtypes = promoted(op, operands, attributes)
    if dtypes is None:
        return [None if operand is None else _native(operand) for operand in operands]
    return [numpy.asanyarray(o, dtype) for o, dtype in zip(operands, dtypes, strict=True)]


def _native(operand: Any) -> Array:
    array = numpy.asanyarray(operand)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _handed_over(outcome: Any, op: Operator, operands: Sequence[Any]) -> Any:
    """The outcome, without the lock that a lent operand's memory has.

    A view of an operand stays one where the operator says that it gives views, else it is copied:
    a program's results are new arrays.
    """
    if isinstance(outcome, tuple):
        return tuple(_handed_over(part, op, operands) for part in outcome)
    if not isinstance(outcome, numpy.ndarray) or outcome.flags.writeable:
        return outcome
    if not (op.view or op.is_composite):
        return outcome.copy()
    if 0 not in outcome.strides and any(_owns(operand, outcome) for operand in operands):
        outcome.flags.writeable = True
    return outcome


def _owns(operand: Any, view: Array) -> bool:
    return (
        isinstance(operand, numpy.ndarray)
        and operand.flags.writeable
        and numpy.may_share_memory(operand, view)
    )
