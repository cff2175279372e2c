"""An infer request with buffers bound to it beforehand, for one thread.

Inputs are copied into buffers that stay bound, and results out of OpenVINO's own memory. Binding
the caller's arrays at each call would save the copies, but where a result is an input unchanged
the plugin (2026.4) neither writes a bound result nor follows an input that is bound anew.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import openvino

from isthmus.errors import IsthmusError
from isthmus.graph.dims import Shape
from isthmus.graph.shapes import evaluate
from isthmus.system import heap

__all__ = ["Request", "Requests"]

Array = numpy.ndarray[Any, Any]
Kind = tuple[Shape, numpy.dtype[Any]]

MOST_REQUESTS = 8  # a thread keeps
FORGOTTEN = 32  # requests, after which their memory is given back to the system


class Request:
    """One infer request and its input buffers, for one combination of sizes."""

    def __init__(self, compiled: Any, arrays: Sequence[Array], outputs: int) -> None:
        """arrays: what every run reads; writeable and in C order."""
        self.compiled = compiled  # whose weights may be a file that it has mapped
        self.request = compiled.create_infer_request()
        self.arrays = arrays
        self.outputs = range(outputs)
        for position, array in enumerate(arrays):
            self.request.set_input_tensor(position, openvino.Tensor(array, shared_memory=True))

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """New result arrays for other inputs of the same sizes."""
        for array, buffer in zip(arrays, self.arrays, strict=True):
            numpy.copyto(buffer, array)
        return [numpy.array(result) for result in self.again()]

    def again(self) -> list[Array]:
        """Run on what is bound; the results in OpenVINO's memory, good until the next run."""
        try:
            self.request.infer(None, share_inputs=True, share_outputs=True)
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise IsthmusError(f"OpenVINO failed: {reason}") from None
        return [self.request.get_output_tensor(position).data for position in self.outputs]


class Requests(threading.local):
    """The requests of one thread for the combinations of sizes it used last.

    A request is not given buffers of other sizes: the plugin may go on reading the old ones.
    """

    def __init__(self, compiled: Any, inputs: Sequence[Kind], outputs: int) -> None:
        self.make = (compiled, inputs, outputs)
        self.known: dict[tuple[int, ...], Request] = {}
        self.forgotten = 0

    def __call__(self, sizes: Mapping[str, int]) -> Request:
        """The request for these sizes, made if need be."""
        key = tuple(sizes.values())
        found = self.known.pop(key, None)
        if found is None:
            compiled, inputs, outputs = self.make
            found = Request(compiled, [_buffer(kind, sizes) for kind in inputs], outputs)
        self.known[key] = found  # the last used last
        if len(self.known) > MOST_REQUESTS:
            self._forget()
        return found

    def _forget(self) -> None:
        """Drop the request used longest ago."""
        del self.known[next(iter(self.known))]
        self.forgotten += 1
        if self.forgotten % FORGOTTEN == 0:
            heap.give_back()


def _buffer(kind: Kind, sizes: Mapping[str, int]) -> Array:
    shape, dtype = kind
    return numpy.empty([evaluate(size, sizes) for size in shape], dtype)
