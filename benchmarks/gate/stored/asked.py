"""What is asked of each benchmark that two result files share, and what they cannot answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from isthmus.benchmarks.gate.rule.judge import Question, judged_parity, question
from isthmus.benchmarks.gate.rule.metrics import METRICS, PARITY, Metric, values_of
from isthmus.benchmarks.gate.rule.observations import Pair, Series
from isthmus.benchmarks.gate.rule.process_observations import THROUGHPUT, USD, price_of, seen_of
from isthmus.benchmarks.gate.rule.refusal import loaded
from isthmus.benchmarks.gate.rule.settings import TIMED, Settings
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports import Machine, Result, ResultFile
from isthmus.reports.money.cost import few
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

NEED_NOT_HAVE = frozenset({"peak_memory_mib", PARITY})  # asked for by default, ours alone have it
NEITHER = "neither file has it for"

Both = tuple[Result, Result]


@dataclass(frozen=True)
class Asked:
    """A benchmark on both sides, and the names of the metrics that are judged."""

    base: Result
    head: Result
    pair: Pair
    metrics: tuple[str, ...]

    @property
    def processes(self) -> int:
        """Of the side that has fewer."""
        return min(len(self.pair.base), len(self.pair.head))

    @property
    def told(self) -> list[Metric]:
        """The metrics with a ratio that both files may answer."""
        metrics = [METRICS[name] for name in self.metrics if name != PARITY]
        return [metric for metric in metrics if not self._is_guess(metric)]

    def _is_guess(self, metric: Metric) -> bool:
        """A rate that no process told: under load, times do not add up to it."""
        if metric.name != THROUGHPUT or not loaded(self.base):
            return False
        return not all(THROUGHPUT in seen.values for seen in (*self.pair.base, *self.pair.head))


def asked_of(
    both: Iterable[Both], base: ResultFile, head: ResultFile, settings: Settings
) -> list[Asked]:
    """Of each pair; `FileError` where times are asked for and a file has none."""
    return [
        _asked(old, new, (base.machine, head.machine), settings.usd_per_hour, metrics)
        for old, new in both
        for metrics in [metrics_of(old, new, settings.metrics_of(old.fullname))]
    ]


def _asked(
    old: Result,
    new: Result,
    machines: tuple[Machine, Machine],
    usd_per_hour: float | None,
    metrics: tuple[str, ...],
) -> Asked:
    sides = []
    for result, machine in zip((old, new), machines, strict=True):
        if not TIMED.isdisjoint(metrics):
            result.raw()
        price = price_of(machine, usd_per_hour) if USD in metrics else None
        sides.append(seen_of(result, price))
    base, head = sides
    return Asked(old, new, Pair(old.fullname, base, head, place=place_of(old.fullname)), metrics)


def metrics_of(old: Result, new: Result, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Latency under load is another thing: the percentile that is promised, or the rate.

    Offline has no latencies. A server that was asked at two rates searched them.
    """
    outcome = old.scenario_result
    if not loaded(old) or outcome is None or not any(map(_is_latency, asked)):
        return asked
    if outcome.scenario == "offline" or _rate(old) != _rate(new):
        return tuple(dict.fromkeys(THROUGHPUT if _is_latency(name) else name for name in asked))
    promised = f"latency_p{outcome.percentile or 0:g}_ms"
    return asked if promised in asked or promised not in METRICS else (promised, *asked)


def _is_latency(name: str) -> bool:
    return name.startswith("latency_")


def _rate(result: Result) -> float | None:
    return result.scenario_result.rate_per_s if result.scenario_result else None


def place_of(fullname: str) -> str:
    """`tests/test_f.py` of `tests/test_f.py::test_f[3]`; "" where the name begins with no file."""
    file, separated, _ = fullname.partition("::")
    return file if separated and file.endswith(".py") else ""


def questions(every: Iterable[Asked], settings: Settings) -> Iterator[Question]:
    """Each metric that both files have."""
    for asked in every:
        for metric in asked.told:
            margin = settings.margin_of(asked.pair.benchmark, metric.name)
            if metric.name in TIMED and asked.processes < FEWEST_ROUNDS:
                margin = max(margin, settings.lone_margin)
            if (found := question(asked.pair, metric, margin)) is not None:
                yield found


def parities(every: Iterable[Asked]) -> Iterator[Verdict]:
    """Of the benchmarks whose outputs were compared with a reference's."""
    for asked in every:
        if PARITY in asked.metrics and (found := judged_parity(asked.pair)) is not None:
            yield found


def unanswered(every: Sequence[Asked], judged: Iterable[Verdict]) -> Iterator[str]:
    """A line for each metric that is not judged, unless files need not have it, neither does,
    and something else of the benchmark is judged."""
    known = {(verdict.benchmark, verdict.metric) for verdict in judged}
    benchmarks = {benchmark for benchmark, _ in known}
    found: dict[tuple[str, str], list[str]] = {}
    for asked in every:
        name = asked.pair.benchmark
        for metric in asked.metrics:
            if (name, metric) in known:
                continue
            where = _lacking(asked, metric)
            if where != NEITHER or metric not in NEED_NOT_HAVE or name not in benchmarks:
                found.setdefault((metric, where), []).append(name)
    for (metric, where), names in found.items():
        yield f"{metric} is not judged: {where} {few(names)}"


def _lacking(asked: Asked, metric: str) -> str:
    sides = (("BASE", asked.pair.base), ("HEAD", asked.pair.head))
    lacking = [side for side, series in sides if not _has(metric, series)]
    return f"{lacking[0]} lacks it for" if len(lacking) == 1 else NEITHER


def _has(metric: str, series: Series) -> bool:
    if metric == PARITY:
        return any(seen.parity is not None for seen in series)
    return values_of(METRICS[metric], series) is not None
