"""Which items are run together, so that a batch costs what its tokens cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["RUN_COST", "Sizes", "grouped"]

Sizes = tuple[int, ...]  # of one item, those that padding may lengthen

# A run more costs as much as so many tokens more: of MiniLM on two processors 8 to 20.
RUN_COST = 16


def grouped(sizes: Sequence[Sizes], rows: Sequence[int], most: int) -> list[list[int]]:
    """Numbers of items that are padded to the largest of their group and run together.

    rows: how many examples each item has; a group has no more than `most`, unless it is one item.
    Items are taken in the order of their tokens, and of all ways to cut that order the one with the
    least tokens is chosen, where a run counts `RUN_COST`.

    >>> from isthmus.program.requests.grouping import grouped
    >>> grouped([(10,), (300,), (12,), (290,)], [1, 1, 1, 1], most=4)
    [[0, 2], [3, 1]]
    """
    order = sorted(range(len(sizes)), key=lambda i: (math.prod(sizes[i]), sizes[i]))
    least = [0.0] + [math.inf] * len(order)  # by how many of the order are in groups
    begin = [0] * (len(order) + 1)  # of the last group then
    for end in range(1, len(order) + 1):
        count, largest = 0, sizes[order[end - 1]]
        for start in range(end - 1, -1, -1):
            count += rows[order[start]]
            if count > most and start < end - 1:
                break
            largest = tuple(map(max, largest, sizes[order[start]]))
            cost = least[start] + count * math.prod(largest) + RUN_COST
            if cost < least[end]:
                least[end], begin[end] = cost, start
    groups, end = [], len(order)
    while end:
        groups.append(order[begin[end] : end])
        end = begin[end]
    return groups[::-1]
