"""What a body is held to: it leaves its operands alone, and gives what its rule declares.

Operands are lent as views that cannot be written to, so that nothing is copied. The comparison
costs some microseconds, so it is for operators that are `checked`: those of other packages, whose
rule nobody has compared with their body, and those whose body would take what their rule refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError

from .dims import Dim
from .nodes import Type
from .operator import Operator
from .shapes import evaluate

__all__ = ["check_results", "lent", "results_of", "run_body"]

Array = numpy.ndarray[Any, Any]


def run_body(op: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The body's outcome for operands that it cannot write to; UsageError where it tries."""
    given = [lent(operand) for operand in operands]
    try:
        return op.body(*([given] if op.variadic else given), **attributes)
    except ValueError as problem:
        if "read-only" not in str(problem) or isinstance(problem, UsageError):
            raise
        raise UsageError(
            f"{op}: its body writes to an operand, which is the caller's ({problem}); "
            "write to a copy, as x = x.copy()"
        ) from None


def lent(operand: Any) -> Any:
    """An array's memory, not to be written to; anything else as it is."""
    if not isinstance(operand, numpy.ndarray) or not operand.flags.writeable:
        return operand
    view = operand.view()
    view.flags.writeable = False
    return view


def results_of(op: Operator, outcome: Any) -> tuple[Any, ...]:
    """The outcome of a body as arrays or NumPy's scalars; UsageError for what is neither."""
    results = outcome if isinstance(outcome, tuple) else (outcome,)
    try:
        return tuple(r if isinstance(r, numpy.generic) else numpy.asanyarray(r) for r in results)
    except ValueError:  # of a list of arrays that differ in shape
        raise UsageError(
            f"{op}: its body gave a {type(outcome).__name__} that is no array; return an array, or "
            "a tuple of them for several results"
        ) from None


def check_results(
    op: Operator,
    operands: Sequence[Any],
    results: Sequence[Array],
    declared: Sequence[Type],
    sizes: Mapping[str, int],
) -> None:
    """UsageError where number, dtypes or shapes are not those declared.

    sizes: of the names in them; a size of another name is for the values to decide.
    """
    known = [_known(each, sizes) for each in declared]
    fits = len(results) == len(known) and all(map(_fits, results, known))
    if not fits:
        given = ", ".join(map(_described, operands))
        raise UsageError(
            f"{op}({given}): its body gave {_listed(map(_described, results))}, where infer "
            f"declares {_listed(map(str, known))}; make the two agree"
        )


def _known(declared: Type, sizes: Mapping[str, int]) -> Type:
    """The type with its named sizes as numbers, where they are known."""
    if declared.is_static:
        return declared
    return Type(declared.dtype, tuple(_number(size, sizes) for size in declared.shape))


def _number(size: int | Dim, sizes: Mapping[str, int]) -> int | Dim:
    if isinstance(size, Dim) and not size.names() <= sizes.keys():
        return size
    return evaluate(size, sizes)


def _fits(array: Array, declared: Type) -> bool:
    if array.dtype != declared.dtype or array.ndim != declared.ndim:
        return False
    pairs = zip(declared.shape, array.shape, strict=True)
    return all(isinstance(size, Dim) or size == number for size, number in pairs)


def _described(operand: Any) -> str:
    if isinstance(operand, numpy.ndarray | numpy.generic):
        return str(Type(operand.dtype, operand.shape))
    return repr(operand)


def _listed(texts: Any) -> str:
    found = list(texts)
    return found[0] if len(found) == 1 else f"{len(found)} results ({', '.join(found)})"
