"""Which blocks compute the last products: those that integers leave in float32 for labels' sake."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, npx
from isthmus.program.precision import last_blocks
from isthmus.tuning.opening import Given, settled
from isthmus.tuning.setting import Setting


class Chain(nn.Block):
    def __init__(self) -> None:
        self.first, self.body, self.head = nn.Dense(8, 4), nn.Dense(8, 8), nn.Dense(3, 8)

    def forward(self, x: Any) -> Any:
        return self.head(npx.relu(self.body(npx.relu(self.first(x)))))


class TwoHeads(Chain):
    def forward(self, x: Any) -> Any:
        hidden = npx.relu(self.first(x))
        return self.head(hidden), self.body(hidden)


class Twice(Chain):
    def forward(self, x: Any) -> Any:
        return self.body(npx.relu(self.body(npx.relu(self.first(x)))))


SPEC = im.spec("float32", ["n", 4])


@pytest.mark.parametrize(
    ("net", "last"),
    [(Chain, ("head",)), (TwoHeads, ("body", "head")), (Twice, ()), (lambda: nn.Dense(3, 4), ())],
)
def test_they_are_found(net: Any, last: tuple[str, ...]) -> None:
    block = net()
    block.initialize(0)
    assert last_blocks(im.trace(block, SPEC)) == last


def test_of_products_outside_of_blocks_there_are_none() -> None:
    weight = numpy.ones((4, 4), numpy.float32)
    assert last_blocks(im.trace(lambda x: npx.relu(x @ weight) @ weight, SPEC)) == ()
    assert last_blocks(im.trace(lambda x: x + 1, SPEC)) == ()


def test_a_model_of_images_has_its_classifier() -> None:
    net = im.models.create("mobilenet-v2", seed=0)
    assert last_blocks(im.trace(net, net.specs())) == ("classifier.1",)


def test_they_stay_in_float32_where_a_setting_says_so() -> None:
    x = numpy.random.default_rng(0).standard_normal((16, 4), numpy.float32)
    net = Chain()
    net.initialize(0)
    traced = im.trace(net, SPEC)
    counts = {}
    for kept in ((), ("head",)):
        made = settled(traced, Setting("cpu", precision="int8", kept=kept), [x], Given())
        names = [node.op.name for node in made.graph.nodes()]
        counts[kept] = names.count("npx.dequantize")
    assert 0 < counts["head",] < counts[()]
