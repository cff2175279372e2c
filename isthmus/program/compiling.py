"""From a function or a saved program to an Executable, in the precision that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from isthmus.errors import UsageError
from isthmus.trace.tracing import Traced, trace

from . import archive, slots
from .archive import Precision
from .backend import find_backend
from .executable import Executable
from .levers import with_levers, with_saved_levers
from .options import Options, checked_options, checked_samples
from .precision import check_offered, in_precision, with_weights

__all__ = ["compile", "load"]


def compile(
    function: Callable[..., Any],
    specs: Any,
    *,
    backend: str = "cpu",
    precision: str = "f32",
    weights: str | None = None,
    samples: Sequence[Any] | None = None,
    overrides: Mapping[str, str] | None = None,
    threads: int | None = None,
    streams: int = 1,
    numerics: str = "numpy",
    on_host: str = "allow",
    device: str | None = None,
    levers: Mapping[str, Any] | None = None,
    constraints: Sequence[str] = (),
) -> Executable:
    """A function or Block, traced for arguments of the given types and loaded on a backend.

    specs: `isthmus.spec`s nested as the arguments; a dict is keyword arguments.
    threads: compute threads, of the runtime and of the host's parts; None is what affinity and the
    container's quota allow.
    on_host: "allow" runs what the backend does not compute as NumPy does by NumPy;
    "error" refuses such a program. device: "cuda", "cuda:1" or "cpu", for the gpu backend.
    levers: what the backend offers that changes how it computes and not what, as `isthmus.tune`
    finds worth while: {"dense_kernel": "onednn"} computes dense layers of float32 on "cpu" by
    another kernel than its own choice, "mlas"; {"quantization": "dynamic"} on "gpu" with
    device="cpu" makes integers of the range that each array has at a call, and needs no samples.
    Also settings of the runtime, as {"memory_limit_bytes": 2**32} on "cuda": see docs/gpu.md.
    constraints: what holds of named sizes, such as "seq <= 512"; checked at every call.
    precision: "f32"; "bf16" or "f16", in which matrix products, convolutions and what follows them
    are computed, the rest in float32; "int8"; or "auto", which is the fastest of these within the
    accuracy that `isthmus.tune` asks for. Inputs and outputs keep their types. weights: "int8"
    keeps the weights of matrix products and convolutions in 8 bits, and computes in `precision`.
    samples: sets of arguments (dicts by name, tuples by position, or single arrays), on which int8
    and auto are settled. overrides: by an operator's name, as "npx.softmax", or a block's path, as
    "encoder.layers.0", what stays "f32" or goes to `precision`; blocks before operators, longer
    paths before shorter. streams: how many requests run side by side in the backend.
    numerics: "numpy", or "fast", which lets maximum, minimum and clip drop NaN.
    Arrays that the function refers to are part of the program as they are now: parameters and
    others that are read-only throughout are referred to, the others copied.
    Raises UsageError for arguments and specs that do not fit, and for functions that draw random
    numbers; TraceError where the function needs a value, BackendMissing where the backend's runtime
    or device is not here.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import np
    >>> run = im.compile(lambda x: np.sum(x * x, axis=-1), im.spec("float32", ["n", 2]))
    >>> run(numpy.array([[3, 4], [1, 0]], numpy.float32))
    array([25.,  1.], dtype=float32)
    """
    options = checked_options(
        precision, threads, numerics, on_host, device,
        weights=weights, overrides=overrides, streams=streams,
    )  # fmt: skip
    options = with_levers(options, levers, backend)
    given = checked_samples(samples, precision, options.extra)
    traced = trace(function, specs, constraints=constraints)
    return _made(traced, backend, options, on_host, given)


def load(
    path: str | Path,
    *,
    backend: str = "cpu",
    precision: str | None = None,
    weights: str | None = None,
    samples: Sequence[Any] | None = None,
    overrides: Mapping[str, str] | None = None,
    threads: int | None = None,
    streams: int = 1,
    numerics: str = "numpy",
    on_host: str = "allow",
    device: str | None = None,
    levers: Mapping[str, Any] | None = None,
) -> Any:
    """Read a program that `Executable.save` wrote, onto any backend; options as `compile`'s. Of a
    path that ends in ".onnx", the file as a block (`OnnxBlock`), which takes no options.

    precision: None is the one it was saved with, and its overrides. levers: None is those it was
    saved with, on the backend that it was saved for.
    Raises FileError for a file that is missing, truncated or not such a program, or whose kernels'
    libraries are missing or others than it was saved with, and what `compile` raises.

    >>> import numpy
    >>> import isthmus as im
    >>> im.compile(lambda x: 2 * x, im.spec("float32", ["n"])).save("double.im")
    >>> im.load("double.im", backend="cpu")(numpy.ones(2, numpy.float32))
    array([2., 2.], dtype=float32)
    """
    if archive.is_onnx(path):
        return _block(
            path, (backend, precision, weights, samples, overrides, threads, levers, device)
        )
    saved = archive.opened(path)
    if saved.libraries is not None:
        saved.libraries.check(path, saved.traced.graph, backend)
    if saved.precision.precision == "int8" and not (overrides is None and samples is None):
        given_too = "overrides" if overrides is not None else "samples"
        raise UsageError(
            f"{path}: its integers were settled before it was saved; leave out {given_too}, or "
            "compile the model again"
        )
    known = saved.precision if precision is None else Precision(precision)
    options = checked_options(
        known.precision, threads, numerics, on_host, device, streams=streams,
        weights=weights, overrides=known.overrides if overrides is None else overrides,
    )  # fmt: skip
    if levers is None:
        options = with_saved_levers(options, saved.levers, backend)
    else:
        options = with_levers(options, levers, backend)
    if precision is None and samples is None:  # int8 was settled before it was saved
        found = Executable(with_weights(saved.traced, options), backend, options, on_host)
    else:
        given = checked_samples(samples, known.precision, options.extra)
        found = _made(saved.traced, backend, options, on_host, given)
    found.tuning = saved.tuning if found.tuning is None else found.tuning
    return found


def _block(path: str | Path, given: tuple[Any, ...]) -> Any:
    """The block of an ONNX file; options are those of what compiles it."""
    if given != ("cpu", *(None,) * 7):
        raise UsageError(
            f"{path}: an ONNX file is loaded as a block, without options; give them to "
            "isthmus.compile(net, net.specs(), ...)"
        )
    return slots.onnx.block(path)


def _made(
    traced: Traced, backend: str, options: Options, on_host: str, samples: Sequence[Any]
) -> Executable:
    """The program in the precision that is asked for, chosen first if that is "auto"."""
    if options.precision == "auto":
        chosen = slots.tune.automatic(traced, samples, backend, options, on_host)
        if isinstance(chosen, Executable):
            return chosen
        options = chosen
    check_offered(find_backend(backend), options)  # before anything is settled
    made = in_precision(traced, options, samples, find_backend(backend))
    return Executable(made, backend, options, on_host)
