"""A verdict in words and figures, as every output of the gate says them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from isthmus.benchmarks.gate.rule.metrics import METRICS, PARITY
from isthmus.benchmarks.gate.rule.verdict import (
    FINE,
    INCONCLUSIVE,
    REGRESSED,
    Kind,
    Outcome,
    Side,
    Verdict,
)
from isthmus.reports.display import ABSENT, significant
from isthmus.reports.files.checks import clean

__all__ = [
    "Level",
    "about",
    "amount",
    "clipped",
    "finding",
    "fitting",
    "headline",
    "interval",
    "level",
    "line",
    "machine",
    "ratio",
    "share",
    "sides",
    "size",
    "title",
    "warnings",
]

Level = Literal["error", "warning", "note"]

LONGEST, LONGEST_WARNING = 200, 1000  # characters
COMMIT = 12  # characters of a commit
RESULTS = {FINE: "passed", REGRESSED: "failed", INCONCLUSIVE: "undecided"}  # by exit code
LEVELS: Mapping[Kind, Level] = {"regressed": "error", "missing": "warning", "inconclusive": "note"}


def title(metric: str) -> str:
    """`median latency`; parity is judged by the relative error."""
    if metric == PARITY:
        return "relative error"
    return METRICS[metric].title if metric in METRICS else clipped(metric.replace("_", " "))


def amount(value: float | None, unit: str) -> str:
    """`12.3 ms`, `$0.420`, `3.0e-06` without a unit; a dash where it was not measured."""
    if value is None:
        return ABSENT
    if unit == "$":
        return f"${significant(value)}"
    return f"{significant(value)} {clean(unit)}" if unit else f"{value:.1e}"


def share(value: float | None) -> str:
    """`5.0%`."""
    return ABSENT if value is None else f"{value:.1%}"


def ratio(verdict: Verdict) -> str:
    """Head / base."""
    return ABSENT if verdict.ratio is None else f"{verdict.ratio:.3f}"


def interval(verdict: Verdict) -> str:
    """`1.151 to 1.262`, or that the measurements set no bound."""
    if verdict.low is None or verdict.high is None:
        return ABSENT
    if not math.isfinite(verdict.high):
        return "unbounded"
    return f"{verdict.low:.3f} to {verdict.high:.3f}"


def comparison(verdict: Verdict) -> str:
    """`12.0 ms, was 10.0 ms, 1.203 times (1.151 to 1.262)`; "" where nothing was measured."""
    if verdict.base is None and verdict.head is None:
        return ""
    head, base = (amount(value, verdict.unit) for value in (verdict.head, verdict.base))
    told = f"{head}, was {base}"
    times = f", {ratio(verdict)} times ({interval(verdict)})"
    return told if verdict.ratio is None else told + times


def finding(verdict: Verdict) -> str:
    """`median latency regressed: worse by more than 5.0%; 12.0 ms, was ...`, without the name."""
    what = f"{title(verdict.metric)} {verdict.kind}".strip()
    why = "; ".join(filter(None, (clipped(verdict.reason), comparison(verdict))))
    return f"{what}: {why}" if why else what


def line(verdict: Verdict) -> str:
    """The name, then the finding."""
    return f"{clipped(verdict.benchmark)}: {finding(verdict)}"


def level(verdict: Verdict, strict: bool) -> Level | None:
    """How grave a verdict is to a reader of annotations; None for what needs no word."""
    if strict and verdict.kind == "inconclusive":
        return "warning"
    return LEVELS.get(verdict.kind)


def headline(outcome: Outcome) -> str:
    """`failed: 1 regressed, 2 equivalent`."""
    return f"{RESULTS[outcome.exit_code]}: {outcome.headline}"


def sides(outcome: Outcome) -> str:
    """`the working tree against main (commit 1f0c2d3e4a5b)`."""
    return f"{side(outcome.head)} against {side(outcome.base)}"


def side(side: Side) -> str:
    """A label with its commit and date, where they are known and say more than the label."""
    commit = _short(side.commit)
    told = {"commit": "" if side.label.startswith(commit) else commit, "measured": side.measured}
    known = ", ".join(f"{name} {clipped(text)}" for name, text in told.items() if text)
    return clipped(side.label) + (f" ({known})" if known else "")


def environment(side: Side) -> str:
    """`.venv: CPython 3.11.7, numpy 2.4.6, openvino 2026.4.1-22982`; "" where none was told."""
    if not side.environment:
        return ""
    packages = (f"{name} {version}" for name, version in side.versions.items())
    return clipped(f"{side.environment}: {', '.join([side.python, *packages])}", LONGEST_WARNING)


def _short(commit: str) -> str:
    """The first characters of the hash; what follows it, such as `(modified)`, stays."""
    name, _, state = clipped(commit).partition(" ")
    return f"{name[:COMMIT]} {state}".strip()


def about(outcome: Outcome) -> dict[str, str]:
    """How it was measured, by name; what is not known is left out."""
    found = {
        "head": side(outcome.head),
        "base": side(outcome.base),
        "head's environment": environment(outcome.head),
        "base's environment": environment(outcome.base),
        "control": finding(outcome.control) if outcome.control else "",
        "threads": str(outcome.threads or ""),
        "time": _time(outcome),
    }
    return {name: text for name, text in found.items() if text}


def _time(outcome: Outcome) -> str:
    """`212 s of 300 s`."""
    spent, budget = outcome.spent_seconds, outcome.budget_seconds
    if spent is None:
        return ""
    return f"{spent:.0f} s" + ("" if budget is None else f" of {budget:.0f} s")


def machine(outcome: Outcome) -> dict[str, str]:
    """The machine's facts, as names and texts of one line."""
    return {clipped(name): clipped(text) for name, text in outcome.machine.items()}


def warnings(outcome: Outcome) -> tuple[str, ...]:
    """A line each."""
    return tuple(clipped(line, LONGEST_WARNING) for line in outcome.warnings)


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text on one line; a long one loses its middle, for names differ at their ends."""
    found = clean(text)
    half = longest // 2
    return found if len(found) <= longest else f"{found[: half - 1]}…{found[-half:]}"


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def fitting(lines: Iterable[str], room: int) -> list[str]:
    """The first of the lines that fit into so many bytes, each with the end of its line."""
    kept = list[str]()
    for each in lines:
        room -= size(each) + 1
        if room < 0:
            break
        kept.append(each)
    return kept
