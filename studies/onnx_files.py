"""ONNX files of others: loaded, run on three backends, compared with ONNX Runtime, written back.

    python -m studies.onnx_files FOLDER [--inputs INPUTS.json] [--only TEXT] [--time] [RESULT.json]

Every *.onnx below FOLDER is a process of its own, so that a crash is a row. Inputs are random by a
seed: INPUTS.json says what a file needs, {"file": {"*": {open size: number}, input: {"shape",
"value", "low", "high", "scale", "dist": "uniform"}, "fixed": [inputs]}}; a key is the end of a
path, perhaps after "PACKAGE:". Inputs that decide shapes are fixed, and those that are asked for. A
result is right if the largest difference is at most 1e-4 of the largest number of ONNX Runtime's.
Integers have to be equal. --time: calls in turn with the file run by the runtime itself. Writes
reports/results/onnx-files-DATE.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.errors import IsthmusError

from .study import default_path

BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
TOLERANCE = 1e-4
SECONDS = 300  # a file
ROUNDS, TURN_SECONDS = 9, 0.1


def main(arguments: list[str] | None = None) -> None:
    given = _parser().parse_intermixed_args(arguments)
    if given.one:
        print(json.dumps(examined(Path(given.folder), json.loads(given.one), given.time)))
        return
    described = json.loads(Path(given.inputs).read_text()) if given.inputs else {}
    rows = {}
    for path in sorted(Path(given.folder).rglob("*.onnx")):
        name = str(path.relative_to(given.folder))
        if given.only in name:
            rows[name] = _in_a_child(path, _facts(name, described), given.time)
            print(name, json.dumps(rows[name])[:400], flush=True)
    document = {
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": fingerprint(),
        "versions": versions(),
        "tolerance": TOLERANCE,
        "files": rows,
    }
    place = Path(given.result) if given.result else default_path("onnx-files")
    place.write_text(json.dumps(document, indent=1, default=str) + "\n")
    print(summary(rows))
    print(f"written: {place}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("result", nargs="?")
    parser.add_argument("--inputs")
    parser.add_argument("--only", default="")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


def summary(rows: Mapping[str, Any]) -> str:
    lines = []
    for backend in (*BACKENDS, "back"):
        right = sum(row.get(backend) == "right" for row in rows.values())
        lines.append(f"{backend}: {right} of {len(rows)} right")
    for backend in ("cpu", "gpu"):
        ratios = [r["times"][backend] for r in rows.values() if backend in r.get("times", {})]
        if ratios:
            mean = statistics.geometric_mean(ratios)
            lines.append(f"{backend}: {mean:.3f} times the runtime's own, {len(ratios)} files")
    return "\n".join(lines)


def _facts(name: str, described: Mapping[str, Any]) -> dict[str, Any]:
    for key, facts in described.items():
        if name.endswith(key.rpartition(":")[2]):
            return dict(facts)
    return {}


def _in_a_child(path: Path, facts: Mapping[str, Any], timed: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "studies.onnx_files", str(path), "--one", json.dumps(facts)]
    try:
        done = subprocess.run(
            command + ["--time"] * timed, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"ended": f"no end in {SECONDS} s"}
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [""]
        ended = f"code {done.returncode}: {said[0]}"
        # A runtime that reads the file itself may have ended the process.
        return {**_in_a_child(path, facts, False), "timing": ended} if timed else {"ended": ended}
    row: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def examined(path: Path, facts: Mapping[str, Any], timed: bool) -> dict[str, Any]:
    """What became of one file: a word or an error for each backend."""
    row: dict[str, Any] = {}
    try:
        began = time.perf_counter()
        net = im.load(path)
        row["load_seconds"] = round(time.perf_counter() - began, 3)
    except IsthmusError as problem:
        return {"load": str(problem)}
    session = _session(path)
    inputs = made_up(session, facts)
    wanted = session.run(None, inputs)
    decides = [name for name in net.deciding if name in inputs]
    if decides or facts.get("fixed"):
        row["fixed"] = sorted({*decides, *facts.get("fixed", ())})
        net = net.fixed(**{name: inputs[name] for name in row["fixed"]})
        inputs = {name: array for name, array in inputs.items() if name not in row["fixed"]}
    calls = {name: _call(net, inputs, options, row, name) for name, options in BACKENDS.items()}
    for name, call in calls.items():
        if call is not None:
            row[name] = _checked(call, wanted)
    row["back"] = _written_back(net, inputs, wanted)
    if timed:
        row["times"] = _times(path, calls, made_up(session, facts))
    return row


def _session(path: Path | str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


NAMES = {"float": "float32", "double": "float64", "float16": "float16", "bool": "bool"}


def made_up(session: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays for the inputs of a file."""
    random = numpy.random.default_rng(0)
    return {
        value.name: _array(value, facts.get("*", {}), facts.get(value.name, {}), random)
        for value in session.get_inputs()
    }


def _array(value: Any, sizes: Mapping[str, int], facts: Mapping[str, Any], random: Any) -> Any:
    element = value.type.removeprefix("tensor(").removesuffix(")")
    dtype = numpy.dtype(NAMES.get(element, element))
    named = [n if isinstance(n, int) and n > 0 else sizes.get(n, 1) for n in value.shape]
    shape = facts.get("shape", named)
    if "value" in facts:
        return numpy.full(shape, facts["value"], dtype)
    if dtype.kind == "b":
        return numpy.ones(shape, dtype)
    if dtype.kind in "iu":
        return random.integers(facts.get("low", 0), facts.get("high", 2), shape).astype(dtype)
    if facts.get("dist") == "uniform":
        return random.random(shape).astype(dtype)
    return (random.standard_normal(shape) * facts.get("scale", 1.0)).astype(dtype)


def _call(
    net: Any, inputs: Mapping[str, Any], options: Mapping[str, Any], row: dict[str, Any], name: str
) -> Callable[[], Any] | None:
    if name == "numpy":
        return lambda: net(**inputs)
    try:
        specs = {key: im.spec(value.dtype, value.shape) for key, value in inputs.items()}
        program = im.compile(net, specs, **options)
    except IsthmusError as problem:
        row[name] = f"refused: {problem}"
        return None
    row[f"{name}_segments"] = program.explain().splitlines()[0].split(" on ")[0]
    return lambda: program(**inputs)


def _checked(call: Callable[[], Any], wanted: list[Any]) -> str:
    try:
        found = call()
    except IsthmusError as problem:
        return f"refused: {problem}"
    return compared(list(found.values()) if isinstance(found, dict) else [found], wanted)


def compared(found: list[Any], wanted: list[Any]) -> str:
    """ "right", or what differs most."""
    worst = 0.0
    for a, b in zip(found, wanted, strict=True):
        a = numpy.asarray(a)
        if isinstance(b, list):  # of dicts, as ZipMap's
            b = numpy.array([list(one.values()) for one in b])
        if a.shape != b.shape:
            return f"wrong: {a.shape} instead of {b.shape}"
        if b.dtype.kind not in "f":
            if a.tolist() != b.tolist():
                return f"wrong: {numpy.mean(a != b):.2g} of the integers differ"
            continue
        scale = numpy.nanmax(numpy.abs(b)) if b.size else 0
        off = numpy.abs(a.astype(float) - b.astype(float)) if b.size else numpy.zeros(1)
        if (numpy.isnan(a) != numpy.isnan(b)).any():
            return "wrong: NaN in other places"
        worst = max(worst, float(numpy.nanmax(off) / (scale or 1)))
    return "right" if worst <= TOLERANCE else f"wrong: {worst:.2g} of the scale"


def _written_back(net: Any, inputs: Mapping[str, Any], wanted: list[Any]) -> str:
    """The file loaded, exported, and run by ONNX Runtime alone."""
    specs = {key: im.spec(value.dtype, value.shape) for key, value in inputs.items()}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "again.onnx"
        try:
            im.export(net, specs, place)
        except IsthmusError as problem:
            return f"refused: {problem}"
        session = _session(place)
        taken = [value.name for value in session.get_inputs()]
        return compared(session.run(None, {n: inputs[n] for n in taken}), wanted)


def _times(
    path: Path, calls: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, float | str]:
    """How many times as long as the runtime itself takes for the file: medians of turns."""
    found: dict[str, float | str] = {}
    session = _session(path)
    own: dict[str, Any] = {"gpu": lambda: session.run(None, inputs)}
    try:
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
        request.infer(dict(inputs))
        own["cpu"] = lambda: request.infer(dict(inputs))
    except RuntimeError as problem:
        found["openvino"] = f"refused: {' '.join(str(problem).split())[:120]}"
    for name, theirs in own.items():
        if calls[name] is not None:
            found[name] = _ratio(calls[name], theirs)
    return found


def _ratio(ours: Callable[[], Any], theirs: Callable[[], Any]) -> float:
    ratios = []
    for number in range(ROUNDS):
        pair = [ours, theirs] if number % 2 else [theirs, ours]
        taken = {id(call): _seconds(call) for call in pair}
        ratios.append(taken[id(ours)] / taken[id(theirs)])
    return round(statistics.median(ratios), 3)


def _seconds(call: Callable[[], Any]) -> float:
    call()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < TURN_SECONDS or count < 3:
        call()
        count += 1
    return (time.perf_counter() - began) / count


if __name__ == "__main__":
    main()
