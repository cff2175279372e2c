"""Arrays in ONNX Runtime's memory: on the GPU under CUDA, else in the host's."""

from __future__ import annotations

from typing import Any

import numpy
import onnx

from isthmus.graph.nodes import Type
from isthmus.program.options import Options

from .device import device_of
from .session import runtime_for

__all__ = ["OrtMemory"]

Array = numpy.ndarray[Any, Any]

DLPACK = {"cpu": 1, "cuda": 2}  # kDLCPU, kDLCUDA


class OrtMemory:
    """Puts arrays there and gets them back; shares them with other libraries by DLPack."""

    def __init__(self, options: Options) -> None:
        self.device = device_of(options)
        self.is_host = self.device.is_host
        self.runtime = runtime_for(self.device)

    def put(self, array: Array) -> Any:
        whole = numpy.ascontiguousarray(array).reshape(array.shape)  # which makes 1-d of 0-d
        return self.runtime.OrtValue.ortvalue_from_numpy(whole, *self.device)

    def get(self, buffer: Any) -> Array:
        shared = self.is_host and buffer.data_type() != "tensor(bool)"
        found: Array = numpy.from_dlpack(buffer) if shared else buffer.numpy()
        return found

    def type_of(self, buffer: Any) -> Type:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(buffer.element_type())
        return Type(dtype, tuple(buffer.shape()))

    def export(self, buffer: Any) -> Any:
        return buffer.__dlpack__()

    def imported(self, other: Any) -> Any:
        return self.runtime.OrtValue.from_dlpack(other)

    def dlpack_device(self) -> tuple[Any, int]:
        return DLPACK[self.device.kind], self.device.number
