"""How well it was measured: rounds, discarded windows, steadiness, processors used, the timer.

What is as it should be is one line; each result that is not has a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from isthmus.reports.display import ABSENT, Cell, Table, label
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import Process

__all__ = ["quality_table", "warnings"]

CPU_LIMIT = 1.05  # times the threads: above it, more ran than the budget
COARSE = 0.01  # of the median: a timer that shows a hundredth of it moves the figure
HEADERS = (
    "workload",
    "variant",
    "scenario",
    "rounds",
    "discarded windows",
    "bad, kept",
    "not steady",
    "CPU/wall",
    "cores",
)
KEPT = "Bad, kept: every window of a process was disturbed, so that none could be discarded."


def quality_table(files: Sequence[ResultFile]) -> Table:
    """The results that were not measured as they should be, and a line per file."""
    every = [result for file in files for result in file.results if result.processes]
    faulty = [result for result in every if _faulty(result)]
    return Table(
        title="Measurement quality",
        headers=tuple(map(Cell, HEADERS)),
        rows=tuple(map(_cells, faulty)),
        left=3,
        notes=(
            *(_line(file) for file in files if any(r.processes for r in file.results)),
            *((KEPT,) if _bad(faulty) else ()),
        ),
    )


def warnings(files: Sequence[ResultFile]) -> tuple[str, ...]:
    """A line per file that was interrupted or disturbed, per broken budget, per coarse timer."""
    lines = [
        f"{Path(file.path).name}: interrupted; it has the rounds that were finished."
        for file in files
        if file.interrupted
    ]
    lines += [_disturbed(file) for file in files if _bad(file.results)]
    every = [result for file in files for result in file.results]
    lines += [_over_budget(result) for result in every if _busy(result)]
    lines += [_coarse(result) for result in every if _blurred(result)]
    return tuple(lines)


def _disturbed(file: ResultFile) -> str:
    every = [process for result in file.results for process in result.processes]
    bad = sum(bool(process.bad) for process in every)
    what = f"{bad} of {len(every)} processes were disturbed all the time"
    return f"{Path(file.path).name}: {what} ({_reasons(_bad(file.results))}); measure again."


def _faulty(result: Result) -> bool:
    loose = _unbound(result) or _busy(result) or _blurred(result)
    return loose or bool(_discarded([result]) or _bad([result]) or _unsteady(result))


def _cells(result: Result) -> tuple[Cell, ...]:
    processes, cores = result.processes, _known(p.cores for p in result.processes)
    return (
        Cell(result.workload),
        Cell(label(result.variant)),
        Cell(result.scenario),
        Cell(str(len(result.rounds))),
        Cell(_reasons(_discarded([result]))),
        Cell(_reasons(_bad([result]))),
        Cell(f"{_unsteady(result)} of {len(processes)}" if _unsteady(result) else "0"),
        Cell(_highest(_known(process.cpu_per_wall for process in processes))),
        Cell(f"{max(cores):g}" if cores else ABSENT),
    )


def _line(file: ResultFile) -> str:
    """`results.json: 6 rounds; equal threads: 2, bound; ...`, naming only what is known."""
    results = [result for result in file.results if result.processes]
    processes = [process for result in results for process in result.processes]
    unsteady, discarded, bad = sum(map(_unsteady, results)), _discarded(results), _bad(results)
    timers = _known(process.timer_resolution_seconds for process in processes)
    facts = (
        f"{_span(len(result.rounds) for result in results)} rounds",
        _threads(results),
        f"{unsteady} of {len(processes)} processes not steady" if unsteady else "all steady",
        f"windows discarded: {_reasons(discarded)}" if discarded else "no window discarded",
        *([f"bad windows kept: {_reasons(bad)}"] if bad else []),
        f"at most {_highest(_known(p.cpu_per_wall for p in processes))} processors used",
        f"timer resolution {1e9 * max(timers):.0f} ns" if timers else "timer resolution not known",
    )
    return f"{Path(file.path).name}: {'; '.join(facts)}."


def _threads(results: Sequence[Result]) -> str:
    """`equal threads: 2, bound`, or how they differ."""
    threads = sorted({result.threads for result in results if result.threads is not None})
    bound = "not bound" if any(map(_unbound, results)) else "bound"
    if not threads or any(result.threads is None for result in results):
        return "threads not given"
    kind = "equal" if len(threads) == 1 else "unequal"
    return f"{kind} threads: {', '.join(map(str, threads))}, {bound}"


def _unbound(result: Result) -> bool:
    """True where a process could run on more or fewer processors than threads, or did not say."""
    known = result.threads is not None
    return known and any(process.cores != result.threads for process in result.processes)


def _busy(result: Result) -> bool:
    used = _known(process.cpu_per_wall for process in result.processes)
    return bool(used and result.threads) and max(used) > CPU_LIMIT * (result.threads or 0)


def _over_budget(result: Result) -> str:
    used = _highest(_known(process.cpu_per_wall for process in result.processes))
    what = f"{_name(result)} kept {used} processors busy with a budget of {result.threads} threads"
    return f"{what}; its speed is not that of the budget."


def _blurred(result: Result) -> bool:
    timers = _known(process.timer_resolution_seconds for process in result.processes)
    return bool(timers) and max(timers) > COARSE * result.median_seconds


def _coarse(result: Result) -> str:
    return f"{_name(result)}: the timer's resolution is above {COARSE:.0%} of the median time."


def _name(result: Result) -> str:
    return f"{result.workload}, {label(result.variant)}"


def _discarded(results: Iterable[Result]) -> Counter[str]:
    """Windows thrown away, by reason."""
    return _sum(process.windows.discarded for result in results for process in result.processes)


def _bad(results: Iterable[Result]) -> Counter[str]:
    """Windows that were bad and kept, because all were, by reason."""
    return _sum(process.bad for result in results for process in result.processes)


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return +total


def _unsteady(result: Result) -> int:
    return sum(_not_steady(process) for process in result.processes)


def _not_steady(process: Process) -> bool:
    return process.warm_up.steady is False


def _reasons(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) or "0"


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _highest(values: Sequence[float]) -> str:
    return f"{max(values):.2f}" if values else ABSENT


def _span(counts: Iterable[int]) -> str:
    known = sorted(set(counts))
    return str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"
