"""Which samples settle integers, and which others judge every setting.

Integers look better than they are on the samples that settled them, all of whose numbers lie in the
ranges that were taken. So every second sample settles, of many fewer, and the others judge. Of one
batch it is every second row, if the program says which axis that is. All settings are judged on the
same, so that rows of the table compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.program.inputs import Binder
from isthmus.program.requests.joining import joining

from .work import Sets, Work

__all__ = ["FEWEST", "ROWS", "SAMPLES", "Part", "Parts", "parts_of"]

Outputs = Sequence[Sequence[numpy.ndarray[Any, Any]]]

# Of each part. MiniLM-L6 on 16 windows of text, settled on others: the least cosine was 0.980 to
# 0.988 with one of them (which had 0.996 itself, beyond the usual bound of 0.99), 0.990 to 0.993
# with 4, 0.993 to 0.995 with 8; MobileNetV2 on crops of photographs 0.990, 0.993 and 0.994.
FEWEST = 4
MOST_SETTLING = 16  # samples: more of them judge
BATCH = "batch"  # the axis of a program whose rows are known to be apart, as for `Executable.map`
SAMPLES, ROWS = "samples", "rows"


class Part(NamedTuple):
    """A sample, or some of its rows."""

    place: int
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Parts:
    """settling, judging: of the samples. unit: what was divided. apart: whether nothing is in both.

    inputs, outputs: where each array has the axis of the rows. stride: one of so many settles.
    """

    settling: tuple[Part, ...]
    judging: tuple[Part, ...]
    unit: str = SAMPLES
    apart: bool = True
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    stride: int = 1

    def settling_sets(self, sets: Sets) -> Sets:
        """The arrays that settle, by name."""
        return [self._inputs(sets[part.place], part.rows) for part in self.settling]

    def judged(self, compared: Sequence[int], outputs: Outputs) -> list[Sequence[Any]]:
        """What judges of the outputs of the samples at these places."""
        rows = dict(self.judging)
        answered = zip(compared, outputs, strict=True)
        return [self._outputs(one, rows[place]) for place, one in answered if place in rows]

    def document(self, compared: Sequence[int]) -> dict[str, Any]:
        """For JSON. compared: the places of the samples that candidates answer."""
        judging = [part for part in self.judging if part.place in compared]
        count = {"settling": _count(self.settling), "judging": _count(judging)}
        return {"unit": self.unit, "apart": self.apart, "stride": self.stride, **count}

    def _inputs(self, arrays: Any, rows: tuple[int, ...] | None) -> Any:
        if rows is None:
            return arrays
        pairs = zip(arrays.items(), self.inputs, strict=True)
        return {name: numpy.take(array, rows, axis) for (name, array), axis in pairs}

    def _outputs(self, arrays: Sequence[Any], rows: tuple[int, ...] | None) -> Sequence[Any]:
        if rows is None:
            return arrays
        pairs = zip(arrays, self.outputs, strict=True)
        return [numpy.take(array, rows, axis) for array, axis in pairs]


def parts_of(work: Work, *, settles: bool) -> Parts:
    """settles: whether any setting needs samples. Those that are too few for both do both.

    >>> import numpy
    >>> from isthmus import np
    >>> from isthmus.tuning.work import work_of
    >>> parts = parts_of(work_of(np.tanh, [numpy.ones(2)] * 9), settles=True)
    >>> [part.place for part in parts.settling], [part.place for part in parts.judging]
    ([0, 2, 4, 6, 8], [1, 3, 5, 7])
    """
    every = tuple(Part(place) for place in range(len(work.sets)))
    if not settles:
        return Parts((), every)
    if len(every) >= 2 * FEWEST:
        stride = max(2, -(-len(every) // MOST_SETTLING))
        judging = tuple(part for part in every if part.place % stride)
        return Parts(every[::stride], judging, stride=stride)
    return _by_rows(work) or Parts(every, every, apart=False)


def _by_rows(work: Work) -> Parts | None:
    """Every second row of all samples; None where they are too few, or not known to be apart."""
    graph = work.traced.graph
    try:
        batch = joining(graph, BATCH, None)
    except UsageError:
        return None
    rows = [sizes[BATCH] for sizes in work.sizes]
    if sum(rows) < 2 * FEWEST:
        return None
    axes = dict(zip(graph.output_names, batch.outputs, strict=True))
    outputs = tuple(axes[name] for _, name in tree.leaves(work.traced.result))
    found = Parts(_second(rows, 0), _second(rows, 1), ROWS, True, batch.inputs, outputs, 2)
    return found if _takes(work, found.settling_sets(work.sets)) else None


def _second(rows: Sequence[int], first: int) -> tuple[Part, ...]:
    """Of rows that are counted through all samples every second."""
    found, before = [], 0
    for place, count in enumerate(rows):
        if taken := tuple(range((first + before) % 2, count, 2)):
            found.append(Part(place, taken))
        before += count
    return tuple(found)


def _takes(work: Work, sets: Sets) -> bool:
    """Whether the program takes these, of other sizes than the samples; constraints may not."""
    binder = Binder(work.traced.graph)
    try:
        for one in sets:
            binder.sizes(list(one.values()))
    except UsageError:
        return False
    return True


def _count(parts: Sequence[Part]) -> int:
    return sum(1 if part.rows is None else len(part.rows) for part in parts)
