"""Speedup and cost reports, from result files only: nothing here runs a model."""

from isthmus.reports.files.foreign_names import Names, names_of
from isthmus.reports.files.results import Result, ResultFile, read, read_all
from isthmus.reports.files.same_machine import Machine
from isthmus.reports.money.cost import Cost, costs, usd_per_million
from isthmus.reports.money.prices import DEFAULT_INSTANCES, Price, read_prices
from isthmus.reports.outputs.report_files import write, write_report
from isthmus.reports.stats.intervals import LogRatio, geometric_mean, log_ratio
from isthmus.reports.tables.speedup import Row, rows

from .content import Report, build_report

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
