"""One row an operator: operands and attributes that every backend is tried with.

Operands are NumPy arrays of modest size; `None` where an operand is left out. A test
fails if an operator has no row, so a new operator adds its row here.
"""

from __future__ import annotations

from typing import Any

import numpy
import samples_control
import samples_elementwise
import samples_images
import samples_linalg
import samples_npx
import samples_order
import samples_quantization
import samples_recurrent
import samples_shapes
import samples_trees
from sample_arrays import Sample, f32, i32, positive, truth

from isthmus import np, npx
from isthmus.trace.op import OPERATORS, Op

X, Y, ROW = f32(2, 3, 4), f32(2, 3, 4), f32(4)
IMAGE = f32(2, 4, 9, 8)
WHOLE = i32(2, 4, 9, 8).astype(numpy.float32)
LINE, SOLID = f32(2, 4, 9), f32(2, 4, 4, 5, 6)
HALVES = numpy.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.2, -0.7], numpy.float32)

_UNARY = [Sample((X,)), Sample((f32(),)), Sample((f32(0, 3),))]
_POSITIVE = [Sample((positive(2, 3),))]
_BINARY = [Sample((X, Y)), Sample((X, ROW)), Sample((f32(2, 1, 4), f32(3, 1))), Sample((X, 2.0))]
_INTEGERS = [Sample((i32(2, 3), i32(3)))]
_LOGICAL = [Sample((truth(2, 3), truth(3)))]
_FLAGS = [Sample((numpy.array([1, numpy.inf, -numpy.inf, numpy.nan, 0], numpy.float32),))]
_CHANNELS = (positive(4), f32(4), f32(4), positive(4))

SAMPLES: dict[Op[..., Any], list[Sample]] = {
    np.abs: _UNARY,
    np.add: _BINARY + _INTEGERS,
    np.ceil: [Sample((HALVES,))],
    np.cos: _UNARY,
    np.divide: [Sample((X, positive(4))), Sample((X, 3.0))],
    np.equal: [Sample((i32(3, 4), i32(4))), Sample((X, X)), Sample((truth(3), truth(3)))],
    np.exp: _UNARY,
    np.floor: [Sample((HALVES,))],
    np.floor_divide: [
        Sample((X, positive(4))),
        Sample((i32(3, 4), i32(4, low=1))),
        Sample((numpy.array([[1, 2**20 + 1], [-7, 0]]), 6)),
    ],
    np.greater: _BINARY + _INTEGERS,
    np.greater_equal: _BINARY + _INTEGERS,
    np.isfinite: _FLAGS,
    np.isinf: _FLAGS,
    np.isnan: _FLAGS,
    np.less: _BINARY + _INTEGERS,
    np.less_equal: _BINARY + _INTEGERS,
    np.log: _POSITIVE,
    np.logical_and: _LOGICAL,
    np.logical_not: [Sample((truth(3),))],
    np.logical_or: _LOGICAL,
    np.logical_xor: _LOGICAL,
    np.maximum: _BINARY + _INTEGERS,
    np.minimum: _BINARY + _INTEGERS,
    np.multiply: _BINARY + _INTEGERS,
    np.negative: _UNARY,
    np.not_equal: [Sample((i32(3, 4), i32(4))), Sample((X, Y))],
    np.pow: [Sample((positive(2, 3), f32(3))), Sample((X, 2.0)), Sample((positive(3), -0.5))],
    np.remainder: [Sample((X, positive(4))), Sample((X, -positive(4)))],
    np.round: [Sample((HALVES,))],
    np.sign: _UNARY,
    np.sin: _UNARY,
    np.sqrt: _POSITIVE,
    np.square: _UNARY,
    np.subtract: _BINARY + _INTEGERS,
    np.tanh: _UNARY,
    npx.average_pool: [
        Sample((IMAGE,), {"window": 2}),
        Sample((IMAGE,), {"window": (3, 2), "strides": 2, "padding": 1}),
        Sample((IMAGE,), {"window": 3, "strides": 2, "padding": 1, "count_padding": False}),
        Sample((LINE,), {"window": 3, "strides": 2, "padding": 1}),
        Sample((SOLID,), {"window": (2, 3, 2), "padding": (0, 1, 0), "count_padding": False}),
    ],
    npx.batch_norm: [Sample((IMAGE, *_CHANNELS), {"epsilon": 1e-3})],
    npx.computed_size: [
        Sample((numpy.asarray(3),)),
        Sample((numpy.asarray(0, numpy.int32),)),
        Sample((numpy.asarray(2, numpy.uint8),)),
    ],
    npx.conv_transpose: [
        Sample((IMAGE, f32(4, 3, 3, 2)), {"strides": 2, "padding": 1, "output_padding": 1}),
        Sample((IMAGE, f32(4, 3, 3, 3)), {"groups": 2, "padding": ((1, 0), (0, 2))}),
        Sample((IMAGE, f32(4, 1, 3, 3)), {"groups": 4, "strides": (2, 1), "dilation": 2}),
        Sample((IMAGE, f32(4, 1, 2, 2)), {"dilation": 3, "output_padding": (2, 1)}),
        Sample((LINE, f32(4, 2, 4)), {"strides": 2, "padding": ((0, 1),), "output_padding": 1}),
        Sample((SOLID, f32(4, 2, 2, 3, 2)), {"strides": (2, 1, 3), "groups": 2}),
    ],
    npx.convolution: [
        Sample((IMAGE, f32(6, 4, 3, 3)), {"padding": 1}),
        Sample((IMAGE, f32(6, 2, 3, 2)), {"strides": (2, 1), "groups": 2}),
        Sample((IMAGE, f32(4, 1, 3, 3)), {"groups": 4, "padding": ((1, 0), (0, 2))}),
        Sample((IMAGE, f32(8, 1, 3, 3)), {"groups": 4, "dilation": 2, "padding": 2}),
        Sample((IMAGE, f32(5, 4, 1, 1))),
        Sample((LINE, f32(6, 2, 3)), {"padding": ((1, 2),), "dilation": 2, "groups": 2}),
        Sample((SOLID, f32(3, 4, 2, 3, 2)), {"strides": (2, 1, 3), "padding": (0, 1, 1)}),
        Sample((SOLID, f32(4, 1, 2, 2, 2)), {"groups": 4}),
    ],
    OPERATORS["npx.convolution_of_integers"]: [
        Sample((WHOLE, i32(6, 4, 3, 3).astype(numpy.float32)), {"padding": 1}),
        Sample((WHOLE, i32(8, 1, 3, 2).astype(numpy.float32)), {"groups": 4, "strides": 2}),
        Sample((WHOLE, i32(6, 2, 3, 3).astype(numpy.float32)), {"groups": 2, "dilation": 2}),
    ],
    npx.elu: [Sample((X,)), Sample((X,), {"alpha": 0.5})],
    npx.erf: _UNARY,
    npx.fully_connected: [
        Sample((f32(2, 3, 4), f32(5, 4), f32(5))),
        Sample((f32(3, 4), f32(5, 4), f32(5))),
        Sample((f32(3, 4), f32(5, 4), None)),
    ],
    npx.gelu: [Sample((X,)), Sample((X,), {"approximate": True})],
    npx.global_average_pool: [Sample((IMAGE,)), Sample((LINE,)), Sample((SOLID,))],
    npx.hard_sigmoid: [Sample((X * 3,))],
    npx.hard_swish: [Sample((X * 3,))],
    npx.l2_normalize: [Sample((X,)), Sample((X,), {"axis": 1})],
    OPERATORS["npx.largest"]: [Sample((X,)), Sample((X,), {"axis": 1, "keepdims": True})],
    npx.layer_norm: [Sample((X, positive(4), ROW), {"epsilon": 1e-12})],
    npx.leaky_relu: [Sample((X,)), Sample((X,), {"slope": 0.2})],
    npx.log_softmax: [Sample((X,)), Sample((X,), {"axis": 1})],
    npx.max_pool: [
        Sample((IMAGE,), {"window": 2}),
        Sample((IMAGE,), {"window": 3, "strides": 2, "padding": 1}),
        Sample((IMAGE,), {"window": (3, 2), "strides": (1, 2), "padding": ((0, 1), (1, 0))}),
        Sample((LINE,), {"window": 3, "strides": 2, "padding": ((0, 1),)}),
        Sample((SOLID,), {"window": (2, 3, 2), "padding": (0, 1, 0)}),
    ],
    npx.mish: [Sample((X,)), Sample((f32(),)), Sample((f32(0, 3),))],
    npx.random_normal: [Sample((i32(3, low=0),), {"shape": (2, 3)})],
    npx.random_uniform: [
        Sample((i32(3, low=0),), {"shape": (2, 3)}),
        Sample((i32(low=0),), {"shape": ()}),
        Sample((i32(0, low=0),), {"shape": (0, 3)}),
    ],
    npx.relu: _UNARY,
    npx.relu6: [Sample((X * 5,))],
    npx.rms_norm: [Sample((X, positive(4))), Sample((f32(4), ROW), {"epsilon": 1e-6})],
    npx.scaled_dot_product_attention: [
        Sample((f32(2, 3, 5, 4), f32(2, 3, 6, 4), f32(2, 3, 6, 4), f32(2, 1, 1, 6))),
        Sample((f32(2, 5, 4), f32(2, 6, 4), f32(2, 6, 4), None)),
    ],
    npx.sigmoid: _UNARY,
    npx.silu: _UNARY,
    npx.softmax: [Sample((X,)), Sample((X,), {"axis": 1})],
    OPERATORS["npx.softmax_by_line"]: [Sample((X,)), Sample((X,), {"axis": 1})],
    OPERATORS["npx.weighted_by_softmax"]: [Sample((f32(2, 3, 5), f32(2, 5, 4)))],
}

# Why an operator that makes floats of floats states no gradient.
WITHOUT_GRADIENT: dict[Op[..., Any], str] = {}

for _chapter in (
    samples_control,
    samples_elementwise,
    samples_images,
    samples_linalg,
    samples_npx,
    samples_order,
    samples_quantization,
    samples_recurrent,
    samples_shapes,
    samples_trees,
):
    SAMPLES.update(_chapter.ROWS)
    WITHOUT_GRADIENT.update(getattr(_chapter, "WITHOUT_GRADIENT", {}))
