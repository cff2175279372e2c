"""scikit-learn and SciPy, unmodified, on the arrays of `isthmus.namespace`: the numbers of NumPy's.

The cases are the tables of `consumers/sklearn_cases.py` and `consumers/scipy_cases.py`. Each
library runs them in a process of its own, once for a namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ["SCIPY_ARRAY_API"] = "1"  # before anything imports SciPy

import scipy_cases
import sklearn_cases
from consumer_data import NUMPY_FOR_ALL

FOLDER = Path(__file__).parent
LIBRARIES = {"sklearn": list(sklearn_cases.CASES), "scipy": list(scipy_cases.CASES)}

# For each namespace: every case or every so many, and the dtypes of the data.
RUNS = {
    "cpu": (1, ("float32", "float64")),
    "numpy": (1, ("float64",)),
    "gpu": (4, ("float32",)),
}


@cache
def outcomes(name: str) -> dict[str, dict[str, Any]]:
    """What came of each case on a namespace, by dtype; the libraries run beside each other."""
    every, dtypes = RUNS[name]
    found: dict[str, dict[str, Any]] = {}
    program = [sys.executable, str(FOLDER / "run_consumers.py"), name]
    running = [
        subprocess.Popen(
            [*program, library, str(every), *dtypes], stdout=subprocess.PIPE, cwd=FOLDER
        )
        for library in LIBRARIES
    ]
    for process in running:
        text, _ = process.communicate(timeout=600)
        assert process.returncode == 0
        found.update(json.loads(text))
    return found


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param(
            name,
            label,
            marks=pytest.mark.skipif(
                name == "gpu" and find_spec("onnxruntime") is None,
                reason="backend gpu needs ONNX Runtime",
            ),
        )
        for name, (every, _) in RUNS.items()
        for labels in LIBRARIES.values()
        for label in labels[::every]
    ],
)
def test_results_are_those_of_numpys_arrays(name: str, label: str) -> None:
    for dtype, outcome in outcomes(name)[label].items():
        assert not outcome["error"], f"{dtype}: {outcome['error']}"
        if label not in NUMPY_FOR_ALL:
            assert not outcome["elsewhere"], f"{dtype}: no arrays on {name}: {outcome['elsewhere']}"
