"""Speedup and cost reports, from result files only: nothing here runs a model."""

from .cost import Cost, costs, usd_per_million
from .files import write, write_report
from .foreign_names import Names, names_of
from .intervals import LogRatio, geometric_mean, log_ratio
from .machine import Machine
from .prices import DEFAULT_INSTANCES, Price, read_prices
from .report import Report, build_report
from .results import Result, ResultFile, read, read_all
from .speedup import Row, rows

__all__ = [
    "DEFAULT_INSTANCES",
    "Cost",
    "LogRatio",
    "Machine",
    "Names",
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
    "read",
    "read_all",
    "read_prices",
    "rows",
    "usd_per_million",
    "write",
    "write_report",
]
