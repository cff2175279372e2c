"""The early-stopping rule against SciPy's distributions, the published minima and simulation."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc  # type: ignore[import-untyped]
from scipy.stats import binom  # type: ignore[import-untyped]

from isthmus.benchmarks.portable.timing.early_stopping import (
    CONFIDENCE,
    allowed,
    bound,
    nearest_rank,
    queries_needed,
)

PERCENTILES = st.sampled_from([50, 90, 95, 97, 99, 99.9])


@pytest.mark.parametrize(("percentile", "fewest"), [(90, 64), (99, 662)])
def test_the_fewest_queries_are_those_loadgen_publishes(percentile: int, fewest: int) -> None:
    assert queries_needed(1, percentile) == fewest
    assert bound([1.0] * (fewest - 1), percentile) == (None, 1)
    assert bound([1.0] * fewest, percentile) == (1.0, 0)


@given(st.integers(1, 20_000), PERCENTILES)
def test_what_is_allowed_is_the_binomials_quantile(queries: int, percentile: float) -> None:
    most = allowed(queries, percentile)
    exceeding = 1 - percentile / 100
    assert most < 0 or binom.cdf(most, queries, exceeding) <= 1 - CONFIDENCE
    assert binom.cdf(most + 1, queries, exceeding) > 1 - CONFIDENCE


@given(st.integers(0, 300), PERCENTILES)
def test_the_queries_needed_are_those_of_the_beta_function(over: int, percentile: float) -> None:
    """LoadGen's form: the smallest h with I_p(h, t + 1) <= 1 - c, for n = h + t."""
    within = queries_needed(over, percentile) - over
    p = percentile / 100
    assert betainc(within, over + 1, p) <= 1 - CONFIDENCE
    assert within == 1 or betainc(within - 1, over + 1, p) > 1 - CONFIDENCE


def test_a_hundred_thousand_queries_are_judged_as_well() -> None:
    assert allowed(100_000, 90) == binom.ppf(1 - CONFIDENCE, 100_000, 0.1) - 1
    assert allowed(100_000, 50) == binom.ppf(1 - CONFIDENCE, 100_000, 0.5) - 1


@pytest.mark.parametrize(("queries", "percentile"), [(64, 90), (400, 90), (800, 99), (3000, 99)])
def test_bounds_are_above_the_percentile_as_often_as_they_claim(
    queries: int, percentile: int
) -> None:
    draws = numpy.random.default_rng(7).exponential(size=(1500, queries))
    truth = -numpy.log(1 - percentile / 100)
    covered = numpy.mean([(bound(list(row), percentile)[0] or 0) >= truth for row in draws])
    expected = 1 - binom.cdf(allowed(queries, percentile) - 1, queries, 1 - percentile / 100)
    assert expected >= CONFIDENCE
    assert covered == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 1500) ** 0.5)


def test_the_bound_discards_the_worst_that_are_allowed_but_one() -> None:
    latencies = [float(i) for i in range(1000)]
    assert bound(latencies, 90)[0] == 1000 - allowed(1000, 90)
    assert bound(latencies[::-1], 90) == bound(latencies, 90)


@pytest.mark.parametrize(("percentile", "rank"), [(50, 5), (90, 9), (95, 10), (99, 10), (1, 1)])
def test_a_percentile_is_the_nearest_rank(percentile: int, rank: int) -> None:
    assert nearest_rank([float(i) for i in range(10, 0, -1)], percentile) == rank
