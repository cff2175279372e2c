"""Whether a result is right enough for its precision; the budget is that of the row.

float32     greatest relative error <= 1e-3 of the reference: above it is another result
lower       least cosine >= 0.99, and where classes are ranked top-1 agreement >= 0.99

Lower precisions are judged on inputs that were not timed where the file has them (`accuracy`),
else on those that were (`parity`).
"""

from __future__ import annotations

import math

from .result import Result
from .result_fields import Accuracy, Parity
from .variants import NATIVE

__all__ = [
    "F32",
    "LEAST_AGREEMENT",
    "LEAST_COSINE",
    "PARITY_LIMIT",
    "is_low",
    "judged",
    "outside",
    "too_far",
]

F32 = "f32"
PARITY_LIMIT = 1e-3
LEAST_COSINE = LEAST_AGREEMENT = 0.99


def is_low(result: Result) -> bool:
    """Whether it computes below float32, or keeps its weights so."""
    return result.precision not in ("", F32)


def judged(result: Result) -> Accuracy | Parity | None:
    """What its accuracy is read from."""
    return result.accuracy or result.parity


def outside(result: Result) -> str:
    """Why it is not within the budget: "cosine 0.9584 below 0.99"; "" where it is.

    >>> from isthmus import reports
    >>> from isthmus.reports.files.budget import outside
    >>> [outside(result) for result in reports.read("head.json").results[:2]]
    ['', '']
    """
    if result.variant == NATIVE:
        return ""
    error = result.parity_max_rel_error
    if error is None:
        return "no parity"
    if math.isinf(error):
        return "not a number"
    if not is_low(result):
        return f"relative error {error:.1e} above {PARITY_LIMIT:g}" if error > PARITY_LIMIT else ""
    return too_far(judged(result))


def too_far(found: Accuracy | Parity | None) -> str:
    """Why it is outside the budget of a precision below float32; "" where it is within."""
    if found is None or found.cosine is None:
        return "no cosine"
    if found.cosine < LEAST_COSINE:
        return f"cosine {found.cosine:.4f} below {LEAST_COSINE:g}"
    agreement = found.top1_agreement
    if agreement is not None and agreement < LEAST_AGREEMENT:
        return f"top-1 {math.floor(1000 * agreement) / 10:g} % below {100 * LEAST_AGREEMENT:g} %"
    return ""
