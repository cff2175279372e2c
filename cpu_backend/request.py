"""Infer requests with buffers bound to them beforehand, and the idle ones of a program.

Inputs are copied into buffers that stay bound, and results out of OpenVINO's own memory. Binding
the caller's arrays at each call would save the copies, but where a result is an input unchanged
the plugin (2026.4) neither writes a bound result nor follows an input that is bound anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any

import numpy
import openvino

from isthmus.errors import IsthmusError
from isthmus.graph.dims import Shape
from isthmus.graph.shapes import evaluate
from isthmus.system import heap
from isthmus.system.mapping import letting_go

from .compiled import Compiled
from .guard import Guard

__all__ = ["Request", "Requests"]

Array = numpy.ndarray[Any, Any]
Kind = tuple[Shape, numpy.dtype[Any]]

MOST_SIZES = 16  # combinations of sizes whose requests are kept
MOST_BYTES = 256 << 20  # in the buffers of the requests that are kept; one is kept always
FORGOTTEN = 32  # requests, after which their memory is given back to the system


class Request:
    """One infer request and its input buffers, for one combination of sizes; for one thread."""

    def __init__(
        self, compiled: Compiled, guard: Guard, arrays: Sequence[Array], outputs: int
    ) -> None:
        """arrays: what every run reads; writeable and in C order."""
        self.compiled = compiled  # whose weights may be a file that it has mapped
        self.guard = guard
        with guard.all_taken():
            self.request = compiled.model.create_infer_request()
        self.infer: Callable[..., dict[Any, Array]] = self._infer_first
        self.arrays = arrays
        self.outputs = outputs
        for position, array in enumerate(arrays):
            self.request.set_input_tensor(position, openvino.Tensor(array, shared_memory=True))

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """New result arrays for other inputs of the same sizes, which are the first buffers."""
        for array, buffer in zip(arrays, self.arrays, strict=False):
            buffer[...] = array
        return [result.copy() for result in self.again()]

    def again(self) -> Collection[Array]:
        """Run on what is bound; the results in OpenVINO's memory, good until the next run."""
        place = self.guard.taken()
        try:
            found = self.infer({}, True, True)  # shared outputs; texts, which there are none of
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise IsthmusError(f"OpenVINO failed: {reason}") from None
        finally:
            place.release()
        if len(found) == self.outputs:
            return found.values()
        # Results of one and the same value have one key.
        return [self.request.get_output_tensor(place).data for place in range(self.outputs)]

    def _infer_first(self, *options: Any) -> dict[Any, Array]:
        """The first run, which packs weights that compiling left; later ones go straight on."""
        # Of the class below the package's own, which looks at every argument again.
        self.infer = super(type(self.request), self.request).infer  # type: ignore[misc]
        with letting_go(self.compiled.files):
            return self.infer(*options)

    def bytes(self) -> int:
        """In its buffers, those of the results included once it has run."""
        results = map(self.request.get_output_tensor, range(self.outputs))
        return sum(each.nbytes for each in self.arrays) + sum(each.byte_size for each in results)


class Requests:
    """The idle requests of a program, by the combination of sizes they are for.

    Whoever calls takes one out, makes one where there is none, and puts it back, so that there
    are as many as threads have called at once, and no two have the same. A request is not given
    buffers of other sizes: the plugin may go on reading the old ones. Appending to a list and
    popping from it are atomic, so nobody waits for a lock.
    """

    def __init__(
        self, compiled: Compiled, guard: Guard, inputs: Sequence[Kind], outputs: int
    ) -> None:
        """inputs: those for the sizes that are inputs come after the others."""
        self.make = (compiled, guard, inputs, outputs)
        self.idle: dict[tuple[int, ...], Idle] = {}
        self.clock = count()
        self.forgotten = 0

    def added(self, sizes: Mapping[str, int]) -> Idle:
        """Those for these sizes, from now on; of the others what was used longest ago goes."""
        found = self.idle.setdefault((*sizes.values(),), Idle(dict(sizes)))
        found.used = next(self.clock)
        if len(self.idle) > MOST_SIZES:
            self._forget()
        return found

    def run(self, idle: Idle, arrays: Sequence[Array]) -> list[Array]:
        """New result arrays, by a request that nobody else has meanwhile."""
        idle.used = next(self.clock)
        try:
            request = idle.requests.pop()
        except IndexError:
            return self._run_first(idle, arrays)
        results = request(arrays)
        if len(idle.requests) < idle.most:
            idle.requests.append(request)
        return results

    def _run_first(self, idle: Idle, arrays: Sequence[Array]) -> list[Array]:
        """By a new request; then other sizes go until there are no more than `MOST_BYTES`."""
        compiled, guard, inputs, outputs = self.make
        names = compiled.size_inputs
        buffers = [_buffer(kind, idle.sizes) for kind in inputs]
        for buffer, name in zip(buffers[len(buffers) - len(names) :], names, strict=True):
            buffer[0] = idle.sizes[name]
        request = Request(compiled, guard, buffers, outputs)
        results = request(arrays)
        idle.bytes = request.bytes()
        idle.most = max(1, MOST_BYTES // max(1, idle.bytes))
        idle.made = min(idle.made + 1, idle.most)
        if len(idle.requests) < idle.most:
            idle.requests.append(request)
        while self.bytes() > MOST_BYTES and len(self.idle) > 1:
            self._forget()
        return results

    def bytes(self) -> int:
        """Of all requests that are idle, or will be when their calls end."""
        return sum(each.made * each.bytes for each in self._all())

    def _all(self) -> list[Idle]:
        return list(self.idle.values())

    def _forget(self) -> None:
        """Drop the requests of the sizes used longest ago."""
        oldest = min(self._all(), key=lambda each: each.used, default=None)
        if oldest is not None:
            self.idle.pop((*oldest.sizes.values(),), None)
        self.forgotten += 1
        if self.forgotten % FORGOTTEN == 0:
            heap.give_back()


class Idle:
    """Requests for one combination of sizes that nobody has at the moment."""

    __slots__ = ("bytes", "made", "most", "requests", "sizes", "used")

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.requests: list[Request] = []
        self.bytes = 0  # of one of them
        self.made = 0  # and not dropped
        self.most = 1  # that are kept
        self.used = 0  # when, by the program's clock


def _buffer(kind: Kind, sizes: Mapping[str, int]) -> Array:
    shape, dtype = kind
    return numpy.empty([evaluate(size, sizes) for size in shape], dtype)
