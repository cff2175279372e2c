"""What a variant costs before it is fast: load, compile, first inference; and its memory."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.reports.display import ABSENT, Cell, Facts, Table, facts, label, significant, split
from isthmus.reports.files.result import Result, ResultFile

__all__ = ["startup_table"]

SETTINGS = ("sequence", "batch", "precision", "threads")
ANSWERS = ("import s", "load s", "compile s", "first inference ms", "steady ms", "peak MiB")
MEANING = (
    "Import: of the runtime's package. Load: the file and its weights are read. Compile: what the "
    "runtime does before its first call. First inference: that call. Steady: the median call once "
    "times have settled. Peak: the largest resident memory of a process. A dash: not told apart, "
    "or not measured."
)


def startup_table(files: Sequence[ResultFile]) -> Table:
    """A row per result that says any of it; what was not measured is a dash."""
    every = [
        (file, result)
        for file in files
        for result in file.results
        if result.one_by_one and any(_known(result))
    ]
    shared, varying = split([_facts(*pair) for pair in every])
    return Table(
        title="Start and memory",
        headers=tuple(map(Cell, ("workload", "variant", *ANSWERS, *varying))),
        rows=tuple(_cells(file, result, varying) for file, result in every),
        left=2,
        shared=shared,
        notes=(MEANING,) if every else (),
    )


def _known(result: Result) -> tuple[float | None, ...]:
    before = (result.import_seconds, result.load_seconds, result.compile_seconds)
    return (*before, result.first_inference_seconds, result.peak_memory_bytes)


def _facts(file: ResultFile, result: Result) -> Facts:
    return facts(result, SETTINGS) | {"machine": file.machine.cpu_model or ABSENT}


def _cells(file: ResultFile, result: Result, varying: Sequence[str]) -> tuple[Cell, ...]:
    imported, load, compiled, first, memory = _known(result)
    known = _facts(file, result)
    return (
        Cell(result.workload),
        Cell(label(result.variant)),
        _cell(imported),
        _cell(load),
        _cell(compiled),
        _cell(first, 1e3),
        _cell(result.median_seconds, 1e3),
        _cell(memory, 2**-20),
        *(Cell(known[name]) for name in varying),
    )


def _cell(value: float | None, unit: float = 1.0) -> Cell:
    return Cell(ABSENT if value is None else significant(value * unit))
