"""Runs the Array API standard's conformance suite on the namespaces, and writes what it found.

    python tests/conformance/measure.py path/to/array-api-tests [another checkout] \
        [--namespaces numpy cpu gpu] [--versions 2024.12 2025.12] [--max-examples 100] [--jobs 2]

A checkout is of https://github.com/data-apis/array-api-tests with its submodule. Results go to
reports/results/conformance-DATE.json after every run, and the pages' tables to
docs/conformance.md. `gpu` is ONNX Runtime's CPU provider; `numpy-itself` is the NumPy package.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import product
from pathlib import Path
from threading import Lock
from typing import Any
from xml.etree import ElementTree

from page import write_page

ROOT = Path(__file__).parents[2]
MODULES = {
    "numpy": 'exec(\'import isthmus; xp = isthmus.namespace("numpy", api_version="{v}")\')',
    "cpu": 'exec(\'import isthmus; xp = isthmus.namespace("cpu", api_version="{v}")\')',
    "gpu": 'exec(\'import isthmus; xp = isthmus.namespace("gpu", device="cpu", '
    'api_version="{v}")\')',
    "numpy-itself": "numpy",
}
OPTIONS = ["-q", "-p", "no:cacheprovider", "--derandomize", "--disable-deadline"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Every combination of checkout, version and namespace, then the page."""
    given = _parser().parse_args(arguments)
    path = given.results or ROOT / f"reports/results/conformance-{date.today()}.json"
    results = json.loads(path.read_text()) if path.exists() else {"runs": []}
    lock = Lock()

    def one(combination: tuple[Path, str, str]) -> None:
        found = measure(*combination, given.max_examples)
        with lock:
            _put(results["runs"], found)
            results["versions"] = _versions()
            path.write_text(json.dumps(results, indent=1) + "\n")
            print(found["revision"], found["version"], found["namespace"], found["total"])

    combinations = product(given.checkouts, given.versions, given.namespaces)
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(one, combinations))
    write_page(results, path.name, ROOT / "docs/conformance.md")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="*", type=Path)
    parser.add_argument("--namespaces", nargs="+", default=list(MODULES), choices=MODULES)
    parser.add_argument("--versions", nargs="+", default=["2024.12", "2025.12"])
    parser.add_argument("--max-examples", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path)
    return parser


def measure(checkout: Path, version: str, namespace: str, max_examples: int) -> dict[str, Any]:
    """The outcome of every item of the suite, counted by file; the ids of those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = {
            **os.environ,
            "ARRAY_API_TESTS_MODULE": MODULES[namespace].replace("{v}", version),
            "ARRAY_API_TESTS_VERSION": version,
        }
        examples = f"--max-examples={max_examples}"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "array_api_tests",
            *OPTIONS,
            examples,
            f"--junitxml={report}",
        ]
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True)
        if not report.exists():
            raise SystemExit(f"the suite did not run: {done.stdout.decode()[-2000:]}")
        cases = list(ElementTree.parse(report).iter("testcase"))
    outcomes = [(case.get("classname", ""), _id(case), _outcome(case)) for case in cases]
    files = sorted({_file(name) for name, _, _ in outcomes})
    by_file = {f: Counter(o for name, _, o in outcomes if _file(name) == f) for f in files}
    return {
        "revision": _revision(checkout),
        "version": version,
        "namespace": namespace,
        "max_examples": max_examples,
        "files": by_file,
        "total": Counter(outcome for _, _, outcome in outcomes),
        "failed": sorted(item for _, item, outcome in outcomes if outcome == "failed"),
    }


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def _file(classname: str) -> str:
    """`array_api_tests.test_linalg` or `array_api_tests.test_x.TestY` -> the file's name."""
    return next(part for part in classname.split(".") if part.startswith("test_"))


def _id(case: ElementTree.Element) -> str:
    return f"{_file(case.get('classname', ''))}::{case.get('name')}"


def _revision(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "describe", "--tags", "--always"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _put(runs: list[dict[str, Any]], found: dict[str, Any]) -> None:
    """Replace the run of the same suite, version and namespace, or add it."""
    key = ("revision", "version", "namespace")
    runs[:] = [run for run in runs if any(run[k] != found[k] for k in key)]
    runs.append(found)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("hypothesis", "numpy", "onnxruntime", "openvino")}


if __name__ == "__main__":
    main()
