"""Texts of other tools as facts by name, and a fact as a checked number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from .checks import fail, positive, shown, whole
from .result_fields import SINGLE

Facts = Mapping[str, str]


def found(patterns: Mapping[str, str], content: str) -> dict[str, str]:
    """The first group of the first match of each pattern that matches."""
    matches = {name: re.search(pattern, content, re.M) for name, pattern in patterns.items()}
    return {name: match[1].strip() for name, match in matches.items() if match}


def amount(where: str, facts: Facts, *names: str) -> float | None:
    """The first of the named facts as a number above zero; None where there is none, or 0."""
    name = next((name for name in names if facts.get(name) not in (None, "")), None)
    if name is None or (value := _number(where, name, facts[name])) == 0:
        return None  # 0.00 ms: too short for the digits that were written
    return positive(where, name, value)


def scaled(value: float | None, unit: float) -> float | None:
    """value * unit; None stays None."""
    return None if value is None else value * unit


def counted(where: str, facts: Facts, *names: str) -> int | None:
    """The first of the named facts as a whole number above zero; None for none, or for 0."""
    value = next((facts[name] for name in names if facts.get(name) not in (None, "", "0")), None)
    return None if value is None else whole(where, names[0], _number(where, names[0], value))


def scenario(requests: int) -> str:
    """One call after another, or several at once, which share the processor."""
    return SINGLE if requests == 1 else f"{requests} requests at once"


def no_median(where: str, what: str, step: str) -> NoReturn:
    """Refuse a file whose latency is no median."""
    fail(where, f"{what}, not the median", step)


def _number(where: str, name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        fail(where, f"{name} is {shown(value)}, not a number", "measure again")
