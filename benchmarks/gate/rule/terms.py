"""What is asked of one benchmark: the settings and options of a project, resolved for it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["NOTHING", "Terms", "TermsOf"]


@dataclass(frozen=True)
class Terms:
    """metrics: the names of what is judged; none where the benchmark is left out (`skip`).

    asked: the smallest change of each metric that the project wants to hear of, as a share;
    margins: that, or the noise where it is more. lone_margin: the least that is believed of times,
    where a side has fewer than three processes. control: whether the project says that no change
    touches it; None where it does not say. usd_per_hour: of machines that no list has.
    """

    metrics: tuple[str, ...] = ()
    asked: Mapping[str, float] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    lone_margin: float = 0.0
    skip: bool = False
    control: bool | None = None
    usd_per_hour: float | None = None


NOTHING = Terms()
TermsOf = Callable[[str], Terms]  # by the benchmark's name, which a suite tells in its first round
