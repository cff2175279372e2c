"""OpenVINO's CPU plugin: types, special values, rounding, selections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
from bare_runtimes import axes, openvino_gives
from divergence_case import (
    INF,
    NAN,
    Case,
    Off,
    Refuses,
    Rows,
    array,
    f32,
    f64,
    i32,
    i64,
    point,
    truths,
)
from divergence_case import openvino as case
from openvino import opset16 as ov

from isthmus import np, npx

u8, i8, u32, f16 = array("uint8"), array("int8"), array("uint32"), array("float16")
LARGEST = numpy.finfo("float32").max
TOP = 2**31 - 1
FAR = 2**24 + 1  # the first whole number that float32 lacks
LINE, COLUMN = numpy.full((1, 256), 1.001, "float32"), numpy.ones((256, 1), "float32")
ROUND = f32(1, 3, 5, 7, 100)


def product(x: Any, y: Any) -> Any:
    return ov.matmul(x, y, False, False)


def reduced(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A reduction over the first axis."""
    return lambda x: function(x, axes(0), False)


def position(x: Any) -> Any:
    """argmax, as top-k has it."""
    return ov.topk(x, ov.constant(1), 0, "max", "none", index_element_type="i64").output(1)


def sorted_values(x: Any) -> Any:
    return ov.topk(x, ov.constant(5), 0, "min", "value", stable=True).output(0)


def clamped(x: Any, low: int, high: int) -> Any:
    """A maximum and a minimum of integers."""
    return ov.minimum(ov.maximum(x, ov.constant(i32(low))), ov.constant(i32(high)))


def times_clamped(x: Any) -> Any:
    return ov.multiply(x, clamped(ov.add(x, ov.constant(i32(3))), 0, 6))


def nan_factor(x: Any) -> Any:
    return ov.add(ov.multiply(x, ov.constant(numpy.float32(numpy.nan))), numpy.float32(1))


def nan_exponent(x: Any) -> Any:
    return ov.multiply(ov.power(x, ov.constant(numpy.float32(numpy.nan))), numpy.float32(2))


def times(number: float) -> Callable[[Any], Any]:
    return lambda x: ov.multiply(x, ov.constant(numpy.float32(number)))


def near_gelu(x: Any) -> Any:
    """gelu by tanh, with 0.0457 for 0.044715."""
    cube = ov.multiply(ov.power(x, numpy.float32(3)), numpy.float32(0.0457))
    bent = ov.tanh(ov.multiply(ov.add(x, cube), numpy.float32(0.7978845608)))
    half = ov.multiply(x, numpy.float32(0.5))
    return ov.multiply(half, ov.add(bent, numpy.float32(1)))


def np_near_gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.0457 * x**3)))


BF16 = partial(openvino_gives, product, (LINE, COLUMN), INFERENCE_PRECISION_HINT=None)
HALF = f16(1)

TYPES: Rows = {
    "bf16-default": [
        Case(
            "cpu",
            BF16,
            numpy.full((1, 1), 256, "float32"),
            np.matmul,
            (LINE, COLUMN),
            within=1e-6,
            needs="bfloat16",
        ),
    ],
    "int64-arithmetic": [
        case(ov.add, i64(0, -2), np.add, i64(2**40, TOP), i64(2**40, TOP)),
    ],
    "int64-range": [
        case(ov.greater, truths(False), np.greater, i64(2**40), i64(2**33)),
        case(
            lambda x: ov.gather(x, axes(1, 0), ov.constant(0)),
            i64(3, 0),
            lambda x: x[::-1],
            i64(2**40, 3),
        ),
    ],
    "int64-constant": [
        case(
            lambda x: ov.greater(x, ov.constant(numpy.int64(2**33))),
            truths(False),
            lambda x: x > 2**33,
            i64(2**40),
            host="a constant of int64 is beyond int32",
        ),
    ],
    "uint32": [
        case(ov.less, truths(True), np.less, u32(2**32 - 1), u32(1), host="compute in uint32"),
    ],
    "int8": [
        case(ov.add, i8(127), np.add, i8(100), i8(100), host="compute in int8"),
        case(ov.subtract, u8(0), np.subtract, u8(100), u8(101), host="compute in uint8"),
    ],
    "float64": [
        case(ov.add, f64(LARGEST), np.add, f64(1e300), f64(1e300), host="compute in float64"),
    ],
    "float16": [
        case(
            lambda x: ov.subtract(ov.add(x, ov.constant(HALF)), x),
            f16(1),
            lambda x: x + HALF - x,
            f16(2048),
            host="compute in float16",
        ),
    ],
    "int-sums": [
        case(
            reduced(ov.reduce_sum), point(FAR - 1, "int32"), np.sum, i32(FAR - 1, 1), host="int64"
        ),
        case(reduced(ov.reduce_mean), point(1, "int32"), np.mean, i32(1, 2), host="float64"),
        case(
            lambda x: ov.cum_sum(x, ov.constant(0)),
            i32(TOP, -TOP - 1),
            np.cumsum,
            i32(TOP, 1),
            host="int64",
        ),
    ],
    "int-powers": [
        case(ov.power, i32(-TOP - 1), np.pow, i32(7), i32(12), host="computed in float32"),
    ],
    "int-matmul": [
        case(product, i32([FAR - 1]), np.matmul, i32([FAR, 1]), i32([1], [1]), host="in float32"),
    ],
    "int-rounding": [
        case(function, i32(FAR - 1, -TOP - 1), op, i32(FAR, TOP), host="rounded through float32")
        for function, op in (
            (ov.ceiling, np.ceil),
            (ov.floor, np.floor),
            (partial(ov.round, mode="half_to_even"), np.round),
        )
    ],
    "int-extremes": [
        case(
            reduced(ov.reduce_max), point(-TOP - 1, "int32"), np.max, i32(TOP, 5), host="in float32"
        ),
        case(
            reduced(ov.reduce_min),
            point(FAR - 1, "int32"),
            np.min,
            i32(FAR, FAR),
            host="in float32",
        ),
    ],
    "int-division": [
        case(
            ov.divide,
            i32(2**30, -3),
            np.floor_divide,
            i32(TOP, -7),
            i32(2, 2),
            host="divides integers through float32 and truncates",
        ),
    ],
    "int-shifts": [
        case(ov.bitwise_left_shift, i32(1), np.left_shift, i32(1), i32(32), host="modulo 32"),
    ],
    "bool-arithmetic": [
        case(
            ov.add,
            Refuses("element type: boolean"),
            np.add,
            truths(True),
            truths(True),
            host="no sum",
        ),
        case(
            ov.maximum,
            Refuses("element type: boolean"),
            np.maximum,
            truths(True),
            truths(False),
            host="no order",
        ),
    ],
    "bool-nan": [
        case(
            lambda x: ov.convert(x, "boolean"),
            truths(False, True),
            lambda x: np.astype(x, "bool"),
            f32(NAN, 2),
        ),
    ],
}

VALUES: Rows = {
    "max-nan": [
        case(function, f32(NAN, 2), op, f32(1, NAN), f32(NAN, 2), fast=True)
        for function, op in ((ov.maximum, np.maximum), (ov.minimum, np.minimum))
    ],
    "clamp-integers": [
        case(
            lambda x: clamped(x, 0, FAR),
            i32(FAR - 1),
            lambda x: np.clip(x, 0, FAR),
            i32(FAR),
        ),
        case(
            times_clamped,
            i32(0, 0, 6, 12, 42),
            lambda x: x * np.minimum(np.maximum(x + 3, 0), 6),
            i32(-2, -1, 1, 2, 7),
        ),
        case(
            lambda x: ov.multiply(x, ov.clamp(ov.add(x, ov.constant(i32(3))), 0.0, 6.0)),
            i32(0, 0, 6, 12, 42),
            lambda x: x * npx.relu6(x + 3),
            i32(-2, -1, 1, 2, 7),
        ),
    ],
    "reduce-nan": [
        case(reduced(ov.reduce_max), point(3), np.max, f32(5, NAN, 3), fast=True),
        case(reduced(ov.reduce_min), point(3), np.min, f32(1, NAN, 3), fast=True),
    ],
    "reduce-infinite": [
        case(reduced(ov.reduce_max), point(-LARGEST), np.max, f32(-INF, -INF), fast=True),
        case(reduced(ov.reduce_min), point(LARGEST), np.min, f32(INF, INF), fast=True),
    ],
    "argmax-nan": [
        case(position, i64(2), lambda x: np.argmax(x, keepdims=True), f32(1, NAN, 3)),
        case(
            position,
            i64(2),
            lambda x: np.argmax(x, keepdims=True),
            f32(1, NAN, 3),
            sizes=[["n"]],
        ),
    ],
    "sort-nan": [
        case(
            sorted_values,
            f32(0, NAN, 1, NAN, 3),
            np.sort,
            f32(3, NAN, 1, NAN, 0),
            host="top-k puts NaN elsewhere",
        ),
    ],
    "greater-nan": [
        case(ov.greater, truths(True, True), np.greater, f32(1, NAN), f32(NAN, 1), needs="AVX-512"),
        case(
            ov.greater_equal,
            truths(True, True),
            np.greater_equal,
            f32(1, NAN),
            f32(NAN, 1),
            needs="AVX-512",
        ),
    ],
    "isfinite-tiny": [
        case(ov.is_finite, truths(False, True), np.isfinite, f32(1e-40, 1), needs="AVX-512"),
    ],
    "nan-factor": [
        case(nan_factor, f32(0, -1), lambda x: x * numpy.nan + 1, f32(1, 2)),
        case(nan_exponent, f32(1, 0.5), lambda x: x**numpy.nan * 2, f32(2, 4)),
    ],
    "exp-nan": [case(ov.exp, f32(INF), np.exp, f32(NAN), fast=True)],
    "exp-large": [case(ov.exp, f32(INF, INF), np.exp, f32(88.4, 88.7), within=6e-7, fast=True)],
    "exp-small": [case(ov.exp, f32(0, 0), np.exp, f32(-87.5, -100), within=6e-7, fast=True)],
    "divide-tiny": [
        case(ov.divide, f32(INF, NAN), np.divide, f32(1e-40, 0), f32(1e-40, 1e-40), fast=True),
    ],
    "divide-rounding": [
        case(
            ov.divide,
            Off(by=5e-8, most=1.3e-7),
            np.divide,
            f32(5),
            f32(3),
            kept=Off(by=5e-8, most=1.3e-7),
        ),
    ],
    "gelu-near": [
        case(near_gelu, Off(by=2e-4, most=6e-4, absolute=True), np_near_gelu, f32(2), within=1e-6),
    ],
    "remainder": [
        case(
            ov.floor_mod, f32(0, NAN), np.remainder, f32(1e20, 1), f32(3, INF), host="NumPy's fmod"
        ),
        case(ov.mod, f32(0, NAN), np.fmod, f32(1e20, 1), f32(3, INF), host="NumPy's fmod"),
    ],
    "zero-sign-named": [
        case(times(2), f32(0, 0), lambda x: x * 2, f32(-0.0, 0), sizes=[["n"]], kept=f32(0, 0)),
        case(ov.negative, f32(0, 0), np.negative, f32(-0.0, 0), sizes=[["n"]], kept=f32(0, 0)),
        case(
            ov.subtract, f32(0), np.subtract, f32(-0.0), f32(0), sizes=[["n"], ["n"]], kept=f32(0)
        ),
    ],
    "zero-sign": [
        case(
            lambda x: ov.subtract(ov.constant(numpy.float32(0)), x),
            f32(-0.0),
            lambda x: 0 - x,
            f32(0),
            kept=f32(-0.0),
        ),
    ],
}
