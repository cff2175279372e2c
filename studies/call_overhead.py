"""What a call costs beside the runtime's own: one small product, in microseconds.

    python -m studies.call_overhead [RESULT.json]

x [1, 64] times a matrix, in one thread. OpenVINO's own call is `ov_infer_request_infer` of its C
library, called by ctypes, with everything bound, and beside it the same by its Python module; ONNX
Runtime's is a run of a prepared binding by its Python module, which is a thin layer. Ours are a
bound call, and a call that is given an array and returns a new one, by position and by name, of
known and of named sizes. In a round every way makes so many calls in turn; overheads are
differences within a round, and `least_us` those of the least times, which a busy machine leaves
alone. A minute.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy

import isthmus as im
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.errors import IsthmusError

from .study import default_path, progress

WIDTH = 64
ROUNDS = 1000
CALLS = 40  # of each way in a round
BACKENDS: dict[str, dict[str, Any]] = {
    "cpu": {"backend": "cpu"},
    "gpu on ONNX Runtime's CPU provider": {"backend": "gpu", "device": "cpu"},
}
SETTINGS = {  # of our own programs of one thread
    "ENABLE_CPU_PINNING": "NO",
    "INFERENCE_NUM_THREADS": "1",
    "INFERENCE_PRECISION_HINT": "f32",
    "NUM_STREAMS": "1",
    "PERFORMANCE_HINT": "LATENCY",
}

Call = Callable[[], Any]


def main(arguments: list[str]) -> None:
    with TemporaryDirectory() as folder:
        found = {name: measured(name, Path(folder)) for name in BACKENDS}
    for name, ways in found.items():
        for way, row in ways.items():
            low, high = row["quartiles_us"]
            print(
                f"{name}: {way:24} {row['overhead_us']:6.2f} us over ({low:.2f} to {high:.2f}), "
                f"least {row['least_us']:.2f}"
            )
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": 1,
        "width": WIDTH,
        "calls": CALLS,
        "backends": found,
    }
    path = Path(arguments[0]) if arguments else default_path("call-overhead")
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")


def measured(name: str, folder: Path, rounds: int = ROUNDS) -> dict[str, Any]:
    """The overhead of each way over the runtime's own call."""
    random = numpy.random.default_rng(0)
    weight = random.random((WIDTH, WIDTH), numpy.float32)
    x = random.random((1, WIDTH), numpy.float32)
    options = {**BACKENDS[name], "threads": 1}
    static = im.compile(lambda x: x @ weight, im.spec("float32", [1, WIDTH]), **options)
    named = im.compile(lambda x: x @ weight, im.spec("float32", ["n", WIDTH]), **options)
    own = by_openvino(lambda x: x @ weight, folder) if name == "cpu" else by_onnxruntime(static, x)
    ways: dict[str, Call] = {
        "the runtime's own": own,
        **({"its Python module": by_python(static, x)} if name == "cpu" else {}),
        "bound": static.bind(x),
        "call": lambda: static(x),
        "call by name": lambda: static(x=x),
        "named size: bound": named.bind(x),
        "named size: call": lambda: named(x),
    }
    times = timed(ways, rounds)
    base = times["the runtime's own"]
    return {way: row(seconds, base) for way, seconds in times.items()}


def row(seconds: Any, base: Any) -> dict[str, Any]:
    over = (seconds - base) * 1e6
    return {
        "call_us": float(numpy.median(seconds) * 1e6),
        "least_us": float((seconds.min() - base.min()) * 1e6),
        "overhead_us": float(numpy.median(over)),
        "quartiles_us": numpy.quantile(over, [0.25, 0.75]).tolist(),
        "times_own": float(numpy.median(seconds / base)),
    }


def timed(ways: Mapping[str, Call], rounds: int) -> dict[str, Any]:
    """Seconds of a call of each way, a number a round; the way that begins changes."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    order = list(ways)
    for number in progress(range(rounds + 1), "calls"):
        begin = number % len(order)
        for way in order[begin:] + order[:begin]:
            call = ways[way]
            started = perf_counter()
            for _ in range(CALLS):
                call()
            found[way].append((perf_counter() - started) / CALLS)
    return {way: numpy.array(seconds[1:]) for way, seconds in found.items()}  # warm from the second


def by_onnxruntime(program: im.Executable, x: Any) -> Call:
    """A run of the program's session, inputs and outputs bound beforehand."""
    session = program._run.runners[0].session  # type: ignore[attr-defined]
    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, x)
    kept = numpy.empty((1, WIDTH), numpy.float32)
    name = session.get_outputs()[0].name
    binding.bind_output(name, "cpu", 0, numpy.float32, kept.shape, kept.ctypes.data)
    return lambda _=kept: session.run_with_iobinding(binding)  # type: ignore[misc]


def by_python(program: im.Executable, x: Any) -> Call:
    """The least that OpenVINO's Python module takes: a request, everything bound beforehand."""
    import openvino

    request = program._run.runners[0].compiled.model.create_infer_request()  # type: ignore[attr-defined]
    request.set_input_tensor(0, openvino.Tensor(x, shared_memory=True))
    infer = super(type(request), request).infer
    return lambda: infer({}, True, True)


def by_openvino(function: Any, folder: Path) -> Call:
    """The product by OpenVINO's C library, of the exported file."""
    path = folder / "product.xml"
    im.export(function, im.spec("float32", [1, WIDTH]), path)
    library = c_library()
    core, compiled, request = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    check(library.ov_core_create(ctypes.byref(core)))
    texts = [text.encode() for pair in SETTINGS.items() for text in pair]
    check(
        library.ov_core_compile_model_from_file(
            core, str(path).encode(), b"CPU", ctypes.c_size_t(len(texts)),
            ctypes.byref(compiled), *map(ctypes.c_char_p, texts),
        )
    )  # fmt: skip
    check(library.ov_compiled_model_create_infer_request(compiled, ctypes.byref(request)))
    infer = library.ov_infer_request_infer
    infer.argtypes = [ctypes.c_void_p]
    check(infer(request))
    return lambda: infer(request)


def c_library() -> Any:
    import openvino

    found = sorted((Path(openvino.__file__).parent / "libs").glob("libopenvino_c.so*"))
    if not found:
        raise IsthmusError("this installation of OpenVINO has no C library to compare with")
    return ctypes.CDLL(str(found[0]))


def check(status: int) -> None:
    if status:
        raise IsthmusError(f"OpenVINO's C library answers {status}")


if __name__ == "__main__":
    main(sys.argv[1:])
