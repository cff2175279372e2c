"""The rules of other tools, on the processes of a trial, by those tools' own code.

    pytest-benchmark  --benchmark-compare-fail=mean:5%: one process of each side
    asv               continuous: Mann-Whitney on the samples of two processes, p < 0.002, and 1.1
    plain 5 %         the medians of all processes of the first draw

A sample of asv is a turn's mean, of about a tenth of a second. "in turn" judges processes that met
the same machine; "one after the other" takes head's from the next round, as these tools do, which
run all of base before all of head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from isthmus.benchmarks.gate.trials import LEVELS
from isthmus.errors import BackendMissing

Turns = Sequence[Sequence[float]]  # cycle, median, mean, calls
Rule = Callable[[Sequence[Turns], Sequence[Turns]], bool]  # processes of base, of head
PERCENT = 5
PROCESSES_OF_ASV = 2
FACTOR_OF_ASV = 1.1


def pytest_benchmark(base: Sequence[Turns], head: Sequence[Turns]) -> bool:
    """The first process of each side, by the mean of all calls."""
    from pytest_benchmark.utils import PercentageRegressionCheck

    check = PercentageRegressionCheck("mean", PERCENT)
    return bool(check.fails({"mean": _mean(head[0])}, {"mean": _mean(base[0])}))


def asv(base: Sequence[Turns], head: Sequence[Turns]) -> bool:
    """What `asv continuous` calls worse: its test says different, and its factor is exceeded."""
    try:
        from asv.commands.compare import _is_result_better
        from asv_runner.statistics import compute_stats
    except ImportError:
        raise BackendMissing("asv is not installed; pip install asv") from None
    samples = [
        [turn[2] for one in side[:PROCESSES_OF_ASV] for turn in one] for side in (base, head)
    ]
    (before, said), (after, told) = (compute_stats(values, 1) for values in samples)
    both = (said, samples[0]), (told, samples[1])
    return bool(_is_result_better(before, after, *both, FACTOR_OF_ASV))


def plain(base: Sequence[Turns], head: Sequence[Turns]) -> bool:
    """The medians of the processes' medians."""
    before, after = (
        median(median(turn[1] for turn in one) for one in side) for side in (base, head)
    )
    return after > (1 + PERCENT / 100) * before


def _mean(turns: Turns) -> float:
    """Over all calls."""
    calls = sum(turn[3] for turn in turns)
    return sum(turn[2] * turn[3] for turn in turns) / calls


def _apart(rule: Rule) -> Rule:
    """Head's processes from one round later."""
    return lambda base, head: rule(base[:-1], head[1:])


TOOLS: Mapping[str, Rule] = {
    f"pytest-benchmark mean:{PERCENT}%": pytest_benchmark,
    "asv continuous": asv,
    f"plain {PERCENT} %": plain,
}
RULES: Mapping[str, Rule] = {
    **{f"{name}, in turn": rule for name, rule in TOOLS.items()},
    **{f"{name}, one after the other": _apart(rule) for name, rule in TOOLS.items()},
}


def judged(rule: Rule, trial: Mapping[str, Any]) -> Iterator[tuple[float, bool]]:
    """A rule on the five comparisons of a trial: the slowdown, and whether it raised an alarm."""
    for draw in (0, 1):
        yield 0.0, any(rule(*_sides(trial, name, draw, 0)) for name in _names(trial))
    for at, level in enumerate(LEVELS[1:], 1):
        yield level, rule(*_sides(trial, trial["slowed"], 0, at))


def _names(trial: Mapping[str, Any]) -> list[str]:
    return sorted({one["benchmark"] for one in trial["rounds"]})


def _sides(
    trial: Mapping[str, Any], name: str, draw: int, level: int
) -> tuple[list[Turns], list[Turns]]:
    """The processes of base and of head in a draw, at a level."""
    rounds = [r for r in trial["rounds"] if r["benchmark"] == name and r["draw"] == draw]
    return [one["base"][level] for one in rounds], [one["head"][level] for one in rounds]
