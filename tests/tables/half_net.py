"""A small network with everything that half precision treats in its own way, and its input."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy

import isthmus as im
from isthmus import nn, npx

__all__ = ["GIVEN", "NET", "X", "exact"]

X = im.spec("float32", ["n", 8])


class Net(nn.Block):
    """Products, a residual sum, a norm, attention, a softmax."""

    def __init__(self) -> None:
        self.first = nn.Dense(8, 8)
        self.layers = [nn.Dense(8, 8), nn.Dense(8, 8)]
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Any) -> Any:
        x = npx.relu(self.first(x))
        for layer in self.layers:
            x = self.norm(npx.gelu(layer(x)) + x)
        return npx.softmax(npx.scaled_dot_product_attention(x, x, x))


def _net() -> Net:
    found, rng = Net(), numpy.random.default_rng(0)
    found.set_parameters(
        {name: rng.standard_normal(each.shape) / 3 for name, each in found.parameters().items()}
    )
    return found


NET = _net()
GIVEN = numpy.random.default_rng(1).standard_normal((5, 8)).astype(numpy.float32)


@cache
def exact() -> Any:
    """The network's result in float32."""
    return im.compile(NET, X, backend="numpy")(GIVEN)
