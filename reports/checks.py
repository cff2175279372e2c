"""Checks on values that come from files; each failure is one line: where, what, the next step."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from isthmus.errors import FileError


def fail(where: str, what: str, next_step: str) -> NoReturn:
    """Raise `FileError` as one printable line."""
    raise FileError(clean(f"{where}: {what}; {next_step}"))


def clean(text: str) -> str:
    """The text on one line, without control characters: a file must not drive the terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in text).strip()


def shown(value: object) -> str:
    """A value as it may stand in a message: at most 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def number(where: str, name: str, value: Any) -> float:
    """A finite number, or `FileError`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        fail(where, f"{name} is {shown(value)}, not a finite number", "measure again")
    return float(value)


def positive(where: str, name: str, value: Any) -> float:
    """A finite number above zero, or `FileError`."""
    checked = number(where, name, value)
    if checked <= 0:
        fail(where, f"{name} is {shown(value)}, must be above zero", "measure again")
    return checked


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
    """Times in seconds, each finite and above zero, at least one; or `FileError`."""
    if not isinstance(values, list) or not values:
        fail(where, f"{name} is {shown(values)}, not a list of seconds", "measure again")
    return tuple(positive(where, f"{name}[{at}]", value) for at, value in enumerate(values))


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer with hundreds of digits
        return False
