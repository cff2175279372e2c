"""The largest elements, the different ones, and steps backwards."""

from __future__ import annotations

from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.sequences import reversed_steps

from ..facts import Facts, Row, row
from ..numbers import Numbers, as_array, as_sizes

__all__ = ["ROWS"]


def top_k(facts: Facts, x: Any, count: Any = None) -> list[Any]:
    """The largest or smallest elements and their positions; in order, asked for or not."""
    count = facts["k"] if count is None else as_sizes(_alone(count))
    smallest = not facts.get("largest", 1)
    return list(
        npx.topk(as_array(x), count, facts.get("axis", -1), ret_typ="both", is_ascend=smallest)
    )


def _alone(count: Any) -> Any:
    """The number, which is given as an array of one."""
    if isinstance(count, Numbers):
        return Numbers(count.parts.reshape(()), count.dtype)
    return np.reshape(count, ())


def unique(facts: Facts, x: Any) -> list[Any]:
    """The different elements or slices, where each is first, which each is, and how often it is."""
    axis = facts.get("axis")
    x = np.reshape(x, (-1,)) if axis is None else x
    values, first, inverse, counts = np.unique(x, True, True, True, axis=axis)
    inverse = np.reshape(inverse, (-1,))
    if facts.get("sorted", 1):
        return [values, first, inverse, counts]
    order = np.argsort(first)
    ranks = np.argsort(order)
    values = np.take(values, order, axis=axis or 0)
    return [values, np.take(first, order), np.take(ranks, inverse), np.take(counts, order)]


def reverse_sequence(facts: Facts, x: Any, lengths: Any) -> Any:
    time, batch = facts.get("time_axis", 0), facts.get("batch_axis", 1)
    if sorted((time, batch)) != [0, 1]:
        raise UsageError(f"time_axis={time} and batch_axis={batch}; they are 0 and 1")
    return reversed_steps(x, lengths, time)


ROWS: dict[str, Row] = {
    "ReverseSequence": row(reverse_sequence),
    "TopK": row(top_k, raw=True),
    "Unique": row(unique),
}
