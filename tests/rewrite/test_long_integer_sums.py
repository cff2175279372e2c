"""Layers of integers that kernels would compute wrongly: sums beyond 32 bits, odd groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx

BACKENDS = [("numpy", None), ("cpu", None), ("gpu", "cpu")]
LONG = 140_000  # 255 * 63 of so many is beyond 2**31


def dense(x: Any) -> Any:
    return x @ numpy.full((LONG, 2), 1 / LONG, numpy.float32)


def with_bias(x: Any) -> Any:
    return dense(x) + numpy.array([1, 2], numpy.float32)


def fully(x: Any) -> Any:
    return npx.fully_connected(x, numpy.full((2, LONG), 1 / LONG, numpy.float32))


@pytest.mark.parametrize("function", [dense, with_bias, fully])
@pytest.mark.parametrize(("backend", "device"), BACKENDS)
def test_a_sum_beyond_32_bits_is_of_floats(
    function: Any, backend: str, device: str | None, tmp_path: Path
) -> None:
    x = numpy.ones((3, LONG), numpy.float32)
    specs = im.spec("float32", ["n", LONG])
    run = im.compile(function, specs, backend="numpy", precision="int8", samples=[x])
    run.save(tmp_path / "a.im")
    found = im.load(tmp_path / "a.im", backend=backend, device=device)(x)
    numpy.testing.assert_allclose(found, function(x), rtol=1e-2)


def test_a_convolution_of_long_sums_is_of_floats_and_the_next_of_integers() -> None:
    weight = numpy.ones((2, 4096, 6, 6), numpy.float32)

    def network(x: Any) -> Any:
        y = npx.relu(npx.convolution(x, weight))
        return npx.relu(npx.convolution(y, numpy.ones((2, 2, 1, 1), numpy.float32)))

    x = numpy.ones((1, 4096, 6, 6), numpy.float32)
    run = im.compile(network, im.spec("float32", x.shape), precision="int8", samples=[x])
    numpy.testing.assert_allclose(run(x), network(x), rtol=1e-2)
    names = [node.op.name for node in run.traced.graph.nodes()]
    assert names.count("npx.quantize") == 1


@pytest.mark.parametrize(("backend", "device"), BACKENDS)
def test_integers_that_are_given_by_hand_are_held_to_the_same(
    backend: str, device: str | None
) -> None:
    weight = numpy.full((LONG, 2), 127, numpy.int8)

    def product(x: Any) -> Any:
        q = npx.quantize(x, numpy.float32(1 / 255), numpy.uint8(0), dtype="uint8")
        w = npx.dequantize(weight, numpy.array([1 / 127, 1 / 127], numpy.float32), axis=1)
        return npx.dequantize(q, numpy.float32(1 / 255), numpy.uint8(0)) @ w

    x = numpy.ones((2, LONG), numpy.float32)
    run = im.compile(product, im.spec("float32", x.shape), backend=backend, device=device)
    numpy.testing.assert_allclose(run(x), numpy.full((2, 2), LONG, numpy.float32), rtol=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize(("backend", "device"), BACKENDS)
def test_groups_whose_results_are_far_beyond_the_next_range(
    channels: int, outputs: int, backend: str, device: str | None, tmp_path: Path
) -> None:
    weight = numpy.zeros((2 * outputs, channels, 3, 3), numpy.float32)
    weight[:, 0, 1, 1] = 2400
    after = numpy.ones((1, 2 * outputs, 1, 1), numpy.float32)

    def network(x: Any) -> Any:
        return npx.convolution(npx.relu6(npx.convolution(x, weight, groups=2, padding=1)), after)

    x = numpy.ones((1, 2 * channels, 4, 5), numpy.float32)
    specs = im.spec("float32", ["n", 2 * channels, "h", "w"])
    im.compile(network, specs, backend="cpu", precision="int8", samples=[x]).save(tmp_path / "a.im")
    found = im.load(tmp_path / "a.im", backend=backend, device=device)(x)
    numpy.testing.assert_allclose(found, network(x), rtol=1e-2)


@pytest.mark.parametrize("factor", [1e-6, 1e-7, 1e-8, 3e-8])
@pytest.mark.parametrize(("backend", "device"), [("numpy", None), ("gpu", "cpu")])
def test_weights_below_what_float16_divides_stay_in_float32(
    factor: float, backend: str, device: str | None
) -> None:
    weight = numpy.random.default_rng(0).standard_normal((8, 4)).astype(numpy.float32)
    x = numpy.ones((2, 8), numpy.float32)
    for function in (
        lambda x: np.matmul(x, weight * numpy.float32(factor)) * numpy.float32(1 / factor),
        lambda x: np.matmul(x, weight) * numpy.float32(factor) * numpy.float32(1 / factor),
    ):
        run = im.compile(
            function, im.spec("float32", ["n", 8]), backend=backend, device=device, precision="f16"
        )
        numpy.testing.assert_allclose(run(x), x @ weight, rtol=0, atol=0.02)


def test_a_saved_program_of_integers_takes_no_overrides(tmp_path: Path) -> None:
    weight = numpy.ones((4, 4), numpy.float32)
    x = numpy.ones((2, 4), numpy.float32)
    specs = im.spec("float32", ["n", 4])
    run = im.compile(lambda x: x @ weight, specs, precision="int8", samples=[x])
    run.save(tmp_path / "a.im")
    for given in ({"overrides": {"np.matmul": "f32"}}, {"samples": [x]}):
        with pytest.raises(im.errors.UsageError, match=r"settled before it was saved; leave out"):
            im.load(tmp_path / "a.im", **given)
