"""A hybridized block: compiled when it is called, and anew when what it is made of has changed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from isthmus.errors import UsageError
from isthmus.program.executable import Executable, compile
from isthmus.program.jitted import Jitted, jit

from .held import Container, containers, contents
from .parameter import Parameter

__all__ = ["Hybrid"]

# What Gluon 2's hybridize takes beside: programs always are what these ask for.
_ALWAYS = ("static_alloc", "static_shape")


class Hybrid:
    """The programs of a block, one for each combination of input types; see `isthmus.jit`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        known = [
            name
            for name, parameter in inspect.signature(compile).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        ]
        self.options = {name: value for name, value in options.items() if name not in _ALWAYS}
        for name in self.options:
            if name not in known:
                raise UsageError(f"hybridize has no option '{name}'; it has {', '.join(known)}")
        self._programs: Jitted | None = None
        self._changes = 0
        self._seen: list[tuple[Container, list[tuple[Any, Any]]]] = []

    def __call__(self, block: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        programs = self._programs
        if programs is None or self._changes != Parameter.changes or self._has_new_contents():
            programs = self._anew(block)
        return programs(*args, **kwargs)

    @property
    def executables(self) -> dict[Any, Executable]:
        """The programs that are compiled, by the types of their arguments."""
        return {} if self._programs is None else self._programs.executables

    def __reduce__(self) -> Any:
        """To pickle or copy: the options, since programs belong to one block in one process."""
        return Hybrid, (self.options,)

    def _anew(self, block: Any) -> Jitted:
        self._changes = Parameter.changes
        blocks = list(_all(block))
        self._seen = [
            (container, list(contents(container)))
            for each in blocks
            for container in containers(list(vars(each).values()))
        ]
        for each in blocks:
            vars(each)["_in_program"] = True  # see Block.__setattr__
        programs: Jitted = jit(block.forward, **self.options)
        self._programs = programs
        return programs

    def _has_new_contents(self) -> bool:
        """Whether a list or dict has got or lost something since."""
        return not all(_same(container, before) for container, before in self._seen)


def _same(container: Container, before: list[tuple[Any, Any]]) -> bool:
    pairs = zip(contents(container), before, strict=False)
    return len(container) == len(before) and all(
        key == known and value is other for (key, value), (known, other) in pairs
    )


def _all(block: Any) -> Iterator[Any]:
    yield block
    for _, child in block.children():
        yield from _all(child)
