"""What a row of docs/numerics.md is as something to run; the rows are in `divergences.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy
from bare_runtimes import Array, Sizes, onnx_gives, openvino_gives

INF, NAN = numpy.float32("inf"), numpy.float32("nan")


@dataclass(frozen=True)
class Refuses:
    """The runtime raises, and says this."""

    words: str


@dataclass(frozen=True)
class Off:
    """The largest error of an element, which is relative unless `absolute`, is in by..most."""

    by: float
    most: float
    absolute: bool = False


@dataclass(frozen=True)
class Ends:
    """The process ends; or, `sometimes`, it does and else gives whatever is in memory."""

    sometimes: bool = False


@dataclass(frozen=True)
class Case:
    """One call: by the runtime alone, and as a program of isthmus on the same arrays.

    gives: what the runtime gives, to the sign of a zero; or Refuses, Off, Ends. kept: what the
    program gives, where it is not what NumPy gives. host: words of the reason why the host
    computes; without, the runtime computes all of it. earlier: arrays of a call made before.
    """

    backend: str
    bare: Callable[[], Any] | None  # None: CUDA's, or nothing to run
    gives: Any
    program: Callable[..., Any]
    arrays: tuple[Array, ...]
    sizes: Sizes | None = None
    kept: Any = None
    host: str = ""
    within: float = 0  # the relative error the program may have
    fast: bool = False  # whether numerics="fast" leaves out what is done about it
    needs: str = ""  # what the processor must have for the runtime to differ
    before: str = ""  # the version from which on the runtime does not differ; "" for none yet
    earlier: tuple[Array, ...] = ()
    numpys: Any = None  # what NumPy gives, where the runtime has arrays of its own
    holds: Callable[[], bool] = lambda: True  # what else is done


Rows = Mapping[str, list[Case]]


def openvino(
    build: Callable[..., Any],
    gives: Any,
    program: Callable[..., Any],
    *arrays: Array,
    sizes: Sizes | None = None,
    **facts: Any,
) -> Case:
    """A case where OpenVINO's operations get the arrays of the program."""
    bare = partial(openvino_gives, build, arrays, sizes)
    return Case("cpu", bare, gives, program, arrays, sizes, **facts)


def onnx(
    run: Callable[..., Any],
    gives: Any,
    program: Callable[..., Any],
    *arrays: Array,
    **facts: Any,
) -> Case:
    """A case where ONNX Runtime's CPU provider gets the arrays of the program."""
    return Case("gpu", partial(run, *arrays), gives, program, arrays, **facts)


def session(kind: str, *more: Array, **attributes: Any) -> Callable[..., Any]:
    """One ONNX operation, of more operands than the program has."""
    return lambda *arrays: onnx_gives(kind, [*arrays, *more], **attributes)


def alone(program: Callable[..., Any], *arrays: Array, backend: str = "gpu", **facts: Any) -> Case:
    """A case of the program alone: CUDA's kernel differs, or the program's own formula."""
    return Case(backend, None, None, program, arrays, **facts)


def array(dtype: str) -> Callable[..., Array]:
    return lambda *numbers: numpy.array(numbers, dtype)


def point(number: Any, dtype: str = "float32") -> Array:
    """A 0-d array."""
    return numpy.array(number, dtype)


f32, f64, i32, i64 = array("float32"), array("float64"), array("int32"), array("int64")
truths = array("bool")
TENTHS = numpy.arange(0.0, 1.0, 0.1, dtype=numpy.float32)
