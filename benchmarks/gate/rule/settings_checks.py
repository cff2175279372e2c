"""Checks on the values of a project's settings; each failure names the key and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from isthmus.errors import UsageError
from isthmus.reports.files.checks import clean, shown

from .metrics import METRICS, NAMES

__all__ = [
    "EVERY",
    "Keys",
    "by_metric",
    "flag",
    "folder",
    "margins",
    "metric_names",
    "noise",
    "pattern",
    "price",
    "read",
    "share",
    "table",
    "time",
]

EVERY = ""  # in place of a metric's name: all that have no margin of their own

Check = Callable[[str, Any], Any]
Keys = Mapping[str, tuple[str, Check]]  # by key: the field that holds it, and how it is checked


def read(where: str, table: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """The checked values, by field."""
    for name in table:
        if name not in keys:
            _refuse(f"{where}: no key {shown(name)}", f"there are {', '.join(keys)}")
    rows = ((name, value, *keys[name]) for name, value in table.items())
    return {field: check(f"{where}.{name}", value) for name, value, field, check in rows}


def share(where: str, value: Any) -> float:
    """A number above 0 and below 1; UsageError for any other."""
    if not _is_number(value) or not 0 < value < 1:
        _refuse(f"{where} is {shown(value)}", "give a share between 0 and 1, such as 0.05")
    return float(value)


def noise(where: str, value: Any) -> float:
    """A share, or 0."""
    return 0.0 if _is_number(value) and value == 0 else share(where, value)


def price(where: str, value: Any) -> float:
    """Dollars an hour."""
    if not _is_number(value) or not 0 < value < 1e6:
        _refuse(f"{where} is {shown(value)}", "give dollars an hour, such as 0.17")
    return float(value)


def metric_names(where: str, value: Any) -> tuple[str, ...]:
    """At least one, each once."""
    if not isinstance(value, list) or not value:
        _refuse(f"{where} is {shown(value)}", f"give a list, of {', '.join(NAMES)}")
    return tuple(dict.fromkeys(_known(where, name, NAMES) for name in value))


def time(where: str, value: Any) -> str:
    """A text such as 90s, 10m or 1.5h."""
    # Here, not above: a plan knows the models, whose modules are slow to import.
    from isthmus.benchmarks.harness.plan import seconds_of

    try:
        seconds_of(value)
    except (UsageError, TypeError, AttributeError):
        _refuse(f"{where} is {shown(value)}", 'give a time such as "90s", "10m" or "1.5h"')
    return str(value)


def folder(where: str, value: Any) -> str:
    """A path that can be one."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        _refuse(f"{where} is {shown(value)}", "give the path of a folder")
    return value


def pattern(where: str, value: Any) -> str:
    """A text that names benchmarks."""
    if not isinstance(value, str) or not value.strip():
        _refuse(f"{where} is {shown(value)}", 'give a pattern such as "*[openvino-by-hand]"')
    return value


def flag(where: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        _refuse(f"{where} is {shown(value)}", "give true or false")
    return value


def by_metric(check: Callable[[str, Any], float]) -> Callable[[str, Any], dict[str, float]]:
    """Shares by the metric's name; parity has a limit, and neither a margin nor a floor."""

    def shares(where: str, value: Any) -> dict[str, float]:
        return {
            _known(where, name, METRICS): check(f"{where}.{name}", one)
            for name, one in table(where, value).items()
        }

    return shares


def margins(where: str, value: Any) -> dict[str, float]:
    """A table by metric, or one for all."""
    if isinstance(value, dict):
        return by_metric(share)(where, value)
    return {EVERY: share(where, value)}


def table(where: str, value: Any) -> Mapping[str, Any]:
    """Keys and values."""
    if not isinstance(value, dict):
        _refuse(f"{where} is {shown(value)}", "make it a table")
    return value


def _known(where: str, name: Any, names: Iterable[str]) -> str:
    if name not in tuple(names):
        _refuse(f"{where}: no metric {shown(name)}", f"there are {', '.join(names)}")
    return str(name)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(what: str, step: str) -> NoReturn:
    raise UsageError(clean(f"{what}; {step}"))
