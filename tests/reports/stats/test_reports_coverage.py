"""Intervals hold the truth as often as they say, also where processes differ wildly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from isthmus.reports.stats.intervals import LogRatio, geometric_mean, log_ratio
from isthmus.reports.stats.signed_rank import quantile, walsh_averages

Array = NDArray[numpy.float64]
Noise = Callable[[numpy.random.Generator, tuple[int, ...]], Array]

TRIALS = 400


def students(random: numpy.random.Generator, shape: tuple[int, ...]) -> Array:
    """1 %, with the tails of Student's t with 2 degrees of freedom: its variance is infinite."""
    return 0.01 * random.standard_t(2, shape)


def bursts(random: numpy.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.5 %, and in one process of eight a neighbour that costs 10 to 50 %."""
    burst = (random.random(shape) < 0.12) * random.uniform(0.1, 0.5, shape)
    return 0.005 * random.standard_normal(shape) + burst


def skewed(random: numpy.random.Generator, shape: tuple[int, ...]) -> Array:
    """Never faster than the machine allows, often slower."""
    return 0.02 * random.exponential(size=shape)


def trials(noise: Noise, rounds: int) -> tuple[Array, Array]:
    """Seconds of TRIALS pairs of variants that are the same, [trial, round, sample]."""
    random = numpy.random.default_rng(rounds)
    drift = 0.05 * random.standard_normal((TRIALS, rounds))
    levels = [drift + noise(random, (TRIALS, rounds)) for _ in range(2)]
    inner = 0.003 * random.standard_normal((2, TRIALS, rounds, 3))
    a, b = numpy.exp(numpy.stack(levels)[..., None] + inner)
    return a, b


@pytest.mark.parametrize("rounds", [4, 6, 8, 10, 16])
@pytest.mark.parametrize("noise", [students, bursts, skewed])
def test_an_interval_of_the_same_with_itself_holds_1(noise: Noise, rounds: int) -> None:
    ratios = [log_ratio(a, b, paired=True) for a, b in zip(*trials(noise, rounds), strict=True)]
    hits = sum(low <= 1 <= high for low, high in (ratio.interval() for ratio in ratios))
    assert hits / TRIALS >= 0.93
    assert ratios[0].method.startswith("t, " if rounds < 8 else "signed ranks, ")


@pytest.mark.parametrize("rounds", [4, 8, 16])
@pytest.mark.parametrize("noise", [students, bursts, skewed])
def test_an_interval_of_two_runs_of_the_same_holds_1(noise: Noise, rounds: int) -> None:
    """Welch's interval, which is SciPy's; of all trials at once."""
    a, b = noise(numpy.random.default_rng(rounds), (2, 4000, rounds))
    low, high = stats.ttest_ind(a, b, axis=1, equal_var=False).confidence_interval(0.95)
    assert ((low <= 0) & (high >= 0)).mean() >= 0.93
    ours = log_ratio(numpy.exp(a[0])[:, None], numpy.exp(b[0])[:, None])
    assert ours.interval() == pytest.approx(numpy.exp([low[0], high[0]]), rel=1e-6)


@pytest.mark.parametrize("noise", [students, bursts, skewed])
def test_a_mean_over_workloads_holds_1(noise: Noise) -> None:
    every = [log_ratio(a, b, paired=True) for a, b in zip(*trials(noise, 10), strict=True)]
    means = [geometric_mean(every[at::100]) for at in range(100)]
    assert sum(low <= 1 <= high for low, high in (mean.interval() for mean in means)) >= 93


@pytest.mark.parametrize("slowdown", [1.01, 1.03, 1.1])
def test_an_injected_slowdown_is_found_at_its_size(slowdown: float) -> None:
    a, b = trials(bursts, 10)
    ratios = [log_ratio(slowdown * x, y, paired=True) for x, y in zip(a, b, strict=True)]
    hits = sum(low <= slowdown <= high for low, high in (ratio.interval() for ratio in ratios))
    assert hits / TRIALS >= 0.93


def test_one_burst_widens_the_interval_and_hardly_moves_the_ratio() -> None:
    quiet = [[1.0 + 0.001 * at] for at in range(10)]
    burst = [*quiet[:-1], [3.0]]
    calm, ratio = (log_ratio(side, [[1.0]] * 10, paired=True) for side in (quiet, burst))
    assert ratio.ratio == pytest.approx(calm.ratio, rel=0.002)
    assert numpy.ptp(ratio.interval()) > numpy.ptp(calm.interval())


logs = st.lists(st.floats(-5, 5), min_size=8, max_size=24, unique=True)


@given(logs)
def test_signed_ranks_keep_what_wilcoxons_test_does_not_reject(values: list[float]) -> None:
    averages = walsh_averages(numpy.array(values))
    low, high = quantile(averages, 0.025), quantile(averages, 0.975)
    middles = [(low + high) / 2, *(averages[1:] + averages[:-1]) / 2]
    for middle in middles[::7]:
        inside = numpy.array(values) - middle
        if len(set(abs(inside))) < len(values) or 0 in inside:
            continue  # ties: SciPy has no exact law for them
        rejected = stats.wilcoxon(inside, method="exact").pvalue <= 0.05
        assert rejected == (not low < middle < high)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=7))
def test_few_paired_rounds_give_scipys_t_interval(values: list[float]) -> None:
    ratio = log_ratio([[value] for value in numpy.exp(values)], [[1.0]] * len(values), paired=True)
    if ratio.error < 1e-6:
        return
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert ratio.interval() == pytest.approx(numpy.exp(expected), rel=1e-6)


def test_where_ranks_end_t_goes_on_and_is_never_narrower() -> None:
    """8 rounds reach 99.2 % by ranks; beyond, t, and at least as far as the outermost round."""
    ratio: LogRatio = log_ratio([[1.0 + at] for at in range(8)], [[1.0]] * 8, paired=True)
    intervals = [ratio.interval(level) for level in (0.95, 0.99, 0.999, 0.99999)]
    for inner, outer in pairwise(intervals):
        assert outer[0] < inner[0] < inner[1] < outer[1]
    assert intervals[2][0] <= 1 and intervals[2][1] >= 8


def test_the_studentised_bootstrap_would_not_hold_it() -> None:
    """Why the paired interval is not that: bursts in 16 rounds, 500 resamples each."""
    a, b = (numpy.log(numpy.median(side, axis=2)) for side in trials(bursts, 16))
    logs, random = a - b, numpy.random.default_rng(0)
    picks = random.integers(0, 16, (TRIALS, 500, 16))
    drawn = numpy.take_along_axis(logs[:, None, :], picks, axis=2)
    means, errors = logs.mean(axis=1), logs.std(axis=1, ddof=1) / 4
    spread = drawn.std(axis=2, ddof=1) / 4
    scores = (drawn.mean(axis=2) - means[:, None]) / numpy.where(spread > 0, spread, numpy.inf)
    low, high = means - errors * numpy.quantile(scores, [[0.975], [0.025]], axis=1)[:, 0]
    assert ((low <= 0) & (high >= 0)).mean() < 0.93
