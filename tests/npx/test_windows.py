"""Convolution and pooling: empty arrays, and one answer to what is wrong, traced or not."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import namespace, npx
from isthmus.errors import DimensionError, UsageError
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

F = numpy.float32
IMAGES = numpy.linspace(-1, 1, 2 * 3 * 8 * 8, dtype=F).reshape(2, 3, 8, 8)
WEIGHT = numpy.linspace(-1, 1, 4 * 3 * 3 * 3, dtype=F).reshape(4, 3, 3, 3)
POOLS = [npx.max_pool, npx.average_pool]


def zeros(*shape: int, dtype: Any = F) -> Any:
    return numpy.zeros(shape, dtype)


# Empty arrays

EMPTY = [
    (npx.convolution, (zeros(0, 3, 8, 8), WEIGHT), {}, (0, 4, 6, 6)),
    (npx.convolution, (zeros(0, 3, 8, 8), WEIGHT[:3, :1]), {"groups": 3}, (0, 3, 6, 6)),
    (npx.convolution, (zeros(2, 0, 8, 8), zeros(4, 0, 3, 3)), {}, (2, 4, 6, 6)),
    (npx.convolution, (IMAGES, WEIGHT[:0]), {"dilation": 2}, (2, 0, 4, 4)),
    (npx.max_pool, (zeros(0, 3, 8, 8),), {"window": 2}, (0, 3, 4, 4)),
    (npx.average_pool, (zeros(2, 0, 8, 8),), {"window": 2, "padding": 1}, (2, 0, 5, 5)),
    (npx.average_pool, (zeros(0, 3, 8, 8),), {"window": 3, "count_padding": False}, (0, 3, 2, 2)),
    (npx.global_average_pool, (zeros(0, 3, 8, 8),), {}, (0, 3, 1, 1)),
]


@pytest.mark.parametrize(("op", "arrays", "options", "shape"), EMPTY)
def test_empty_arrays(
    op: Any, arrays: Any, options: Any, shape: Any, device_backend: dict[str, Any]
) -> None:
    types = tuple(spec(array.dtype, array.shape) for array in arrays)
    run = compile(lambda *given: op(*given, **options), types, **device_backend)
    named = (spec(F, ["n", *arrays[0].shape[1:]]), *types[1:])
    of_any_batch = compile(lambda *given: op(*given, **options), named, **device_backend)
    for found in (op(*arrays, **options), run(*arrays), of_any_batch(*arrays)):
        assert found.shape == shape and found.dtype == F and not found.any()


# One answer to what is wrong

WRONG = [
    (npx.convolution, (IMAGES[0, 0], WEIGHT[0, 0]), {}, "or both with one axis, or three"),
    (npx.convolution, (IMAGES[..., 0], WEIGHT[..., 0]), {"padding": (1, 2)}, r"int or \(width,\)"),
    (npx.convolution, (IMAGES, WEIGHT[0]), {}, r"give x: \[N, C, H, W\] and weight"),
    (npx.convolution, (IMAGES, WEIGHT.astype("f8")), {}, "float32 and float64 given; give floats"),
    (npx.convolution, (IMAGES.astype(int), WEIGHT.astype(int)), {}, "int64 and int64 given"),
    (npx.convolution, (IMAGES > 0, WEIGHT > 0), {}, "bool and bool given"),
    (npx.convolution, (IMAGES[:, :2], WEIGHT), {}, "2 channels, 1 groups and weight"),
    (npx.convolution, (IMAGES, WEIGHT), {"groups": 0}, "groups=0: give a number from 1"),
    (npx.convolution, (IMAGES, WEIGHT), {"strides": 0}, "strides=0: give numbers from 1"),
    (npx.convolution, (IMAGES, WEIGHT), {"dilation": (1, -1)}, "dilation=.* numbers from 1"),
    (npx.convolution, (IMAGES, WEIGHT), {"dilation": 4}, r"a window of 3 \(dilation 4\) does not"),
    (npx.convolution, (IMAGES, WEIGHT[:, :, :0]), {}, "window=.*: give numbers from 1"),
    (npx.convolution, (IMAGES[:, :, :2], WEIGHT), {}, "a window of 3 .* does not fit 2"),
    *[
        (pool, *rest)
        for pool in POOLS
        for rest in [
            ((IMAGES[0, 0],), {"window": 2}, r"pooling takes float images .* float32\[8, 8\]"),
            ((IMAGES.astype(int),), {"window": 2}, "pooling takes float images"),
            ((IMAGES,), {"window": 0}, "window=0: give numbers from 1"),
            ((IMAGES,), {"window": 2, "strides": -1}, "strides=-1: give numbers from 1"),
            ((IMAGES,), {"window": 2, "padding": 2}, "more than half of the window"),
            ((IMAGES,), {"window": 9}, "a window of 9 .* does not fit 8"),
        ]
    ],
    (npx.global_average_pool, (IMAGES[0, 0],), {}, "pooling takes float images"),
    (npx.global_average_pool, (IMAGES.astype(int),), {}, "pooling takes float images"),
]
WRONG += [
    (npx.conv_transpose, (IMAGES, WEIGHT.transpose(1, 0, 2, 3)), options, message)
    for options, message in [
        ({"groups": 2}, "3 channels, 2 groups and weight"),
        ({"output_padding": 1}, "output_padding=1: give numbers from 0, below the stride 1"),
        ({"output_padding": (0, -1)}, "give numbers from 0"),
        ({"padding": 5}, "becomes 0 elements along an axis; give less padding"),
        ({"strides": (1, 2, 1)}, r"give an int or \(height, width\)"),
    ]
]


@pytest.mark.parametrize(("op", "arrays", "options", "message"), WRONG)
def test_what_is_wrong_is_said_alike(op: Any, arrays: Any, options: Any, message: str) -> None:
    xp = namespace("cpu")
    types = tuple(spec(array.dtype, array.shape) for array in arrays)
    said = []
    for call in (
        lambda: op(*arrays, **options),
        lambda: trace(lambda *given: op(*given, **options), types),
        lambda: op(*map(xp.asarray, arrays), **options),
    ):
        with pytest.raises(UsageError, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
        said.append((type(raised.value), str(raised.value).rpartition("): ")[2]))
    assert len(set(said)) == 1


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("op", [npx.convolution, *POOLS])
def test_an_image_below_the_window(op: Any, padding: int, device_backend: dict[str, Any]) -> None:
    weights = (WEIGHT,) if op is npx.convolution else ()
    options = {"padding": padding, "strides": 2, **({} if weights else {"window": 3})}
    image = spec(F, ["n", 3, "h", "w"])
    run = compile(lambda x: op(x, *weights, **options), image, **device_backend)
    least = IMAGES[:, :, : 3 - 2 * padding]
    numpy.testing.assert_allclose(run(least), op(least, *weights, **options), rtol=1e-5, atol=1e-6)
    with pytest.raises(DimensionError, match=r"the window of 3 must fit .* h - \d >= 0|h - 1"):
        run(least[:, :, 1:])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_float16_is_summed_in_float32(dtype: str) -> None:
    x = numpy.full((1, 1, 64, 64), 100, dtype)
    assert npx.average_pool(x, window=64).item() == 100  # whose sum exceeds float16
    weight = numpy.full((1, 1, 64, 64), 2**-10, dtype)
    for groups in (1, 2):
        both = [numpy.repeat(array, groups, 1 - i) for i, array in enumerate((x, weight))]
        found = npx.convolution(*both, groups=groups)
        assert found.dtype == dtype and (found == 400).all()
