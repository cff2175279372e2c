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

    >>> import numpy
    >>> from isthmus import nn, npx
    >>> class Classifier(nn.Block):
    ...     def __init__(self, classes):
    ...         self.hidden = nn.Dense(16, 4)
    ...         self.output = nn.Dense(classes, 16)
    ...
    ...     def forward(self, x):
    ...         return self.output(npx.relu(self.hidden(x)))
    >>> net = Classifier(3)
    >>> net.initialize(seed=0)
    >>> net(numpy.ones((2, 4), numpy.float32)).shape
    (2, 3)
    """

    forward: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` returns; by the compiled program after `hybridize`.

        >>> import numpy
        >>> from isthmus import nn
        >>> nn.Flatten()(numpy.zeros((2, 3, 4))).shape
        (2, 12)
        """
        compiled = self.__dict__.get("_compiled")
        if compiled is None or _traced(args, kwargs):
            return self.forward(*args, **kwargs)
        if self.__dict__["_compiled_at"] != Parameter.changes:
            self.hybridize(**compiled.options)
        return self.__dict__["_compiled"](*args, **kwargs)

    def children(self) -> Iterator[tuple[str, Block]]:
        """The blocks directly in this one, with their names.

        >>> from isthmus import nn
        >>> [name for name, block in nn.Sequential(nn.Dense(4, 2), nn.Flatten()).children()]
        ['0', '1']
        """
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Block))

    def parameters(self) -> dict[str, Parameter]:
        """All parameters by dotted name, in the order they were made.

        >>> from isthmus import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Flatten()).parameters()
        {'0.weight': Parameter(4, 2), '0.bias': Parameter(4,)}
        """
        found = {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}
        for name, child in self.children():
            found.update({f"{name}.{inner}": p for inner, p in child.parameters().items()})
        return found

    def initialize(self, seed: int = 0) -> None:
        """Give every parameter random values that depend on the seed and its name.

        >>> from isthmus import nn
        >>> net = nn.Dense(4, 2)
        >>> net.initialize(seed=1)
        >>> net.weight.data().shape
        (4, 2)
        """
        for name, parameter in self.parameters().items():
            parameter.initialize(name, seed)

    def set_parameters(self, arrays: Mapping[str, Any]) -> None:
        """Set all parameters by name, float32 ones without a copy: they are then read-only.

        Raises UsageError for names that are missing or unknown, and for other shapes.

        >>> import numpy
        >>> from isthmus import nn
        >>> net = nn.Dense(1, 2)
        >>> net.set_parameters({"weight": numpy.array([[1, 2]]), "bias": numpy.array([3])})
        >>> net(numpy.array([10, 10], numpy.float32))
        array([33.], dtype=float32)
        """
        own = self.parameters()
        wrong = sorted(set(own) ^ set(arrays))
        if wrong:
            raise UsageError(f"{len(wrong)} names do not fit, such as {', '.join(wrong[:5])}")
        for name, parameter in own.items():
            parameter.set(arrays[name])

    def hybridize(self, active: bool = True, **options: Any) -> None:
        """From now on run compiled, once for each combination of input types; see `compile`.

        active: False goes back to NumPy. options: those of `isthmus.jit`, as backend="cpu".
        Parameters that are set later are taken up at the next call; other arrays that `forward`
        refers to are taken as they are at the first call.

        >>> import numpy
        >>> from isthmus import nn
        >>> net = nn.Dense(3, 2)
        >>> net.initialize()
        >>> net.hybridize(backend="cpu", threads=1)
        >>> net(numpy.ones((4, 2), numpy.float32)).shape
        (4, 3)
        """
        object.__setattr__(self, "_compiled", jit(self.forward, **options) if active else None)
        object.__setattr__(self, "_compiled_at", Parameter.changes)


def _traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(isinstance(leaf, Array) for _, leaf in leaves((args, kwargs)))


class Sequential(Block):
    """Blocks run one after another; each takes what the one before returned.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Sequential(nn.Dense(8, 4), nn.Activation("gelu"), nn.Dense(2, 8))
    >>> net.initialize(seed=0)
    >>> net(numpy.ones((5, 4), numpy.float32)).shape
    (5, 2)
    >>> len(net)
    3
    """

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
