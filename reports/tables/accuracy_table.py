"""What lower precisions cost in accuracy: a row each, with the inputs and weights it is of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from isthmus.reports.display import ABSENT, Cell, Table, label
from isthmus.reports.files.budget import is_low, judged, outside
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE, Accuracy

__all__ = ["accuracy_table"]

HEADERS = (
    *("workload", "variant", "precision", "within the budget", "cosine", "top-1"),
    *("similarities", "neighbours kept", "max rel. error", "items", "weights", "inputs"),
)
DIRECTION = (
    "Against float32. Cosine: the least of an item's outputs. Top-1: share of images with the same "
    "likeliest class. Similarities: correlation of the cosines of all pairs of texts; neighbours "
    "kept: share of texts whose most similar other text is the same. Items were not timed, nor "
    "calibrated by. On random weights these tell how much is rounded, not how good a model is."
)


def accuracy_table(files: Sequence[ResultFile]) -> Table:
    """Every result below float32, in the files' order."""
    low = [
        result
        for file in files
        for result in file.results
        if result.scenario == SINGLE and is_low(result) and not result.origin
    ]
    return Table(
        title="Accuracy of lower precisions",
        headers=tuple(map(Cell, HEADERS)),
        rows=tuple(map(_cells, low)),
        left=3,
        notes=(DIRECTION,) if low else (),
    )


def _cells(result: Result) -> tuple[Cell, ...]:
    found, why = judged(result), outside(result)
    more = found if isinstance(found, Accuracy) else Accuracy(math.inf)
    return (
        Cell(result.workload),
        Cell(label(result.variant)),
        Cell(result.precision),
        Cell("no", why) if why else Cell("yes"),
        Cell(_number(found.cosine if found else None)),
        Cell(_share(found.top1_agreement if found else None)),
        Cell(_number(more.similarity_correlation)),
        Cell(_share(more.neighbours_kept)),
        Cell(f"{found.max_rel_error:.1e}" if found else ABSENT),
        Cell(str(more.items or ABSENT)),
        Cell(more.weights or ABSENT),
        Cell(more.inputs or "those that were timed"),
    )


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    """Rounded down, so that 100 % is all of them."""
    return ABSENT if value is None else f"{math.floor(1000 * value) / 10:g} %"
