"""ONNX's own node cases, each imported and run by a backend: how many are right.

    python tests/conformance/onnx_nodes.py [--backend numpy,cpu,gpu] [--only REGEX] [--plain] [FILE]

The cases are made in memory by the `onnx` package. Each is run in this process; one that ends it is
told by --only. A case is right if each result has the dtype and shape of the case and its numbers
within rtol 1e-3, atol 1e-7, ONNX's own tolerances. Inputs that say a shape, an axis or another
number of the program are fixed before it is compiled (`OnnxBlock.fixed`). FILE: for the verdicts.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus.errors import IsthmusError
from isthmus.graph.tree import map_leaves

# Cases that do not say what is right, and why.
UNDECIDED = {
    "bernoulli": "random numbers, of which the standard states no values",
    "^test_dft_inverse": "the case has rounding noise of 1.9e-6 where the result is 0",
}
PACKAGES = ("numpy", "onnx", "onnxruntime", "openvino")
OTHERS = ("bfloat", "float8", "float4", "float6", "int4", "uint4", "int2", "uint2")
PLAIN = {"float32", "int32", "int64", "bool"}


def cases(only: str = "", plain: bool = False) -> Iterator[Any]:
    """The cases whose types NumPy has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        found = load_model_tests(kind="node")
    for case in found:
        if re.search(only, case.name) and (is_plain(case) if plain else has_numpys_types(case)):
            yield case


def has_numpys_types(case: Any) -> bool:
    """No eight-bit floats, no integers of four bits and the like, which other packages add."""
    return not any(name.startswith(OTHERS) for name in dtypes(case))


def is_plain(case: Any) -> bool:
    """Of float32, int32, int64 and bool alone, and no function's body written out."""
    return (
        not case.name.endswith("_expanded")
        and "_expanded_" not in case.name
        and (dtypes(case) <= PLAIN)
    )


def dtypes(case: Any) -> set[str]:
    values = (value for inputs, outputs in case.data_sets for value in (*inputs, *outputs))
    return {str(getattr(array(value), "dtype", type(value).__name__)) for value in values}


def array(value: Any) -> Any:
    """The array of a TensorProto, as some cases have; all else as it is."""
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else value


def verdict(case: Any, backend: str) -> tuple[str, str]:
    """("right" | "wrong" | "undecided" | "refused" | "failed", why)."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        path.write_bytes(case.model.SerializeToString())
        try:
            net = im.load(path)
            for inputs, outputs in case.data_sets:
                found = _run(net, [array(value) for value in inputs], backend)
                for got, wanted in zip(found, map(array, outputs), strict=True):
                    problem = _differs(got, wanted)
                    if problem:
                        return _undecided(case.name) or ("wrong", problem)
        except IsthmusError as problem:
            return "refused", str(problem).replace(folder, "")
        except Exception as problem:
            return "failed", f"{type(problem).__name__}: {problem}"
    return "right", ""


def _undecided(name: str) -> tuple[str, str] | None:
    return next((("undecided", why) for part, why in UNDECIDED.items() if re.search(part, name)),
                None)  # fmt: skip


def _run(net: Any, inputs: Any, backend: str) -> list[Any]:
    names = [*net.inputs, *net.defaults][: len(inputs)]
    given = dict(zip(names, inputs, strict=True))
    if backend == "numpy":
        found = net(**given)
    else:
        absent = [name for name, value in given.items() if value is None]
        decide = [name for name in net.deciding if name in given]
        net = net.fixed(**{name: given.pop(name) for name in {*absent, *decide}})
        specs = map_leaves(lambda value: im.spec(value.dtype, value.shape), given)
        device = "cpu" if backend == "gpu" else None
        found = im.compile(net, specs, backend=backend, device=device)(**given)
    return list(found.values()) if isinstance(found, dict) else [found]


def _differs(got: Any, wanted: Any) -> str:
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return "another list"
        return next(filter(None, map(_differs, got, wanted)), "")
    if wanted is None or got is None:
        return "" if got is wanted else "one is missing"
    got = numpy.asarray(got)
    if got.dtype.kind in "TO" or wanted.dtype.kind in "OUT":
        return "" if got.tolist() == wanted.tolist() else "other texts"
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        return f"{got.dtype}{got.shape} instead of {wanted.dtype}{wanted.shape}"
    if numpy.allclose(got, wanted, rtol=1e-3, atol=1e-7, equal_nan=True):
        return ""
    return f"off by {numpy.nanmax(numpy.abs(got.astype(complex) - wanted.astype(complex))):.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", nargs="?")
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--only", default="")
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_intermixed_args()
    document = {}
    for backend in given.backend.split(","):
        rows = {}
        for case in cases(given.only, given.plain):
            operator = case.model.graph.node[-1].op_type
            rows[case.name] = (*verdict(case, backend), operator, is_plain(case))
            if rows[case.name][0] != "right":
                print(backend, case.name, *rows[case.name][:2], sep="\t", flush=True)
        document[backend] = rows
        print(backend, dict(Counter(kind for kind, *_ in rows.values())), len(rows))
    if given.result:
        written = {
            "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {name: version(name) for name in PACKAGES},
            "verdicts": document,
        }
        Path(given.result).write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
