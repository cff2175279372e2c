"""A hybridized block: compiled when it is called, and anew when what it is made of has changed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from isthmus.errors import UsageError
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.program.jitted import Jitted, jit
from isthmus.program.recent import Recent

from .held import CONTAINERS, Container, Holder, holds, inside
from .parameter import Parameter

__all__ = ["Hybrid"]

# What Gluon 2's hybridize takes beside: programs always are what these ask for.
_ALWAYS = ("static_alloc", "static_shape")


class Hybrid:
    """The programs of a block, one for each combination of input types; see `isthmus.jit`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        known = [*_options(compile), *_options(jit)]
        self.options = {name: value for name, value in options.items() if name not in _ALWAYS}
        for name in self.options:
            if name not in known:
                raise UsageError(f"hybridize has no option '{name}'; it has {', '.join(known)}")
        self._made: _Made | None = None

    def __call__(self, block: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        made = self._made
        if made is None or not made.is_of_now():
            made = self._made = _Made(block, self.options)
        return made.programs(*args, **kwargs)

    @property
    def executables(self) -> Recent[Executable]:
        """The programs that are compiled, by the types of their arguments."""
        return Recent(None) if self._made is None else self._made.programs.executables

    def __reduce__(self) -> Any:
        """To pickle or copy: the options, since programs belong to one block in one process."""
        return Hybrid, (self.options,)


def _options(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


class _Made:
    """Programs, and what the block was made of when they were."""

    def __init__(self, block: Any, options: Mapping[str, Any]) -> None:
        self.changes = Parameter.changes
        blocks = list(_all(block))
        found = (value for each in blocks for value in vars(each).values())
        lists = [value for value in found if isinstance(value, CONTAINERS)]
        # Those that are empty may get blocks; others without any are of something else.
        self.held = [(each, _held(each)) for each in lists if not each or holds(each)]
        for each in blocks:
            vars(each)["_in_program"] = True  # see Block.__setattr__
        self.programs: Jitted = jit(block.forward, **options)

    def is_of_now(self) -> bool:
        """Whether no parameter got another array since, and no container other blocks."""
        return self.changes == Parameter.changes and all(
            _is_same(_held(container), before) for container, before in self.held
        )


Held = list[tuple[str, Any]]


def _held(container: Container) -> Held:
    return list(inside(container, (Holder, Parameter)))


def _is_same(now: Held, before: Held) -> bool:
    return len(now) == len(before) and all(
        name == known and value is other
        for (name, value), (known, other) in zip(now, before, strict=True)
    )


def _all(block: Any) -> Iterator[Any]:
    yield block
    for _, child in block.children():
        yield from _all(child)
