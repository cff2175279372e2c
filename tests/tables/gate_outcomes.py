"""Outcomes of the gate with known figures: nothing is measured to make one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isthmus.benchmarks.gate.rule.verdict import Kind, Outcome, Side, Verdict

# Everything that some format takes for its own: markup, tables, mentions, commands, quotes.
HOSTILE = (
    "]]></failure><script>alert(1)</script> & \"q\" 'a' | \\| ` `` [x](http://e.vil) @octocat #12 "
    "%0A::error::\x00\x1b[31m\u202e\ud800\ufffe é 中 🙂 --> </details> **b** {0}"
)
RATIOS: dict[Kind, float] = {
    "regressed": 1.2,
    "inconclusive": 1.04,
    "improved": 0.8,
    "equivalent": 1.001,
}
REASONS: dict[Kind, str] = {
    "regressed": "worse by more than 5.0%",
    "inconclusive": "the interval crosses a margin of 5.0%; measure more rounds",
    "missing": "in BASE, not in HEAD",
    "new": "in HEAD, not in BASE",
    "improved": "better by more than 5.0%",
    "equivalent": "within 5.0%",
}
MACHINE = {"cpu model": "AMD EPYC 9R14", "cores": "2"}


def verdict(
    kind: Kind = "regressed", name: str = "tests/bench.py::test_f[1]", **other: Any
) -> Verdict:
    """A verdict on the median latency, from 10 ms on; the interval is 2 % to either side."""
    ratio = RATIOS.get(kind)
    if ratio is None:
        return Verdict(name, "latency_p50_ms", kind, REASONS[kind])
    measured = {"base": 10.0, "head": 10 * ratio, "ratio": ratio, "confidence": 0.975}
    measured |= {"low": ratio * 0.98, "high": ratio * 1.02, "margin": 0.05}
    about = {
        "metric": "latency_p50_ms",
        "reason": REASONS[kind],
        "unit": "ms",
        "rounds": 10,
        "method": "t, 10 rounds",
        "place": "tests/bench.py",
    }
    return Verdict(benchmark=name, kind=kind, **{**measured, **about, **other})


def outcome(*verdicts: Verdict, **other: Any) -> Outcome:
    """Two revisions on a machine of two cores."""
    told = {
        "base": Side("main", "1f0c2d3e4a5b6c7d8e9f1f0c2d3e4a5b6c7d8e9f", "2026-11-22T10:00:00"),
        "head": Side("the working tree"),
        "control": verdict("equivalent", "control"),
        "machine": MACHINE,
        "threads": 2,
        "spent_seconds": 212.4,
        "budget_seconds": 300.0,
    }
    return Outcome(tuple(verdicts), **{**told, **other})


def one_of_each(**other: Any) -> Outcome:
    """A verdict of every kind, the gravest last."""
    kinds: tuple[Kind, ...] = ("equivalent", "improved", "new", "missing", "inconclusive")
    every = [verdict(kind, f"test_{kind}") for kind in (*kinds, "regressed")]
    return outcome(*every, **other)


def many(count: int, kind: Kind = "regressed", name: str = "tests/bench.py::test") -> Outcome:
    """So many benchmarks, alike."""
    return outcome(*(verdict(kind, f"{name}[{at}]") for at in range(count)))


def hostile() -> Outcome:
    """Every text is hostile."""
    texts: dict[str, Any] = dict.fromkeys(("metric", "reason", "method", "place"), HOSTILE)
    every = [replace(verdict("regressed", HOSTILE), kind=kind, **texts) for kind in REASONS]
    return outcome(
        *every,
        base=Side(HOSTILE, HOSTILE, HOSTILE),
        warnings=(HOSTILE,),
        machine={HOSTILE: HOSTILE},
    )
