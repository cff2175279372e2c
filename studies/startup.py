"""What is paid before the first result: whole processes, side by side, and their steps.

    python -m studies.startup [RESULT.json] [--rounds N]

Writes reports/results/startup-DATE.json and prints it. Every start is a process of its own; the
kinds take turns, and who begins a round changes. Before them each is started once and not counted:
that writes byte code and what is kept on disk. Programs are files that nobody has changed for more
than a minute, as those of a user are. BERT-base in float32 on 128 tokens, and MobileNetV2 on a
photograph by the command line. Peak memory is that of BERT-base in float32, and of a saved program
of it in int8, over the bytes of the weights in float32.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.portable.timing.peak_memory import peak_memory_bytes
from isthmus.errors import FileError
from isthmus.system.mapping import SETTLED_SECONDS

from .study import default_path
from .study import run as run_study

IMPORT = "from time import perf_counter as t; a = t(); import {name}; print(t() - a)"
PROCESSES = 9
ROUNDS = 9
PROGRAMS = {"cpu": ("cpu", "f32"), "gpu": ("gpu", "f32"), "cpu in int8": ("cpu", "int8")}
TOKENS = 128
FIRST_TOKENS = (0, 10_000)  # of samples for int8, which settle its numbers and not its size

# What a started process says of itself, on the last line of its standard output.
FACTS = """
import json, resource, sys
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps({
    "processor_seconds": used.ru_utime + used.ru_stime, "peak_memory_bytes": int(peak) * 1024,
}))
"""
INPUTS = """
ids = numpy.arange(128, dtype=numpy.int32)[None]
inputs = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": 0 * ids}
"""
ISTHMUS = (
    """
import numpy
import isthmus as im
run = im.load("bert-base.im", {options})
"""
    + INPUTS
    + "run(**inputs)"
)
OPENVINO = (
    """
import numpy
import openvino
core = openvino.Core()
settings = {{"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"{options}}}
model = core.compile_model("bert-base.onnx", "CPU", settings)
"""
    + INPUTS.replace("{", "{{").replace("}", "}}")
    + "model(inputs)"
)
COMMAND = """
import sys
from isthmus.cli import main
main(["run", "mobilenet-v2", "--image", {photograph!r}])
"""


def starts(folder: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """The program of each kind of start, and its environment."""
    kept = {"ISTHMUS_CACHE": str(folder / "kept")}
    off = {"ISTHMUS_CACHE": "off"}
    bert = ISTHMUS.replace("{options}", "backend='cpu'")
    gpu = ISTHMUS.replace("{options}", "backend='gpu', device='cpu'")
    cached = f', "CACHE_DIR": {str(folder / "openvino")!r}'
    found = {
        "isthmus, kept program": (bert, kept),
        "isthmus, nothing kept": (bert, off),
        "isthmus on onnx runtime": (gpu, off),
        "openvino from onnx, its cache": (OPENVINO.format(options=cached), off),
        "openvino from onnx": (OPENVINO.format(options=""), off),
    }
    photograph = _photograph()
    if photograph is not None:
        command = COMMAND.format(photograph=photograph)
        found["isthmus run mobilenet-v2, kept program"] = (command, kept)
        found["isthmus run mobilenet-v2, nothing kept"] = (command, off)
    return found


def _photograph() -> str | None:
    from isthmus.models.inputs import samples

    try:
        samples.mobilenet_v2()
        return str(samples.photographs()[0])
    except FileError:
        return None


def prepare(folder: Path) -> None:
    """The files that processes start from, once they have settled."""
    import isthmus as im

    net = im.models.create("bert-base", seed=0)
    im.compile(net, net.specs(), backend="numpy").save(folder / "bert-base.im")
    im.export(net, net.specs(), folder / "bert-base.onnx")
    time.sleep(SETTLED_SECONDS + 1)


def start(program: str, environment: Mapping[str, str], folder: Path) -> dict[str, float]:
    """Seconds and bytes of a process from its start to its first result."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = perf_counter()
    output = subprocess.check_output(
        [sys.executable, "-c", program + FACTS],
        env={**inherited, **environment},
        cwd=folder,
        text=True,
    )
    seconds = perf_counter() - began
    facts: dict[str, float] = json.loads(output.splitlines()[-1])
    return {"seconds": seconds, **facts}


def measured(folder: Path, rounds: int) -> dict[str, Any]:
    """Every start in turns: the medians, and every number."""
    kinds = starts(folder)
    for program, environment in kinds.values():  # twice: the first keeps, the second sums files
        start(program, environment, folder)
        start(program, environment, folder)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in kinds}
    for number in range(rounds):
        names = list(kinds)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            rows[name].append(start(*kinds[name], folder))
    return {name: _summary(found) for name, found in rows.items()}


def _summary(rows: list[dict[str, float]]) -> dict[str, Any]:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {**{name: statistics.median(found) for name, found in columns.items()}, "each": columns}


def main(arguments: list[str]) -> None:
    parts = {"--save": save, "--process": first_result}
    if arguments[:1] and arguments[0] in parts:
        print(json.dumps(parts[arguments[0]](*arguments[1:])))
        return
    parser = argparse.ArgumentParser(prog="python -m studies.startup")
    parser.add_argument("path", nargs="?", type=Path, default=default_path("startup"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        found = measured(folder, given.rounds)
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "import": imports(),
        "programs": {name: process(*variant) for name, variant in PROGRAMS.items()},
        "rounds": given.rounds,
        "starts": found,
    }
    text = json.dumps(record, indent=1)
    given.path.write_text(text + "\n", encoding="utf-8")
    print("\n".join(line(name, row) for name, row in found.items()))
    print(given.path)


def line(name: str, row: Mapping[str, float]) -> str:
    """A kind of start in a line."""
    return (
        f"{name:40} {row['processor_seconds']:6.2f} s of processor time, {row['seconds']:6.2f} s, "
        f"{row['peak_memory_bytes'] / 2**20:6.0f} MiB"
    )


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


def process(backend: str, precision: str = "f32") -> dict[str, Any]:
    """`first_result` in a process of its own, which is why its peak memory means something.

    Another process has saved the program. peak_memory_over_weights: of those in float32.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "bert-base.im")
        saved = _answer("--save", precision, path)
        found = _answer("--process", backend, path)
    peak = found["peak_memory_bytes"]
    return {**found, **saved, "peak_memory_over_weights": peak and peak / saved["weights_bytes"]}


def _answer(*words: str) -> dict[str, Any]:
    """What this program says when it is started with these words; it compiles everything anew."""
    command = [sys.executable, "-m", "studies.startup", *words]
    environment = {**os.environ, "ISTHMUS_CACHE": "off"}
    found: dict[str, Any] = json.loads(subprocess.check_output(command, env=environment, text=True))
    return found


def save(precision: str, path: str) -> dict[str, Any]:
    """Write BERT-base in a precision; the bytes of its weights in float32."""
    import isthmus as im

    net = im.models.create("bert-base", seed=0)
    traced = im.trace(net, net.specs()).graph
    if precision == "int8":
        samples = [tokens(first) for first in FIRST_TOKENS]
        program = im.compile(net, net.specs(), precision="int8", samples=samples)
    else:
        program = im.compile(net, net.specs(), backend="numpy")
    program.save(path)
    names = traced.constant_names
    weights = (each.array for each in traced.constants() if id(each.array) in names)
    return {"weights_bytes": sum(weight.nbytes for weight in weights)}


def tokens(first: int) -> dict[str, Any]:
    """The inputs of one text, of tokens with consecutive numbers."""
    import numpy

    ids = numpy.arange(first, first + TOKENS, dtype=numpy.int32)[None]
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": 0 * ids}


def first_result(backend: str, path: str) -> dict[str, Any]:
    """Seconds of each step from a file to the first result, and the peak memory."""
    from isthmus.program import archive
    from isthmus.program.executable import Executable
    from isthmus.program.options import checked_options

    given = tokens(0)
    runtime = _timed_runtime(backend)
    started = perf_counter()
    saved = archive.opened(path)
    read_at = perf_counter()
    device = "cpu" if backend == "gpu" else None
    options = checked_options(saved.precision.precision, None, "numpy", "error", device)
    program = Executable(saved.traced, backend, options, "error")
    loaded_at = perf_counter()
    program(**given)
    first_at = perf_counter()
    return {
        "read_seconds": read_at - started,
        "lower_and_verify_seconds": loaded_at - read_at - sum(runtime),
        "runtime_compile_seconds": sum(runtime),
        "first_inference_seconds": first_at - loaded_at,
        "peak_memory_bytes": peak_memory_bytes(),
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
    run_study(main)
