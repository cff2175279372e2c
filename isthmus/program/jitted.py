"""Functions compiled when they are first called with arguments of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.foreign import check_plain
from isthmus.trace.array import Array
from isthmus.trace.tracing import Arguments, spec

from .executable import Executable, compile

__all__ = ["Jitted", "jit"]


def jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile at the first call with each combination of argument types; see `compile`.

    options: those of `compile`. Arguments are arrays, nested or not. Raises UsageError for others.
    What else the function refers to is taken as it is at that first call: a NumPy array of its
    closure or of an object that is changed later changes nothing; make it an argument.

    >>> import numpy
    >>> import isthmus as im
    >>> @im.jit(backend="cpu")
    ... def double(x):
    ...     return 2 * x
    >>> double(numpy.array([1, 2], numpy.float32))
    array([2., 4.], dtype=float32)
    """
    if function is None:
        return lambda wrapped: Jitted(wrapped, options)
    return Jitted(function, options)


class Jitted:
    """A function with one Executable for each combination of dtypes and shapes it was given."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        update_wrapper(self, function)
        self.function = function
        self.options = dict(options)
        self.executables: dict[Any, Executable] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = [(path, leaf) for path, leaf in tree.leaves((args, kwargs))]
        key = tuple((path, _signature(path, leaf)) for path, leaf in found)
        if key not in self.executables:
            self.executables[key] = self._compiled(args, kwargs)
        return self.executables[key](*args, **kwargs)

    def _compiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Executable:
        specs = tree.map_leaves(lambda leaf: spec(leaf.dtype, leaf.shape), (args, kwargs))
        return compile(self.function, Arguments(*specs), **self.options)


def _signature(path: tuple[str, ...], leaf: Any) -> tuple[str, tuple[int, ...]]:
    check_plain(leaf, f"argument {'.'.join(path[1:])}")
    if not isinstance(leaf, numpy.ndarray | Array):
        raise UsageError(f"argument {'.'.join(path[1:])}: {leaf!r} is no array; give a NumPy array")
    return leaf.dtype.name, tuple(leaf.shape)
