"""One square weight read both ways, as by an encoder and a decoder that share it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import openvino

import isthmus as im
from isthmus import nn, npx

X = im.spec("float32", ["n", 8])
GIVEN = numpy.random.default_rng(0).standard_normal((3, 8)).astype(numpy.float32)


class Tied(nn.Block):
    def __init__(self) -> None:
        self.weight = nn.Parameter((8, 8), nn.ones)

    def forward(self, x: Any) -> Any:
        hidden = npx.relu(x @ self.weight.data())
        return npx.fully_connected(hidden, self.weight.data()) @ self.weight.data()


def tied() -> Tied:
    net = Tied()
    net.weight.set(numpy.random.default_rng(1).standard_normal((8, 8)))
    return net


def test_each_product_reads_it_its_own_way(any_backend: dict[str, Any]) -> None:
    """OpenVINO 2026.4 takes what it packed for the first product for the others as well."""
    net = tied()
    each: tuple[dict[str, Any], ...] = ({}, {"weights": "int8"})
    for options in each:
        wanted = im.compile(net, X, backend="numpy", **options)(GIVEN)
        found = im.compile(net, X, **any_backend, **options)(GIVEN)
        numpy.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    bare = im.compile(net, X, backend="numpy")(GIVEN)
    numpy.testing.assert_allclose(bare, net(GIVEN), rtol=1e-5, atol=1e-5)


def test_files_do_as_well(tmp_path: Path) -> None:
    """Whose writer keeps equal constants once."""
    net = tied()
    im.export(net, X, tmp_path / "tied.xml")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # else bf16, where the processor has it
    model = openvino.Core().compile_model(tmp_path / "tied.xml", "CPU", exact)
    numpy.testing.assert_allclose(model([GIVEN])[0], net(GIVEN), rtol=1e-4, atol=1e-4)
