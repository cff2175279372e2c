"""ONNX Runtime: its CPU provider as it runs, and the CUDA provider as its source says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy
from bare_runtimes import onnx_gives
from divergence_case import (
    NAN,
    TENTHS,
    Case,
    Ends,
    Off,
    Refuses,
    Rows,
    alone,
    array,
    f32,
    f64,
    i32,
    i64,
    point,
    session,
    truths,
)
from divergence_case import onnx as case

from isthmus import np, npx
from isthmus.gpu_backend.settings import provider_options
from isthmus.onnx.write.protos import HIGHEST_OPSET
from isthmus.program.options import Options

i8 = array("int8")
LOWEST, TOP = -(2**31), 2**31 - 1
FIRST, NO_AXES = i64(0), i64()
NONE = numpy.zeros((0, 3), "float32")
GRID = f32([1, NAN, 3], [NAN, 2, 5], [7, 8, NAN])
LONG = numpy.zeros(2**24 + 1, "float32")
WIDE = numpy.ones((1,) * 9, "float32")
IMAGE = numpy.arange(16, dtype="float32").reshape(1, 1, 4, 4)
KERNEL = numpy.ones((1, 1, 2, 2), "float32")
UNEVEN: dict[str, Any] = {"window": 3, "strides": 2, "padding": ((0, 1), (0, 1))}
PARTS = f32(-0.9, -0.6, -0.3, -0.1, -1e-3, 1e-3, 0.1, 0.3, 0.6, 0.9)
LINE, COLUMN = numpy.full((1, 256), 1.001, "float32"), numpy.ones((256, 1), "float32")


def reduced(kind: str) -> Any:
    return session(kind, FIRST, keepdims=0)


def over_axis_1(op: Any) -> Any:
    return lambda x: op(x, axis=1)


def in_int32(op: Any) -> Any:
    return lambda x: op(x, dtype="int32")


def averaged(x: Any) -> Any:
    return np.mean(x, axis=0)


CPU: Rows = {
    "onnx-reduce-nan": [
        case(reduced("ReduceMax"), point(5), np.max, f32(5, NAN, 3), fast=True),
        case(reduced("ReduceMin"), point(1), np.min, f32(5, NAN, 1), fast=True),
    ],
    "onnx-argmax-nan": [
        case(session("ArgMax", axis=1, keepdims=0), i64(2, 0, 1), over_axis_1(np.argmax), GRID),
        case(session("ArgMin", axis=1, keepdims=0), i64(0, 0, 0), over_axis_1(np.argmin), GRID),
        alone(np.argmax, LONG, host="elements are searched"),
    ],
    "onnx-sort-nan": [
        case(
            session("TopK", i64(5), outputs=2, largest=0), i64(4, 2, 3, 0, 1),
            np.argsort, f32(3, NAN, 1, NAN, 0), host="top-k puts NaN elsewhere",
            before="1.32",
        ),
    ],
    "onnx-float-mod": [
        case(session("Mod"), Refuses("CallModImpl"), np.remainder, f32(-7), f32(2)),
        case(session("Mod"), Refuses("CallModImpl"), np.floor_divide, f32(-7), f32(2)),
    ],
    "onnx-int-division": [
        case(session("Div", i32(2)), i32(-3), lambda x: np.floor_divide(x, 2), i32(-7)),
    ],
    "onnx-int-zero": [
        case(
            session("Div"), Refuses("Integer division by zero"),
            np.floor_divide, i32(1), i32(0), host="what may be 0 or -1",
        ),
        case(
            session("Mod"), Refuses("Integer modulo by zero"),
            np.remainder, i32(1), i32(0), host="what may be 0 or -1",
        ),
        case(
            session("Div"), Ends(), np.floor_divide, i32(LOWEST), i32(-1),
            host="what may be 0 or -1",
        ),
        case(
            session("Mod"), Ends(), np.remainder, i32(LOWEST), i32(-1),
            host="what may be 0 or -1", before="1.32",
        ),
    ],
    "onnx-int-sums": [
        case(
            reduced("ReduceSum"), point(TOP, "int32"), in_int32(np.sum), i32(TOP, 1),
            host="do not wrap",
        ),
        case(
            reduced("ReduceProd"), point(TOP, "int32"), in_int32(np.prod), i32(TOP, 3),
            host="reduces integers as float32",
        ),
    ],
    "onnx-int-powers": [
        case(
            session("Pow", opset=15), i32(LOWEST), np.pow, i32(7), i32(12),
            host="computed in floating point",
        ),
    ],
    "onnx-truths": [
        case(
            session("Where"), Refuses("Could not find an implementation for Where"),
            np.where, truths(True), truths(False), truths(True),
        ),
        case(reduced("ReduceMin"), Refuses("'tensor(bool)'"), np.all, truths(True, False)),
        case(reduced("ReduceMax"), Refuses("'tensor(bool)'"), np.any, truths(True, False)),
    ],
    "onnx-types": [
        case(
            session("MatMul"), Refuses("'tensor(int8)'"), np.matmul, i8([2]), i8([3]),
            host="int8 is not among the types",
        ),
        case(
            session("Erf"), Refuses("Could not find an implementation"), npx.erf, f64(0.5),
            host="float64 is not among the types",
        ),
    ],
    "onnx-empty": [
        case(
            reduced("ReduceMean"), f32(0, 0, 0), averaged, NONE, host="an array is empty"
        ),
        case(reduced("ReduceMean"), f32(0, 0, 0), averaged, NONE, sizes=[["n", 3]]),
    ],
    "onnx-no-axes": [
        case(
            session("ReduceSum", NO_AXES, keepdims=0), point(4),
            lambda x: np.sum(x, axis=()), f32([1, 3]),
        ),
        case(session("Squeeze", NO_AXES), f32(1, 3), lambda x: np.squeeze(x, axis=()), f32([1, 3])),
    ],
    "onnx-range-float": [
        Case(
            "gpu", partial(onnx_gives, "Range", [point(0), point(1), point(0.1)]),
            Off(by=5e-8, most=2e-7), lambda x: np.arange(x.shape[0], dtype="float32"),
            (f32(1, 2),), [["n"]], numpys=TENTHS,
        ),
    ],
    "onnx-zero-sign": [
        case(
            session("Where", f32(-0.0), f32(2)), f32(0),
            lambda x: np.where(x, f32(-0.0), f32(2)), truths(True), kept=f32(0),
        ),
        *(alone(op, f32(-0.0), kept=f32(0)) for op in (np.expm1, np.log1p, np.atan, np.sinh)),
        alone(np.trunc, f32(-0.5), kept=f32(0)),
        alone(np.floor_divide, f32(-0.0), f32(1), kept=f32(0)),
        alone(np.remainder, f32(0), f32(-1), kept=f32(0)),
        alone(np.fmax, f32(-0.0), f32(NAN), kept=f32(0)),
    ],
    "onnx-spread": [
        case(
            session("ConvTranspose", KERNEL, dilations=[2, 2], output_padding=[1, 1]),
            Refuses("output_padding"),
            lambda x: npx.conv_transpose(x, KERNEL, dilation=2, output_padding=1), IMAGE,
            host="takes no output_padding that is not below the stride",
        ),
    ],
    "onnx-tanh-tiny": [
        case(
            session("Tanh"), Off(by=6e-4, most=1e-3), np.tanh, f32(1e-40),
            kept=Off(by=6e-4, most=1e-3),
        ),
    ],
}  # fmt: skip

CUDA: Rows = {
    "cuda-int-matmul": [
        alone(np.matmul, i32([2**24 + 1, 1]), i32([1], [1]), host="no kernel for int32 on both"),
    ],
    "cuda-int-extremes": [
        alone(np.max, i32(TOP, 5), host="reduces integers as float32"),
        alone(np.argmax, i32(TOP - 1, TOP), host="compares integers as float32"),
    ],
    "cuda-bits": [
        alone(np.bitwise_and, i32(6), i32(3), host="no kernel for the bits of integers"),
        alone(np.bitwise_left_shift, i32(1), i32(32), host="no kernel for CUDA that computes it"),
    ],
    "cuda-angles": [
        *(
            alone(op, PARTS, within=4e-7)
            for op in (np.tan, np.sinh, np.cosh, np.asin, np.acos, np.atan, np.asinh, np.atanh)
        ),
        alone(np.acosh, 1 + abs(PARTS), within=4e-7),
    ],
    "cuda-sign": [alone(np.sign, f32(NAN, -3)), alone(lambda x: 1 / np.abs(x), f32(0, -0.0))],
    "cuda-cast": [alone(lambda x: np.astype(x, "int32"), f32(3e9, -3e9, NAN, 2.5))],
    "cuda-padding": [
        alone(lambda x: npx.max_pool(x, **UNEVEN), IMAGE),
        alone(lambda x: npx.average_pool(x, **UNEVEN), IMAGE, within=1e-6),
        alone(lambda x: npx.conv_transpose(x, KERNEL, padding=((0, 1), (1, 0))), IMAGE),
        alone(
            lambda x: npx.average_pool(x, **UNEVEN, count_padding=False), IMAGE,
            within=1e-6, host="CUDA takes it for even",
        ),
    ],
    "cuda-take-outside": [
        alone(lambda x, i: np.take(x, i, axis=0), f32(1, 2, 3), i32(3, 2)),
        alone(
            lambda x, i: np.take(x, i + 0, axis=0), f32(1, 2, 3), i32(3, 2),
        ),
    ],
    "cuda-axes": [alone(np.tanh, WIDE, within=1e-6, host="9 axes, of which CUDA takes 8")],
    "cuda-tf32": [
        alone(
            np.matmul,
            LINE,
            COLUMN,
            within=1e-6,
            holds=lambda: provider_options(Options())["use_tf32"] == "0",
        ),
    ],
    "cuda-opset": [alone(npx.elu, PARTS, within=1e-6, holds=lambda: HIGHEST_OPSET == 21)],
}  # fmt: skip
