"""The arguments of a call against those of a program, by position or by name, as Python binds them.

Positions are the order of the specs, whether they were given by position or by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.nodes import Input

__all__ = ["CallArguments"]


class CallArguments:
    """Binds calls. positional, keyword: trees of the names of the inputs."""

    def __init__(
        self, positional: Sequence[Any], keyword: Mapping[str, Any], inputs: Sequence[Input]
    ) -> None:
        self.trees = [*positional, *keyword.values()]
        names = [*map(_name, positional), *keyword]
        # What *args took has no name of its own.
        self.names = [None if names.count(name) > 1 else name for name in names]
        self.inputs = inputs
        self.is_flat = all(isinstance(each, str) for each in self.trees)

    def in_order(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """Arguments that need no binding, as most calls have them; None for others.

        Nobody has looked whether one of them is a nest.
        """
        if not self.is_flat or len(args) + len(kwargs) != len(self.names):
            return None
        if not kwargs:
            return args
        return (*args, *kwargs.values()) if list(kwargs) == self.names[len(args) :] else None

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arrays in the order of the inputs; UsageError for other arguments."""
        names = self.names[len(args) :]
        if len(args) <= len(self.names) and names == list(kwargs):
            values = [*args, *kwargs.values()]
        else:
            values = [*args, *(kwargs.get(name, _MISSING) for name in names)]  # type: ignore[arg-type]
            self._check(args, kwargs)
        if self.is_flat and not any(isinstance(v, _NESTS) for v in values):
            return values
        for name, value, wanted in zip(self.names, values, self.trees, strict=True):
            if not tree.same_structure(value, wanted):
                reason = f"{name or 'an argument'} is nested in another way"
                raise UsageError(self._explained(reason, args, kwargs))
        return [leaf for _, leaf in tree.leaves(values)]

    def _check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        reason = self._reason(args, kwargs)
        if reason:
            raise UsageError(self._explained(reason, args, kwargs))

    def _reason(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """Why a call does not fit, or nothing if it does."""
        count = len(args)
        if count > len(self.names):
            return f"{count} positional arguments given, and there are {len(self.names)}"
        twice = [name for name in self.names[:count] if name in kwargs]
        if twice:
            return f"{twice[0]} is given by position and by name"
        unknown = [name for name in kwargs if name not in self.names]
        if unknown:
            return f"{unknown[0]} is unknown"
        missing = [name for name in self.names[count:] if name not in kwargs]
        return f"{missing[0] or 'a positional argument'} is missing" if missing else ""

    def _explained(self, reason: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        wanted = ", ".join(f"{value.name}: {value.type}" for value in self.inputs)
        given = ", ".join([f"{len(args)} positional"] * bool(args) + sorted(kwargs)) or "nothing"
        return f"{reason}: arguments {given} given; the program takes {wanted}"


_MISSING = object()
_NESTS = (tuple, list, dict, type(None))


def _name(argument: Any) -> str | None:
    """The argument's own name, of the names of its leaves; None where it has none."""
    first = next(tree.leaves(argument), None)
    if first is None:
        return None
    path, leaf = first
    name: str = leaf.removesuffix("".join(f".{key}" for key in path))
    return None if "." in name else name
