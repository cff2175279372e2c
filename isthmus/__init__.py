"""Isthmus: NumPy programs and networks on CPUs (OpenVINO) and GPUs (ONNX Runtime).

    import isthmus as im
    from isthmus import np, npx, nn

Runtimes, models, benchmarks, reports, tuning and scorers are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isthmus import nn, np, npx
from isthmus._version import __version__
from isthmus.eager.namespace import namespace
from isthmus.errors import IsthmusError
from isthmus.graph.nodes import Graph
from isthmus.hints import absent
from isthmus.program import slots
from isthmus.program.backend import backend_names
from isthmus.program.compiling import compile, load
from isthmus.program.executable import Executable
from isthmus.program.export import export
from isthmus.program.jitted import jit
from isthmus.rewrite.gradient import grad, value_and_grad
from isthmus.trace.op import composite, primitive
from isthmus.trace.tracing import eval_shape, spec, trace

if TYPE_CHECKING:
    from isthmus import benchmarks, models, reports
    from isthmus.serve.scorer import Scorer
    from isthmus.tuning import Accuracy, tune

__all__ = [
    "Accuracy",
    "Executable",
    "Graph",
    "IsthmusError",
    "Scorer",
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
    "tune",
    "value_and_grad",
]


# Names of other libraries, and what to write instead.
ELSEWHERE = {
    "Array": "arrays are NumPy's, or those of isthmus.namespace",
    "Block": "it is isthmus.nn.Block",
    "Tensor": "arrays are NumPy's, or those of isthmus.namespace",
    "array": "it is isthmus.np.array, or that of isthmus.namespace(backend)",
    "autograd": "isthmus.grad and isthmus.value_and_grad give gradients",
    "cpu": "a backend is an option: isthmus.compile(..., backend='cpu')",
    "gluon": "blocks are those of isthmus.nn",
    "gpu": "a backend is an option: isthmus.compile(..., backend='gpu')",
    "gradient": "it is isthmus.grad",
    "hybridize": "it is a method of blocks: net.hybridize(backend='cpu')",
    "nd": "functions of arrays are those of isthmus.np and isthmus.npx",
    "no_grad": "nothing is kept for gradients; leave it out",
    "numpy": "it is isthmus.np",
    "onnx": "isthmus.load reads .onnx files, and isthmus.export writes them",
    "random": "npx.random_uniform and npx.random_normal draw by a key",
    "save": "it is a method of what isthmus.compile returns",
    "tensor": "it is isthmus.np.asarray, or that of isthmus.namespace(backend)",
    "vmap": "write the axis in the function; np and npx take any number of leading axes",
    "waitall": "calls return when they are done; leave it out",
}


def __getattr__(name: str) -> Any:
    if name in ("models", "benchmarks", "reports"):
        return import_module(f"isthmus.{name}")
    if name == "Scorer":
        return import_module("isthmus.serve.scorer").Scorer
    if name in ("Accuracy", "tune"):
        return getattr(import_module("isthmus.tuning"), name)
    raise absent("isthmus", name, __all__, ELSEWHERE)


def __dir__() -> list[str]:
    """What is there, and what is imported when it is first used."""
    return sorted({*globals(), *__all__})


slots.onnx.fill(lambda: import_module("isthmus.onnx.read.block"))
slots.tune.fill(lambda: import_module("isthmus.tuning"))
