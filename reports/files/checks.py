"""Checks on values that come from files; each failure is one line: where, what, the next step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from isthmus.errors import FileError

# What a clock can tell of a call, in seconds: from a thousandth of a nanosecond to 31 years.
SHORTEST, LONGEST = 1e-12, 1e9
LONGEST_NAME = 500  # characters of a message before what is wrong


def fail(where: str, what: str, next_step: str) -> NoReturn:
    """Raise `FileError` as one printable line."""
    place = where if len(where) <= LONGEST_NAME else f"{where[:LONGEST_NAME]}..."
    raise FileError(clean(f"{place}: {what}; {next_step}"))


def clean(text: str) -> str:
    """The text on one line, without control characters: a file must not drive the terminal."""
    if text.isprintable():
        return text.strip()
    return "".join(mark if mark.isprintable() else " " for mark in text).strip()


def shown(value: object) -> str:
    """A value as it may stand in a message: at most 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def number(where: str, name: str, value: Any) -> float:
    """A finite number, or `FileError`."""
    if type(value) is float and math.isfinite(value):
        return value  # most are, and a file may have a million
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        fail(where, f"{name} is {shown(value)}, not a finite number", "measure again")
    return float(value)


def positive(where: str, name: str, value: Any) -> float:
    """A finite number above zero, or `FileError`."""
    checked = number(where, name, value)
    if checked <= 0:
        fail(where, f"{name} is {shown(value)}, must be above zero", "measure again")
    return checked


def positive_or_none(where: str, name: str, said: Mapping[str, Any]) -> float | None:
    """None where `said` lacks the name, else a finite number above zero."""
    value = said.get(name)
    return None if value is None else positive(where, name, value)


def amount_or_none(where: str, name: str, value: Any) -> float | None:
    """None where it was not measured, else a finite number, zero or above."""
    if value is not None and number(where, name, value) < 0:
        fail(where, f"{name} is {shown(value)}, below zero", "measure again")
    return None if value is None else float(value)


def whole(where: str, name: str, value: Any) -> int:
    """A whole number above zero, or `FileError`."""
    checked = positive(where, name, value)
    if checked != int(checked):
        fail(where, f"{name} is {shown(value)}, not a whole number", "measure again")
    return int(checked)


def whole_or_none(where: str, name: str, value: Any) -> int | None:
    """None where it does not apply, else a whole number above zero."""
    return None if value is None else whole(where, name, value)


def text(where: str, name: str, value: Any) -> str:
    """A string that is not empty, on one line, or `FileError`."""
    if not isinstance(value, str) or not clean(value):
        fail(where, f"{name} is {shown(value)}, not a name", "measure again")
    return clean(value)


def seconds(where: str, name: str, values: Any) -> tuple[float, ...]:
    """Times that a clock can tell, at least one; or `FileError`."""
    if not isinstance(values, list) or not values:
        fail(where, f"{name} is {shown(values)}, not a list of seconds", "measure again")
    # A million times are checked at once; only where one is wrong is it looked for.
    if all(type(value) is float and SHORTEST <= value <= LONGEST for value in values):
        return tuple(values)
    return tuple(duration(where, f"{name}[{at}]", value) for at, value in enumerate(values))


def duration(where: str, name: str, value: Any) -> float:
    """Seconds from SHORTEST to LONGEST, or `FileError`."""
    checked = positive(where, name, value)
    if not SHORTEST <= checked <= LONGEST:
        fail(where, f"{name} is {shown(value)} s, which no clock tells", "measure again")
    return checked


def count(where: str, name: str, value: Any) -> int:
    """A whole number, zero or above, or `FileError`."""
    if type(value) is int and 0 <= value < 2**53:
        return value
    return 0 if value == 0 and not isinstance(value, bool) else whole(where, name, value)


def count_or_none(where: str, name: str, value: Any) -> int | None:
    """None where it was not counted, else a whole number, zero or above."""
    return None if value is None else count(where, name, value)


def share_or_none(where: str, name: str, value: Any, lowest: float = 0.0) -> float | None:
    """None where it was not measured, else a number from `lowest` to 1."""
    if value is None:
        return None
    checked = number(where, name, value)
    if not lowest <= checked <= 1 + 1e-6:
        fail(where, f"{name} is {shown(value)}, not from {lowest:g} to 1", "measure again")
    return min(checked, 1.0)


def flag(where: str, name: str, value: Any) -> bool:
    """True or false, or `FileError`."""
    if not isinstance(value, bool):
        fail(where, f"{name} is {shown(value)}, not true or false", "measure again")
    return value


def mapping(where: str, name: str, value: Any) -> dict[str, Any]:
    """A JSON object; an absent one is empty."""
    if value is not None and not isinstance(value, dict):
        fail(where, f"{name} is {shown(value)}, not an object", "measure again")
    return value or {}


def listed(where: str, name: str, value: Any) -> list[Any]:
    """A JSON list; an absent one is empty."""
    if value is not None and not isinstance(value, list):
        fail(where, f"{name} is {shown(value)}, not a list", "measure again")
    return value or []


def text_or_empty(where: str, name: str, value: Any) -> str:
    """ "" where it is absent or empty, else a string on one line."""
    return "" if value in (None, "") else text(where, name, value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer with hundreds of digits
        return False
