"""The regression gate: did HEAD get slower than BASE, or less right?

ratio = median seconds of HEAD / of BASE, with its interval; Holm's correction keeps the chance
of any false verdict at 5 % over all benchmarks together. With a margin m of 5 %:

    regressed     the whole interval is above 1 + m, or parity with the reference was lost
    improved      the whole interval is below 1 / (1 + m)
    equivalent    the whole interval is between the two
    inconclusive  anything else: more rounds are needed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import LogRatio, Result, ResultFile, log_ratio, read

Kind = Literal["regressed", "improved", "equivalent", "inconclusive", "missing", "new"]

CONFIDENCE = 0.95
PARITY_LIMIT = 1e-3  # relative to the NumPy reference; float32 stays well below
SAME_WORK = ("workload", "sequence", "batch", "precision")


@dataclass(frozen=True)
class Verdict:
    """What happened to one benchmark; ratio above 1 is slower, None where it was not compared."""

    name: str
    kind: Kind
    reason: str
    base_ms: float | None = None
    head_ms: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    method: str = ""


def compare(
    base_file: str | Path,
    head_file: str | Path,
    margin: float = 0.05,
    *,
    allow_missing: bool = False,
    allow_different_machines: bool = False,
) -> list[Verdict]:
    """A verdict per benchmark of both files, joined by fullname, then the missing and the new.

    Errors: `FileError` for an unreadable file, one without raw times, or a benchmark gone from
    HEAD; `UsageError` for different machines, threads or work; `NothingMeasured`.
    """
    if not 0 < margin < 1:
        raise UsageError(f"margin is {margin}; give a share between 0 and 1, such as 0.05")
    base, head = read(base_file), read(head_file)
    pairs = _pairs(base, head)
    if not pairs:
        raise NothingMeasured(f"{base.path} and {head.path} share no benchmark; compare like runs")
    gone = _alone(base, head, "missing", "in BASE, not in HEAD")
    if gone and not allow_missing:
        names = ", ".join(verdict.name for verdict in gone)
        raise FileError(f"{head.path} lacks {names}; measure them, or pass --allow-missing")
    _same_work(pairs)
    if not allow_different_machines:
        _same_machine(base, head, pairs)
    return [*_judged(pairs, margin), *gone, *_alone(head, base, "new", "in HEAD, not in BASE")]


def exit_code(verdicts: Sequence[Verdict], *, strict: bool = False) -> int:
    """1 where anything regressed, 4 where anything is inconclusive under strict, else 0."""
    kinds = {verdict.kind for verdict in verdicts}
    if "regressed" in kinds:
        return 1
    return 4 if strict and "inconclusive" in kinds else 0


Pair = tuple[Result, Result]


def _pairs(base: ResultFile, head: ResultFile) -> list[Pair]:
    after = {result.fullname: result for result in head.results}
    return [(old, after[old.fullname]) for old in base.results if old.fullname in after]


def _alone(file: ResultFile, other: ResultFile, kind: Kind, reason: str) -> list[Verdict]:
    """The benchmarks of `file` that `other` lacks."""
    known = {result.fullname for result in other.results}
    names = (result.fullname for result in file.results if result.fullname not in known)
    return [Verdict(name, kind, reason) for name in names]


def _same_work(pairs: Sequence[Pair]) -> None:
    """Raise `UsageError` where a name stands for another batch, sequence or precision."""
    for old, new in pairs:
        for field in SAME_WORK:
            was, now = getattr(old, field), getattr(new, field)
            if was != now:
                changed = f"{old.fullname}: {field} is {was} in BASE and {now} in HEAD"
                raise UsageError(f"{changed}; that is other work, measure BASE again")


def _same_machine(base: ResultFile, head: ResultFile, pairs: Sequence[Pair]) -> None:
    """Raise `UsageError` that names every differing field of the machine, and the threads."""
    differing = list(base.machine.differences(head.machine))
    for old, new in pairs:
        if old.threads != new.threads:
            differing.append(f"threads of {old.fullname}: {old.threads} | {new.threads}")
    if differing:
        fields = "; ".join(differing)
        step = "measure both on one machine, or pass --allow-different-machines"
        raise UsageError(f"BASE | HEAD differ in {fields}; {step}")


def _judged(pairs: Sequence[Pair], margin: float) -> list[Verdict]:
    ratios = [log_ratio(new.raw(), old.raw()) for old, new in pairs]
    levels = holm(ratios, margin)
    return [
        _verdict(pair, ratio, level, margin)
        for pair, ratio, level in zip(pairs, ratios, levels, strict=True)
    ]


def holm(ratios: Sequence[LogRatio], margin: float) -> list[float]:
    """The confidence of each interval: 1 - 5 % / (number of benchmarks still undecided).

    Holm 1979: decide what the strictest level decides, then share the 5 % among the rest, until
    nothing more is decided. The chance of any false decision stays at 5 %.
    """
    levels = dict.fromkeys(range(len(ratios)), CONFIDENCE)
    undecided = list(levels)
    while undecided:
        level = 1 - (1 - CONFIDENCE) / len(undecided)
        levels |= dict.fromkeys(undecided, level)
        left = [at for at in undecided if _kind(ratios[at], level, margin) == "inconclusive"]
        if len(left) == len(undecided):
            break
        undecided = left
    return [levels[at] for at in range(len(ratios))]


def _kind(ratio: LogRatio, level: float, margin: float) -> Kind:
    low, high = ratio.interval(level)
    slow, fast = 1 + margin, 1 / (1 + margin)
    if low > slow:
        return "regressed"
    if high < fast:
        return "improved"
    return "equivalent" if fast < low and high < slow else "inconclusive"


def _verdict(pair: Pair, ratio: LogRatio, level: float, margin: float) -> Verdict:
    old, new = pair
    low, high = ratio.interval(level)
    wrong = parity_lost(old, new)
    kind = _kind(ratio, level, margin)
    return Verdict(
        name=old.fullname,
        kind="regressed" if wrong else kind,
        reason=wrong or REASONS[kind].format(margin=margin),
        base_ms=old.latency_ms,
        head_ms=new.latency_ms,
        ratio=ratio.ratio,
        low=low,
        high=high,
        confidence=level,
        method=ratio.method,
    )


REASONS = {
    "regressed": "slower by more than {margin:.1%}",
    "improved": "faster by more than {margin:.1%}",
    "equivalent": "within {margin:.1%}",
    "inconclusive": "the interval crosses a margin of {margin:.1%}; measure more rounds",
}


def parity_lost(old: Result, new: Result) -> str:
    """Why HEAD's outputs are worse than BASE's; "" where they are not.

    A reduced precision that was above the limit already is allowed twice its former error.
    """
    before, after = old.parity_max_rel_error, new.parity_max_rel_error
    if after is None:
        return "" if before is None else "parity with the reference is no longer measured"
    limit = PARITY_LIMIT if before is None or before <= PARITY_LIMIT else 2 * before
    was = "not measured" if before is None else f"{before:.1e}"
    return f"relative error {after:.1e}, was {was}" if after > limit else ""
