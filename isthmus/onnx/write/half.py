"""Half precision in an ONNX model: which arrays are of it, and the casts where one kind meets the
other, each of which is emitted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.half import stored
from isthmus.graph.operator import Operator
from isthmus.trace.op import OPERATORS

__all__ = ["ELEMENT_TYPES", "HALF", "Halves", "stored"]

ELEMENT_TYPES = {"": 1, "f16": 10, "bf16": 16}  # onnx.TensorProto.DataType; "" is float32

_MOVES: tuple[Operator, ...] = (
    np.broadcast_to,
    np.expand_dims,
    np.permute_dims,
    np.squeeze,
    np.take,
    OPERATORS["np.concat"],
    OPERATORS["np.getitem"],
    OPERATORS["np.reshape"],
    OPERATORS["np.take_along_axis"],
)
_EITHER: frozenset[Operator] = frozenset(
    {
        *_MOVES,
        np.add,
        np.divide,
        np.matmul,
        np.maximum,
        np.minimum,
        np.multiply,
        np.negative,
        np.positive,
        np.subtract,
        np.tanh,
        npx.fully_connected,
        npx.gelu,
        npx.relu,
        npx.sigmoid,
        npx.softmax,
    }
)
# What is emitted in the format itself, by operations that take it at the opsets emitted; the rest
# is computed in float32 between casts. Below opset 22 Conv, pooling and others lack bfloat16, below
# 16 Where and LeakyRelu, which are emitted from opset 13 on. Clip and
# BatchNormalization have no kernel of bfloat16 on CUDA.
HALF: Mapping[str, frozenset[Operator]] = {
    "bf16": _EITHER,
    "f16": _EITHER
    | {
        np.where,
        npx.average_pool,
        npx.batch_norm,
        npx.conv_transpose,
        npx.convolution,
        npx.elu,
        npx.global_average_pool,
        npx.hard_sigmoid,
        npx.hard_swish,
        npx.leaky_relu,
        npx.max_pool,
        npx.relu6,
    },
}


class Halves:
    """The names of arrays in half precision, and of the casts between it and float32.

    emit: makes a Cast of a name to an element type; the name of its result.
    """

    def __init__(self, emit: Callable[[str, int], str]) -> None:
        self._emit = emit
        self._precisions: dict[str, str] = {}  # of those that are not float32
        self._casts: dict[tuple[str, str], str] = {}

    def of(self, name: str) -> str:
        """ "bf16" or "f16"; "" for what is float32, or of another type."""
        return self._precisions.get(name, "")

    def made(self, name: str, precision: str) -> None:
        """Say that an array is of this precision."""
        if precision:
            self._precisions[name] = precision

    def cast(self, name: str, precision: str) -> str:
        """The array of floats in a precision, "" for float32."""
        have = self.of(name)
        if have == precision:
            return name
        if (name, precision) not in self._casts:
            made = self._emit(name, ELEMENT_TYPES[precision])
            self.made(made, precision)
            self._casts[name, precision] = made
            if not have:  # what was rounded is itself again, not the float32 it was made of
                return made
            self._casts.setdefault((made, have), name)
        return self._casts[name, precision]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While a body is emitted, whose casts nothing outside can read."""
        before = dict(self._casts)
        try:
            yield
        finally:
            self._casts = before


def literal(value: Any, dtype: Any, precision: str) -> tuple[numpy.ndarray[Any, Any], str]:
    """A small constant beside arrays in a precision: floats in it, others as they are."""
    array = numpy.asarray(value, dtype)
    if not precision or array.dtype.name != "float32":
        return array, ""
    return stored(array, precision), precision
