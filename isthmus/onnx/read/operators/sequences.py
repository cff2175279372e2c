"""Lists of arrays and arrays that may be missing, known while a program is recorded."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np

from ..facts import Facts, Row, plain, row

__all__ = ["ROWS"]


def insert(_: Facts, items: Any, value: Any, at: Any = None) -> Any:
    found = list(items)
    found.insert(len(found) if at is None else _number(at), value)
    return [found]


def erase(_: Facts, items: Any, at: Any = None) -> Any:
    found = list(items)
    del found[-1 if at is None else _number(at)]
    return [found]


def _number(at: Any) -> Any:
    """A position, which some files give as an array of one."""
    return at[0] if isinstance(at, list) else at


def joined(facts: Facts, items: Any) -> Any:
    if facts.get("new_axis", 0):
        return np.stack(list(items), axis=facts["axis"])
    return np.concat(list(items), axis=facts["axis"])


def parts(facts: Facts, x: Any, sizes: Any = None) -> Any:
    axis = facts.get("axis", 0)
    keep = sizes is not None or facts.get("keepdims", 1)
    if sizes is None or not isinstance(sizes, tuple):
        step = sizes or 1
        ends = list(range(step, x.shape[axis], step))
    else:
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    found = np.split(x, ends, axis=axis)
    return [[one if keep else np.squeeze(one, axis=axis) for one in found]]


def mapped(facts: Facts, items: Any, *others: Any) -> Any:
    """The body for each element; of arrays beside it the array itself."""
    body = facts["body"]
    rows = []
    for i, item in enumerate(items):
        more = [one[i] if isinstance(one, list) else one for one in others]
        rows.append(facts.run(body, dict(zip(body.inputs, (item, *more), strict=True))))
    return [list(column) for column in zip(*rows, strict=True)]


def has_element(facts: Facts, value: Any = None) -> Any:
    return numpy.asarray(value is not None)


ROWS: dict[str, Row] = {
    "ConcatFromSequence": row(joined),
    "Optional": row(lambda _, value=None: [value]),
    "OptionalGetElement": row(lambda _, value: [value]),
    "OptionalHasElement": row(has_element),
    "SequenceAt": row(lambda _, items, at: [items[_number(at)]], known=(1,)),
    "SequenceConstruct": plain(lambda *items: [list(items)]),
    "SequenceEmpty": row(lambda _: [[]]),
    "SequenceErase": row(erase, known=(1,)),
    "SequenceInsert": row(insert, known=(2,)),
    "SequenceLength": plain(lambda items: numpy.asarray(len(items))),
    "SequenceMap": row(mapped),
    "SplitToSequence": row(parts, sizes=(1,)),
}
