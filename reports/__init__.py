"""Speedup and cost reports, from result files only: nothing here runs a model.

Its parts are imported when they are first used: reading a file needs no table, and no plot.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .content import Report, build_report
    from .files.foreign_names import Names, names_of
    from .files.results import Result, ResultFile, read, read_all
    from .files.same_machine import Machine
    from .money.cost import Cost, costs, usd_per_million
    from .money.plan import Demand, Plan, plans
    from .money.prices import DEFAULT_INSTANCES, Price, read_prices
    from .outputs.report_files import write, write_report
    from .stats.intervals import LogRatio, geometric_mean, log_ratio
    from .tables.speedup import Row, rows

__all__ = [
    "DEFAULT_INSTANCES",
    "Cost",
    "Demand",
    "LogRatio",
    "Machine",
    "Names",
    "Plan",
    "Price",
    "Report",
    "Result",
    "ResultFile",
    "Row",
    "build_report",
    "costs",
    "geometric_mean",
    "log_ratio",
    "names_of",
    "plans",
    "read",
    "read_all",
    "read_prices",
    "rows",
    "usd_per_million",
    "write",
    "write_report",
]

_HOMES = {
    "content": ("Report", "build_report"),
    "files.foreign_names": ("Names", "names_of"),
    "files.results": ("Result", "ResultFile", "read", "read_all"),
    "files.same_machine": ("Machine",),
    "money.cost": ("Cost", "costs", "usd_per_million"),
    "money.plan": ("Demand", "Plan", "plans"),
    "money.prices": ("DEFAULT_INSTANCES", "Price", "read_prices"),
    "outputs.report_files": ("write", "write_report"),
    "stats.intervals": ("LogRatio", "geometric_mean", "log_ratio"),
    "tables.speedup": ("Row", "rows"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"{__name__} has no '{name}'; it has {', '.join(__all__)}")
