"""Half precision that the graph itself states, where the runtime is not to decide it by a hint."""

from __future__ import annotations

from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.graph.half import stored
from isthmus.trace.op import OPERATORS

__all__ = ["ELEMENTS", "HALF", "constant"]

ELEMENTS = {"": openvino.Type.f32, "bf16": openvino.Type.bf16, "f16": openvino.Type.f16}

# What is lowered to operations of the format itself; the rest computes in float32 between Converts.
HALF = frozenset(
    {
        np.add,
        np.broadcast_to,
        np.expand_dims,
        np.matmul,
        np.maximum,
        np.minimum,
        np.multiply,
        np.negative,
        np.permute_dims,
        np.positive,
        np.squeeze,
        np.subtract,
        np.tanh,
        np.where,
        npx.average_pool,
        npx.batch_norm,
        npx.conv_transpose,
        npx.convolution,
        npx.elu,
        npx.fully_connected,
        npx.gelu,
        npx.hard_sigmoid,
        npx.hard_swish,
        npx.max_pool,
        npx.relu,
        npx.relu6,
        npx.sigmoid,
        npx.softmax,
        OPERATORS["np.concat"],
        OPERATORS["np.getitem"],
        OPERATORS["np.reshape"],
    }
)


def constant(array: numpy.ndarray[Any, Any], precision: str) -> Any:
    """A constant in the format; it has its own memory."""
    held = stored(array, precision)
    if precision == "f16":
        return ov.constant(held)
    tensor = openvino.Tensor(openvino.Type.bf16, openvino.Shape(held.shape))
    if held.size:
        numpy.copyto(tensor.data.view(numpy.uint16), held)
    return openvino.op.Constant(tensor)
