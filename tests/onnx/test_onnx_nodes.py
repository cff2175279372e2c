"""ONNX's own node cases, in eight parts: none is worse than in the result that the pages quote."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

sys.path.append(str(Path(__file__).parents[1] / "conformance"))

from onnx_nodes import cases, verdict

PARTS = 8
FINE = ("right", "undecided")


@cache
def every_case() -> list[Any]:
    return list(cases())


@cache
def published() -> Any:
    newest = max((ROOT / "reports" / "results").glob("onnx-nodes-*.json"))
    return json.loads(newest.read_text())["verdicts"]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("backend", ["numpy", "cpu", "gpu"])
def test_cases_are_what_they_were(backend: str, part: int) -> None:
    known, worse = published()[backend], {}
    for case in every_case()[part::PARTS]:
        found, why = verdict(case, backend)
        before = known.get(case.name, ["refused"])[0]
        if found not in FINE and (before in FINE or found == "failed"):
            worse[case.name] = found, why
    assert not worse
