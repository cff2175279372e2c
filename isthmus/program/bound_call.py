"""A program on fixed arrays: between calls nothing is bound or allocated; indices are checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.runner import Arrays, Runner

__all__ = ["Again", "Bound", "bound_run", "check_shareable"]

Array = numpy.ndarray[Any, Any]
Again = Callable[[], Collection[Array]]


class Bound:
    """Call it after changing the elements of the arrays it was bound to.

    `result` nests as the program's; its arrays are the same at every call, with new elements,
    so copy what must last. An array whose size values decide is another one when its size is.
    One thread at a time; `Executable.bind` makes another one.
    """

    def __init__(self, run: Again, nested: Callable[[Sequence[Array]], Any]) -> None:
        self._run = run
        self._nested = nested
        self._keep(run())

    def __call__(self) -> Any:
        """Compute again; the result."""
        arrays = self._run()
        for kept, found in zip(self._outputs, arrays, strict=True):
            if kept.shape != found.shape:
                self._keep(arrays)
                break
            kept[...] = found
        return self.result

    def _keep(self, arrays: Collection[Array]) -> None:
        self._outputs = [numpy.array(array) for array in arrays]
        self.result = self._nested(self._outputs)

    def __reduce__(self) -> Any:
        raise UsageError(
            "a bound call cannot be copied or sent to another process: it shares memory with its "
            "arrays; send the Executable, and bind it there"
        )


def bound_run(runner: Runner, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
    """Run again on the same arrays: by the runner's own `bind`, where its runtime has one."""
    bind = getattr(runner, "bind", None)
    return (lambda: runner(arrays, sizes)) if bind is None else bind(arrays, sizes)


def check_shareable(names: Sequence[str], arrays: Sequence[Any]) -> None:
    """UsageError for an array whose memory a runtime cannot read as it is."""
    for name, array in zip(names, arrays, strict=True):
        if not array.flags.carray:
            raise UsageError(
                f"{name}: bind needs a writeable array in C order, aligned, which it can share; "
                "give numpy.array(x, order='C')"
            )
