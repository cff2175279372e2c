"""Sample rows of operators: positions, special functions and normalisation of examples. See
`operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive

from isthmus import npx
from isthmus.np import watched
from isthmus.trace.op import Op

X = f32(5, 3, 4)
ONE = numpy.array([[2, -1]])  # one place, which is no other's
APART = numpy.array([[4, 0], [-2, 1], [0, 2]])
TWICE = numpy.array([[1], [0], [1]], numpy.int32)
LINES = numpy.array([[2, 0, 1, -1], [1, 2, 0, 0]])  # along axis 1 of [5, 3]: see below
DEEP = numpy.array([[[1, 2, 0, 1]]], numpy.int32)  # one along axis 1, so that none meet
DOUBLE = f32(2, 3).astype(numpy.float64)
POSITIONS = numpy.array([[3, -4, 0], [4, -5, 1]], numpy.int32)
INSIDE = numpy.array([-0.99, -0.3, 0.0, 0.6, 0.95], numpy.float32)

ROWS: dict[Op[..., Any], list[Sample]] = {
    watched.any_outside: [
        Sample((POSITIONS,), {"size": 4}),
        Sample((POSITIONS.astype(numpy.int64),), {"size": 6}),
        Sample((i32(low=-2, high=2),), {"size": 2}),
    ],
    watched.inside: [
        Sample((POSITIONS, numpy.array(True)), {"size": 4}),
        Sample((POSITIONS.astype(numpy.int64), numpy.array(False)), {"size": 6}),
        Sample((i32(low=-2, high=2), numpy.array(False)), {"size": 2}),
    ],
    npx.bitcast: [
        Sample((f32(2, 3),), {"dtype": numpy.dtype("int32")}),
        Sample((i32(3),), {"dtype": numpy.dtype("float32")}),
        Sample((DOUBLE,), {"dtype": numpy.dtype("uint64")}),
    ],
    npx.digamma: [Sample((f32(2, 3),)), Sample((DOUBLE,)), Sample((i32(2, 3, low=1),))],
    npx.erfinv: [Sample((INSIDE,)), Sample((numpy.tanh(DOUBLE),)), Sample((f32(0, 3),))],
    npx.gamma: [Sample((f32(2, 3),)), Sample((DOUBLE,)), Sample((i32(2, 3, low=1),))],
    npx.gammaln: [Sample((f32(2, 3),)), Sample((DOUBLE,)), Sample((i32(2, 3, low=1),))],
    npx.gather_nd: [
        Sample((X, APART)),
        Sample((X, TWICE)),
        Sample((X, numpy.array([[0], [2], [1], [1], [-1]]))),
        Sample((X, numpy.array([[[0]], [[2]], [[1]], [[1]], [[-1]]])), {"batch_dims": 1}),
        Sample((i32(5, 3), APART)),
        Sample((f32(5, 0), TWICE)),
    ],
    npx.group_norm: [
        Sample((f32(2, 6, 3, 5), positive(6), f32(6)), {"groups": 3}),
        Sample((f32(2, 4), positive(4), f32(4)), {"groups": 2, "epsilon": 1e-3}),
        Sample((DOUBLE, DOUBLE[0], DOUBLE[1])),
    ],
    npx.instance_norm: [
        Sample((f32(2, 3, 5, 4), positive(3), f32(3))),
        Sample((f32(2, 3, 6), positive(3), f32(3)), {"epsilon": 1e-3}),
    ],
    npx.scatter_elements: [
        Sample((X, DEEP, f32(1, 1, 4)), {"axis": 1}),
        Sample((f32(5, 4), LINES[:, :3], f32(2, 3)), {"axis": 0}),
        Sample((f32(5, 4), LINES[:, :3], f32(2, 3)), {"axis": 1, "reduction": "add"}),
        Sample((i32(5, 4), LINES, i32(2, 4)), {"axis": 1, "reduction": "max"}),
        Sample((i32(5, 4), LINES, i32(2, 4)), {"axis": -1}),
        Sample((f32(5, 4), LINES[:, :3], f32(2, 3)), {"axis": 1, "reduction": "max"}),
        Sample((f32(5, 4), LINES[:, :3], f32(2, 3)), {"axis": 1, "reduction": "mul"}),
    ],
    npx.scatter_nd: [
        Sample((X, ONE, f32(1, 4))),
        Sample((X, APART, f32(3, 4))),
        Sample((X, TWICE, f32(3, 3, 4))),
        Sample((X, TWICE, f32(3, 3, 4)), {"reduction": "add"}),
        Sample((X, TWICE, f32(3, 3, 4)), {"reduction": "max"}),
        Sample((X, TWICE, f32(3, 3, 4)), {"reduction": "min"}),
        Sample((X, TWICE, f32(3, 3, 4)), {"reduction": "mul"}),
        Sample((i32(5, 3), APART, i32(3)), {"reduction": "mul"}),
        Sample((i32(5, 3), TWICE, i32(3, 3)), {"reduction": "min"}),
    ],
}

WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    npx.digamma: "its gradient is the trigamma function, which is not here",
}
