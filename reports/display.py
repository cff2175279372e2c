"""A table people read, as text cells; Markdown, HTML and the terminal only lay it out.

What is equal in every row (batch, precision, threads, ...) is said once above the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from isthmus.reports.stats.intervals import LogRatio

__all__ = [
    "ABSENT",
    "Cell",
    "Facts",
    "Table",
    "cut",
    "facts",
    "few_lines",
    "interval",
    "label",
    "ratio_cell",
    "readable",
    "significant",
    "split",
]

ABSENT = "-"
LABELS = {
    "numpy": "NumPy",
    "cpu": "Isthmus CPU",
    "cpu-named": "Isthmus CPU, named sizes",
    "gpu": "Isthmus GPU",
    "onnxruntime-cpu": "Isthmus ONNX CPU",
    "openvino-by-hand": "OpenVINO by hand",
    "onnxruntime-by-hand": "ONNX Runtime by hand",
    "torch-eager": "torch eager",
    "torch-compile": "torch.compile",
    "jax": "JAX",
    "mxnet-onednn": "MXNet oneDNN",
    "mxnet-plain": "MXNet plain",
    "auto": "Isthmus auto",
    "cpu-bf16": "Isthmus CPU bf16",
    "cpu-int8": "Isthmus CPU int8",
    "cpu-weights-int8": "Isthmus CPU int8 weights",
    "cpu-auto": "Isthmus CPU auto",
    "onnxruntime-cpu-bf16": "Isthmus ONNX CPU bf16",
    "onnxruntime-cpu-int8": "Isthmus ONNX CPU int8",
    "onnxruntime-cpu-weights-int8": "Isthmus ONNX CPU int8 weights",
    "onnxruntime-cpu-auto": "Isthmus ONNX CPU auto",
    "openvino-as-it-comes": "OpenVINO as it comes",
    "openvino-nncf-int8": "OpenVINO NNCF int8",
    "onnxruntime-dynamic-int8": "ONNX Runtime dynamic int8",
    "onnxruntime-static-int8": "ONNX Runtime static int8",
    "torch-eager-bf16": "torch eager bf16",
    "torch-compile-bf16": "torch.compile bf16",
    "sentence-transformers-openvino": "sentence-transformers",
    "benchmark-app": "benchmark_app",
    "onnxruntime-perf-test": "onnxruntime_perf_test",
}

Facts = dict[str, str]  # what a row's number depends on, by name


class Cell(NamedTuple):
    """Text, and a detail that may be set smaller."""

    text: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.detail}".strip()


@dataclass(frozen=True)
class Table:
    """Headers and rows of cells; `left` columns set flush left, `strong` rows set bold."""

    title: str
    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: int
    strong: frozenset[int] = frozenset()
    shared: str = ""
    notes: tuple[str, ...] = ()


def cut(table: Table, most: int, elsewhere: str) -> Table:
    """The first rows as far as there is room beside the strong ones, and a note of the others.

    elsewhere: where all of them are.
    """
    if len(table.rows) <= most:
        return table
    strong = sorted(table.strong)[: most // 2]
    plain = [at for at in range(len(table.rows)) if at not in table.strong]
    kept = sorted([*strong, *plain[: most - len(strong)]])
    note = f"{len(table.rows) - len(kept):,} more rows are left out here; {elsewhere}."
    return replace(
        table,
        rows=tuple(table.rows[at] for at in kept),
        strong=frozenset(to for to, at in enumerate(kept) if at in table.strong),
        notes=(note, *table.notes),
    )


def few_lines(lines: Sequence[str], most: int = 20) -> list[str]:
    """The first of the lines, and one that counts the others."""
    more = len(lines) - most
    return [*lines[:most], *([f"And {more:,} more like these."] if more > 0 else [])]


def label(variant: str) -> str:
    """The variant's name for readers."""
    return LABELS.get(variant, variant)


def significant(value: float, digits: int = 3) -> str:
    """1234.5 as 1,234 and 0.012345 as 0.0123."""
    if not math.isfinite(value) or value == 0:
        return str(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def ratio_cell(ratio: LogRatio | None, note: str = "") -> Cell:
    """`8.21×` and `[7.90, 8.52]`, or the reason why there is none."""
    if note == "reference":
        return Cell("1×", "reference")
    if ratio is None:
        return Cell(note or ABSENT)
    return Cell(f"{significant(ratio.ratio)}×", f"[{interval(ratio)}]")


def interval(ratio: LogRatio, between: str = ", ") -> str:
    """`7.90, 8.52`, or that none is known."""
    low, high = ratio.interval()
    if not math.isfinite(high):
        return "no interval"
    return f"{significant(low)}{between}{significant(high)}"


def facts(thing: object, names: Sequence[str]) -> Facts:
    """The named attributes as text; what does not apply is a dash."""
    values = {name: getattr(thing, name) for name in names}
    return {name: ABSENT if value in (None, "") else str(value) for name, value in values.items()}


def split(every: Sequence[Facts], keep: Sequence[str] = ()) -> tuple[str, list[str]]:
    """`(name value, ...)` of the facts that all rows share, and the names of the others."""
    names = list(every[0]) if every else []
    varying = [name for name in names if name in keep or len({row[name] for row in every}) > 1]
    alike = [name for name in names if name not in varying and every[0][name] != ABSENT]
    shared = ", ".join(f"{readable(name)} {every[0][name]}" for name in alike)
    return f"Every row: {shared}." if shared else "", varying


def readable(name: str) -> str:
    """A column's name for readers: `usd_per_hour` is `$/h`."""
    return "$/h" if name == "usd_per_hour" else name.replace("_", " ")
