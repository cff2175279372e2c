"""The one judge of what was measured before: pairs of sides with their terms, from two files or a
history.

A pair's intervals come from its processes or, of stored runs, from its runs (`levels`). The
verdicts of all pairs hold together, and the control decides whether a regression is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.benchmarks.gate.rule.control import under_control
from isthmus.benchmarks.gate.rule.judge import judged, judged_parity, question
from isthmus.benchmarks.gate.rule.metrics import METRICS, PARITY, THROUGHPUT, TIMED, Metric
from isthmus.benchmarks.gate.rule.observations import Pair, Series
from isthmus.benchmarks.gate.rule.precisions import below_f32
from isthmus.benchmarks.gate.rule.process_observations import RATE
from isthmus.benchmarks.gate.rule.verdict import Kind, Outcome, Side, Verdict
from isthmus.errors import NothingMeasured
from isthmus.reports.money.cost import few

from . import levels
from .again import again, too_few
from .levels import Inquiry

__all__ = ["Stored", "alone", "outcome_of", "place_of", "under_load"]

NEED_NOT_HAVE = frozenset({"peak_memory_mib", PARITY})  # asked for by default, ours alone have it
LOST, NEITHER = "HEAD lacks it for", "neither file has it for"
NOISE = "the noise here is {margin:.1%}, above the margin of {asked:.1%}"
FEW = "by {rounds} process a side, which proves nothing below {margin:.0%}"


@dataclass(frozen=True)
class Stored:
    """What is judged, wherever it was read: pairs, controls, and what cannot be compared.

    caveats, unused: a line each, on what was compared and on settings that name no benchmark.
    """

    pairs: Sequence[Pair]
    base: Side
    head: Side
    alone: Sequence[Verdict]
    caveats: Sequence[str]
    unused: Sequence[str]
    machine: Mapping[str, str]
    threads: int | None
    controls: Sequence[Pair] = ()


def outcome_of(stored: Stored, strict: bool) -> Outcome:
    """The verdicts on the pairs, then what cannot be compared; `NothingMeasured`."""
    control = _farthest(_answered(inquiries(stored.controls)))
    verdicts = under_control(_judged(stored), control)
    return Outcome(
        verdicts=(*verdicts, *stored.alone),
        base=stored.base,
        head=stored.head,
        strict=strict,
        control=control,
        warnings=(
            *stored.caveats,
            *below_f32(stored.pairs),
            *again(stored.pairs, verdicts, stored.base.commit),
            *_unanswered(stored.pairs, verdicts),
            *stored.unused,
        ),
        machine=stored.machine,
        threads=stored.threads,
    )


def _judged(stored: Stored) -> list[Verdict]:
    """In the order of the benchmarks; all intervals hold together."""
    asked = inquiries(stored.pairs)
    answers = zip(asked, _answered(asked), strict=True)
    ratios = [explained(verdict, one.pair) for one, verdict in answers]
    found = [*ratios, *_parities(stored.pairs)]
    if stored.pairs and not found:
        names = dict.fromkeys(name for pair in stored.pairs for name in pair.terms.metrics)
        what = f"{stored.base.label} and {stored.head.label} both have none of {', '.join(names)}"
        raise NothingMeasured(f"{what}; ask for other metrics")
    places = {pair.benchmark: at for at, pair in enumerate(stored.pairs)}
    return sorted(found, key=lambda verdict: places[verdict.benchmark])


def inquiries(pairs: Iterable[Pair]) -> list[Inquiry]:
    """One for each metric with a ratio that is asked for, and that both sides have."""
    found = (
        levels.inquiry(pair, METRICS[name]) if pair.runs else _of_processes(pair, METRICS[name])
        for pair in pairs
        for name in pair.terms.metrics
        if name != PARITY
    )
    return [one for one in found if one]


def _of_processes(pair: Pair, metric: Metric) -> Inquiry | None:
    margin = pair.terms.margins[metric.name]
    if metric.name in TIMED and pair.is_lone:
        margin = max(margin, pair.terms.lone_margin)
    asked = question(pair, metric, margin)
    return Inquiry(pair, asked) if asked else None


def _answered(asked: Sequence[Inquiry]) -> list[Verdict]:
    """A verdict for each; all hold together."""
    answers = iter(judged([question for one in asked for question in one.questions]))
    return [one.verdict(answers) for one in asked]


def _parities(pairs: Iterable[Pair]) -> Iterator[Verdict]:
    """Against the newest of stored runs: an error that was wrong long ago is no excuse."""
    for pair in pairs:
        newest = replace(pair, base=pair.base[-1:]) if pair.runs else pair
        if PARITY in pair.terms.metrics and (found := judged_parity(newest)) is not None:
            yield found


def _farthest(controls: Sequence[Verdict]) -> Verdict | None:
    """Of those that moved, if any did; None without any."""
    moved = [one for one in controls if one.kind in ("regressed", "improved")]
    return max(moved or controls, key=_distance, default=None)


def _distance(verdict: Verdict) -> float:
    ratio = verdict.ratio or 1.0
    return max(ratio, 1 / ratio)


def explained(verdict: Verdict, pair: Pair) -> Verdict:
    """With the reason why its margin is not the one that was asked for.

    What too few processes show within their wider margin is no proof of the one asked for.
    """
    asked, lone = pair.terms.asked[verdict.metric], verdict.metric in TIMED and pair.is_lone
    if lone and (said := too_few(verdict, pair)):
        return replace(verdict, reason=said)
    if verdict.margin is None or verdict.margin <= asked:
        return verdict
    why = FEW if lone else NOISE
    said = why.format(margin=verdict.margin, asked=asked, rounds=verdict.rounds)
    if lone and verdict.kind == "equivalent":
        return replace(verdict, kind="inconclusive", reason=said)
    if lone and verdict.kind == "inconclusive":
        return replace(verdict, reason=f"{said}; measure both in turn")
    return replace(verdict, reason=f"{verdict.reason}; {said}")


def _unanswered(pairs: Sequence[Pair], judged: Iterable[Verdict]) -> Iterator[str]:
    """A line for each metric that is not judged, unless files need not have it, neither does,
    and something else of the benchmark is judged; of a history for what HEAD lost."""
    known = {(verdict.benchmark, verdict.metric) for verdict in judged}
    benchmarks = {benchmark for benchmark, _ in known}
    found: dict[tuple[str, str], list[str]] = {}
    for pair in pairs:
        for metric in pair.terms.metrics:
            if (pair.benchmark, metric) in known:
                continue
            where = _lacking(pair, metric)
            needed = metric not in NEED_NOT_HAVE or pair.benchmark not in benchmarks
            if where == LOST or (not pair.runs and (needed or where != NEITHER)):
                found.setdefault((metric, where), []).append(pair.benchmark)
    for (metric, where), names in found.items():
        yield f"{metric} is not judged: {where} {few(names)}"


def _lacking(pair: Pair, metric: str) -> str:
    sides = {"BASE": pair.base, "HEAD": pair.head}
    lacking = [side for side, series in sides.items() if not _has(metric, series, pair.runs)]
    if len(lacking) != 1:
        return NEITHER
    return LOST if lacking == ["HEAD"] else "BASE lacks it for"


def _has(metric: str, series: Series, any_does: bool) -> bool:
    """Parity, and a metric of stored runs, where one has it; else where all have it."""
    if metric == PARITY:
        return any(one.parity is not None for one in series)
    enough = any if any_does else all
    return bool(series) and enough(METRICS[metric].of(one) is not None for one in series)


def place_of(fullname: str) -> str:
    """`tests/test_f.py` of `tests/test_f.py::test_f[3]`; "" where the name begins with no file."""
    file, separated, _ = fullname.partition("::")
    return file if separated and file.endswith(".py") else ""


def alone(name: str, kind: Kind, reason: str) -> Verdict:
    """On a benchmark that cannot be compared."""
    return Verdict(name, "", kind, reason, place=place_of(name))


def under_load(pair: Pair) -> Pair:
    """Latency under load is another thing: the percentile that is promised, or the rate.

    Offline has no latencies. A server that was asked at several rates searched them.
    """
    (head, *_), asked = pair.head, pair.terms.metrics
    if not head.loaded or not any(map(_is_latency, asked)):
        return pair
    rates = {one.values.get(RATE) for one in (*pair.base, *pair.head)}
    promised = f"latency_p{head.facts.get('percentile', 0):g}_ms"
    if head.facts.get("scenario") == "offline" or len(rates) > 1:
        asked = tuple(dict.fromkeys(THROUGHPUT if _is_latency(name) else name for name in asked))
    elif promised in METRICS and promised not in asked:
        asked = (promised, *asked)
    return replace(pair, terms=replace(pair.terms, metrics=asked))


def _is_latency(name: str) -> bool:
    return name.startswith("latency_")
