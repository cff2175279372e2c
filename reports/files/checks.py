"""Checks on values that come from files; each failure is one line: where, what, the next step.

msgspec checks them against types. The types below say what a number can be: NaN and the
infinities are within no bounds, true and false are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

import msgspec
from msgspec import Meta

from isthmus.errors import FileError

__all__ = [
    "Amount",
    "Count",
    "Name",
    "Number",
    "Positive",
    "Seconds",
    "Share",
    "Times",
    "Whole",
    "amount_or_none",
    "clean",
    "converted",
    "count_or_none",
    "fail",
    "flag",
    "listed",
    "mapping",
    "seconds",
    "share_or_none",
    "shown",
    "text",
    "told",
]

# What a clock can tell of a call, in seconds: from a thousandth of a nanosecond to 31 years.
SHORTEST, LONGEST = 1e-12, 1e9
LONGEST_NAME = 500  # characters of a message before what is wrong
GREATEST = 1.7976931348623157e308
COUNTED = 2**53  # nobody counts further, and a float knows no odd number above

PLAIN = (float, int, bool)

Name = Annotated[str, Meta(min_length=1)]
Number = Annotated[float, Meta(ge=-GREATEST, le=GREATEST)]
Amount = Annotated[float, Meta(ge=0, le=GREATEST)]
Positive = Annotated[float, Meta(gt=0, le=GREATEST)]
Share = Annotated[float, Meta(ge=0, le=1 + 1e-6)]  # of what was counted in floats
Count = Annotated[int, Meta(ge=0, le=COUNTED)]
Whole = Annotated[int, Meta(ge=1, le=COUNTED)]
Seconds = Annotated[float, Meta(ge=SHORTEST, le=LONGEST)]
Times = Annotated[tuple[Seconds, ...], Meta(min_length=1)]

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")  # from a value to one inside it, as msgspec writes it


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


def told(value: Any) -> Any:
    """The value without nulls, which say no more than what is absent; its texts on one line."""
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is dict:
        return {
            name if name.isprintable() else clean(name): one if type(one) in PLAIN else told(one)
            for name, one in value.items()
            if one is not None
        }
    if kind is list and value and type(value[0]) is dict:
        return [told(one) for one in value]
    return value


def converted(where: str, value: object, kind: Any, name: str = "", *, strict: bool = True) -> Any:
    """The value as `kind`; `FileError` tells the place in it, what is there and what should be.

    name: of the value in `where`. Texts are numbers only where it is not `strict`.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        fail(where, _explained(name, value, str(error)), "measure again")


def _explained(name: str, value: Any, said: str) -> str:
    """`rounds[0][1] is -0.1: expected `float` >= 1e-12`."""
    what, _, path = said.replace("`key` in ", "").partition(" - at `$")
    for step in _STEP.finditer(path.removesuffix("`").partition("[...]")[0]):
        name += step[0]
        value = value[step[1] or int(step[2])]
    place, what = name.removeprefix(".") or "the value", what.partition(", got ")[0]
    return f"{place} is {shown(value)}: {what[0].lower()}{what[1:]}"


def text(where: str, name: str, value: Any) -> str:
    """A string that is not empty, on one line, or `FileError`."""
    found: str = converted(where, told(value), Name, name)
    return found


def seconds(where: str, name: str, values: Any) -> tuple[float, ...]:
    """Times that a clock can tell, at least one; or `FileError`."""
    found: tuple[float, ...] = converted(where, values, Times, name)
    return found


def amount_or_none(where: str, name: str, value: Any) -> float | None:
    """None where it was not measured, else a finite number, zero or above."""
    found: float | None = converted(where, value, Amount | None, name)
    return found


def count_or_none(where: str, name: str, value: Any) -> int | None:
    """None where it was not counted, else a whole number, zero or above."""
    found: int | None = converted(where, value, Count | None, name)
    return found


def share_or_none(where: str, name: str, value: Any) -> float | None:
    """None where it was not measured, else a number from 0 to 1."""
    found: float | None = converted(where, value, Share | None, name)
    return None if found is None else min(found, 1.0)


def flag(where: str, name: str, value: Any) -> bool:
    """True or false, or `FileError`."""
    found: bool = converted(where, value, bool, name)
    return found


def mapping(where: str, name: str, value: Any) -> dict[str, Any]:
    """A JSON object; an absent one is empty."""
    found: Mapping[str, Any] | None = converted(where, value, dict[str, Any] | None, name)
    return dict(found or {})


def listed(where: str, name: str, value: Any) -> list[Any]:
    """A JSON list; an absent one is empty."""
    found: list[Any] | None = converted(where, value, list[Any] | None, name)
    return found or []
