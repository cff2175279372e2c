"""Blocks: objects that hold parameters and other blocks, as in Gluon 2.0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.tree import leaves
from isthmus.program.jitted import jit
from isthmus.trace.array import Array

from .parameter import Parameter

__all__ = ["Block", "Sequential"]


class Block:
    """A network or a part of one; subclasses make their children in `__init__` and write `forward`.

    Children and parameters are the attributes of those types, named as they are;
    `net.parameters()` lists all of them with dotted names.
    """

    forward: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        compiled = self.__dict__.get("_compiled")
        if compiled is None or _traced(args, kwargs):
            return self.forward(*args, **kwargs)
        if self.__dict__["_compiled_at"] != Parameter.changes:
            self.hybridize(**compiled.options)
        return self.__dict__["_compiled"](*args, **kwargs)

    def children(self) -> Iterator[tuple[str, Block]]:
        """The blocks directly in this one, with their names."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Block))

    def parameters(self) -> dict[str, Parameter]:
        """All parameters by dotted name, in the order they were made."""
        found = {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}
        for name, child in self.children():
            found.update({f"{name}.{inner}": p for inner, p in child.parameters().items()})
        return found

    def initialize(self, seed: int = 0) -> None:
        """Give every parameter random values that depend on the seed and its name."""
        for name, parameter in self.parameters().items():
            parameter.initialize(name, seed)

    def set_parameters(self, arrays: Mapping[str, Any]) -> None:
        """Set parameters by name; UsageError lists names that are missing or unknown."""
        own = self.parameters()
        wrong = sorted(set(own) ^ set(arrays))
        if wrong:
            raise UsageError(f"{len(wrong)} names do not fit, such as {', '.join(wrong[:5])}")
        for name, parameter in own.items():
            parameter.set(arrays[name])

    def hybridize(self, active: bool = True, **options: Any) -> None:
        """From now on run compiled, once for each combination of input types; see `compile`."""
        object.__setattr__(self, "_compiled", jit(self.forward, **options) if active else None)
        object.__setattr__(self, "_compiled_at", Parameter.changes)


def _traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(isinstance(leaf, Array) for _, leaf in leaves((args, kwargs)))


class Sequential(Block):
    """Blocks run one after another; each takes what the one before returned."""

    def __init__(self, *blocks: Block) -> None:
        for position, block in enumerate(blocks):
            setattr(self, str(position), block)

    def forward(self, x: Any) -> Any:
        for _, block in self.children():
            x = block(x)
        return x

    def __getitem__(self, position: int) -> Block:
        return [block for _, block in self.children()][position]

    def __len__(self) -> int:
        return sum(1 for _ in self.children())
