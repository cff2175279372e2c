"""What exact sums of float32 cost, and what the runtimes give without them.

    python -m studies.long_sums [RESULT.json]

The mean of 2**12 to 2**24 elements, of 0.1 throughout and lognormal: its error against float64 on
each backend, next to NumPy's, with sums in stages and as the runtime adds by itself; and the time
of one against the other, call by call in turn, for sizes that are known and for a named size.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus import np
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.program.backend import find_backend
from isthmus.reports import log_ratio
from isthmus.system.threads import available_threads

from .paired import BLOCKS, timed_pairs

SIZES = (2**12, 2**16, 2**20, 2**24)
SHORT = 128  # the longest sum that one kernel adds
OPTIONS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu on ONNX Runtime's CPU provider": {"backend": "gpu", "device": "cpu"},
}
SECONDS = 4.0


def main(arguments: list[str]) -> None:
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": available_threads(),
        "errors": [row for count in SIZES for row in errors(count)],
        "times": [row for count in (SHORT, *SIZES) for row in times(count)],
    }
    text = json.dumps(record, indent=1)
    print(text)
    if arguments:
        Path(arguments[0]).write_text(text + "\n", encoding="utf-8")


def errors(count: int) -> Iterator[dict[str, Any]]:
    """The relative error of the mean of each array on each backend."""
    arrays = {
        "0.1": numpy.full(count, 0.1, numpy.float32),
        "lognormal": numpy.random.default_rng(7).lognormal(size=count).astype(numpy.float32),
    }
    for name, x in arrays.items():
        exact = x.mean(dtype=float)
        for backend, options in OPTIONS.items():
            found = {"staged": compiled(x, options), "plain": plainly(x, options)}
            relative = {form: abs(float(run(x)) / exact - 1) for form, run in found.items()}
            yield {"elements": count, "array": name, "backend": backend, **relative}


def times(count: int) -> Iterator[dict[str, Any]]:
    """The time in stages over the time of the runtime's own sum, with its interval."""
    x = numpy.full(count, 0.1, numpy.float32)
    for backend, options in list(OPTIONS.items())[1:]:
        for size in ("named", "known"):
            calls = [made(x, options, size == "named") for made in (compiled, plainly)]
            seconds = timed_pairs(calls, x, SECONDS)
            blocks = [[b.tolist() for b in numpy.array_split(c, BLOCKS)] for c in seconds.T]
            ratio = log_ratio(blocks[0], blocks[1], paired=True)
            yield {
                "elements": count,
                "size": size,
                "backend": backend,
                "median_us": (1e6 * numpy.median(seconds, axis=0)).tolist(),
                "staged_over_plain": ratio.ratio,
                "interval_95": list(ratio.interval(0.95)),
            }


def compiled(x: Any, options: dict[str, Any], named: bool = False) -> Any:
    """The mean as a program."""
    return im.compile(np.mean, im.spec(x.dtype, ["n"] if named else x.shape), **options)


def plainly(x: Any, options: dict[str, Any], named: bool = False) -> Any:
    """The mean as the runtime adds by itself."""
    with adding_in_line(options["backend"]):
        return compiled(x, options, named)


@contextmanager
def adding_in_line(name: str) -> Iterator[None]:
    """The backend taken for one whose kernels need no stages."""
    backend: Any = find_backend(name)
    backend.adds_in_line = False
    try:
        yield
    finally:
        del backend.adds_in_line


if __name__ == "__main__":
    main(sys.argv[1:])
