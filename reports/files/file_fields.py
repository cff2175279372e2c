"""What a result file says beside its results: what is missing, and the machine's own peaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import Amount, Count, Name, Number, Positive, converted, fail, mapping, shown, told
from .result_fields import SINGLE

__all__ = ["Missing", "Roofline", "run_of"]

NEWEST = 2  # the format of the file's own part, `isthmus`


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A variant that did not run a workload, and why."""

    workload: Name
    variant: Name
    scenario: Name = SINGLE
    reason: Name


@dataclass(frozen=True)
class Peak:
    """The fastest matrix product of a precision that the machine was seen to do, and by what."""

    precision: Name
    gflop_per_s: Positive
    by: str = ""
    threads: Count | None = None


@dataclass(frozen=True)
class Bandwidth:
    """The fastest pass over arrays in a level of memory, which holds so many bytes, None for all.

    The rate of a working set is that of the first level that holds it.
    """

    level: Name
    gb_per_s: Positive
    bytes: Positive | None = None
    by: str = ""


@dataclass(frozen=True)
class Roofline:
    """The machine's own peaks, by so many threads; None is what was not measured.

    drift: how far the peak moved between the beginning and the end; either sign.
    """

    peaks: tuple[Peak, ...] = ()
    gb_per_s: Positive | None = None
    threads: Count | None = None
    drift: Number | None = None
    memory: tuple[Bandwidth, ...] = ()

    def gb_per_s_of(self, working_set: float) -> float | None:
        """The rate at which so many bytes come, of files that tell levels; else that of memory.

        A level that was seen slower than one beyond it counts as fast as that.
        """
        holding = [one for one in self.memory if one.bytes is None or working_set <= one.bytes]
        return max((one.gb_per_s for one in holding), default=self.gb_per_s)


@dataclass(frozen=True)
class Run:
    """A file's own part, `isthmus`: what is said of all its results together."""

    missing: tuple[Missing, ...] = ()
    roofline: Roofline | None = None
    plan: Mapping[str, Any] = field(default_factory=dict, hash=False)
    interrupted: bool = False
    seconds_spent: Amount | None = None


def run_of(where: str, value: Any) -> Run:
    """From the top level's `isthmus`; other tools' files have none."""
    said = mapping(where, "isthmus", value)
    if said.get("format") not in (None, 1, NEWEST):
        what = f"has format {shown(said['format'])}, newer than this version reads"
        fail(where, what, "update Isthmus")
    plan = mapping(where, "plan", said.get("plan"))  # as it is written, with its nulls
    found: Run = converted(where, told(said) | {"plan": plan}, Run)
    return found
