"""One library's peak, inside a process of its own; `roofline` starts these and takes the best.

A product of two n x n matrices is 2 n**3 operations; the second one is constant, as the weights of
a network are. Memory after STREAM (McCalpin 1995): each array that a pass reads or writes counts
once, what the processor reads on its own account does not. A rate is the best of some repeats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import numpy

from isthmus.system import machine, topology

__all__ = ["MEMORY", "PROBES", "Row"]

SIZE = 1536  # of a matrix: 9 MiB in float32, 7.2 GFLOP a product
REPEATS = 4
ARRAY_BYTES = 2**26  # at the least; else four times the last cache
BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
MEMORY = "memory"

Array = numpy.ndarray[Any, Any]
Row = dict[str, Any]  # precision, or "memory"; rate in 1e9 operations or bytes a second; by


def main(arguments: list[str]) -> None:
    """One probe, its rows as the last line; none where its library is not installed."""
    name, threads, seconds = arguments
    try:
        rows = PROBES[name](int(threads), float(seconds))
    except ImportError:
        rows = []
    print(json.dumps(rows))


def best_rate(call: Callable[[], object], seconds: float) -> float:
    """Calls per second, in the best of the repeats, each of so many seconds at the least."""
    call()
    return max(_rate(call, seconds) for _ in range(REPEATS))


def _rate(call: Callable[[], object], seconds: float) -> float:
    count, started = 0, perf_counter()
    while (passed := perf_counter() - started) < seconds or not count:
        call()
        count += 1
    return count / passed


def _product(precision: str, by: str, call: Callable[[], object], seconds: float) -> Row:
    rate = 2 * SIZE**3 * best_rate(call, seconds) / 1e9
    return {"precision": precision, "rate": rate, "by": f"{by}, {SIZE}x{SIZE}x{SIZE}"}


def _matrix() -> Array:
    return numpy.random.default_rng(0).standard_normal((SIZE, SIZE), numpy.float32)


def _numpy(threads: int, seconds: float) -> list[Row]:
    """The BLAS of NumPy; its threads come from the environment."""
    left, right = _matrix(), numpy.ascontiguousarray(_matrix().T)
    result = numpy.empty_like(left)
    by = f"numpy {numpy.__version__}"
    return [_product("f32", by, lambda: numpy.matmul(left, right, out=result), seconds)]


def _openvino(threads: int, seconds: float) -> list[Row]:
    """oneDNN, in float32, and in bf16 where the processor computes in it."""
    bf16 = ["bf16"] if BF16 & set(machine.processor_flags()) else []
    every = (_openvino_in(precision, threads, seconds) for precision in ["f32", *bf16])
    return [row for row in every if row is not None]


def _openvino_in(precision: str, threads: int, seconds: float) -> Row | None:
    """None where OpenVINO computed the product in another precision than it was asked for."""
    import openvino
    from openvino import opset16 as ov

    left = ov.parameter([SIZE, SIZE], numpy.float32)
    product = ov.matmul(left, ov.constant(_matrix()), False, True)
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(openvino.Model([product], [left]), "CPU", settings)
    if computed_in(model) != {precision}:
        return None
    request, inputs = model.create_infer_request(), [_matrix()]
    by = f"openvino {openvino.__version__.partition('-')[0]}"

    def call() -> object:
        return request.infer(inputs, share_inputs=True, share_outputs=True)

    return _product(precision, by, call, seconds)


def computed_in(model: Any) -> set[str]:
    """The precisions of the matrix products in what OpenVINO made of a model."""
    every = (op.get_rt_info() for op in model.get_runtime_model().get_ops())
    products = (info for info in every if info["layerType"].value in ("FullyConnected", "MatMul"))
    return {str(info["runtimePrecision"].value) for info in products}


def _onnxruntime(threads: int, seconds: float) -> list[Row]:
    """Products of uint8 and int8, summed in int32."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(0)
    weights = random.integers(-127, 128, (SIZE, SIZE), numpy.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [SIZE, SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [SIZE, SIZE])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {"x": random.integers(0, 256, (SIZE, SIZE), numpy.uint8)}
    by = f"onnxruntime {onnxruntime.__version__}"
    return [_product("int8", by, lambda: session.run(None, feed), seconds)]


PASSES: dict[str, tuple[int, Callable[[Array, Array, Array], object]]] = {
    "copy": (2, lambda a, b, c: numpy.copyto(a, b)),
    "add": (3, lambda a, b, c: numpy.add(b, c, out=a)),
    "dot": (2, lambda a, b, c: numpy.dot(b, c)),  # reads alone, as a call with many weights does
}


def _memory(threads: int, seconds: float) -> list[Row]:
    """The best of the passes over three arrays, each thread on its own part."""
    size = array_bytes()
    arrays = [numpy.empty(size // 4, numpy.float32) for _ in range(3)]
    parts = list(zip(*(numpy.array_split(array, threads) for array in arrays), strict=True))
    rows = []
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_touch, parts))
        for name, (moved, run) in PASSES.items():
            call = _over(pool, run, parts)
            by = f"numpy {numpy.__version__} {name} of {size / 2**20:.0f} MiB"
            rate = moved * size * best_rate(call, seconds) / 1e9
            rows.append({"precision": MEMORY, "rate": rate, "by": by})
    return rows


def _touch(parts: tuple[Array, ...]) -> None:
    """Pages come to be where they are first written, near the thread that will use them."""
    for part in parts:
        part.fill(1)


def _over(
    pool: ThreadPoolExecutor, run: Callable[..., object], parts: list[tuple[Array, ...]]
) -> Callable[[], object]:
    return lambda: list(pool.map(lambda mine: run(*mine), parts))


def array_bytes() -> int:
    """Far more than the last cache holds, and at most a sixteenth of the memory."""
    wanted = max(ARRAY_BYTES, 4 * (topology.last_cache_bytes() or 0))
    return min(wanted, (machine.memory_bytes() or 16 * wanted) // 16)


PROBES: dict[str, Callable[[int, float], list[Row]]] = {
    "numpy": _numpy,
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    MEMORY: _memory,
}
