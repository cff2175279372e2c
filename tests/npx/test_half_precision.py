"""Composites of float16 compute in float32: what they give is the float32 result, rounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from backends import BACKENDS, each_backend

import isthmus as im
from isthmus import npx

HALF, FLOAT = numpy.float16, numpy.float32
RANDOM = numpy.random.default_rng(3)


def hundreds(*shape: int) -> Any:
    return (RANDOM.normal(size=shape) * 300).astype(HALF)


def ones(*shape: int) -> Any:
    return numpy.ones(shape, HALF)


CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "layer_norm": (npx.layer_norm, (hundreds(3, 64), ones(64), ones(64) * 0)),
    "layer_norm of a tiny epsilon": (
        lambda x, g: npx.layer_norm(x, g, g, epsilon=1e-12),
        (ones(2, 4) * 0, ones(4)),
    ),
    "batch_norm": (
        npx.batch_norm,
        (hundreds(2, 3, 4, 4), *(abs(hundreds(3)) + 1 for _ in range(4))),
    ),
    "l2_normalize": (npx.l2_normalize, (hundreds(3, 64),)),
    "l2_normalize of zeros": (npx.l2_normalize, (ones(2, 3) * 0,)),
    "softmax": (npx.softmax, (hundreds(2, 5) / 100,)),
    "softmax of many": (lambda x: npx.softmax(x, axis=0), (ones(70_000, 1),)),
    "log_softmax": (npx.log_softmax, (hundreds(2, 5000) / 100,)),
    "gelu": (lambda x: npx.gelu(x, approximate=True), (hundreds(50),)),
    "silu": (npx.silu, (hundreds(50),)),
    "rms_norm": (
        lambda x, g: npx.rms_norm(x, g, epsilon=1e-12),
        (hundreds(3, 64), ones(64)),
    ),
    "mish": (npx.mish, (hundreds(50),)),
    "attention": (npx.scaled_dot_product_attention, tuple(hundreds(2, 8, 64) for _ in range(3))),
    "fully_connected": (npx.fully_connected, (hundreds(2, 64) / 20, hundreds(3, 64) / 20)),
    "average_pool": (lambda x: npx.average_pool(x, window=16), (abs(hundreds(1, 1, 32, 32)),)),
    "global_average_pool": (npx.global_average_pool, (abs(hundreds(1, 2, 32, 32)),)),
    "convolution": (npx.convolution, (hundreds(1, 2, 8, 8) / 10, hundreds(2, 2, 3, 3) / 10)),
    "depthwise": (
        lambda x, w: npx.convolution(x, w, groups=2),
        (hundreds(1, 2, 8, 8) / 10, hundreds(2, 1, 3, 3) / 10),
    ),
}


def check(found: Any, function: Callable[..., Any], arrays: tuple[Any, ...]) -> None:
    wide = function(*(array.astype(FLOAT) for array in arrays)).astype(HALF)
    assert found.dtype == HALF
    assert numpy.isfinite(wide).all()
    numpy.testing.assert_allclose(found, wide, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("name", CALLS)
def test_on_numpy_arrays(name: str) -> None:
    function, arrays = CALLS[name]
    check(function(*arrays), function, arrays)


@each_backend
@pytest.mark.parametrize("name", CALLS)
def test_compiled(name: str, backend: str) -> None:
    function, arrays = CALLS[name]
    specs = tuple(im.spec(array.dtype, array.shape) for array in arrays)
    check(im.compile(function, specs, **BACKENDS[backend])(*arrays), function, arrays)


def test_beside_a_wider_array_the_result_is_wide() -> None:
    assert npx.layer_norm(hundreds(2, 4), numpy.ones(4, FLOAT), ones(4)).dtype == FLOAT
    assert npx.softmax(numpy.array([[1, 2]], ">f2")).dtype == HALF
