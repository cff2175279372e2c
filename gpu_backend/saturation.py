"""Whether ONNX Runtime adds products of unsigned and signed bytes in 16 bits on this processor.

Without VNNI or AMX one instruction multiplies them and adds pairs of products, and ends at 32767.
Weights of seven bits stay below that, and it multiplies them; of eight bits they are written as
unsigned bytes, for which it takes a third more instructions.
"""

from __future__ import annotations

from functools import cache

import numpy
from onnx import TensorProto, helper, numpy_helper

from isthmus.onnx.write.protos import model
from isthmus.program.options import Options

from .device import Device
from .session import providers_of, runtime_for, session_settings

__all__ = ["saturates"]

SIZE, ROWS = 64, 14  # of the probe, large enough for the kernels that real layers get
OPSET = 13


@cache
def saturates() -> bool:
    """Whether the product of the largest bytes there are is smaller than it should be."""
    x, y = (
        helper.make_tensor_value_info(name, of, [ROWS, SIZE])
        for name, of in (("x", TensorProto.UINT8), ("y", TensorProto.INT32))
    )
    weight = numpy_helper.from_array(numpy.full((SIZE, SIZE), 127, numpy.int8), "w")
    product = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    proto = model(helper.make_graph([product], "probe", [x], [y], [weight]), OPSET)
    runtime = runtime_for(Device("cpu"))
    session = runtime.InferenceSession(
        proto.SerializeToString(),
        session_settings(runtime, 1),
        providers=providers_of(Options(device="cpu")),
    )
    (found,) = session.run(None, {"x": numpy.full((ROWS, SIZE), 255, numpy.uint8)})
    return bool((found < 255 * 127 * SIZE).any())
