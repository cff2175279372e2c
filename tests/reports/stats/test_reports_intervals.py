"""Intervals: against SciPy, and against what they claim, their coverage."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from isthmus.reports.stats.intervals import LogRatio, geometric_mean, log_ratio
from isthmus.reports.stats.medians import law
from isthmus.reports.stats.student import t_quantile

Random = numpy.random.Generator
seconds = st.floats(1e-6, 1e3)
rounds = st.lists(st.lists(seconds, min_size=1, max_size=5), min_size=1, max_size=10)


def noisy(random: Random, count: int, samples: int = 5, median: float = 0.01) -> list[list[float]]:
    """Rounds that differ by 2 %, samples inside them by 1 %."""
    levels = median * numpy.exp(0.02 * random.standard_normal((count, 1)))
    times = levels * numpy.exp(0.01 * random.standard_normal((count, samples)))
    return [[float(value) for value in row] for row in times]


@pytest.mark.parametrize("freedom", [1.0, 2.0, 3.7, 10.0, 100.0, 5000.0, 2e6, math.inf])
@pytest.mark.parametrize("probability", [1e-9, 1e-4, 0.025, 0.4, 0.5, 0.9, 0.975, 0.99999])
def test_t_quantile_is_scipys(probability: float, freedom: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("count", [3, 5, 7])
def test_few_rounds_give_welchs_interval(count: int) -> None:
    random = numpy.random.default_rng(count)
    a, b = noisy(random, count), noisy(random, count + 4)
    logs = [numpy.log([numpy.median(row) for row in side]) for side in (a, b)]
    expected = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert log_ratio(a, b).interval() == pytest.approx(numpy.exp(expected), rel=1e-6)


def test_interleaved_rounds_are_paired() -> None:
    random = numpy.random.default_rng(0)
    a = noisy(random, 6)
    b = [[2 * value for value in row] for row in a]  # the same drift in both: no uncertainty
    paired, apart = log_ratio(b, a, paired=True), log_ratio(b, a)
    assert paired.interval() == pytest.approx((2, 2))
    assert apart.interval()[1] - apart.interval()[0] > 0.02


@pytest.mark.parametrize(
    ("sides", "method", "paired"),
    [
        (4, "t, 4 and", False),
        (4, "t, 4 paired", True),
        (12, "t, 12 and", False),
        (12, "signed ranks, 12 paired", True),
    ],
)
def test_interval_holds_the_truth_as_often_as_it_says(
    sides: int, method: str, paired: bool
) -> None:
    random, hits, trials = numpy.random.default_rng(7), 0, 300
    for _ in range(trials):
        ratio = log_ratio(noisy(random, sides, median=0.03), noisy(random, sides), paired=paired)
        low, high = ratio.interval()
        hits += low <= 3 <= high
        assert ratio.method.startswith(method)
    assert 0.91 <= hits / trials <= 0.985


def test_samples_of_one_run_give_an_interval_of_the_median() -> None:
    random, hits, trials = numpy.random.default_rng(3), 0, 300
    for _ in range(trials):
        a, b = numpy.exp(0.1 * random.standard_normal((2, 40)))
        low, high = log_ratio([a.tolist()], [b.tolist()]).interval()
        hits += low <= 1 <= high
    assert 0.91 <= hits / trials <= 0.99


@pytest.mark.parametrize("count", [6, 7, 8, 9, 20, 21, 60])
def test_the_law_of_medians_is_that_of_resampling(count: int) -> None:
    random = numpy.random.default_rng(count)
    sides = random.uniform(1, 2, (2, count))
    picks = random.integers(0, count, (2, 40_000, count))
    a, b = (
        numpy.log(numpy.median(side[pick], axis=1)) for side, pick in zip(sides, picks, strict=True)
    )
    found, spread = law(*sides), (a - b).std()
    assert found.deviation == pytest.approx(spread, rel=0.15 if count < 10 else 0.07)
    for probability in (0.001, 0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.995, 0.999):
        expected = numpy.quantile(a - b, probability)
        if count >= 20:  # few values have large gaps, and any chance between two of them is one
            assert found.quantile(probability) == pytest.approx(expected, abs=0.25 * spread)


def test_what_few_values_cannot_show_has_no_interval() -> None:
    """All of 6 above all of 6 others of the same kind: once in C(12, 6) = 924 times."""
    random = numpy.random.default_rng(0)
    ratio = log_ratio(*random.uniform(1, 2, (2, 1, 6)).tolist())
    assert 0 < ratio.interval(1 - 2.1 / 924)[0] < 1
    assert ratio.interval(1 - 1.9 / 924) == (0, math.inf)


def test_too_few_samples_decide_nothing() -> None:
    ratio = log_ratio([[5.0] * 3], [[1.0] * 100])
    assert ratio.ratio == pytest.approx(5)
    assert ratio.interval() == (0, math.inf)


@pytest.mark.parametrize(("a", "b"), [(5, 5), (4, 4), (5, 60)])
def test_few_samples_that_are_apart_decide_as_often_as_chance_lets_them(a: int, b: int) -> None:
    """All of a above all of b: once in C(a + b, a) times."""
    random = numpy.random.default_rng(a * b)
    sides = [(5 * random.uniform(1, 2, a)).tolist()], [random.uniform(1, 2, b).tolist()]
    ratio, chance = log_ratio(*sides), 2 / math.comb(a + b, a)
    low, high = ratio.interval(1 - 1.05 * chance)
    assert low == pytest.approx(min(sides[0][0]) / max(sides[1][0]))
    assert high == pytest.approx(max(sides[0][0]) / min(sides[1][0]))
    assert ratio.interval(1 - 0.95 * chance) == (0, math.inf)


@pytest.mark.parametrize("count", [4, 5])
def test_the_extremes_of_few_samples_hold_the_truth(count: int) -> None:
    random, hits, trials = numpy.random.default_rng(count), 0, 400
    for _ in range(trials):
        a, b = numpy.exp(0.3 * random.exponential(size=(2, count)))
        low, high = log_ratio([a.tolist()], [b.tolist()]).interval()
        hits += low <= 1 <= high
    assert hits / trials >= 0.95


def test_a_long_run_costs_no_memory() -> None:
    random = numpy.random.default_rng(1)
    times = [random.uniform(1, 2, 200_000).tolist()]
    low, high = log_ratio(times, times).interval()
    assert 0.99 < low < 1 < high < 1.01


@given(rounds, rounds, st.floats(0.5, 0.999))
def test_interval_holds_the_estimate_grows_and_mirrors(
    a: list[list[float]], b: list[list[float]], confidence: float
) -> None:
    ratio = log_ratio(a, b)
    low, high = ratio.interval(confidence)
    wide_low, wide_high = ratio.interval(1 - (1 - confidence) / 10)
    assert 0 <= wide_low <= low * (1 + 1e-9) and high <= wide_high * (1 + 1e-9)
    assert log_ratio(b, a).ratio * ratio.ratio == pytest.approx(1, rel=1e-6)


@given(rounds, st.floats(0.01, 100))
def test_unit_of_time_does_not_matter(a: list[list[float]], unit: float) -> None:
    scaled = [[value * unit for value in row] for row in a]
    assert log_ratio(scaled, a, paired=True).ratio == pytest.approx(unit, rel=1e-6)


def test_results_do_not_change_from_run_to_run() -> None:
    make: Callable[[], LogRatio] = lambda: log_ratio(  # noqa: E731
        noisy(numpy.random.default_rng(1), 9), noisy(numpy.random.default_rng(2), 9)
    )
    assert make().interval() == make().interval()


def test_geometric_mean_of_2_and_8_is_4() -> None:
    ratios = [LogRatio(math.log(value), 0.1, 5, "t") for value in (2, 8)]
    mean = geometric_mean(ratios)
    assert mean.ratio == pytest.approx(4)
    assert mean.error == pytest.approx(0.1 / math.sqrt(2))
    assert mean.freedom == pytest.approx(10)
