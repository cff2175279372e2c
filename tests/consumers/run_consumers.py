"""`run_consumers.py cpu sklearn 1 float32`: cases beside the same on NumPy's arrays, as JSON.

A process of its own, because SciPy reads SCIPY_ARRAY_API once, when it is imported.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import json
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy
import sklearn
from consumer_data import TOLERANCE, WIDENED_FROM_NUMPY, Case, Data, Put

import isthmus
from isthmus.trace.array import Array


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays and numbers of a result, each with where it is."""
    if isinstance(tree, Mapping):
        for key, part in tree.items():
            yield from leaves(part, f"{path}.{key}")
    elif isinstance(tree, tuple | list):
        for i, part in enumerate(tree):
            yield from leaves(part, f"{path}[{i}]")
    else:
        yield path, tree


def compared(found: Any, wanted: Any, tolerance: float, same_dtype: bool) -> str:
    """Where two results differ; nothing if they agree."""
    ours, theirs = list(leaves(found)), list(leaves(wanted))
    if [path for path, _ in ours] != [path for path, _ in theirs]:
        return f"{len(ours)} results instead of {len(theirs)}"
    for (path, left), (_, right) in zip(ours, theirs, strict=True):
        try:
            check_equal(left, right, tolerance, same_dtype)
        except AssertionError as problem:
            return f"result{path}: " + " ".join(str(problem).split())
    return ""


def check_equal(found: Any, wanted: Any, tolerance: float, same_dtype: bool) -> None:
    left, right = numpy.asarray(found), numpy.asarray(wanted)
    assert left.shape == right.shape, f"shape {left.shape} instead of {right.shape}"
    if isinstance(wanted, numpy.ndarray) and same_dtype:
        assert left.dtype == right.dtype, f"{left.dtype} instead of {right.dtype}"
    scale = numpy.max(numpy.abs(right[numpy.isfinite(right)]), initial=0)
    numpy.testing.assert_allclose(left, right, tolerance, tolerance * float(scale))


def elsewhere(found: Any, wanted: Any, device: str) -> list[str]:
    """The results that are NumPy's arrays for NumPy's, and no arrays of the device for ours."""
    pairs = zip(leaves(found), leaves(wanted), strict=True)
    return [
        f"result{path}: {type(ours).__name__}"
        for (path, ours), (_, theirs) in pairs
        if isinstance(theirs, numpy.ndarray | numpy.generic) and not held(ours, device)
    ]


def held(leaf: Any, device: str) -> bool:
    return isinstance(leaf, Array) and str(leaf.device) == device


def outcome(label: str, case: Case, put: Put, dtype: str, device: str) -> dict[str, Any]:
    """What is wrong with the values, and which arrays are not where they should be."""
    try:
        wanted = case(Data(numpy.array, dtype))
        with sklearn.config_context(array_api_dispatch=True):
            found = case(Data(put, dtype))
        tolerance = TOLERANCE.get(label, TOLERANCE[""])[dtype]
        error = compared(found, wanted, tolerance, label not in WIDENED_FROM_NUMPY)
        return {"error": error, "elsewhere": [] if error else elsewhere(found, wanted, device)}
    except Exception as problem:
        place = traceback.extract_tb(problem.__traceback__)[-1]
        text = f"{type(problem).__name__}: {problem} ({place.filename}:{place.lineno})"
        return {"error": text, "elsewhere": []}


def main(name: str, library: str, every: str, *dtypes: str) -> None:
    warnings.simplefilter("ignore")
    xp = isthmus.namespace(name, device="cpu" if name == "gpu" else None)
    cases = import_module(f"{library}_cases").CASES
    chosen = list(cases)[:: int(every)]
    outcomes = {
        label: {dtype: outcome(label, cases[label], xp.asarray, dtype, name) for dtype in dtypes}
        for label in chosen
    }
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
