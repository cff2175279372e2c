"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError

from .block import Block
from .spelling import check_rest, wanted

__all__ = ["ACTIVATIONS", "Activation"]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "elu": npx.elu,
    "gelu": npx.gelu,
    "gelu_tanh": lambda x: npx.gelu(x, approximate=True),
    "hard_sigmoid": npx.hard_sigmoid,
    "hard_swish": npx.hard_swish,
    "mish": npx.mish,
    "relu": npx.relu,
    "relu6": npx.relu6,
    "sigmoid": npx.sigmoid,
    "silu": npx.silu,
    "tanh": np.tanh,
}


class Activation(Block):
    """One of `ACTIVATIONS`, by name, element by element.

    x: any shape, float. activation: the name, as Gluon spells it. Raises UsageError for an unknown
    name.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Activation("relu")(numpy.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __init__(self, name: str | None = None, *, activation: str | None = None, **rest: Any):
        check_rest(self, rest)
        self.name = wanted("nn.Activation: name, activation", name, activation)
        if self.name not in ACTIVATIONS:
            raise UsageError(f"no activation '{self.name}'; there are {', '.join(ACTIVATIONS)}")

    def forward(self, x: Any) -> Any:
        return ACTIVATIONS[self.name](x)
