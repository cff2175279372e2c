"""How time grows with the number of operators: tracing, lowering, and what the runtimes add.

    python -m studies.scaling [RESULT.json]

Writes reports/results/scaling-DATE.json and prints a table. Each figure is the least of several
repeats in a process of its own: of our stages, which have one thread, in seconds of its processor;
of the runtimes, which have more, in seconds of the clock. The growth is the slope of log time over
log size between the two largest sizes: 1 is linear, 2 is quadratic. Python's garbage collector is
off, as in timeit: it looks at all objects there are each time they are a quarter more, which is
linear as well, but begins above a thousand operators, and then costs up to a third more.
"""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions

from .shapes import SHAPES, SPLIT

SIZES = (100, 1_000, 10_000)  # operators
BACKENDS = ("numpy", "cpu", "gpu")  # gpu with device="cpu"
REPEATS = 5
ENOUGH_SECONDS = 20.0  # then one more repeat is the last one
LONGEST_SECONDS = 1800

OURS = ("trace", "cut", "build", "explain", "cost", "save", "read", "export", "gradient")
RUNTIME = "runtime"  # OpenVINO's compile_model, or the making of an ONNX Runtime session
DESCRIBED = "described"  # explain, most of which is OpenVINO's get_runtime_model
Seconds = dict[str, float]
Times = list[tuple[float, float]]  # of this thread's processor, and of the clock


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        shape, backend, size = arguments[1:]
        print(json.dumps(least(shape, backend, int(size))))
        return
    rows = []
    for shape in SHAPES:
        for backend in BACKENDS:
            rows.append(measured(shape, backend))
            print(_lines(rows[-1]), flush=True)
    print(_verdict(rows))
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "sizes": SIZES,
        "rows": rows,
    }
    path = Path(arguments[0]) if arguments else _default_path()
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(path)


def _default_path() -> Path:
    today = datetime.now(UTC).date().isoformat()
    return Path(__file__).parent.parent / "reports" / "results" / f"scaling-{today}.json"


def measured(shape: str, backend: str) -> dict[str, Any]:
    """The seconds of each stage at each size, and how they grow."""
    found = [process(shape, backend, size) for size in SIZES]
    stages = [stage for stage in found[-1].get("seconds", {}) if stage in found[0]["seconds"]]
    return {
        "shape": shape,
        "backend": backend,
        "nodes": [one.get("nodes") for one in found],
        "segments": [one.get("segments") for one in found],
        "seconds": {stage: [one["seconds"][stage] for one in found] for stage in stages},
        "growth": {stage: growth(found[-2], found[-1], stage) for stage in stages},
        "problems": [one["problem"] for one in found if "problem" in one],
    }


def growth(small: Mapping[str, Any], large: Mapping[str, Any], stage: str) -> float:
    """The exponent k of time = constant * size**k between two sizes."""
    times = math.log(large["seconds"][stage] / small["seconds"][stage])
    return times / math.log(large["nodes"] / small["nodes"])


def process(shape: str, backend: str, size: int) -> dict[str, Any]:
    """`least` in a process of its own; a graph that is too deep for a runtime may end it."""
    module = [sys.executable, "-m", "studies.scaling", "--process"]
    command = [*module, shape, backend, str(size)]
    try:
        text = subprocess.check_output(command, text=True, timeout=LONGEST_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        return {"problem": f"{size} operators: {problem}"}
    found: dict[str, Any] = json.loads(text)
    return found


# One process


def least(shape: str, backend: str, size: int) -> dict[str, Any]:
    """The least seconds of each stage over the repeats."""
    clocks = _timed_runtime(backend), _timed_loading()
    once(shape, backend, 20, *clocks)  # imports, and what is kept from one program to the next
    runs: list[tuple[dict[str, Any], Seconds]] = []
    started = perf_counter()
    while len(runs) < REPEATS and (len(runs) < 2 or perf_counter() - started < ENOUGH_SECONDS):
        gc.collect()
        gc.disable()
        runs.append(once(shape, backend, size, *clocks))
        gc.enable()
    facts, seconds = runs[0][0], [run for _, run in runs]
    return facts | {"seconds": {stage: min(run[stage] for run in seconds) for stage in seconds[0]}}


def once(
    shape: str, backend: str, size: int, runtime: Times, loading: Times
) -> tuple[dict[str, Any], Seconds]:
    """The nodes and segments of a program, and the seconds of each stage."""
    from isthmus.program.executable import Executable
    from isthmus.program.options import checked_options
    from isthmus.trace.tracing import trace

    function, specs = SHAPES[shape](size)
    options = checked_options("f32", None, "numpy", "allow", "cpu" if backend == "gpu" else None)
    runtime.clear()
    loading.clear()
    clock = Clock()
    traced = clock("trace", lambda: trace(function, specs))
    run = clock("cut", lambda: Executable(traced, backend, options, "allow"))
    loaded, compiled = (sum(thread for thread, _ in times) for times in (loading, runtime))
    clock.seconds["cut"] -= loaded
    clock.seconds["build"] = loaded - compiled
    if backend != "numpy":
        clock.seconds[RUNTIME] = sum(elapsed for _, elapsed in runtime)
    clock("explain" if backend != "cpu" else DESCRIBED, run.explain)
    if backend == "numpy":
        _use(clock, shape, run, function, specs)
    return {"nodes": len(run.graph.nodes()), "segments": len(run.segments)}, clock.seconds


def _use(clock: Clock, shape: str, run: Any, function: Any, specs: Any) -> None:
    """What else is done with a program."""
    from isthmus import np
    from isthmus.program.archive import read
    from isthmus.program.export import export
    from isthmus.rewrite.gradient import gradient_graph
    from isthmus.trace.tracing import trace

    sizes = dict.fromkeys(run.graph.dimension_names(), 4)
    clock("cost", lambda: run.cost(**sizes))
    with TemporaryDirectory(prefix="isthmus-") as folder:
        clock("save", lambda: run.save(Path(folder, "program")))
        clock("read", lambda: read(Path(folder, "program")))
        if shape != SPLIT:
            clock("export", lambda: export(function, specs, Path(folder, "program.onnx")))
    whole = trace(lambda x: np.sum(_first(function(x))), specs).graph
    clock("gradient", lambda: gradient_graph(whole, [whole.inputs[0].name]).nodes())


def _first(outcome: Any) -> Any:
    return sum(outcome[1:], outcome[0]) if isinstance(outcome, list) else outcome


class Clock:
    """Seconds by stage, of this thread's processor."""

    def __init__(self) -> None:
        self.seconds: Seconds = {}

    def __call__(self, stage: str, action: Callable[[], Any]) -> Any:
        started = thread_time()
        result = action()
        self.seconds[stage] = thread_time() - started
        return result


def _timed_loading() -> Times:
    """Seconds that segments take to load, with the runtime's part, collected from now on."""
    from isthmus.program.pipeline import Pipeline

    seconds: Times = []
    setattr(Pipeline, "_load", timed(Pipeline._load, seconds))  # noqa: B010 (types)
    return seconds


def _timed_runtime(backend: str) -> Times:
    """Seconds that the runtime itself spends compiling, collected from now on."""
    seconds: Times = []
    if backend == "cpu":
        import openvino

        openvino.Core.compile_model = timed(openvino.Core.compile_model, seconds)
    elif backend == "gpu":
        import onnxruntime

        session = onnxruntime.InferenceSession
        session.__init__ = timed(session.__init__, seconds)
    return seconds


def timed(function: Callable[..., Any], seconds: Times) -> Callable[..., Any]:
    """The function; what each call takes is added to the list."""

    def call(*args: Any, **kwargs: Any) -> Any:
        thread, clock = thread_time(), perf_counter()
        result = function(*args, **kwargs)
        seconds.append((thread_time() - thread, perf_counter() - clock))
        return result

    return call


# The table


def _lines(row: Mapping[str, Any]) -> str:
    head = f"\n{row['shape']}, backend {row['backend']}: {row['nodes']} nodes, "
    lines = [f"{head}{row['segments']} segments", *row["problems"]]
    lines += [
        f"  {stage:10}" + "".join(f"{value:>10.4f}" for value in values) + f"  s, growth {k:.2f}"
        for (stage, values), k in zip(row["seconds"].items(), row["growth"].values(), strict=True)
    ]
    return "\n".join(lines)


def _verdict(rows: list[dict[str, Any]]) -> str:
    """The greatest growth of a stage of ours, and of a runtime's."""
    said = []
    for owner, ours in (("ours", True), ("a runtime's", False)):
        found = [
            (k, f"{stage} of {row['shape']} on {row['backend']}")
            for row in rows
            for stage, k in row["growth"].items()
            if (stage in OURS) == ours
        ]
        said.append("greatest growth of {}: {:.2f}, {}".format(owner, *max(found)))
    return "\n" + "\n".join(said)


if __name__ == "__main__":
    main(sys.argv[1:])
