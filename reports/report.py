"""A report: result files in, verdict, tables and environment out; plots take their data from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import NothingMeasured

from . import history, quality_table, speedup, speedup_table
from .cost import Cost
from .cost_report import CostOptions, cost_tables
from .display import Table
from .efficiency import efficiency_table
from .environment import Environment, environment
from .foreign_names import Names
from .peers import PeerRow, peer_rows
from .peers_table import peers_tables
from .result import ResultFile
from .results import read_all
from .scenario_table import scenario_table
from .speedup import Row
from .startup_table import startup_table


@dataclass(frozen=True)
class Report:
    """All that is said, before it is laid out; `files` are all that were read, older ones too."""

    verdict: str
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    peers: tuple[PeerRow, ...]
    costs: tuple[Cost, ...]
    tables: tuple[Table, ...]
    environment: tuple[Environment, ...]
    files: tuple[ResultFile, ...]


def build_report(
    files: Sequence[str | Path],
    *,
    prices: str | Path | None = None,
    instances: Sequence[str] = (),
    utilisation: float = 1.0,
    p99_ms: float | None = None,
    region: str | None = None,
    price_model: str | None = None,
    price_date: str | None = None,
    names: Sequence[Names] = (),
) -> Report:
    """Read the files and work out every table.

    The options of prices are those of `CostOptions`; `names` are those of foreign files.
    Errors: `FileError`, `UsageError`, `NothingMeasured` for files without a benchmark.
    """
    options = CostOptions(
        prices,
        instances,
        utilisation,
        p99_ms,
        region=region,
        price_model=price_model,
        price_date=price_date,
    )
    return report_of(read_all(files, names), options)


def report_of(read: tuple[ResultFile, ...], options: CostOptions) -> Report:
    """The report of files that are read; `NothingMeasured` where they hold no benchmark."""
    if not any(file.results for file in read):
        raise NothingMeasured("no benchmark in the files given; run `isthmus bench` first")
    rows, peers, newest = speedup.rows(read), peer_rows(read), history.current(read)
    priced, money = cost_tables(newest, options)
    return Report(
        verdict=speedup_table.verdict(rows),
        warnings=(
            *speedup_table.warnings(rows),
            *quality_table.warnings(newest),
            *history.said(read),
        ),
        rows=rows,
        peers=peers,
        costs=priced,
        tables=(
            speedup_table.speedup_table(rows),
            *peers_tables(peers, read),
            scenario_table(newest),
            *money,
            efficiency_table(newest),
            startup_table(newest),
            quality_table.quality_table(newest),
        ),
        environment=tuple(map(environment, read)),
        files=read,
    )
