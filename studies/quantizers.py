"""Integers of eight bits by Isthmus and by NNCF: how near float32 they are, and how fast.

    python -m studies.quantizers [--nncf PYTHON] [--models NAME,NAME] [--seconds S] [RESULT.json]

Both quantize the same models on the same inputs, both run on OpenVINO: MobileNetV2 with its real
weights on crops of photographs, all-MiniLM-L6-v2 on windows of a passage, ResNet-50 and BERT-base
with random weights. PYTHON is an interpreter with nncf, openvino and numpy; without it that side is
left out. Accuracy is of other inputs than the calibration's, against float32; times are call by
call in turn with float32.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy

import isthmus as im
from isthmus import models
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.work.input_sets import crops, windows
from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import Options
from isthmus.program.precision import last_blocks
from isthmus.program.quantization import quantized_program
from isthmus.reports import log_ratio
from isthmus.rewrite.quantization.inserting import Rules
from isthmus.rewrite.quantization.integers import HALF
from isthmus.system.threads import available_threads
from isthmus.trace.tracing import trace

from .paired import BLOCKS, timed_pairs
from .study import default_path

Array = numpy.ndarray[Any, Any]
Run = Callable[[dict[str, Array]], Array]
Seen = list[dict[str, Array]]

CALIBRATION = 16
EVALUATION = {"images": 128, "texts": 48}  # a label of 128 is 0.8 %
LAST = "isthmus, last layers in float32"
ALPHAS = (None, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95)
PRECISION = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": available_threads()}


class Case(NamedTuple):
    """options: of `models.create`. inputs: that many of batch 1."""

    name: str
    options: dict[str, Any]
    inputs: Callable[[int], Seen]
    kind: str


CASES = (
    Case("mobilenet-v2", {"weights": "sample"}, lambda n: crops(1, n), "images"),
    Case(
        "minilm-l6",
        {"weights": "sample", "head": "sentence"},
        lambda n: windows(64, 1, n),
        "texts",
    ),
    Case("resnet-50", {}, lambda n: crops(1, n), "images"),
    Case("bert-base", {"head": "sentence"}, lambda n: windows(128, 1, n), "texts"),
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m studies.quantizers")
    parser.add_argument("--nncf", type=Path, help="an interpreter that has nncf")
    parser.add_argument("--models", default=",".join(case.name for case in CASES))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("result", nargs="?", type=Path, default=default_path("quantizers"))
    given = parser.parse_args(arguments)
    chosen = [case for case in CASES if case.name in given.models.split(",")]
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": available_threads(),
        "calibration": CALIBRATION,
        "evaluation": EVALUATION,
        "rows": [row for case in chosen for row in rows(case, given.nncf, given.seconds)],
    }
    text = json.dumps(record, indent=1)
    print(text)
    given.result.write_text(text + "\n", encoding="utf-8")


def rows(case: Case, python: Path | None, seconds: float) -> Iterator[dict[str, Any]]:
    """What each quantizer makes of a model."""
    net = models.create(case.name, **case.options)
    inputs = case.inputs(CALIBRATION + EVALUATION[case.kind])
    calibration, evaluation = inputs[:CALIBRATION], inputs[CALIBRATION:]
    types = {name: im.spec(array.dtype, array.shape) for name, array in inputs[0].items()}
    exact = im.compile(net, types)
    wanted = outputs(lambda given: exact(**given), evaluation)
    calls: dict[str, Run] = {}
    for label, kept in ("isthmus", ()), (LAST, last_blocks(trace(net, types))):
        overrides = dict.fromkeys(kept, "f32")
        run = im.compile(net, types, precision="int8", samples=calibration, overrides=overrides)
        calls[label] = lambda given, run=run: run(**given)  # type: ignore[misc]
    with TemporaryDirectory(prefix="isthmus-") as name:
        folder = Path(name)
        if python is not None:
            calls |= by_nncf(case, net, types, calibration, folder, python)
        for quantizer, call in calls.items():
            row = {"model": case.name, "quantizer": quantizer}
            found = outputs(call, evaluation)
            yield {**row, **accuracy(found, wanted), **speed(call, exact, evaluation[0], seconds)}
    if case.kind == "texts":
        yield from smoothed(case.name, net, types, calibration, evaluation, wanted)


def smoothed(
    name: str, net: Any, types: Any, calibration: Seen, evaluation: Seen, wanted: Array
) -> Iterator[dict[str, Any]]:
    """The accuracy for each alpha of `smoothing`, of weights of seven bits."""
    for alpha in ALPHAS:
        rules = Rules(largest=lambda _: HALF, alpha=alpha)
        options = Options(threads=available_threads())
        traced = trace(net, types)
        made = quantized_program(traced, calibration, find_backend("cpu"), options, rules=rules)
        run = Executable(made, "cpu", options, "allow")
        found = outputs(lambda given, run=run: run(**given), evaluation)
        yield {"model": name, "quantizer": "isthmus", "alpha": alpha, **accuracy(found, wanted)}


def by_nncf(
    case: Case, net: Any, types: Any, calibration: Seen, folder: Path, python: Path
) -> dict[str, Run]:
    """What NNCF made of the model's float32 IR, run by OpenVINO."""
    im.export(net, types, folder / "float32.xml")
    (folder / "kind.txt").write_text(case.kind)
    for position, given in enumerate(calibration):
        numpy.savez(folder / f"calibration-{position:03}.npz", **given)  # type: ignore[arg-type]
    script = Path(__file__).with_name("by_nncf.py")
    subprocess.run([python, script, folder], check=True, stdout=subprocess.DEVNULL)
    return {path.stem: _opened(path) for path in sorted(folder.glob("nncf-*.xml"))}


def _opened(path: Path) -> Run:
    import openvino

    request = openvino.Core().compile_model(path, "CPU", PRECISION).create_infer_request()

    def call(given: dict[str, Array]) -> Array:
        found: Array = request.infer(given, share_inputs=True)[0]
        return found

    return call


def outputs(call: Any, inputs: Seen) -> Array:
    """The results of all inputs, one after another; of a program with a name, that one."""
    found = [call(given) for given in inputs]
    arrays = [next(iter(y.values())) if isinstance(y, dict) else y for y in found]
    return numpy.concatenate([numpy.reshape(y, (len(y), -1)) for y in arrays])


def accuracy(found: Array, wanted: Array) -> dict[str, float]:
    """Cosines with float32, and how often the largest number and the nearest other row agree."""
    found, wanted = found.astype(float), wanted.astype(float)
    unit, known = (a / numpy.linalg.norm(a, axis=1, keepdims=True) for a in (found, wanted))
    cosines = (unit * known).sum(axis=1)
    return {
        "mean_cosine": float(cosines.mean()),
        "least_cosine": float(cosines.min()),
        "top1_agreement": float((found.argmax(axis=1) == wanted.argmax(axis=1)).mean()),
        "neighbour_agreement": float((_nearest(unit) == _nearest(known)).mean()),
    }


def _nearest(unit: Array) -> Array:
    """For each row the other one of the largest cosine with it."""
    similar = unit @ unit.T
    numpy.fill_diagonal(similar, -numpy.inf)
    return similar.argmax(axis=1)


def speed(call: Run, exact: Any, given: Any, seconds: float) -> dict[str, Any]:
    """How many times as fast as float32 it is, with the 95 % interval."""
    found = timed_pairs([call, lambda given: exact(**given)], given, seconds)
    blocks = [[b.tolist() for b in numpy.array_split(c, BLOCKS)] for c in found.T]
    ratio = log_ratio(blocks[1], blocks[0], paired=True)
    return {
        "median_ms": float(1e3 * numpy.median(found[:, 0])),
        "float32_median_ms": float(1e3 * numpy.median(found[:, 1])),
        "speed_over_float32": ratio.ratio,
        "interval_95": list(ratio.interval(0.95)),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
