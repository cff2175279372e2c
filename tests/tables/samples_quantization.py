"""Sample rows of operators: quantization. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive

from isthmus import npx
from isthmus.trace.op import OPERATORS, Op

X, IMAGE = f32(2, 3, 4) * 3, f32(2, 4, 9, 8)
HALVES = numpy.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 300, -300, numpy.nan], numpy.float32)
INT8, UINT8 = numpy.dtype("int8"), numpy.dtype("uint8")
_EXACT = numpy.array([[-128, 127, 0], [-3.25, 0.75, 44]], numpy.float32)  # of the scale 1
_ROW = {"axis": 1, "dtype": INT8}


def _number(value: float) -> Any:
    return numpy.asarray(value, numpy.float32)


def _int8(*shape: int) -> Any:
    return i32(*shape, low=-128, high=128).astype(INT8)


def _uint8(*shape: int) -> Any:
    return i32(*shape, low=0, high=256).astype(UINT8)


_BIASED = (IMAGE, f32(6, 4, 3, 3), f32(6))

ROWS: dict[Op[..., Any], list[Sample]] = {
    OPERATORS["npx.biased_convolution"]: [
        Sample(_BIASED, {"padding": 1, "strides": (2, 1)}),
        Sample((IMAGE, f32(4, 1, 3, 3), f32(4)), {"groups": 4}),
    ],
    OPERATORS["npx.dequantize"]: [
        Sample((_int8(2, 3, 4), _number(0.25), INT8.type(-3)), {"axis": None}),
        Sample((_uint8(3, 4), positive(4), _uint8(4)), {"axis": -1}),
        Sample((_int8(5, 4), positive(5), numpy.zeros(5, INT8)), {"axis": 0}, fixed="so is scale"),
        Sample((i32(4, high=9000), positive(4), numpy.zeros(4, "int32")), {"axis": 0}),
        Sample((i32(2, 4, high=9000), positive(4), None), {"axis": 1}),
        Sample((_uint8(3, 4), _number(0.5), None), {"axis": None}),
        Sample((_int8(), _number(0.5), INT8.type(7)), {"axis": None}),
    ],
    npx.dynamic_quantize: [Sample((X,)), Sample((_EXACT,)), Sample((X[0] * 1e-3,))],
    OPERATORS["npx.integer_matmul"]: [
        Sample((_uint8(3, 5), _int8(5, 4), UINT8.type(7), INT8.type(0))),
        Sample((_uint8(2, 3, 600), _int8(600, 4), None, _int8(4)), fixed="so is a weight"),
        Sample((_int8(3, 5), _int8(5, 4), None, None)),
    ],
    OPERATORS["npx.quantize"]: [
        Sample((X, _number(0.05), INT8.type(0)), {"axis": None, "dtype": INT8}),
        Sample((X, _number(0.07), UINT8.type(128)), {"axis": None, "dtype": UINT8}),
        Sample((X, positive(3), numpy.array([1, 0, -7], INT8)), _ROW),
        Sample((HALVES, _number(1), INT8.type(0)), {"axis": None, "dtype": INT8}),
        Sample((HALVES, _number(1), UINT8.type(3)), {"axis": None, "dtype": UINT8}),
        Sample((f32(), _number(0.1), INT8.type(0)), {"axis": None, "dtype": INT8}),
    ],
}
