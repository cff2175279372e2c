"""Functions compiled when they are first called with arguments of a kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.foreign import check_plain
from isthmus.trace.array import Array
from isthmus.trace.by_name import found_by_name, has_place, is_sent_by_value
from isthmus.trace.tracing import Arguments, spec

from .compiling import compile
from .executable import Executable
from .options import needs_samples
from .recent import Recent

__all__ = ["Jitted", "jit"]

MOST_PROGRAMS = 128  # of functools.lru_cache, too


def jit(
    function: Callable[..., Any] | None = None,
    *,
    maxsize: int | None = MOST_PROGRAMS,
    **options: Any,
) -> Any:
    """Compile at the first call with each combination of argument types; see `compile`.

    maxsize: the most programs that are kept, as in `functools.lru_cache`: the one called longest
    ago goes first, and is compiled again when it is called again; None keeps all. Each program has
    what its runtime makes of the weights; where sizes change at every call, `compile` with named
    sizes makes one program for all of them. options: those of `compile`. Arguments are arrays,
    nested or not. Raises UsageError for others, and for another maxsize. A precision of "int8" or
    "auto" without samples is settled, for each combination of types, on the arguments of its first
    call: give samples=[...] where one call does not stand for all.
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
    if maxsize is not None and (type(maxsize) is not int or maxsize < 1):
        raise UsageError(f"maxsize={maxsize!r}: give a whole number from 1, or None for no limit")
    if function is None:
        return lambda wrapped: Jitted(wrapped, options, maxsize)
    return Jitted(function, options, maxsize)


class Jitted:
    """A function with an Executable for each combination of dtypes and shapes it was last given.

    `cache_clear()` drops them all. Safe to call from several threads.
    """

    __qualname__: str  # as the function's

    def __init__(
        self,
        function: Callable[..., Any],
        options: Mapping[str, Any],
        maxsize: int | None = MOST_PROGRAMS,
    ) -> None:
        update_wrapper(self, function)
        self.function = function
        self.options = dict(options)
        self.maxsize = maxsize
        self.executables: Recent[Executable] = Recent(maxsize)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = [(path, leaf) for path, leaf in tree.leaves((args, kwargs))]
        key = tuple((path, _signature(path, leaf)) for path, leaf in found)
        return self.executables(key, lambda: self._compiled(args, kwargs))(*args, **kwargs)

    def cache_clear(self) -> None:
        """Drop all programs, and with them their memory."""
        self.executables.clear()

    def __reduce__(self) -> Any:
        """To pickle: by its name where it decorates a function, else the function and options.

        Either way the other process compiles anew.
        """
        if has_place(self) and not is_sent_by_value(self):
            return found_by_name, (self.__module__, self.__qualname__)
        return Jitted, (self.function, self.options, self.maxsize)

    def _compiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Executable:
        specs = tree.map_leaves(lambda leaf: spec(leaf.dtype, leaf.shape), (args, kwargs))
        options = dict(self.options)
        levers = options.get("levers") or {}
        if needs_samples(options.get("precision"), levers) and options.get("samples") is None:
            options["samples"] = [self._sample(args, kwargs)]
        return compile(self.function, Arguments(*specs), **options)

    def _sample(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments of a call as `compile` takes samples: by position or by name."""
        if args and kwargs:
            called = getattr(self.function, "forward", self.function)
            return dict(inspect.signature(called).bind(*args, **kwargs).arguments)
        return args or kwargs


def _signature(path: tuple[str, ...], leaf: Any) -> tuple[str, tuple[int, ...]]:
    check_plain(leaf, f"argument {'.'.join(path[1:])}")
    if not isinstance(leaf, numpy.ndarray | Array):
        raise UsageError(f"argument {'.'.join(path[1:])}: {leaf!r} is no array; give a NumPy array")
    return leaf.dtype.name, tuple(leaf.shape)
