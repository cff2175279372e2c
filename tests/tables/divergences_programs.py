"""Formulas that both runtimes need, NumPy itself, and the operators of networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
from divergence_case import INF, NAN, Case, Off, Rows, alone, f32, point, session
from divergence_case import onnx as onnx_case
from divergence_case import openvino as case
from openvino import opset16 as ov

from isthmus import np, npx

LARGEST = numpy.finfo("float32").max
SMALL = numpy.linspace(-0.7, -0.3, 64, dtype="float32")
BESIDE = numpy.log(1 - numpy.exp(SMALL))  # the sum of their exponentials is 1
EYE = numpy.eye(2, dtype="float32")
WINDOW = numpy.array([[[[NAN, 1], [2, 3]]]], "float32")
INFINITE = numpy.full((1, 1, 2, 2), -INF, "float32")
FAR = f32([3e38, -3e38, 0])
ONES = f32(1, 1, 1)
NO_NUMBER = f32([[NAN]])


def on_both(program: Callable[..., Any], *arrays: Any, **facts: Any) -> list[Case]:
    return [alone(program, *arrays, backend=backend, **facts) for backend in ("cpu", "gpu")]


def fraction(x: Any) -> Any:
    return np.modf(x)[0]


def pooled(x: Any) -> Any:
    return npx.max_pool(x, window=2)


def bare_pooled(x: Any) -> Any:
    around = [0, 0], [0, 0]
    return ov.max_pool(x, [2, 2], [1, 1], *around, [2, 2], "floor", "explicit", "i64").output(0)


def layer(gates: int) -> list[Any]:
    """w, r and b of one unit."""
    w = numpy.ones((1, gates, 1), "float32")
    return [w, w * 0, numpy.zeros((1, 2 * gates), "float32")]


def last_of_gru(x: Any) -> Any:
    return npx.gru(x, *layer(3))[1]


def last_of_lstm(x: Any) -> Any:
    return npx.lstm(x, *layer(4))[1]


def resized(x: Any) -> Any:
    return npx.resize(x, scales=(2,), axes=(3,), mode="linear")


def normalized(x: Any) -> Any:
    return npx.layer_norm(x, ONES, ONES)


def kernel(
    build: Callable[..., Any],
    gives: Any,
    program: Callable[..., Any],
    *arrays: Any,
    needs: str = "",
) -> Case:
    """The runtime's kernel as it is."""
    return case(build, gives, program, *arrays, kept=gives, needs=needs)


def onnx_kernel(
    run: Callable[..., Any], gives: Any, program: Callable[..., Any], *arrays: Any, needs: str = ""
) -> Case:
    return onnx_case(run, gives, program, *arrays, kept=gives, needs=needs)


BOTH: Rows = {
    "logaddexp": on_both(np.logaddexp, SMALL, BESIDE, kept=Off(1e-8, 1.8e-7, absolute=True)),
    "cbrt": on_both(np.cbrt, f32(-8.8706782e37), kept=Off(by=5e-7, most=1.1e-6)),
    "formula-zero-sign": [
        *on_both(np.cbrt, f32(-0.0), kept=f32(0)),
        *on_both(fraction, f32(-0.0), kept=f32(0)),
    ],
    "inner-0d": on_both(np.inner, f32(INF, 1), point(0), kept=f32(NAN, 0)),
}  # fmt: skip

NUMPY: Rows = {
    "eig": [
        Case(
            "cpu", partial(numpy.linalg.eigvals, EYE), f32(1, 1),
            np.linalg.eigvals, (EYE,), kept=numpy.ones(2, "complex64"), host="LAPACK",
        ),
    ],
}  # fmt: skip

NETWORKS: Rows = {
    "relu-nan": [
        kernel(ov.relu, f32(0), npx.relu, f32(NAN)),
        kernel(partial(ov.clamp, min_value=0.0, max_value=6.0), f32(0), npx.relu6, f32(NAN)),
        kernel(ov.hsigmoid, f32(0), npx.hard_sigmoid, f32(NAN)),
    ],
    "hard-sigmoid": [kernel(ov.hsigmoid, f32(0.99999994), npx.hard_sigmoid, f32(5))],
    "gelu-large": [
        kernel(
            partial(ov.gelu, approximation_mode="erf"), f32(NAN, INF), npx.gelu, f32(INF, 3e38),
            needs="AVX-512",
        )
    ],
    "softmax-nan": [
        kernel(partial(ov.softmax, axis=0), f32(0, NAN, 0), npx.softmax, f32(1, NAN, 2)),
        kernel(partial(ov.softmax, axis=0), f32(0, NAN, 0), npx.softmax, f32(1, INF, 2)),
        kernel(
            partial(ov.log_softmax, axis=0), f32(-INF, NAN, -INF), npx.log_softmax, f32(1, NAN, 2)
        ),
    ],
    "softmax-small": [
        kernel(partial(ov.softmax, axis=0), f32(1, 0), npx.softmax, f32(0, -90)),
        onnx_kernel(
            session("Softmax", axis=0), f32(1, 0), npx.softmax, f32(0, -90), needs="AVX2"
        ),
    ],
    "max-pool": [
        kernel(bare_pooled, f32([[[3]]]), pooled, WINDOW),
        kernel(bare_pooled, f32([[[-LARGEST]]]), pooled, INFINITE),
    ],
    "onnx-max-pool": [
        onnx_kernel(session("MaxPool", kernel_shape=[2, 2]), f32([[[3]]]), pooled, WINDOW)
    ],
    "onnx-sigmoid": [
        onnx_kernel(session("Sigmoid"), Off(by=2e-4, most=3e-4), npx.sigmoid, f32(-8)),
    ],
    "onnx-resize": [
        onnx_kernel(
            session("Resize", f32(), f32(1, 1, 1, 2), mode="linear"),
            f32([[[NAN, INF, INF, INF, INF, 2]]]), resized, f32([[[1, INF, 2]]]),
        ),
    ],
    "onnx-layer-norm": [
        onnx_kernel(
            session("LayerNormalization", ONES, ONES), f32([NAN, NAN, NAN]), normalized, FAR
        ),
    ],
    "onnx-recurrent-nan": [
        onnx_kernel(
            session("GRU", *layer(3), outputs=2, hidden_size=1), f32([[0]]), last_of_gru, NO_NUMBER
        ),
        onnx_kernel(
            session("LSTM", *layer(4), outputs=2, hidden_size=1),
            numpy.tanh(f32([[1]])), last_of_lstm, NO_NUMBER,
        ),
    ],
}  # fmt: skip
