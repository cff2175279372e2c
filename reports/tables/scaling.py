"""How calls a second grow with processes side by side, and where the memory's bandwidth ends it.

    efficiency of k = rate of k / (k * rate of one)
    dollars against one = rate of one / rate of k, on a machine that is paid for either way
    memory's share = rate of k * bytes of a call / rate of the memory that holds them

The rates of k and of one are compared turn by turn, as everything that was measured in turns. Bytes
are those that a call moves at least: inputs, outputs and weights once (`efficiency.least_bytes`);
each copy has its own, so that k of them have to fit into a cache to come from it. A call may move
more, so that the share is the least there is, and the memory ends scaling no later than where it
reaches 1: at memory's rate / (rate of one * bytes) processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.turns import log_ratio_by_turns
from isthmus.reports.files.variants import alone
from isthmus.reports.stats.intervals import LogRatio
from isthmus.system.extras import require

from .efficiency import least_bytes

if TYPE_CHECKING:
    import pandas

__all__ = ["SCALING", "ScalingRow", "frame", "scaling_rows", "sold"]

SCALING = "scaling"  # the scenario of a result
LEAST_SHARE = 0.5  # of the memory's rate, from which memory is what is short
WHOLE = 0.95  # of the efficiency: what may be more is taken to scale


@dataclass(frozen=True)
class ScalingRow:
    """So many copies of a variant beside one; `speedup` is rate of all / rate of one.

    gb_per_s: that all move at least; memory_share: of the rate of the level that holds it;
    memory_ends: the number of processes that would use up the rate beyond the caches. None: not
    known, as of one (speedup), or of files without peaks.
    """

    file: ResultFile
    result: Result
    variant: str
    copies: int
    calls_per_s: float
    speedup: LogRatio | None
    gb_per_s: float | None
    memory_share: float | None
    memory_ends: float | None

    @property
    def efficiency(self) -> tuple[float, float, float] | None:
        """Its value and the ends of its 95 % interval; None for one copy."""
        if self.speedup is None:
            return None
        low, high = self.speedup.interval()
        return self.speedup.ratio / self.copies, low / self.copies, high / self.copies

    @property
    def ended_by(self) -> str:
        """What is short: "memory", "another", "nothing yet"; "unknown" without the bytes."""
        if self.efficiency is None:
            return "unknown" if self.copies > 1 else ""
        if self.efficiency[2] >= WHOLE:
            return "nothing yet"
        if self.memory_share is None:
            return "unknown"
        return "memory" if self.memory_share >= LEAST_SHARE else "another"


def scaling_rows(files: Sequence[ResultFile]) -> tuple[ScalingRow, ...]:
    """A row per result of copies, each beside one copy in the same file; those without are left
    out."""
    return tuple(row for file in files for row in _of_file(file))


def sold(files: Sequence[ResultFile]) -> tuple[ResultFile, ...]:
    """The files without copies of which the same file has more.

    A price is of full machines, for which the fewer would be multiplied as if none slowed another.
    """
    return tuple(replace(file, results=tuple(_most(file))) for file in files)


def _most(file: ResultFile) -> Iterator[Result]:
    most: dict[tuple[object, ...], int] = {}
    for one in file.results:
        if one.scenario == SCALING:
            most[_work(one)] = max(most.get(_work(one), 0), one.copies or 0)
    for one in file.results:
        if one.scenario != SCALING or (one.copies or 0) == most[_work(one)]:
            yield one


def frame(rows: Sequence[ScalingRow]) -> pandas.DataFrame:
    """The rows as a tidy table, unrounded."""
    require("report", "pandas")
    import pandas

    table = pandas.DataFrame([_record(row) for row in rows], columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("batch", "copies"), "Int64"))


def _of_file(file: ResultFile) -> Iterator[ScalingRow]:
    copies = [one for one in file.results if one.scenario == SCALING and one.copies]
    ones = {_work(one): one for one in copies if one.copies == 1}
    for result in copies:
        if (one := ones.get(_work(result))) is not None:
            yield _row(file, result, one)


def _work(result: Result) -> tuple[object, ...]:
    """What results of different numbers of copies share."""
    variant = alone(result.variant)
    return result.workload, variant, result.batch, result.sequence, result.precision


def _row(file: ResultFile, result: Result, one: Result) -> ScalingRow:
    count, moved = result.copies or 1, least_bytes(result)
    rate, of_one = _calls_per_s(result), _calls_per_s(one)
    line = file.roofline
    roof = line.gb_per_s_of(count * moved) if line and moved else None
    beyond = line.gb_per_s_of(float("inf")) if line else None
    gb_per_s = rate * moved / 1e9 if moved else None
    return ScalingRow(
        file=file,
        result=result,
        variant=alone(result.variant),
        copies=count,
        calls_per_s=rate,
        speedup=None if result is one else _speedup(one, result),
        gb_per_s=gb_per_s,
        memory_share=gb_per_s / roof if gb_per_s and roof else None,
        memory_ends=1e9 * beyond / (of_one * moved) if beyond and moved else None,
    )


def _speedup(one: Result, many: Result) -> LogRatio | None:
    """Of rates, which is that of seconds the other way round; None of fewer than three rounds,
    or where a round has no good turn of both.

    Where one of them failed in a later round, those before it are compared.
    """
    count = min(len(one.rounds), len(many.rounds))
    return log_ratio_by_turns(*(_first(count, result) for result in (one, many)))


def _first(count: int, result: Result) -> Result:
    return replace(result, rounds=result.rounds[:count], processes=result.processes[:count])


def _calls_per_s(result: Result) -> float:
    return result.requests_per_second / result.batch


def _record(row: ScalingRow) -> dict[str, object]:
    value, low, high = row.efficiency or (None, None, None)
    return {
        "workload": row.result.workload,
        "variant": row.variant,
        "batch": row.result.batch,
        "sequence": row.result.sequence,
        "precision": row.result.precision,
        "copies": row.copies,
        "calls_per_s": row.calls_per_s,
        "speedup": row.speedup.ratio if row.speedup else None,
        "efficiency": value,
        "low": low,
        "high": high,
        "gb_per_s": row.gb_per_s,
        "memory_share": row.memory_share,
        "memory_ends": row.memory_ends,
        "ended_by": row.ended_by,
        "machine": row.file.machine.cpu_model,
        "file": row.file.path,
    }


COLUMNS = (
    *("workload", "variant", "batch", "sequence", "precision", "copies", "calls_per_s"),
    *("speedup", "efficiency", "low", "high", "gb_per_s", "memory_share", "memory_ends"),
    *("ended_by", "machine", "file"),
)
