"""One library's peaks, inside a process of its own; `roofline` starts these and takes the best.

A product of m x k and k x n matrices is 2 m k n operations; the second one is constant, as the
weights of a network are. A peak is of several shapes, alone and with a relu behind, which other
kernels compute, and of a convolution without padding. OpenVINO's integers are also those of a
product whose rows are pixels of an image: without VNNI its kernel of convolutions is the quicker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus.benchmarks.portable.timing.rates import best_of
from isthmus.system import machine

from . import bandwidth
from .bandwidth import MEMORY

__all__ = ["BF16", "PROBES", "SHAPES", "Row"]

# Rows, inner, columns: square, and those of a transformer's dense layers.
SHAPES = ((1536, 1536, 1536), (1024, 4096, 1024), (512, 768, 3072))
IMAGE, CHANNELS, WINDOW = 16, 256, 3  # of the convolution: 14 x 14 results
BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
F16 = frozenset({"avx512_fp16", "amx_fp16"})
INTEGERS = ("u8", "i8")

Array = numpy.ndarray[Any, Any]
Row = dict[str, Any]  # precision, or "memory"; rate in 1e9 operations or bytes a second; by
Calls = dict[str, tuple[float, Callable[[], object]]]  # by shape: 1e9 operations, and the call


def main(arguments: list[str]) -> None:
    """One probe, its rows as the last line; none where its library is not installed."""
    name, threads, seconds = arguments
    try:
        rows = PROBES[name](int(threads), float(seconds))
    except ImportError:
        rows = []
    print(json.dumps(rows))


def _row(precision: str, library: str, calls: Calls, seconds: float) -> list[Row]:
    """The best of the calls; nothing where there are none."""
    if not calls:
        return []
    name, rate = best_of(calls, seconds)
    return [{"precision": precision, "rate": rate, "by": f"{library}, {name}"}]


def gigaoperations(rows: int, inner: int, columns: int) -> float:
    """Of a product of matrices, a multiply-add as two."""
    return 2e-9 * rows * inner * columns


def _named(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))


def _matrix(rows: int, columns: int) -> Array:
    return numpy.random.default_rng(0).standard_normal((rows, columns), numpy.float32)


# NumPy


def _numpy(threads: int, seconds: float) -> list[Row]:
    """The BLAS of NumPy; its threads come from the environment."""
    calls = {_named(shape): (gigaoperations(*shape), _numpys(*shape)) for shape in SHAPES}
    return _row("f32", f"numpy {numpy.__version__}", calls, seconds)


def _numpys(rows: int, inner: int, columns: int) -> Callable[[], object]:
    left, right = _matrix(rows, inner), _matrix(inner, columns)
    result = numpy.empty((rows, columns), numpy.float32)
    return lambda: numpy.matmul(left, right, out=result)


# OpenVINO


def _openvino(threads: int, seconds: float) -> list[Row]:
    """In float32 and int8, and in what the processor has beside them."""
    import openvino

    flags = set(machine.processor_flags())
    wanted = ["f32", *["bf16"][: bool(BF16 & flags)], *["f16"][: bool(F16 & flags)], "int8"]
    library = f"openvino {openvino.__version__.partition('-')[0]}"
    rows = []
    for precision in wanted:
        rows += _row(precision, library, _openvinos(precision, threads), seconds)
    return rows


def _openvinos(precision: str, threads: int) -> Calls:
    """Without the calls that OpenVINO computes in another precision than it was asked for."""
    from openvino import opset16 as ov

    found: Calls = {}
    for shape in SHAPES:
        rows, inner, columns = shape
        left = ov.parameter([rows, inner], numpy.float32)
        x, weight = _in(precision, left, _matrix(columns, inner))
        product = ov.matmul(x, weight, False, True)
        results = {"": product, " and relu": ov.relu(product)}
        if precision == "int8":
            results[" of pixels"] = _of_pixels(x, _matrix(columns, inner))
        for kind, result in results.items():
            call = _openvinos_call(result, left, precision, threads)
            if call is not None:
                found[_named(shape) + kind] = gigaoperations(*shape), call
    name, work, image, convolved = _convolution(precision)
    call = _openvinos_call(convolved, image, precision, threads)
    return found if call is None else {**found, name: (work, call)}


def _of_pixels(x: Any, weight: Array) -> Any:
    """The product as a convolution of one pixel; channels are innermost, so that nothing moves."""
    from openvino import opset16 as ov

    columns, inner = weight.shape
    image = ov.transpose(ov.reshape(x, [1, 1, -1, inner], False), [0, 3, 1, 2])
    kernel = _rounded(ov.constant(weight.reshape(columns, inner, 1, 1)), 255, 4.0)
    y = ov.convolution(image, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.reshape(ov.transpose(y, [0, 2, 3, 1]), [-1, columns], False)


def _convolution(precision: str) -> tuple[str, float, Any, Any]:
    from openvino import opset16 as ov

    image = ov.parameter([1, CHANNELS, IMAGE, IMAGE], numpy.float32)
    weights = _matrix(CHANNELS, CHANNELS * WINDOW**2).reshape(CHANNELS, CHANNELS, WINDOW, WINDOW)
    x, weight = _in(precision, image, weights)
    size = IMAGE - WINDOW + 1
    work = gigaoperations(size**2, CHANNELS * WINDOW**2, CHANNELS)
    name = f"{WINDOW}x{WINDOW} convolution of {CHANNELS} channels"
    return name, work, image, ov.convolution(x, weight, [1, 1], [0, 0], [0, 0], [1, 1])


def _in(precision: str, x: Any, weight: Array) -> tuple[Any, Any]:
    """Operands as they are, or rounded to 8 bits, of which the plugin multiplies integers."""
    from openvino import opset16 as ov

    if precision != "int8":
        return x, ov.constant(weight)
    return _rounded(x, 256, 4.0), _rounded(ov.constant(weight), 255, 4.0)


def _rounded(x: Any, levels: int, size: float) -> Any:
    from openvino import opset16 as ov

    ends = [ov.constant(numpy.float32(end)) for end in (-size, size, -size, size)]
    return ov.fake_quantize(x, *ends, levels)


def _openvinos_call(
    result: Any, given: Any, precision: str, threads: int
) -> Callable[[], object] | None:
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(openvino.Model([result], [given]), "CPU", settings)
    if not computed_in(model) <= set(INTEGERS if precision == "int8" else (precision,)):
        return None
    request, shape = model.create_infer_request(), list(given.shape)
    array = _matrix(shape[0], int(numpy.prod(shape[1:]))).reshape(shape)
    return lambda: request.infer([array], share_inputs=True, share_outputs=True)


def computed_in(model: Any) -> set[str]:
    """The precisions of the products and convolutions in what OpenVINO made of a model."""
    every = (op.get_rt_info() for op in model.get_runtime_model().get_ops())
    kinds = ("Convolution", "FullyConnected", "MatMul")
    products = (info for info in every if info["layerType"].value in kinds)
    return {str(info["runtimePrecision"].value) for info in products}


# ONNX Runtime


def _onnxruntime(threads: int, seconds: float) -> list[Row]:
    """Products of float32, and of uint8 and int8, summed in int32."""
    import onnxruntime

    library = f"onnxruntime {onnxruntime.__version__}"
    rows = []
    for precision in ("f32", "int8"):
        calls = {
            _named(shape): (gigaoperations(*shape), _onnxruntimes(precision, shape, threads))
            for shape in SHAPES
        }
        rows += _row(precision, library, calls, seconds)
    return rows


def _onnxruntimes(
    precision: str, shape: tuple[int, int, int], threads: int
) -> Callable[[], object]:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rows, inner, columns = shape
    x, weight = _matrix(rows, inner), _matrix(inner, columns)
    kind, into, out = "MatMul", TensorProto.FLOAT, TensorProto.FLOAT
    if precision == "int8":
        kind, into, out = "MatMulInteger", TensorProto.UINT8, TensorProto.INT32
        x, weight = (32 * abs(x)).astype(numpy.uint8), (32 * weight).astype(numpy.int8)
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", into, [rows, inner])],
        [helper.make_tensor_value_info("y", out, [rows, columns])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"x": x})


PROBES: Mapping[str, Callable[[int, float], list[Row]]] = {
    "numpy": _numpy,
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    MEMORY: bandwidth.rows,
}
