"""Convolutions and pooling along one and three axes, and transposed: layers are their operators."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, npx
from isthmus.errors import UsageError

F = numpy.float32
LINE = numpy.linspace(-1, 1, 2 * 4 * 9, dtype=F).reshape(2, 4, 9)
IMAGE = numpy.linspace(-1, 1, 2 * 4 * 6 * 5, dtype=F).reshape(2, 4, 6, 5)
SOLID = numpy.linspace(-1, 1, 2 * 4 * 4 * 5 * 6, dtype=F).reshape(2, 4, 4, 5, 6)

CONVOLUTIONS: dict[str, tuple[Any, Any, Any]] = {
    "Conv1D": (nn.Conv1D, npx.convolution, LINE),
    "Conv1DTranspose": (nn.Conv1DTranspose, npx.conv_transpose, LINE),
    "Conv2DTranspose": (nn.Conv2DTranspose, npx.conv_transpose, IMAGE),
    "Conv3D": (nn.Conv3D, npx.convolution, SOLID),
    "Conv3DTranspose": (nn.Conv3DTranspose, npx.conv_transpose, SOLID),
}
OPTIONS = {"strides": 2, "padding": 1, "dilation": 2, "groups": 2}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_layer_is_its_operator(name: str, device_backend: dict[str, Any]) -> None:
    kind, op, x = CONVOLUTIONS[name]
    layer = kind(6, 4, kernel=3, bias=True, activation="relu", **OPTIONS)
    layer.initialize(seed=1)
    layer.bias.set(numpy.arange(6))
    bias = numpy.arange(6, dtype=F).reshape(6, *(1 for _ in x.shape[2:]))
    wanted = npx.relu(op(x, layer.weight.data(), **OPTIONS) + bias)
    numpy.testing.assert_allclose(layer(x), wanted, rtol=1e-5, atol=1e-6)
    run = im.compile(layer, im.spec(F, ["n", *x.shape[1:]]), **device_backend)
    numpy.testing.assert_allclose(run(x), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_layer_finds_its_inputs(name: str) -> None:
    kind, _, x = CONVOLUTIONS[name]
    ours, theirs = kind(6, 4, kernel=2, bias=True), kind(6, kernel_size=2, layout=LAYOUTS[x.ndim])
    for layer in (ours, theirs):
        layer.initialize(seed=3)
    numpy.testing.assert_array_equal(ours(x), theirs(x))
    with pytest.raises(UsageError, match="4 inputs do not divide into 3 groups"):
        kind(6, 4, kernel=2, groups=3)
    with pytest.raises(UsageError, match=r"of x with \d axes; give"):
        ours(x[0])
    with pytest.raises(UsageError, match="layout='NHWC' cannot be had"):
        kind(6, kernel_size=2, layout="NHWC")


LAYOUTS = {3: "NCW", 4: "NCHW", 5: "NCDHW"}


def test_a_transposed_layer_that_adds_an_element() -> None:
    layer = nn.Conv2DTranspose(3, 4, kernel=3, strides=2, output_padding=1)
    layer.initialize()
    assert layer(IMAGE).shape == (2, 3, 14, 12)


POOLS: dict[str, tuple[nn.Block, Any, Any]] = {
    "AvgPool1D": (nn.AvgPool1D(3, 2), lambda x: npx.average_pool(x, window=3, strides=2), LINE),
    "AvgPool3D": (nn.AvgPool3D(), lambda x: npx.average_pool(x, window=2), SOLID),
    "GlobalAvgPool1D": (nn.GlobalAvgPool1D(), lambda x: x.mean(2, keepdims=True), LINE),
    "GlobalAvgPool3D": (nn.GlobalAvgPool3D(), lambda x: x.mean((2, 3, 4), keepdims=True), SOLID),
    "GlobalMaxPool1D": (nn.GlobalMaxPool1D(), lambda x: x.max(2, keepdims=True), LINE),
    "GlobalMaxPool3D": (nn.GlobalMaxPool3D(), lambda x: x.max((2, 3, 4), keepdims=True), SOLID),
    "MaxPool1D": (nn.MaxPool1D(pool_size=3), lambda x: npx.max_pool(x, window=3), LINE),
    "MaxPool3D": (nn.MaxPool3D(2, 3), lambda x: npx.max_pool(x, window=2, strides=3), SOLID),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_pools(name: str, device_backend: dict[str, Any]) -> None:
    layer, function, x = POOLS[name]
    wanted = function(x)
    numpy.testing.assert_allclose(layer(x), wanted, rtol=1e-5, atol=1e-6)
    run = im.compile(layer, im.spec(F, ["n", *x.shape[1:]]), **device_backend)
    numpy.testing.assert_allclose(run(x), wanted, rtol=1e-5, atol=1e-5)
    with pytest.raises(UsageError, match=r"of x with 4 axes; give"):
        layer(IMAGE)
