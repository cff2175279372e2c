"""A race as a document: rows with figures, the sentence that says which and why, and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.reports.display import significant
from isthmus.reports.money.cost import MEASURED
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

from .axes import DOLLARS, LATENCY, Offer
from .candidates import Candidates
from .entry import Entry, ratio
from .money import Quote
from .parts import FEWEST, ROWS, SAMPLES
from .row import Amount, Row, State, amount
from .setting import Setting

__all__ = ["document_of"]

ORDER = ("chosen", "raced", "slower", "inaccurate", "failed", "missing", "untried")
WHAT = {LATENCY: "speed", "throughput": "throughput", DOLLARS: "calls for a dollar"}


def document_of(
    race: Candidates, chosen: Entry, quotes: Mapping[Any, Quote | str], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """facts: the question, as it is put into the document."""
    rows = [
        _row(race, entry, "chosen" if entry is chosen else entry.state, quotes[entry.setting])
        for entry in race.entries
    ]
    rows += _missing(race.offer)
    rows.sort(key=lambda row: (ORDER.index(row.state), -(row.speed.value if row.speed else 0)))
    windows = [window for entry in race.entries for window in entry.windows]
    disturbed = sum(window.fault is not None for window in windows) / max(1, len(windows))
    return {
        **facts,
        "samples": len(race.work.sets),
        "compared": chosen.figures.samples if chosen.figures else 0,
        "parts": race.parts.document(race.compared),
        "machine": fingerprint(),
        "versions": versions(),
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "spent_seconds": round(race.spent, 1),
        "rounds": len(race.default.windows),
        "disturbed": round(disturbed, 3),
        "remembered": None,
        "keywords": race.offer.given.keywords(chosen.setting),
        "why": _why(race, rows[0], facts["objective"]),
        "notes": _notes(race, chosen.setting, rows, disturbed),
        "rows": [row.document() for row in rows],
    }


def _row(race: Candidates, entry: Entry, state: State, price: Quote | str) -> Row:
    figures, windows = entry.figures, entry.windows
    per_second = amount([window.per_second for window in windows])
    is_default = entry is race.default
    quoted = price if isinstance(price, Quote) and windows else None
    return Row(
        name=str(entry.setting),
        state=state,
        setting=entry.setting,
        is_default=is_default,
        reason=entry.reason,
        latency_ms=amount([1e3 * window.seconds for window in windows]),
        per_second=per_second,
        speed=None if is_default or not windows else _speed(race, entry),
        turns=len(windows),
        memory_bytes=entry.memory_bytes,
        open_seconds=entry.open_seconds,
        relative_error=figures.relative_error if figures else None,
        cosine=figures.cosine if figures else None,
        top1=figures.top1 if figures else None,
        metric=figures.metric if figures else None,
        usd_per_million=amount([quoted.usd / w.per_second for w in windows]) if quoted else None,
        instance=quoted.instance if quoted else "",
        price_status=quoted.status if quoted else "",
    )


def _speed(race: Candidates, entry: Entry) -> Amount:
    """Times the default's: paired where both had the last round, else of two medians."""
    cost = race.terms.cost
    if entry.state == "raced" and len(entry.windows) == len(race.default.windows):
        found = ratio(race.default, entry, cost)
        low, high = found.interval()
        return Amount(found.ratio, low, high) if high < float("inf") else Amount(found.ratio)
    return Amount(race.default.cost(cost) / entry.cost(cost))


def _missing(offer: Offer) -> list[Row]:
    return [Row(name, "missing", reason=reason) for name, reason in offer.missing.items()]


def _why(race: Candidates, chosen: Row, objective: str) -> str:
    if chosen.speed is not None:
        speed = significant(chosen.speed.value)
        ends = f" [{significant(chosen.speed.low or 0)}, {significant(chosen.speed.high or 0)}]"
        kept = f"cosine {chosen.cosine:.6f}" if chosen.cosine is not None else "all figures kept"
        return (
            f"Chosen: {chosen.name}, {speed}{ends} times the default's {WHAT[objective]}, {kept}, "
            f"over {chosen.turns} turns of both."
        )
    others = [entry for entry in race.entries if entry is not race.default]
    measured = [entry for entry in others if entry.windows]
    wrong = [entry for entry in measured if entry.state == "inaccurate"]
    if measured and len(wrong) == len(measured):
        return f"Chosen: {chosen.name}, the default: every other setting misses the accuracy."
    if not measured:
        return f"Chosen: {chosen.name}, the default: no other setting was measured."
    rounds = len(race.default.windows)
    if rounds < FEWEST_ROUNDS:
        return (
            f"Chosen: {chosen.name}, the default: the budget was over before another was seen to "
            "be faster; give more seconds."
        )
    return (
        f"Chosen: {chosen.name}, the default: within the accuracy no other setting was seen to be "
        f"faster, over {rounds} rounds."
    )


def _notes(race: Candidates, chosen: Setting, rows: Sequence[Row], disturbed: float) -> list[str]:
    found = []
    if race.first_choice_failed:
        found.append(
            f"The default is {race.default.setting}, since the usual one fails: "
            f"{race.first_choice_failed}."
        )
    if chosen.static:
        sizes = ", ".join(f"{name}={size}" for name, size in race.work.sizes[0].items())
        found.append(f"It takes {sizes} alone, as all samples have; other sizes are refused.")
    if any(row.setting is not None and row.setting.needs_samples for row in rows):
        found.append(_judging(race))
    if chosen.copies > 1:
        found.append(
            f"Run {chosen.copies} processes side by side; the executable is the program of one."
        )
    priced = {row.instance: row.price_status for row in rows if row.instance}
    for instance, status in priced.items():
        if status == MEASURED:
            found.append(f"$/million: calls on {instance}, on which this was measured.")
        else:
            found.append(
                f"$/million: calls on {instance}, projected by cores as the cost tables do; this "
                "machine is none of the price list."
            )
    if disturbed > 0.5:
        found.append(f"The machine was disturbed in {disturbed:.0%} of the turns shown.")
    return found


def _judging(race: Candidates) -> str:
    """On what integers were settled, and on what they were judged."""
    if race.offer.given.settled:
        return "int8 was settled before, on samples that are not known here."
    parts = race.parts.document(race.compared)
    unit, settling, judging = (parts[name] for name in ("unit", "settling", "judging"))
    if not parts["apart"]:
        return (
            "int8 is judged on the samples that settle it, which flatters it; give "
            f"{2 * FEWEST} or more."
        )
    whole = "" if race.terms.accuracy.metric is None else ", the metric on all"
    typed = "; what is typed by hand below settles on all rows" if unit == ROWS else ""
    most = max(entry.figures.samples for entry in race.entries if entry.figures)
    last = f", and before one is chosen on {most}" if unit == SAMPLES and most > judging else ""
    return (
        f"int8 is settled on {settling} {unit}, and all settings are judged on {judging} others"
        f"{last}{whole}{typed}."
    )
