"""A report: result files in, verdict, tables, plot and environment out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import NothingMeasured

from . import speedup
from .cost import Cost, costs, unpriced
from .cost_table import cost_table, price_table
from .display import Table
from .environment import Environment, environment
from .prices import DEFAULT_INSTANCES, Price, choose, read_prices
from .results import read_all
from .speedup import Row
from .speedup_table import speedup_table, verdict, warnings


@dataclass(frozen=True)
class Report:
    """All that is said, before it is laid out."""

    verdict: str
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    costs: tuple[Cost, ...]
    tables: tuple[Table, ...]
    environment: tuple[Environment, ...]


def build_report(
    files: Sequence[str | Path],
    *,
    prices: str | Path | None = None,
    instances: Sequence[str] = (),
    utilisation: float = 1.0,
) -> Report:
    """Read the files and work out every table.

    `prices`: a CSV file, all of whose rows are used; without it ours, of which a short selection.
    Errors: `FileError`, `UsageError`, `NothingMeasured` for files without a benchmark.
    """
    read = read_all(files)
    if not any(file.results for file in read):
        raise NothingMeasured("no benchmark in the files given; run `isthmus bench` first")
    rows, chosen = speedup.rows(read), _prices(prices, instances)
    priced = costs(read, chosen, utilisation)
    return Report(
        verdict=verdict(rows),
        warnings=warnings(rows),
        rows=rows,
        costs=priced,
        tables=(
            speedup_table(rows),
            cost_table(priced, unpriced(read, chosen)),
            price_table(priced),
        ),
        environment=tuple(map(environment, read)),
    )


def _prices(file: str | Path | None, instances: Sequence[str]) -> tuple[Price, ...]:
    every = read_prices(file)
    if file is not None and not instances:
        return every
    return choose(every, instances or DEFAULT_INSTANCES)
