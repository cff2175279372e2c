"""Whether two environments compute the same: their outputs side by side, and each with NumPy's.

Judged by the budget of accuracy of the precision (`reports/files/budget.py`): head's outputs have
regressed where they are outside it and base's are within it, both compared with NumPy's. How far
the two are from each other is told, in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.reports.files.budget import F32, PARITY_LIMIT, too_far
from isthmus.reports.files.result_fields import Parity

from .verdict import Kind, Verdict

__all__ = ["AGREEMENT", "Agreement", "judged_agreement"]

AGREEMENT = "agreement"


@dataclass(frozen=True)
class Agreement:
    """base, head: of each side's outputs with NumPy's; between: of head's with base's."""

    benchmark: str
    precision: str
    base: Parity
    head: Parity
    between: Parity


def judged_agreement(found: Agreement) -> Verdict:
    """Its `head` is the greatest relative error of head's outputs from base's."""
    before, after = (_outside(found.precision, side) for side in (found.base, found.head))
    return Verdict(
        benchmark=found.benchmark,
        metric=AGREEMENT,
        kind=_kind(before, after),
        reason="; ".join(filter(None, [_told(found.between), _why(before, after)])),
        head=found.between.max_rel_error,
    )


def _kind(before: str, after: str) -> Kind:
    if bool(before) == bool(after):
        return "equivalent"
    return "regressed" if after else "improved"


def _told(between: Parity) -> str:
    """`outputs differ by 1.2e-06 at most, top-1 is the same in 100 %`."""
    text = f"outputs differ by {between.max_rel_error:.1e} at most"
    if between.top1_agreement is None:
        return text
    return f"{text}, top-1 is the same in {100 * between.top1_agreement:.3g} %"


def _why(before: str, after: str) -> str:
    said = {"head": after, "base": before}
    return ", ".join(f"{side} outside its budget: {why}" for side, why in said.items() if why)


def _outside(precision: str, found: Parity) -> str:
    """Why the outputs are outside the budget; "" where they are within."""
    if precision not in ("", F32):
        return too_far(found)
    # So written that NaN is outside.
    if found.max_rel_error <= PARITY_LIMIT:
        return ""
    return f"relative error {found.max_rel_error:.1e} above {PARITY_LIMIT:g}"
