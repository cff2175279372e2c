"""ONNX Runtime timed by a plain loop, with nothing of Isthmus: what `agreement.py` compares with.

    python plain_loop.py MODEL.onnx INPUTS.npz THREADS SECONDS

INPUTS.npz holds sets of inputs under the names `0/NAME`, `1/NAME`, ...; calls go through them in
turn. Prints a JSON line: the calls, and the median and mean of their milliseconds.
"""

import json
import statistics
import sys
import time
from typing import Any

import numpy
import onnxruntime


def main(model: str, inputs: str, threads: int, seconds: float) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    sets = read(inputs)
    session.run(None, sets[0])
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        feeds = sets[len(times) % len(sets)]
        started = time.perf_counter()
        session.run(None, feeds)
        times.append(1e3 * (time.perf_counter() - started))
    found = {"median_ms": statistics.median(times), "mean_ms": statistics.mean(times)}
    print(json.dumps({"calls": len(times), **found}))


def read(inputs: str) -> list[dict[str, Any]]:
    """The sets of arrays, in the file's order."""
    sets: dict[str, dict[str, Any]] = {}
    with numpy.load(inputs) as file:
        for key in file.files:
            number, _, name = key.partition("/")
            sets.setdefault(number, {})[name] = file[key]
    return list(sets.values())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
