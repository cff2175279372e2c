"""What follows a matrix product into half precision: a row for each operator that does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from half_net import X

import isthmus as im
from isthmus import np, npx

__all__ = ["ROWS", "behind_a_product"]

W = numpy.linspace(-1, 1, 64, dtype=numpy.float32).reshape(8, 8)
IMAGES = im.spec("float32", [2, 8, 6, 6])
KERNEL = numpy.ones((8, 8, 3, 3), numpy.float32)
ROWS: dict[str, tuple[Any, Any]] = {
    "add": (lambda y: y + 1, X),
    "batch_norm": (lambda y: npx.batch_norm(y, W[0], W[1], W[2], W[7] + 2), IMAGES),
    "broadcast": (lambda y: np.broadcast_to(y, (3, *y.shape)), X),
    "concat": (lambda y: np.concat([y, y * 2], axis=0), X),
    "conv_transpose": (lambda y: npx.conv_transpose(y, KERNEL, strides=2), IMAGES),
    "convolution": (lambda y: npx.convolution(y, KERNEL), IMAGES),
    "depthwise": (lambda y: npx.convolution(y, KERNEL[:, :1], groups=8), IMAGES),
    "divide": (lambda y: y / 3, X),
    "elu": (npx.elu, X),
    "expand": (lambda y: y[:, None], X),
    "fully_connected": (lambda y: npx.fully_connected(y, W, W[0]), X),
    "gather": (lambda y: np.take(y, numpy.array([1, 0]), axis=1), X),
    "gather along": (lambda y: np.take_along_axis(y, numpy.zeros((1, 8), "int64"), axis=0), X),
    "gelu": (npx.gelu, X),
    "gelu by tanh": (lambda y: npx.gelu(y, approximate=True), X),
    "hard_sigmoid": (npx.hard_sigmoid, X),
    "hard_swish": (npx.hard_swish, X),
    "leaky_relu": (npx.leaky_relu, X),
    "max_pool": (lambda y: npx.max_pool(y, window=2), IMAGES),
    "maximum": (lambda y: np.maximum(y, 0.5), X),
    "minimum": (lambda y: np.minimum(y, 0.5), X),
    "pool": (lambda y: npx.average_pool(y, window=2), IMAGES),
    "uneven padding": (lambda y: npx.max_pool(y, window=2, padding=((0, 1), (0, 1))), IMAGES),
    "relu6": (npx.relu6, X),
    "reshape": (lambda y: np.reshape(y, (-1, 2)), X),
    "sigmoid": (npx.sigmoid, X),
    "silu": (npx.silu, X),
    "slice": (lambda y: y[:, 1:5:2], X),
    "squeeze": (lambda y: np.squeeze(y[:, None], axis=1), X),
    "subtract": (lambda y: y - 1, X),
    "tanh": (np.tanh, X),
    "transpose": (lambda y: y.T, X),
    "where": (lambda y: np.where(y > 0, y, 2 * y), X),
}  # fmt: skip


def behind_a_product(name: str) -> tuple[Callable[[Any], Any], Any]:
    """A function of one array that makes a product and then what the row says; and its spec."""
    follows, spec = ROWS[name]
    w = W if spec is X else W[:6, :6]
    return (lambda x: follows(x @ w)), spec
