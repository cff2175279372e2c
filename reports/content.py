"""A report: result files in, verdict, tables and environment out; plots take their data from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from isthmus.errors import NothingMeasured
from isthmus.reports.files.foreign_names import Names
from isthmus.reports.files.history.store import History
from isthmus.reports.files.history.store import read as read_store
from isthmus.reports.files.history.superseded import current, repeated
from isthmus.reports.files.result import ResultFile
from isthmus.reports.files.results import read_all
from isthmus.reports.money.cost import Cost
from isthmus.reports.money.cost_report import CostOptions, cost_tables
from isthmus.reports.money.plan import Demand, Plan, plans
from isthmus.reports.money.plan_table import plan_table
from isthmus.reports.tables import quality_table, speedup, speedup_table, trends_table
from isthmus.reports.tables.accuracy_table import accuracy_table
from isthmus.reports.tables.budget import BudgetRow, budget_rows
from isthmus.reports.tables.budget_table import budget_sentence, budget_table
from isthmus.reports.tables.efficiency import efficiency_table
from isthmus.reports.tables.environment import Environment, environment
from isthmus.reports.tables.peers import PeerRow, peer_rows
from isthmus.reports.tables.peers_table import peers_tables
from isthmus.reports.tables.scaling import ScalingRow, scaling_rows, sold
from isthmus.reports.tables.scaling_table import scaling_table
from isthmus.reports.tables.scenario_table import scenario_table
from isthmus.reports.tables.speedup import Row
from isthmus.reports.tables.startup_table import startup_table
from isthmus.reports.tables.trends import Trend, trends

from .display import Table

__all__ = ["Report", "build_report"]


@dataclass(frozen=True)
class Report:
    """All that is said, before it is laid out; `files` are all that were read, older ones too.

    trends: the runs of a history on the machine of the files, or on every machine without files.

    >>> from isthmus import reports
    >>> report = reports.build_report(["head.json"])
    >>> report.tables[0].title
    'Speedup over native NumPy'
    """

    verdict: str
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    peers: tuple[PeerRow, ...]
    costs: tuple[Cost, ...]
    tables: tuple[Table, ...]
    environment: tuple[Environment, ...]
    files: tuple[ResultFile, ...]
    trends: tuple[Trend, ...] = ()
    budget: tuple[BudgetRow, ...] = ()
    scaling: tuple[ScalingRow, ...] = ()
    plans: tuple[Plan, ...] = ()


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
    stored: str | Path | None = None,
    demand: Demand | None = None,
) -> Report:
    """Read the files and work out every table.

    The options of prices are those of `CostOptions`; `names` are those of foreign files; `stored`
    is a history's folder, whose runs are shown with the files or alone; `demand` is planned.
    Errors: `FileError`, `UsageError`, `NothingMeasured` for files without a benchmark, and
    `BackendMissing` for a history where ruptures is not installed.

    >>> from isthmus import reports
    >>> print(reports.build_report(["head.json"]).verdict.split(" (")[0])
    Isthmus CPU is 3.14× as fast as native NumPy
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
    if stored is None:
        return report_of(read_all(files, names), options, demand)
    if not files:
        return _over_time(read_store(stored), stored)
    return _with_history(report_of(read_all(files, names), options, demand), stored)


def report_of(
    read: tuple[ResultFile, ...], options: CostOptions, demand: Demand | None = None
) -> Report:
    """The report of files that are read; `NothingMeasured` where they hold no benchmark."""
    if not any(file.results for file in read):
        raise NothingMeasured("no benchmark in the files given; run `isthmus bench` first")
    rows, peers, newest = speedup.rows(read), peer_rows(read), current(read)
    budget, scaling = budget_rows(read), scaling_rows(newest)
    priced, money = cost_tables(sold(newest), options)
    planned = plans(newest, priced, demand) if demand else ()
    return Report(
        verdict=" ".join(filter(None, [speedup_table.verdict(rows), budget_sentence(budget)])),
        warnings=(
            *speedup_table.warnings(rows),
            *quality_table.warnings(newest),
            *repeated(read),
            *(line for file in read for line in file.left_out),
        ),
        rows=rows,
        peers=peers,
        costs=priced,
        tables=(
            speedup_table.speedup_table(rows),
            budget_table(budget),
            accuracy_table(newest),
            *peers_tables(peers, read),
            scenario_table(newest),
            scaling_table(scaling, priced),
            *money,
            *((plan_table(planned, demand),) if demand else ()),
            efficiency_table(newest),
            startup_table(newest),
            quality_table.quality_table(newest),
        ),
        environment=tuple(map(environment, read)),
        files=read,
        budget=budget,
        scaling=scaling,
        plans=planned,
    )


def _over_time(history: History, folder: str | Path) -> Report:
    """Of a history alone."""
    found = trends(history.records)
    if not found:
        raise NothingMeasured(f"{folder} holds no run; store some with `isthmus gate --history`")
    said, table = trends_table.headline(found), trends_table.trends_table(found)
    machines = dict.fromkeys(trend.machine for trend in found)
    where = tuple((machine.cpu_model, machine.facts) for machine in machines)
    return Report(said, history.warnings, (), (), (), (table,), where, (), found)


def _with_history(report: Report, folder: str | Path) -> Report:
    """The report, and the history of the machine of its newest file."""
    machine = max(report.files, key=lambda file: file.measured).machine
    history = read_store(folder, machine)
    found, warnings = trends(history.records), (*report.warnings, *history.warnings)
    if not found:
        said = trends_table.of_another_machine(machine, str(folder))
        return replace(report, warnings=(*warnings, said))
    table = trends_table.trends_table(found)
    return replace(report, warnings=warnings, tables=(*report.tables, table), trends=found)
