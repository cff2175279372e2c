"""Arrays of texts, which are computed eagerly alone: a program has no such arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.trace.array import Array

from ..facts import Facts, Row, row

__all__ = ["ROWS"]

TEXT = numpy.dtypes.StringDType()


def each(function: Callable[..., Any], *arrays: Any) -> Any:
    """The function of each element, broadcast: an array of objects."""
    if any(isinstance(array, Array) for array in arrays):
        raise UsageError("a program has no texts; call the block eagerly")
    objects = (array.astype(object) for array in arrays)
    return numpy.frompyfunc(function, len(arrays), 1)(*objects)


def concatenated(_: Facts, x: Any, y: Any) -> Any:
    return numpy.asarray(each(lambda a, b: a + b, x, y), TEXT)


def split(facts: Facts, x: Any) -> Any:
    """The parts of each text along a new axis, filled up by "", and how many there are."""
    most = facts.get("maxsplit", -1)
    parts = each(lambda text: text.split(facts.get("delimiter") or None, most), x)
    listed = numpy.asarray(parts, object).reshape(-1)
    counts = numpy.array([len(one) for one in listed], numpy.int64)
    width = int(counts.max(initial=0))
    rows = [[*one, *[""] * (width - len(one))] for one in listed]
    found = numpy.array(rows, TEXT).reshape(*x.shape, width)
    return [found, counts.reshape(x.shape)]


def matches(facts: Facts, x: Any) -> Any:
    """Whether the whole text is of the pattern, as Python's `re` understands it."""
    try:
        pattern = re.compile(facts["pattern"])
    except re.error as problem:
        raise UsageError(f"pattern {facts['pattern']!r}: {problem}") from None
    found = each(lambda text: pattern.fullmatch(text) is not None, x)
    return numpy.asarray(found, numpy.bool_)


def normalized(facts: Facts, x: Any) -> Any:
    """Without the stop words, in lower or upper case; one empty text where none is left."""
    each(str, x)
    stop = facts.get("stopwords", [])
    exact = bool(facts.get("is_case_sensitive", 0))
    left_out = set(stop) if exact else {word.lower() for word in stop}
    case = CASES[facts.get("case_change_action", "NONE")]
    rows = [
        [case(text) for text in row if (text if exact else text.lower()) not in left_out]
        for row in x.reshape(-1, x.shape[-1]).tolist()
    ]
    if len({len(one) for one in rows}) > 1:
        raise UsageError("rows of different lengths are left")
    rows = [one or [""] for one in rows]
    return numpy.array(rows, TEXT).reshape(*x.shape[:-1], len(rows[0]))


CASES: dict[str, Callable[[str], str]] = {
    "LOWER": lambda text: text.lower(),
    "NONE": lambda text: text,
    "UPPER": lambda text: text.upper(),
}

ROWS: dict[str, Row] = {
    "RegexFullMatch": row(matches),
    "StringConcat": row(concatenated),
    "StringNormalizer": row(normalized),
    "StringSplit": row(split),
}
