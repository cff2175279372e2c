"""Sizes from their text, such as `2*batch + 1`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, SupportsIndex

from isthmus.errors import DimensionError, UsageError

from .dims import Dim

__all__ = ["parse"]


def parse(text: str | SupportsIndex | Dim) -> int | Dim:
    """A size from its text: a name, a number, or names and numbers with `+ - * // %`.

    >>> parse("2*batch + 1")
    2*batch + 1
    """
    if isinstance(text, Dim):
        return text
    if not isinstance(text, str):
        return _checked_number(text)
    try:
        size = _from_tree(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, KeyError, ValueError, ZeroDivisionError) as problem:
        raise DimensionError(
            f"'{text}' is not a size; write a name such as 'batch', a number, or '2*batch + 1'"
        ) from problem
    return size if isinstance(size, Dim) else _checked_number(size)


def _checked_number(number: Any) -> int:
    try:
        size = operator.index(number)
    except TypeError:
        raise UsageError(f"{number!r} is not a size; give an int or a name") from None
    if size < 0:
        raise UsageError(f"{size} is not a size; sizes are 0 or more")
    return size


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _from_tree(tree: ast.expr) -> int | Dim:
    match tree:
        case ast.Name(id=name):
            return Dim({(name,): 1})
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_from_tree(inner)
        case ast.BinOp(left=left, op=sign, right=right):
            result: int | Dim = _OPERATORS[type(sign)](_from_tree(left), _from_tree(right))
            return result
    raise ValueError(ast.dump(tree))
