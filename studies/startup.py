"""What is paid before the first result: import, tracing, lowering, memory. BERT-base, float32.

    python -m studies.startup [RESULT.json]

Every figure is the median over fresh processes; imports of NumPy alone and of Isthmus alternate.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.portable.timing.peak_memory import peak_memory_bytes

IMPORT = "from time import perf_counter as t; a = t(); import {name}; print(t() - a)"
PROCESSES = 9


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        print(json.dumps(first_result(*arguments[1:])))
        return
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "import": imports(),
        "programs": {variant: process(variant) for variant in ("cpu", "gpu")},
    }
    text = json.dumps(record, indent=1)
    print(text)
    if arguments:
        Path(arguments[0]).write_text(text + "\n", encoding="utf-8")


def imports() -> dict[str, float]:
    """Milliseconds to import NumPy, and Isthmus, which imports NumPy."""
    seconds: dict[str, list[float]] = {"numpy": [], "isthmus": []}
    for _ in range(PROCESSES + 1):  # the first of each writes byte code and is not counted
        for name, found in seconds.items():
            command = [sys.executable, "-c", IMPORT.format(name=name)]
            found.append(float(subprocess.check_output(command, text=True)))
    medians = {name: 1e3 * statistics.median(found[1:]) for name, found in seconds.items()}
    return {
        "numpy_ms": medians["numpy"],
        "isthmus_ms": medians["isthmus"],
        "difference_ms": medians["isthmus"] - medians["numpy"],
    }


def process(backend: str) -> dict[str, Any]:
    """`first_result` in a process of its own, which is why its peak memory means something."""
    command = [sys.executable, "-m", "studies.startup", "--process", backend]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, text=True))
    return found


def first_result(backend: str) -> dict[str, Any]:
    """Seconds of each step to the first result, and the peak memory over the weights' size."""
    import numpy

    import isthmus as im
    from isthmus.program.executable import Executable
    from isthmus.program.options import checked_options

    net = im.models.create("bert-base", seed=0)
    weights = sum(parameter.data().nbytes for parameter in net.parameters().values())
    runtime = _timed_runtime(backend)
    started = perf_counter()
    traced = im.trace(net, net.specs())
    traced_at = perf_counter()
    device = "cpu" if backend == "gpu" else None
    options = checked_options("f32", None, "numpy", "error", device)
    program = Executable(traced, backend, options, "error")
    loaded_at = perf_counter()
    ids = numpy.arange(128, dtype=numpy.int32)[None]
    program(input_ids=ids, attention_mask=numpy.ones_like(ids), token_type_ids=0 * ids)
    first_at, peak = perf_counter(), peak_memory_bytes()
    return {
        "trace_seconds": traced_at - started,
        "lower_and_verify_seconds": loaded_at - traced_at - sum(runtime),
        "runtime_compile_seconds": sum(runtime),
        "first_inference_seconds": first_at - loaded_at,
        "weights_bytes": weights,
        "peak_memory_bytes": peak,
        "peak_memory_over_weights": peak and peak / weights,
    }


def _timed_runtime(backend: str) -> list[float]:
    """Seconds that the runtime itself spends compiling, collected from now on."""
    seconds: list[float] = []
    if backend == "cpu":
        import openvino

        openvino.Core.compile_model = _timed(openvino.Core.compile_model, seconds)
    else:
        import onnxruntime

        session = onnxruntime.InferenceSession
        session.__init__ = _timed(session.__init__, seconds)
    return seconds


def _timed(function: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        started = perf_counter()
        result = function(*args, **kwargs)
        seconds.append(perf_counter() - started)
        return result

    return call


if __name__ == "__main__":
    main(sys.argv[1:])
