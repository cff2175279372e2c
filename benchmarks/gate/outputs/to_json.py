"""The outcome as a JSON document of a stable form, and back.

JSON has no infinity: an upper end that the measurements do not bound is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from isthmus.benchmarks.gate.rule.verdict import KINDS, Kind, Outcome, Side, Verdict
from isthmus.reports.files.checks import (
    amount_or_none,
    clean,
    count_or_none,
    fail,
    flag,
    listed,
    mapping,
    share_or_none,
    shown,
    text,
)

__all__ = ["document", "finite", "outcome_of", "text_of"]

FORMAT = 1
STEP = "write it again with isthmus gate --output"

Document = dict[str, Any]


def text_of(outcome: Outcome) -> str:
    """The document as text, a line a value."""
    return json.dumps(document(outcome), indent=2, allow_nan=False) + "\n"


def document(outcome: Outcome) -> Document:
    """`benchmarks` has a row for each verdict, in the order of measuring."""
    return {
        "format": FORMAT,
        "exit_code": outcome.exit_code,
        "passed": outcome.passed,
        "headline": outcome.headline,
        "summary": outcome.headline,  # what the headline was called before there was a format
        "strict": outcome.strict,
        "base": asdict(outcome.base),
        "head": asdict(outcome.head),
        "warnings": list(outcome.warnings),
        "control": _row(outcome.control) if outcome.control else None,
        "threads": outcome.threads,
        "spent_seconds": finite(outcome.spent_seconds),
        "budget_seconds": finite(outcome.budget_seconds),
        "machine": dict(outcome.machine),
        "benchmarks": [_row(verdict) for verdict in outcome.verdicts],
    }


def _row(verdict: Verdict) -> Document:
    return {name: finite(value) for name, value in vars(verdict).items()}


def finite(value: object) -> object:
    """None for an infinity and for what is no number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def outcome_of(document: Mapping[str, Any], where: str = "the gate's file") -> Outcome:
    """What was written, checked; `FileError` names `where`, the field and the next step."""
    if document.get("format") != FORMAT:
        fail(where, f"has format {shown(document.get('format'))}, not {FORMAT}", STEP)
    control = document.get("control")
    outcome = Outcome(
        verdicts=_verdicts(where, document),
        base=_side(where, "base", document),
        head=_side(where, "head", document),
        strict=flag(where, "strict", document.get("strict")),
        control=None if control is None else _verdict(f"{where}: control", control),
        warnings=tuple(
            text(where, "a warning", line)
            for line in listed(where, "warnings", document.get("warnings"))
        ),
        machine=_texts(where, "machine", document.get("machine")),
        threads=count_or_none(where, "threads", document.get("threads")),
        spent_seconds=amount_or_none(where, "spent_seconds", document.get("spent_seconds")),
        budget_seconds=amount_or_none(where, "budget_seconds", document.get("budget_seconds")),
    )
    return _consistent(where, document, outcome)


def _consistent(where: str, document: Mapping[str, Any], outcome: Outcome) -> Outcome:
    """A file whose rows say otherwise than its exit code was changed by hand."""
    said = document.get("exit_code")
    if said != outcome.exit_code:
        told = f"exit_code is {shown(said)}, its benchmarks give {outcome.exit_code}"
        fail(where, told, STEP)
    return outcome


def _verdicts(where: str, document: Mapping[str, Any]) -> tuple[Verdict, ...]:
    rows = listed(where, "benchmarks", document.get("benchmarks"))
    return tuple(_verdict(f"{where}: benchmarks[{at}]", row) for at, row in enumerate(rows))


def _side(where: str, name: str, document: Mapping[str, Any]) -> Side:
    found = mapping(where, name, document.get(name))
    label, *rest = (found.get(part) for part in ("label", "commit", "measured"))
    commit, measured = (_line(where, f"{name}'s commit or date", part) for part in rest)
    return Side(
        text(where, f"{name}'s label", label),
        commit,
        measured,
        _line(where, f"{name}'s environment", found.get("environment")),
        _line(where, f"{name}'s python", found.get("python")),
        _texts(where, "versions", found.get("versions")),
    )


def _texts(where: str, name: str, value: Any) -> dict[str, str]:
    """Texts by name; none where earlier versions wrote none."""
    found = mapping(where, name, value)
    return {clean(each): _line(where, each, one) for each, one in found.items()}


def _verdict(where: str, row: Any) -> Verdict:
    found = mapping(where, "the row", row)
    return Verdict(
        benchmark=text(where, "benchmark", found.get("benchmark")),
        kind=_kind(where, found.get("kind")),
        high=_high(where, found),
        confidence=share_or_none(where, "confidence", found.get("confidence")),
        rounds=count_or_none(where, "rounds", found.get("rounds")),
        **_plain(where, found),
    )


def _plain(where: str, row: Mapping[str, Any]) -> Document:
    """What is a text, or an amount that may be unknown."""
    texts = {name: _line(where, name, row.get(name)) for name in TEXTS}
    return texts | {name: amount_or_none(where, name, row.get(name)) for name in AMOUNTS}


TEXTS = ("metric", "reason", "unit", "method", "place")
AMOUNTS = ("base", "head", "ratio", "low", "margin")


def _line(where: str, name: str, value: Any) -> str:
    """A text on one line, which may be empty or absent."""
    if not isinstance(value, str | None):
        fail(where, f"{name} is {shown(value)}, not a text", STEP)
    return clean(value or "")


def _kind(where: str, value: Any) -> Kind:
    for kind in KINDS:
        if value == kind:
            return kind
    fail(where, f"kind is {shown(value)}, not one of {', '.join(KINDS)}", STEP)


def _high(where: str, row: Mapping[str, Any]) -> float | None:
    """Null is an upper end without a bound where there is a ratio, else no interval."""
    if row.get("high") is None:
        return None if row.get("ratio") is None else math.inf
    return amount_or_none(where, "high", row["high"])
