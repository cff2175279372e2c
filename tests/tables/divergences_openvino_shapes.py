"""OpenVINO's CPU plugin: lookups, empty arrays, axes, memory, loops."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy
import openvino
from bare_loops import loop_gives
from bare_runtimes import axes, openvino_gives, openvino_request
from divergence_case import TENTHS, Case, Ends, Off, Refuses, Rows, f32, i32, point
from divergence_case import openvino as case
from openvino import opset16 as ov

from isthmus import np, npx

NONE = numpy.zeros((3, 0), "float32")
IMAGE = numpy.ones((1, 1, 3, 3), "float32")
PAIR, OTHER = f32(1, 2), f32(10, 20)
ONE = numpy.float32(1)


def gathered(x: Any, indices: Any) -> Any:
    return ov.gather(x, indices, ov.constant(0))


def number(x: Any, y: Any) -> Any:
    """A product of matrices as a 0-d array."""
    return ov.reshape(ov.matmul(x, y, False, False), axes(), False)


def pooled(x: Any) -> Any:
    return ov.avg_pool(x, [1, 1], [0, 0], [0, 0], [2, 2], False, "floor", "explicit")


def convolved(x: Any, weight: Any) -> Any:
    return ov.convolution(x, weight, [1, 1], [0, 0], [0, 0], [1, 1])


def tenths(start: Any) -> Any:
    step = ov.constant(numpy.float32(0.1))
    return ov.range(start, ov.constant(ONE), step, output_type="f32")


def squared(x: Any) -> Any:
    return ov.matmul(x, ov.transpose(x, axes(1, 0)), False, False)


def averaged(x: Any) -> Any:
    return ov.reduce_mean(x, axes(1), False)


def summed(x: Any) -> Any:
    return ov.add(ov.reduce_sum(x, ov.constant([2]), False), ov.constant(f32(10, 20, 30)))


def unwritten() -> Any:
    """A result bound to an array of -1, after a run of a model whose result is its input."""
    request = openvino_request(lambda x: x, [PAIR])
    given, bound = PAIR.copy(), f32(-1, -1)
    request.set_input_tensor(0, openvino.Tensor(given, shared_memory=True))
    request.set_output_tensor(0, openvino.Tensor(bound, shared_memory=True))
    request.infer(None, share_inputs=True, share_outputs=True)
    return bound


def stepping(x: Any) -> list[Any]:
    return [ov.add(x, ov.constant(ONE)), ov.unsqueeze(x, axes(0))]


# The same loops as programs, of n steps


def exchanged(n: Any, x: Any, y: Any) -> Any:
    def step(k: Any, x: Any, y: Any) -> Any:
        return None, (k + 1, y, x)

    zero = numpy.zeros((), "int32")
    return npx.while_loop(lambda k, x, y: k < n, step, (zero, x, y))[1][1]


def rows(n: Any, x: Any) -> Any:
    zero = numpy.zeros((), "int32")
    return npx.while_loop(lambda k, x: k < n, lambda k, x: (x, (k + 1, x + 1)), (zero, x))[0]


def replaced(n: Any, x: Any) -> Any:
    zero = numpy.zeros((), "int32")
    return npx.while_loop(lambda k, x: k < n, lambda k, x: (None, (k + 1, OTHER)), (zero, x))[1][1]


def at_most_0(x: Any) -> Any:
    return npx.while_loop(lambda x: x[0] < 9, lambda x: (x, x + 1), x, max_iterations=0)[0]


SHAPES: Rows = {
    "take-outside": [
        case(gathered, f32(0, 3), lambda x, i: np.take(x, i, axis=0), f32(1, 2, 3), i32(3, 2)),
        case(
            gathered,
            f32(0, 3),
            lambda x, i: np.take(x, i + 0, axis=0),
            f32(1, 2, 3),
            i32(3, 2),
        ),
    ],
    "take-along-outside": [
        case(
            lambda x, i: ov.gather_elements(x, i, 0),
            Ends(sometimes=True),
            lambda x, i: np.take_along_axis(x, i, axis=0),
            f32(1, 2, 3),
            i32(3, 2),
        ),
    ],
    "take-along-slice": [
        case(
            lambda x, i: ov.gather_elements(ov.slice(x, axes(0), axes(1), axes(1), axes(1)), i, 0),
            Refuses("must have equal or intersecting dimensions"),
            lambda x, i: np.take_along_axis(x[:, :1], i, axis=0),
            TENTHS[:6].reshape(3, 2),
            i32(2, 0).reshape(2, 1),
        ),
    ],
    "empty-mean": [
        case(
            averaged,
            f32(0, 0, 0),
            lambda x: np.mean(x, axis=1),
            NONE,
            host="an array is empty",
        ),
        case(
            averaged,
            f32(0, 0, 0),
            lambda x: np.mean(x, axis=1),
            NONE,
            sizes=[["n", "m"]],
        ),
    ],
    "empty-matmul": [
        case(
            squared,
            Refuses("object is not initialized"),
            lambda x: np.matmul(x, np.permute_dims(x)),
            NONE,
            sizes=[[3, 0]],
            host="an array is empty",
        ),
        case(
            squared,
            Refuses("object is not initialized"),
            lambda x: np.matmul(x, np.permute_dims(x)),
            NONE,
            sizes=[["n", 0]],
            host="an array is empty",
        ),
    ],
    "no-axes": [
        case(
            lambda x: ov.reduce_sum(x, axes(), False),
            Refuses("incorrect number of input/output"),
            lambda x: np.sum(x, axis=()),
            numpy.ones((2, 3), "float32"),
        ),
    ],
    "reduce-vector": [
        case(
            summed,
            f32([11, 11, 11], [21, 21, 21]),
            lambda x: np.sum(x, axis=2) + f32(10, 20, 30),
            numpy.ones((2, 3, 1), "float32"),
        ),
    ],
    "squeeze-no-axes": [
        case(
            lambda x: ov.squeeze(x, axes()),
            f32(1, 1),
            lambda x: np.squeeze(x, axis=()),
            numpy.ones((1, 2, 1), "float32"),
        ),
    ],
    "unchanged": [Case("cpu", unwritten, f32(-1, -1), lambda x: x, (PAIR,))],
    "average-pool": [
        case(pooled, Ends(), lambda x: npx.average_pool(x, window=2, strides=1), IMAGE),
    ],
    "matmul-0d": [
        case(
            number, Ends(), lambda x, y: np.reshape(np.matmul(x, y), ()), f32([1, 2]), f32([3], [4])
        ),
    ],
    "weight-size": [
        case(
            convolved,
            Refuses("evaluate() is not implemented"),
            npx.convolution,
            IMAGE,
            IMAGE,
            sizes=[[1, 1, 3, 3], ["n", 1, 3, 3]],
            host="a weight of unknown size",
        ),
    ],
    "range-float": [
        Case(
            "cpu",
            partial(openvino_gives, tenths, [point(0)]),
            Off(by=5e-8, most=2e-7),
            lambda x: np.arange(x.shape[0], dtype="float32"),
            (PAIR,),
            sizes=[["n"]],
            numpys=TENTHS,
        ),
    ],
    "loop-memory": [
        Case(
            "cpu",
            partial(loop_gives, lambda x, y: [y, x], [PAIR, OTHER], [2], 0),
            OTHER,
            exchanged,
            (point(2, "int32"), PAIR, OTHER),
        ),
    ],
    "loop-no-steps": [
        Case(
            "cpu",
            partial(loop_gives, stepping, [PAIR], [2, 0], 1),
            f32([1, 2], [2, 3]),
            rows,
            (point(0, "int32"), PAIR),
            earlier=(point(2, "int32"), PAIR),
        ),
        Case(
            "cpu",
            partial(loop_gives, lambda x: [ov.constant(OTHER)], [PAIR], [0], 0),
            OTHER,
            replaced,
            (point(0, "int32"), PAIR),
        ),
    ],
    "loop-known-empty": [
        Case(
            "cpu",
            partial(loop_gives, stepping, [PAIR], [0], 1, known=True),
            Ends(),
            at_most_0,
            (PAIR,),
            needs="AVX-512",
        ),
    ],
}
