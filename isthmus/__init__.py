"""Isthmus: NumPy programs and networks on CPUs (OpenVINO) and GPUs (ONNX Runtime).

    import isthmus as im
    from isthmus import np, npx, nn

Runtimes, models, benchmarks and reports are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isthmus import nn, np, npx
from isthmus._version import __version__
from isthmus.eager.namespace import namespace
from isthmus.errors import IsthmusError
from isthmus.graph.nodes import Graph
from isthmus.program.backend import backend_names
from isthmus.program.executable import Executable, compile, load
from isthmus.program.export import export
from isthmus.program.jitted import jit
from isthmus.rewrite.gradient import grad, value_and_grad
from isthmus.trace.op import composite, primitive
from isthmus.trace.tracing import eval_shape, spec, trace

if TYPE_CHECKING:
    from isthmus import benchmarks, models, reports

__all__ = [
    "Executable",
    "Graph",
    "IsthmusError",
    "__version__",
    "backend_names",
    "benchmarks",
    "compile",
    "composite",
    "eval_shape",
    "export",
    "grad",
    "jit",
    "load",
    "models",
    "namespace",
    "nn",
    "np",
    "npx",
    "primitive",
    "reports",
    "spec",
    "trace",
    "value_and_grad",
]


def __getattr__(name: str) -> Any:
    if name in ("models", "benchmarks", "reports"):
        return import_module(f"isthmus.{name}")
    raise AttributeError(f"isthmus has no '{name}'; see dir(isthmus)")
