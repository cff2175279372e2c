"""The parts of a result: parity, what a process said, how a scenario came out.

The fields are those of a file's `extra_info`, by their names there: `checks.converted` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from msgspec import Meta

from .checks import Amount, Count, Name, Positive, Share, Whole, converted, mapping, told

__all__ = [
    "SINGLE",
    "Accuracy",
    "Parity",
    "Process",
    "ScenarioResult",
    "Wrong",
    "accuracy_of",
    "max_rel_error",
    "parity_of",
    "scenario_of",
]

SINGLE = "single-stream"  # one call after another: the scenario of every speedup

Reasons = Mapping[Name, Count]  # windows by reason
Wrong = Annotated[float, Meta(ge=0)]  # infinite for outputs that are NaN
Cosine = Annotated[float, Meta(ge=-1 - 1e-6, le=1 + 1e-6)]


@dataclass(frozen=True)
class Parity:
    """How far the outputs are from the reference's.

    Greatest relative error, least cosine over the outputs, share of samples whose greatest
    entry is at the same place (None where that makes no sense); over `samples` sets of inputs.
    """

    max_rel_error: Wrong
    cosine: Cosine | None = None
    top1_agreement: Share | None = None
    samples: Count | None = None


@dataclass(frozen=True)
class Accuracy:
    """How right a precision below float32 is, on `items` texts or images that were not timed.

    weights: "published" or "random"; inputs: what they are. cosine: the least of an item's outputs
    with the reference's. Of images the share with the same likeliest class; of texts the
    correlation of the similarities of all pairs, and the share whose nearest text is the same.
    """

    max_rel_error: Wrong
    cosine: Cosine | None = None
    top1_agreement: Share | None = None
    similarity_correlation: Cosine | None = None
    neighbours_kept: Share | None = None
    items: Count | None = None
    weights: str = ""
    inputs: str = ""
    reference: str = ""


@dataclass(frozen=True)
class WarmUp:
    """The calls before the first that counts."""

    steady: bool | None = None
    calls: Count | None = None
    seconds: Amount | None = None


@dataclass(frozen=True)
class Windows:
    """The windows of samples: kept, thrown away by reason, and bad ones by reason.

    `turns`: the cycle of each kept window and its number of samples.
    """

    kept: Count | None = None
    discarded: Reasons = field(default_factory=dict, hash=False)
    all_bad: bool = False
    bad: Reasons = field(default_factory=dict, hash=False)
    turns: tuple[tuple[Count, Whole], ...] = ()


@dataclass(frozen=True)
class Achieved:
    """Calls per second of a process's scenario."""

    achieved_per_s: Positive | None = None


@dataclass(frozen=True)
class Process:
    """What one measured process said beside its times; None is what it did not say.

    `cpu_per_wall` is processor seconds per second, which a budget of T threads keeps at T or
    below; `affinity` the processors it may run on; `group`: processes of one group took turns
    with each other; `call_variation`: of the seconds of a call, where the samples are no calls.
    """

    warm_up: WarmUp = WarmUp()
    windows: Windows = Windows()
    scenario: Achieved = Achieved()
    affinity: tuple[Any, ...] | None = None
    cpu_per_wall: Amount | None = None
    os_threads: Count | None = None
    load_average: Amount | None = None
    clock_mhz: Amount | None = None
    timer_resolution_seconds: Amount | None = None
    import_seconds: Amount | None = None
    load_seconds: Amount | None = None
    compile_seconds: Amount | None = None
    first_inference_seconds: Amount | None = None
    peak_memory_bytes: Amount | None = None
    energy_joules_per_call: Amount | None = None
    group: Count | None = None
    calls_per_sample: Whole | None = None
    call_variation: Amount | None = None

    @property
    def bad(self) -> Reasons:
        """Windows that were kept because every one was bad."""
        return self.windows.bad if self.windows.all_bad else {}

    @property
    def cores(self) -> int | None:
        """How many processors it may run on."""
        return None if self.affinity is None else len(self.affinity)

    @property
    def achieved_per_s(self) -> float | None:
        """Calls per second of its scenario."""
        return self.scenario.achieved_per_s


@dataclass(frozen=True)
class ScenarioResult:
    """How a scenario came out: VALID or why not, and how many more queries would decide it.

    A query is a call, of `batch` items. `achieved_per_s`: calls per second.
    `percentiles_ms` are the samples' own, by "50", "90", ...; `bounded_ms` their early-stopping
    upper bounds, None where there were too few queries for one. `rate_per_s`: as scheduled.
    """

    scenario: Name
    valid: bool
    reason: str = ""
    more_queries: Count = 0
    queries: Count | None = None
    rate_per_s: Positive | None = None
    bound_ms: Positive | None = None
    percentile: Positive | None = None
    achieved_per_s: Positive | None = None
    percentiles_ms: Mapping[str, Positive] = field(default_factory=dict, hash=False)
    bounded_ms: Mapping[str, Positive | None] = field(default_factory=dict, hash=False)


def max_rel_error(where: str, value: Any) -> float | None:
    """None where not measured; NaN means outputs that are NaN, as wrong as can be: infinite."""
    value = math.inf if _undefined(value) else value
    found: float | None = converted(where, value, Wrong | None, "parity_max_rel_error")
    return found


def parity_of(where: str, value: Any) -> Parity | None:
    """From `parity`; None where it was not compared."""
    said = told(converted(where, value, dict[str, Any] | None, "parity") or {})
    if "max_rel_error" not in said:
        return None
    if undefined := [name for name in ("max_rel_error", "cosine") if _undefined(said.get(name))]:
        said |= {**dict.fromkeys(undefined), "max_rel_error": math.inf}
    found: Parity = converted(where, said, Parity, "parity")
    return replace(found, cosine=_share(found.cosine), top1_agreement=_share(found.top1_agreement))


def accuracy_of(where: str, value: Any) -> Accuracy | None:
    """From `accuracy`; None where it was not judged, as in files of earlier versions."""
    said = told(converted(where, value, dict[str, Any] | None, "accuracy") or {})
    if not said:
        return None
    undefined = [name for name, one in said.items() if _undefined(one)]
    said |= dict.fromkeys(undefined)
    if undefined or "max_rel_error" not in said:
        said["max_rel_error"] = math.inf
    found: Accuracy = converted(where, said, Accuracy, "accuracy")
    return replace(
        found,
        cosine=_share(found.cosine),
        top1_agreement=_share(found.top1_agreement),
        similarity_correlation=_share(found.similarity_correlation),
        neighbours_kept=_share(found.neighbours_kept),
    )


def scenario_of(where: str, value: Any) -> ScenarioResult | None:
    """From `scenario_result`; None for a single stream."""
    said = converted(where, value, dict[str, Any] | None, "scenario_result")
    if said is None:
        return None
    bounds = mapping(where, "scenario_result.bounded_ms", said.get("bounded_ms"))
    said = told(said) | {"bounded_ms": bounds}  # whose nulls say that there is no bound
    found: ScenarioResult = converted(where, said, ScenarioResult, "scenario_result")
    return found


def _undefined(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _share(value: float | None) -> float | None:
    """1 for what is above it by rounding."""
    return None if value is None else min(value, 1.0)
