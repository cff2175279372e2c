"""docs/conformance.md from the results of the suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

# Items of the suite that ask for another value than NumPy's, where NumPy's stands. An item counts
# as one of them only if the package NumPy fails it as well.
NUMPYS_VALUE: Mapping[str, str] = {
    "*floordiv__(*infinity*": "floor_divide with an infinity; NumPy computes (x - x % y) / y",
    "*floor_divide(*infinity*": "floor_divide with an infinity; NumPy computes (x - x % y) / y",
    "*expm1(*real(x_i)*": "expm1 of a complex number with an infinite, NaN or zero part",
    "*tanh(*real(x_i)*": "tanh of a complex number with an infinite part",
}

ONNX = "## ONNX's own cases"  # the rest of the page, which `onnx_page.py` writes

_HEAD = """# Conformance with the Array API standard

What the standard's own suite (data-apis/array-api-tests) finds for the three namespaces
`isthmus.namespace("numpy")`, `("cpu")` and `("gpu", device="cpu")`, the last on ONNX Runtime's CPU
provider; on CUDA it is not measured. Made by `tests/conformance/measure.py` from
`reports/results/{results}`, with {versions}. Each cell is passed / failed / skipped; `NumPy itself`
is the package NumPy under the same suite, examples and options
(`--max-examples {examples} --derandomize --disable-deadline`).

Where NumPy and the standard disagree on a value, NumPy's stands; those items are listed at the
end, one by one. Where the standard only adds a keyword or a member, both are offered.
"""


def write_page(results: Mapping[str, Any], name: str, path: Path) -> None:
    """The tables, a suite and version each, then the failures by reason."""
    runs: list[dict[str, Any]] = results["runs"]
    versions = ", ".join(f"{key} {value}" for key, value in results["versions"].items())
    examples = "/".join(sorted({str(run["max_examples"]) for run in runs}))
    parts = [_HEAD.format(results=name, versions=versions, examples=examples)]
    for revision, version in sorted({(run["revision"], run["version"]) for run in runs}):
        chosen = [r for r in runs if (r["revision"], r["version"]) == (revision, version)]
        parts.append(f"## Suite {revision}, standard {version}\n\n{_table(chosen)}\n")
    parts.append(_failures(runs))
    kept = path.read_text().partition(ONNX) if path.exists() else ("", "", "")
    path.write_text("\n".join(parts) + "".join(("\n", *kept[1:]) if kept[1] else ()))


def _table(runs: Sequence[Mapping[str, Any]]) -> str:
    order = ["numpy", "cpu", "gpu", "numpy-itself"]
    runs = sorted(runs, key=lambda run: order.index(run["namespace"]))
    names = [run["namespace"].replace("numpy-itself", "NumPy itself") for run in runs]
    lines = [f"| file | {' | '.join(names)} |", "|---" * (len(runs) + 1) + "|"]
    for file in runs[0]["files"]:
        cells = [_cell(run["files"].get(file, {})) for run in runs]
        lines.append(f"| {file.removeprefix('test_')} | {' | '.join(cells)} |")
    total = [f"**{_cell(run['total'])}**" for run in runs]
    return "\n".join([*lines, f"| **total** | {' | '.join(total)} |"])


def _cell(counts: Mapping[str, int]) -> str:
    return " / ".join(str(counts.get(outcome, 0)) for outcome in ("passed", "failed", "skipped"))


def _failures(runs: Sequence[Mapping[str, Any]]) -> str:
    """What failed on our namespaces: NumPy's values, and defects."""
    failed: dict[str, set[str]] = {}
    for run in runs:
        if run["namespace"] != "numpy-itself":
            for item in run["failed"]:
                failed.setdefault(item, set()).add(run["namespace"])
    numpys = {item for run in runs if run["namespace"] == "numpy-itself" for item in run["failed"]}
    known = {item: why for item in failed if item in numpys and (why := _reason(item))}
    lines = ["## NumPy's value stands", ""]
    lines += [f"* `{item}` ({_where(failed[item])}): {known[item]}" for item in sorted(known)]
    lines += ["", "## Defects", ""]
    others = sorted(set(failed) - set(known))
    lines += [f"* `{item}` ({_where(failed[item])})" for item in others] or ["None."]
    return "\n".join([*lines, ""])


def _where(namespaces: set[str]) -> str:
    return ", ".join(sorted(namespaces))


def _reason(item: str) -> str | None:
    return next((why for glob, why in NUMPYS_VALUE.items() if fnmatchcase(item, glob)), None)
