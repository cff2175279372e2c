"""An infer request with buffers bound to it beforehand, for one thread.

Binding an array costs microseconds, copying a small one less. So small arrays are copied into
and out of buffers that stay bound; large ones are bound where they are, and not copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import openvino

from isthmus.dims import Shape, evaluate
from isthmus.errors import IsthmusError

Array = numpy.ndarray[Any, Any]
Kind = tuple[Shape, numpy.dtype[Any]]

SMALL_BYTES = 32 * 1024


class Request:
    """One infer request; its buffers are made anew when the sizes of a call differ."""

    def __init__(self, compiled: Any, inputs: Sequence[Kind], outputs: Sequence[Kind]) -> None:
        self.request = compiled.create_infer_request()
        self.kinds = (inputs, outputs)
        self.sizes: dict[str, int] | None = None
        self.inputs: list[Array | None] = []
        self.outputs: list[Array | None] = []
        self.made: list[tuple[list[int], numpy.dtype[Any]]] = []

    def __call__(self, arrays: Sequence[Array], sizes: Mapping[str, int]) -> list[Array]:
        """New result arrays."""
        if sizes != self.sizes:
            self._prepare(sizes)
        for position, (array, buffer) in enumerate(zip(arrays, self.inputs, strict=True)):
            if buffer is None:
                self.request.set_input_tensor(position, shared(array))
            else:
                buffer[...] = array
        results = [self._result(i, buffer) for i, buffer in enumerate(self.outputs)]
        infer(self.request)
        return [
            result if buffer is None else buffer.copy()
            for result, buffer in zip(results, self.outputs, strict=True)
        ]

    def bind(self, arrays: Sequence[Array], sizes: Mapping[str, int]) -> list[Array]:
        """Bind these arrays whatever their size; the result arrays of every `infer` to come."""
        for position, array in enumerate(arrays):
            self.request.set_input_tensor(position, shared(array))
        self.made = [_numbers(kind, sizes) for kind in self.kinds[1]]
        return [self._result(position, None) for position in range(len(self.made))]

    def _prepare(self, sizes: Mapping[str, int]) -> None:
        inputs, outputs = ([_numbers(kind, sizes) for kind in kinds] for kinds in self.kinds)
        self.inputs, self.outputs = list(map(_buffer, inputs)), list(map(_buffer, outputs))
        self.made = outputs
        for bind, buffers in (
            (self.request.set_input_tensor, self.inputs),
            (self.request.set_output_tensor, self.outputs),
        ):
            for position, buffer in enumerate(buffers):
                if buffer is not None:
                    bind(position, shared(buffer))
        self.sizes = dict(sizes)

    def _result(self, position: int, buffer: Array | None) -> Array:
        if buffer is not None:
            return buffer
        shape, dtype = self.made[position]
        array = numpy.empty(shape, dtype)
        self.request.set_output_tensor(position, shared(array))
        return array


def _numbers(kind: Kind, sizes: Mapping[str, int]) -> tuple[list[int], numpy.dtype[Any]]:
    shape, dtype = kind
    return [evaluate(size, sizes) for size in shape], dtype


def _buffer(kind: tuple[list[int], numpy.dtype[Any]]) -> Array | None:
    """An array for a small kind, None for a large one."""
    shape, dtype = kind
    small = dtype.itemsize * int(numpy.prod(shape)) <= SMALL_BYTES
    return numpy.empty(shape, dtype) if small else None


def shared(array: Array) -> openvino.Tensor:
    """The array as OpenVINO's tensor; a copy where it is read-only or not in C order."""
    if array.flags.c_contiguous and array.flags.writeable:
        return openvino.Tensor(array, shared_memory=True)
    return openvino.Tensor(numpy.array(array, order="C"), shared_memory=False)


def infer(request: Any) -> None:
    """Run a request; IsthmusError with OpenVINO's last line where it fails."""
    try:
        request.infer(None, share_inputs=True, share_outputs=True)
    except RuntimeError as problem:
        raise IsthmusError(f"OpenVINO failed: {str(problem).strip().splitlines()[-1]}") from None
