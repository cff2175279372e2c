"""The part of docs/conformance.md about ONNX, from the verdicts of `onnx_nodes.py`.

python tests/conformance/onnx_page.py RESULT.json
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGINS = "## ONNX's own cases"
BODIES = "functions' bodies written out"
# Why a number is another, by the end of a case's name.
WHY = {
    "dynamicquantizelinear": "OpenVINO divides by a reciprocal, so that a tie is rounded up",
    "dynamicquantizelinear_expanded": "the same",
    "fp16_expanded": "the last digit of a sum in half precision, whose order the case does not say",
}
Rows = Mapping[str, Sequence[Any]]  # name -> verdict, reason, operator, whether it is plain

HEAD = (
    "{begins}\n\n"
    "The node cases that the package `onnx` makes, each imported by `isthmus.load` and run eagerly "
    "on NumPy, compiled for OpenVINO, and\ncompiled for ONNX Runtime's CPU provider: `python "
    "tests/conformance/onnx_nodes.py --backend numpy,cpu,gpu`\nof "
    "[{name}](../reports/results/{name}), with {versions}.\n"
    "A case is right if all its results have the dtype, the shape and the numbers, by "
    "ONNX's own tolerances. Inputs that say a shape or an axis\nare fixed before a program is "
    "compiled. `Plain` are the cases of float32, int32, int64 and bool alone that are no\n"
    "function's body written out. Cases that are not right are below, each with its reason.\n"
)


def written(document: Mapping[str, Any], name: str) -> str:
    backends: Mapping[str, Rows] = document["verdicts"]
    versions = ", ".join(f"{key} {value}" for key, value in document["versions"].items())
    parts = [HEAD.format(begins=BEGINS, name=name, versions=versions)]
    parts += [_totals(backends), _by_operator(backends), _reasons(backends)]
    return "\n".join(parts)


def _totals(backends: Mapping[str, Rows]) -> str:
    lines = ["| | " + " | ".join(backends) + " |", "|---" * (len(backends) + 1) + "|"]
    for title, chosen in (("plain", True), ("all whose types NumPy has", False)):
        cells = []
        for rows in backends.values():
            counted = [row for row in rows.values() if row[3] or not chosen]
            right = sum(row[0] == "right" for row in counted)
            cells.append(f"{right} of {len(counted)}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _by_operator(backends: Mapping[str, Rows]) -> str:
    counts = {name: _counts(rows) for name, rows in backends.items()}
    operators = sorted(next(iter(counts.values())))
    partly = [o for o in operators if any(len(set(c[o])) > 1 for c in counts.values())]
    whole = [o for o in operators if o not in partly]
    lines = ["| operator | " + " | ".join(backends) + " |", "|---" * (len(backends) + 1) + "|"]
    for operator in partly:
        cells = " | ".join(f"{c[operator][0]} of {c[operator][1]}" for c in counts.values())
        lines.append(f"| {operator} | {cells} |")
    every = ", ".join(f"{o} {counts[next(iter(counts))][o][1]}" for o in whole)
    return f"All cases are right on all three of: {every}.\n\nOf the others:\n\n" + "\n".join(lines)


def _counts(rows: Rows) -> dict[str, tuple[int, int]]:
    named = [(BODIES if "_expanded" in name else row[2], row[0]) for name, row in rows.items()]
    every = Counter(operator for operator, _ in named)
    right = Counter(operator for operator, verdict in named if verdict == "right")
    return {operator: (right[operator], count) for operator, count in every.items()}


def _reasons(backends: Mapping[str, Rows]) -> str:
    """Each case that is not right, those of one reason in one line."""
    found: dict[tuple[str, str], list[str]] = {}
    for backend, rows in backends.items():
        for name, (verdict, reason, *_) in rows.items():
            if verdict != "right":
                why = next((f"; {WHY[end]}" for end in WHY if name.endswith(end)), "")
                key = name.removeprefix("test_"), f"{verdict}: {_plain(reason)}{why}"
                found.setdefault(key, []).append(backend)
    by_reason: dict[tuple[str, str], list[str]] = {}
    for (name, reason), where in found.items():
        by_reason.setdefault((", ".join(where), reason), []).append(name)
    lines = [f"* {where}: {', '.join(names)}: {reason}" for (where, reason), names in
             sorted(by_reason.items())]  # fmt: skip
    return "\n" + "\n".join(lines) + "\n"


def _plain(reason: str) -> str:
    """Without numbers that differ from run to run, in the characters of a page."""
    text = re.sub(r"(\w)__\d+", r"\1", " ".join(reason.split()))
    text = re.sub(r"^/model\.onnx: ", "", text)
    return re.sub(r"([\[\]|*<>])", r"\\\1", text[:200])


def main(file: str) -> None:
    document = json.loads(Path(file).read_text())
    page = PAGE.read_text()
    before = page.partition(BEGINS)[0].rstrip("\n")
    PAGE.write_text(f"{before}\n\n{written(document, Path(file).name)}")


if __name__ == "__main__":
    main(sys.argv[1])
