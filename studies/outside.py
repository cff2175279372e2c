"""Other tools that time what a variant runs: commands, and how their answers are read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy

from isthmus.benchmarks.harness.processes import same_for_all
from isthmus.benchmarks.portable.timing.inputs import Array, read_sets
from isthmus.errors import IsthmusError

LONGEST_SECONDS = 600
COARSEST_MS = 0.5  # of which benchmark_app's rounding is 1 %
MAIN = "from openvino.tools.benchmark.main import main; main()"
Found = dict[str, float]  # calls, median_ms, mean_ms
Running = subprocess.Popen[bytes]
Beside = Callable[[Running], None]  # what is done while a tool runs


@dataclass(frozen=True)
class Terms:
    """What both sides of a comparison are given: the prepared folder, threads, timed seconds."""

    folder: Path
    threads: int
    seconds: int


@dataclass(frozen=True)
class Tool:
    """A way to time what `variant` runs that has nothing of the harness."""

    name: str
    variant: str
    measure: Callable[[Terms, str, Beside], Found]


def nobody(process: Running) -> None:
    """Nothing runs beside the tool."""


def benchmark_app(terms: Terms, python: str, beside: Beside = nobody) -> Found:
    """OpenVINO's tool: synchronous, one request, float32; its latency is inside infer()."""
    sets = read_sets(terms.folder / "inputs.npz")
    types = {name: f"{array.dtype.kind}{8 * array.itemsize}" for name, array in sets[0].items()}
    files = {name: _files(terms.folder, name, [one[name] for one in sets]) for name in types}
    options: dict[str, Any] = {
        "-m": terms.folder / "model.onnx",
        "-d": "CPU",
        "-hint": "none",  # it refuses -nthreads with another; the plugin's own default is latency
        "-nthreads": terms.threads,
        "-nstreams": 1,
        "-nireq": 1,
        "-api": "sync",
        "-infer_precision": "f32",
        "-iop": _mapping(types),  # else it makes image inputs uint8
        "-t": terms.seconds,
        "-inference_only": "false",  # inputs change from call to call
        "-i": _mapping(files),
        "-report_type": "no_counters",
        "-json_stats": "true",
        "-report_folder": terms.folder,
    }
    parts = [str(part) for pair in options.items() for part in pair]
    _output("benchmark_app", [python, "-c", MAIN, *parts], terms.threads, beside)
    report = json.loads((terms.folder / "benchmark_report.json").read_text(encoding="utf-8"))
    found = report["execution_results"]
    median_ms = float(found["latency (ms)"])
    if median_ms < COARSEST_MS:
        raise IsthmusError(
            f"benchmark_app: rounds to 0.01 ms, too coarse for {median_ms} ms; give a larger model"
        )
    mean_ms, calls = float(found["avg latency"]), int(found["total number of iterations"])
    return {"calls": calls, "median_ms": median_ms, "mean_ms": mean_ms}


def _files(folder: Path, name: str, arrays: Sequence[Array]) -> str:
    """The paths of an input's arrays, each written to a file of its own."""
    paths = [folder / f"{name}-{number}.npy" for number in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        numpy.save(path, array)
    return ",".join(map(str, paths))


def _mapping(values: Mapping[str, str]) -> str:
    """`first:value,second:value`."""
    return ",".join(f"{name}:{value}" for name, value in values.items())


def plain_loop(terms: Terms, python: str, beside: Beside = nobody) -> Found:
    """ONNX Runtime by a loop in a script that imports nothing of Isthmus."""
    script, folder = Path(__file__).with_name("plain_loop.py"), terms.folder
    parts = [script, folder / "model.onnx", folder / "inputs.npz", terms.threads, terms.seconds]
    said = _output("plain loop", [python, *map(str, parts)], terms.threads, beside)
    found: Found = json.loads(said.splitlines()[-1])
    return found


def _output(name: str, command: Sequence[str], threads: int, beside: Beside) -> str:
    """What the tool printed, in the surroundings that the harness gives its own processes."""
    env = {**os.environ, **same_for_all(threads)}
    with TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        try:
            beside(process)
            code = process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            raise IsthmusError(f"{name}: no answer in {LONGEST_SECONDS} s") from None
        finally:
            process.kill()
        said.seek(0)
        text = said.read().strip()
    if code:
        last = (text.splitlines() or ["no message"])[-1].strip()
        raise IsthmusError(f"{name}: ended with code {code}: {last}")
    return text


TOOLS = (
    Tool("benchmark_app", "openvino-by-hand", benchmark_app),
    Tool("plain loop", "onnxruntime-by-hand", plain_loop),
)
