"""The statistics of the gate: against SciPy, published tables, and the error rates they claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from isthmus.benchmarks.gate.rule.judge import Question, holm, judged, kind_of, question
from isthmus.benchmarks.gate.rule.metrics import LATENCY, METRICS, Metric, ratio_of
from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.reports import LogRatio
from isthmus.reports.stats.intervals import log_ratio
from isthmus.reports.stats.signed_rank import quantile, walsh_averages
from isthmus.reports.stats.student import t_quantile

LEVELS = [0.9, 0.95, 0.99, 1 - 0.05 / 20, 1 - 0.05 / 1000]
MARGIN = 0.05

EQUAL = LogRatio(0.0, 0.001, 9, "t")

logs = st.lists(st.floats(-2, 2), min_size=3, max_size=7)
levels = st.sampled_from(LEVELS)


def pair(base: Sequence[float], head: Sequence[float], *, interleaved: bool = False) -> Pair:
    """A process for each log of seconds."""
    before, after = ([Observation([math.exp(log)]) for log in side] for side in (base, head))
    return Pair("net", before, after, interleaved=interleaved)


def asked(ratio: LogRatio, margin: float = MARGIN, metric: Metric = LATENCY) -> Question:
    return Question(Pair("net", (), ()), metric, ratio, 1.0, 1.0, margin)


def bounds(one: Pair, level: float) -> tuple[float, float]:
    ratio = ratio_of(LATENCY, one)
    assert ratio is not None
    return ratio.interval(level)


# --- intervals against SciPy -------------------------------------------------------------------


@given(logs, logs, levels)
def test_processes_measured_apart_give_welchs_interval(
    base: list[float], head: list[float], level: float
) -> None:
    assume(min(numpy.std(base), numpy.std(head)) > 1e-3)
    expected = stats.ttest_ind(head, base, equal_var=False).confidence_interval(level)
    assert bounds(pair(base, head), level) == pytest.approx(numpy.exp(expected), rel=1e-5)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=7), levels)
def test_few_rounds_measured_together_give_the_paired_t_interval(
    rounds: list[tuple[float, float]], level: float
) -> None:
    base, head = zip(*rounds, strict=True)
    assume(numpy.std(numpy.subtract(head, base)) > 1e-3)
    expected = stats.ttest_rel(head, base).confidence_interval(level)
    found = bounds(pair(base, head, interleaved=True), level)
    assert found == pytest.approx(numpy.exp(expected), rel=1e-5)


@given(logs, st.floats(-0.5, 0.5))
def test_base_and_head_exchanged_exchange_the_verdict(base: list[float], shift: float) -> None:
    """head / base in place of base / head; the margins are 1 + m and its inverse."""
    head = [log + shift + 0.001 * at for at, log in enumerate(base)]
    mirrored = {"regressed": "improved", "improved": "regressed"}
    one, other = (
        judged([question(pair(*sides, interleaved=True), LATENCY, MARGIN) or asked(EQUAL)])[0].kind
        for sides in ((base, head), (head, base))
    )
    assert other == mirrored.get(one, one)


@given(st.floats(1e-12, 1 - 1e-12), st.floats(1, 1e4))
def test_a_quantile_of_t_is_scipys(probability: float, freedom: float) -> None:
    expected = float(stats.t.ppf(probability, freedom))
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-6, abs=1e-9)


# Student's t, P(T <= t) = 0.975 and 0.995, by degrees of freedom; as in any book of tables.
STUDENTS: dict[int, tuple[float, float]] = {
    1: (12.706, 63.657),
    2: (4.303, 9.925),
    3: (3.182, 5.841),
    4: (2.776, 4.604),
    5: (2.571, 4.032),
    6: (2.447, 3.707),
    8: (2.306, 3.355),
    10: (2.228, 3.169),
    15: (2.131, 2.947),
    20: (2.086, 2.845),
    30: (2.042, 2.750),
    60: (2.000, 2.660),
    120: (1.980, 2.617),
}


@pytest.mark.parametrize("freedom", STUDENTS)
def test_students_published_table(freedom: int) -> None:
    found = [t_quantile(probability, freedom) for probability in (0.975, 0.995)]
    assert found == pytest.approx(STUDENTS[freedom], abs=0.0005 + 1e-9)


# Wilcoxon's signed ranks, the largest rank sum that is significant at 5 % and 1 % two-sided
# (Wilcoxon and Wilcox 1964, Some Rapid Approximate Statistical Procedures; in most textbooks).
WILCOXONS: dict[int, tuple[int, int]] = {
    8: (3, 0),
    9: (5, 1),
    10: (8, 3),
    11: (10, 5),
    12: (13, 7),
    13: (17, 9),
    14: (21, 12),
    15: (25, 15),
    16: (29, 19),
    18: (40, 27),
    20: (52, 37),
    25: (89, 68),
}


@pytest.mark.parametrize("count", WILCOXONS)
def test_wilcoxons_published_table(count: int) -> None:
    """The interval ends at the Walsh average after the largest significant rank sum."""
    averages = walsh_averages(numpy.random.default_rng(count).standard_normal(count))
    for level, critical in zip((0.05, 0.01), WILCOXONS[count], strict=True):
        assert quantile(averages, level / 2) == averages[critical]
        assert quantile(averages, 1 - level / 2) == averages[-1 - critical]


@given(st.integers(0, 10_000), st.integers(10, 20), st.floats(0.04, 0.09))
def test_a_regression_of_signed_ranks_is_one_of_wilcoxons_test(
    seed: int, count: int, shift: float
) -> None:
    """That the ratio is at the margin is rejected, one-sided, at half of the error."""
    values = shift + 0.03 * numpy.random.default_rng(seed).standard_t(3, count)
    inside = values - math.log1p(MARGIN)
    ratio = ratio_of(LATENCY, pair([0.0] * count, values.tolist(), interleaved=True))
    assert ratio is not None and ratio.method.startswith("signed ranks")
    rejected = stats.wilcoxon(inside, alternative="greater", method="exact").pvalue <= 0.025
    assert (kind_of(asked(ratio), 0.95) == "regressed") == rejected


# --- the rule ----------------------------------------------------------------------------------


@given(st.lists(st.floats(-0.15, 0.15), min_size=3, max_size=7), st.sampled_from([0.9, 0.95, 0.99]))
def test_equivalent_is_two_one_sided_tests(values: list[float], level: float) -> None:
    """Schuirmann 1987: both that the ratio is above and that it is below a margin are rejected."""
    assume(numpy.std(values) > 1e-3)
    ratio = ratio_of(LATENCY, pair([0.0] * len(values), values, interleaved=True))
    assert ratio is not None
    border, error = math.log1p(MARGIN), (1 - level) / 2
    low = stats.ttest_1samp(values, -border, alternative="greater").pvalue
    high = stats.ttest_1samp(values, border, alternative="less").pvalue
    assume(min(abs(low - error), abs(high - error)) > 1e-6)
    assert (kind_of(asked(ratio), level) == "equivalent") == (max(low, high) < error)


@given(
    st.floats(-0.2, 0.2),
    st.floats(0.0001, 0.1),
    st.floats(0.001, 0.3),
    st.floats(0.5, 0.9999),
    st.sampled_from(list(METRICS)),
)
def test_the_verdict_is_where_the_interval_lies(
    value: float, error: float, margin: float, level: float, metric: str
) -> None:
    one = asked(LogRatio(value, error, 9, "t"), margin, METRICS[metric])
    low, high = one.ratio.interval(level)
    above, below = low > 1 + margin, high < 1 / (1 + margin)
    within = 1 / (1 + margin) < low and high < 1 + margin
    assert above + below + within <= 1
    worse = above if METRICS[metric].higher_is_worse else below
    better = below if METRICS[metric].higher_is_worse else above
    expected = {"regressed": worse, "improved": better, "equivalent": within}
    names = [name for name, holds in expected.items() if holds]
    assert kind_of(one, level) == (names[0] if names else "inconclusive")


@given(st.floats(-0.2, 0.2), st.floats(0.0001, 0.1), st.floats(0.001, 0.3))
def test_more_confidence_and_a_wider_margin_never_invent_a_verdict(
    value: float, error: float, margin: float
) -> None:
    ratio = LogRatio(value, error, 9, "t")
    kinds = [kind_of(asked(ratio, margin), level) for level in (0.9, 0.95, 0.99, 0.999, 0.999999)]
    decided = [kind for kind in kinds if kind != "inconclusive"]
    assert len(set(decided)) <= 1 and kinds[: len(decided)] == decided
    if kind_of(asked(ratio, 2 * margin), 0.95) == "regressed":
        assert kind_of(asked(ratio, margin), 0.95) == "regressed"


# --- Holm --------------------------------------------------------------------------------------


def by_definition(questions: Sequence[Question], confidence: float) -> list[float]:
    """Pass by pass: all that the level of so many decides, then those that are left."""
    found = dict.fromkeys(range(len(questions)), confidence)
    undecided = list(found)
    while undecided:
        level = 1 - (1 - confidence) / len(undecided)
        found |= dict.fromkeys(undecided, level)
        left = [at for at in undecided if kind_of(questions[at], level) == "inconclusive"]
        if len(left) == len(undecided):
            break
        undecided = left
    return [found[at] for at in range(len(questions))]


by_t = st.builds(
    lambda value, error, freedom: LogRatio(value, error, freedom, "t"),
    st.floats(-0.2, 0.2),
    st.floats(0.001, 0.1),
    st.sampled_from([2.0, 4.0, 9.0, math.inf]),
)


def by_medians(seed: int, shift: float) -> LogRatio:
    """Of the calls of one process a side."""
    base, head = numpy.exp(0.05 * numpy.random.default_rng(seed).standard_normal((2, 20)))
    return log_ratio([(head * (1 + shift)).tolist()], [base.tolist()])


def by_ranks(seed: int, shift: float) -> LogRatio:
    """Of rounds measured together."""
    logs = shift + 0.05 * numpy.random.default_rng(seed).standard_normal((9, 1))
    return log_ratio(numpy.exp(logs).tolist(), [[1.0]] * 9, paired=True)


seeds, shifts = st.integers(0, 10_000), st.floats(-0.2, 0.2)
any_ratio = by_t | st.builds(by_medians, seeds, shifts) | st.builds(by_ranks, seeds, shifts)


@given(st.lists(any_ratio, max_size=12), st.sampled_from([0.9, 0.95, 0.99]))
def test_holms_levels_are_those_of_the_definition(ratios: list[LogRatio], level: float) -> None:
    questions = [asked(ratio) for ratio in ratios]
    assert holm(questions, level) == by_definition(questions, level)


def significant(p: float) -> Question:
    """A ratio whose two-sided p against the margin is this."""
    beyond = NormalDist().inv_cdf(1 - p / 2)
    return asked(LogRatio(math.log1p(MARGIN) + beyond * 0.01, 0.01, math.inf, "t"))


@pytest.mark.parametrize(
    ("ps", "rejected"),
    [
        # .01, .04, .03, .005 at 5 %: .005 <= .05/4 and .01 <= .05/3, but .03 > .05/2 ends it
        ((0.01, 0.04, 0.03, 0.005), (True, False, False, True)),
        ((0.04, 0.04), (False, False)),
        ((0.02, 0.04), (True, True)),
        ((0.0001,) * 5, (True,) * 5),
        ((0.051,), (False,)),
    ],
)
def test_holms_textbook_example(ps: Sequence[float], rejected: Sequence[bool]) -> None:
    verdicts = judged([significant(p) for p in ps])
    assert tuple(one.kind == "regressed" for one in verdicts) == tuple(rejected)


@given(st.lists(st.floats(0.0005, 0.2), min_size=1, max_size=10, unique=True))
def test_holm_decides_what_holms_procedure_rejects(ps: list[float]) -> None:
    """p(k) <= 5 % / (m - k + 1) for the smallest, the next, ..., until one is not."""
    limits = [0.05 / (len(ps) - at) for at in range(len(ps))]
    assume(all(abs(p - limit) > 1e-6 for p in ps for limit in limits))
    ordered = sorted(ps)
    count = next((at for at, p in enumerate(ordered) if p > limits[at]), len(ps))
    verdicts = judged([significant(p) for p in ps])
    found = {p for p, one in zip(ps, verdicts, strict=True) if one.kind == "regressed"}
    assert found == set(ordered[:count])


class Counted(LogRatio):
    """A ratio that counts how often it is asked for an interval."""

    asked = 0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        Counted.asked += 1
        return super().interval(confidence)


def test_many_passes_cost_no_square() -> None:
    """Each pass decides one: by definition 500 passes over up to 500 questions."""
    Counted.asked, count = 0, 500
    ps = [0.9 * 0.05 / (count - at) for at in range(count)]
    questions = [
        asked(Counted(one.ratio.value, 0.01, math.inf, "t")) for one in map(significant, ps)
    ]
    assert holm(questions) == sorted(holm(questions), reverse=True)
    assert Counted.asked < 2 * count * (3 + math.log2(count))


# --- error rates under simulation, seeds fixed -------------------------------------------------

TRIALS = 400


def rounds(random: numpy.random.Generator, count: int, ratio: float, noise: float) -> Pair:
    """Base and head met the same machine, whose speed drifts more than they differ."""
    drift = 0.1 * random.standard_normal(count)
    base, head = drift + noise * random.standard_normal((2, count))
    return pair(base.tolist(), (head + math.log(ratio)).tolist(), interleaved=True)


def alarms(count: int, ratio: float, noise: float, benchmarks: int = 1) -> int:
    """In how many trials any of the benchmarks is called a regression."""
    random, found = numpy.random.default_rng(count), 0
    for _ in range(TRIALS):
        pairs = [rounds(random, count, ratio, noise) for _ in range(benchmarks)]
        questions = [question(one, LATENCY, MARGIN) for one in pairs]
        verdicts = judged([one for one in questions if one])
        found += any(one.kind == "regressed" for one in verdicts)
    return found


def at_most(share: float) -> int:
    """What a chance of that share exceeds once in a thousand times."""
    return int(stats.binom.ppf(0.999, TRIALS, share))


@pytest.mark.parametrize("count", [5, 12])
def test_the_same_code_is_never_called_slower(count: int) -> None:
    assert alarms(count, ratio=1.0, noise=0.02, benchmarks=5) == 0


@pytest.mark.parametrize("benchmarks", [1, 5])
@pytest.mark.parametrize("count", [5, 12])
def test_a_change_as_large_as_the_margin_is_called_at_the_rate_claimed(
    count: int, benchmarks: int
) -> None:
    """The worst case of a change that does not count: 2.5 % on its side, over all benchmarks."""
    found = alarms(count, ratio=1 + MARGIN, noise=0.03, benchmarks=benchmarks)
    assert 0 < found <= at_most(0.025)


@pytest.mark.parametrize(("ratio", "noise"), [(1.07, 0.01), (1.1, 0.03), (1.1, 0.02)])
def test_a_slowdown_is_found_as_often_as_the_power_predicts(ratio: float, noise: float) -> None:
    """P(t of n - 1 degrees of freedom, noncentral by the distance to the margin, is beyond)."""
    count = 6
    error = noise * math.sqrt(2 / count)
    away = (math.log(ratio) - math.log1p(MARGIN)) / error
    power = float(stats.nct.sf(stats.t.ppf(0.975, count - 1), count - 1, away))
    found = alarms(count, ratio, noise)
    low, high = stats.binom.interval(0.999, TRIALS, power)
    assert low <= found <= high


@pytest.mark.parametrize("count", [6, 7, 15, 40])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_an_interval_of_medians_of_calls_holds_the_truth(count: int, level: float) -> None:
    """Of skewed times of one process; what differs between processes it cannot see."""
    random, hits, trials = numpy.random.default_rng(count), 0, 400
    for _ in range(trials):
        a, b = 0.01 * numpy.exp(0.1 * random.exponential(size=(2, count)))
        low, high = log_ratio([a.tolist()], [b.tolist()]).interval(level)
        hits += low <= 1 <= high
    assert hits >= stats.binom.ppf(0.001, trials, level - 0.02)


def test_intervals_are_nested_at_every_confidence() -> None:
    """A higher confidence never gives a narrower interval: Holm's steps rest on it."""
    random = numpy.random.default_rng(0)
    every = [1 - 10.0**-power for power in numpy.linspace(0.3, 9, 40)]
    for count in (3, 5, 8, 9, 12, 30):
        one = rounds(random, count, 1.0, 0.02)
        found = [bounds(one, level) for level in every]
        for (low, high), (lower, higher) in pairwise(found):
            assert lower <= low and high <= higher, f"{count} rounds"
