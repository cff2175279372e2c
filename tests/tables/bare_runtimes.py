"""OpenVINO and ONNX Runtime by hand: one small model, run once, without isthmus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy
import onnx
import openvino
from onnx import helper
from openvino import opset16 as ov

Array = numpy.ndarray[Any, Any]
Sizes = Sequence[Sequence[int | str]]


def axes(*numbers: int) -> Any:
    """Axes as OpenVINO's constant."""
    return ov.constant(numpy.array(numbers, numpy.int64))


@cache
def core() -> Any:
    return openvino.Core()


def instructions() -> str:
    """What the plugin uses of this processor, such as "Intel AVX-512 with ... bfloat16 support"."""
    x = ov.parameter([1], numpy.float32)
    compiled = core().compile_model(openvino.Model([ov.result(ov.tanh(x))], [x], "one"), "CPU")
    return str(compiled.get_property("RUNTIME_REQUIREMENTS"))


def openvino_request(
    build: Callable[..., Any], arrays: Sequence[Array], sizes: Sizes | None = None, **settings: Any
) -> Any:
    """A request for the model that `build` makes of a parameter an array; named sizes are open."""
    shapes = sizes or [array.shape for array in arrays]
    open_shapes = [[-1 if isinstance(size, str) else size for size in shape] for shape in shapes]
    pairs = zip(open_shapes, arrays, strict=True)
    parameters = [ov.parameter(shape, array.dtype) for shape, array in pairs]
    model = openvino.Model([ov.result(build(*parameters))], parameters, "bare")
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, **settings}
    given = {name: value for name, value in settings.items() if value is not None}
    return core().compile_model(model, "CPU", given).create_infer_request()


def openvino_gives(
    build: Callable[..., Any], arrays: Sequence[Array], sizes: Sizes | None = None, **settings: Any
) -> Array:
    """The result of OpenVINO's operations on arrays."""
    request = openvino_request(build, arrays, sizes, **settings)
    request.infer(list(arrays))
    return numpy.array(request.get_output_tensor(0).data)


def onnx_gives(
    kind: str, arrays: Sequence[Array], opset: int = 18, outputs: int = 1, **attributes: Any
) -> Array:
    """The last result of one ONNX operation on ONNX Runtime's CPU provider."""
    import onnxruntime

    names = [f"x{position}" for position in range(len(arrays))]
    results = [f"y{position}" for position in range(outputs)]
    types = [helper.np_dtype_to_tensor_dtype(array.dtype) for array in arrays]
    inputs = [
        helper.make_tensor_value_info(name, of, array.shape)
        for name, of, array in zip(names, types, arrays, strict=True)
    ]
    node = helper.make_node(kind, names, results, **attributes)
    untyped = [onnx.ValueInfoProto(name=name) for name in results]
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(
        helper.make_graph([node], "bare", inputs, untyped),
        opset_imports=imports,
        ir_version=helper.find_min_ir_version_for(imports),
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found: Array = session.run(None, dict(zip(names, arrays, strict=True)))[-1]
    return found
