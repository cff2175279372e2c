"""Functions of scipy.stats that take arrays of any namespace, or convert them there and back.

Not among them: compiled routines that are given an array's memory without a conversion
(`stats.shapiro`), which a class of Python cannot offer before Python 3.12.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from consumer_data import Case, Data, of
from scipy import stats  # type: ignore[import-untyped]


def test(function: Callable[..., Any], *names: str, **settings: Any) -> Case:
    """A test's statistic and p-value."""

    def case(d: Data) -> Any:
        found = function(*(getattr(d, name) for name in names), **settings)
        return [found.statistic, found.pvalue]

    return case


def fields(names: str, function: Callable[..., Any], *given: str, **settings: Any) -> Case:
    def case(d: Data) -> Any:
        found = function(*(getattr(d, name) for name in given), **settings)
        return [getattr(found, name) for name in names.split()]

    return case


def mean(x: Any, axis: int) -> Any:
    return x.__array_namespace__().mean(x, axis=axis)


def monte_carlo(d: Data) -> Any:
    def drawn(size: Any) -> Any:
        numbers = numpy.random.default_rng(0).normal(size=size)
        return d.put(numpy.asarray(numbers, d.dtype))

    return stats.monte_carlo_test(d.few, drawn, mean, n_resamples=99, vectorized=True).pvalue


_PAIR = ("few", "others")
_SAME = ("few", "chance")

CASES: dict[str, Case] = {
    "iqr": of(stats.iqr, "x", axis=0),
    "median_abs_deviation": of(stats.median_abs_deviation, "x"),
    "rankdata": of(stats.rankdata, "tied"),
    "rankdata of rows": of(stats.rankdata, "table", axis=1, method="min"),
    "zscore": of(stats.zscore, "x"),
    "gzscore": of(stats.gzscore, "positive"),
    "boxcox_llf": lambda d: stats.boxcox_llf(0.5, d.chance),
    "quantile": lambda d: stats.quantile(d.few, d.floats(0.1, 0.5, 0.9)),
    "mode": of(stats.mode, "tied"),
    "sigmaclip": lambda d: stats.sigmaclip(d.few, 1.5, 1.5),
    "bartlett": test(stats.bartlett, *_PAIR),
    "epps_singleton_2samp": test(stats.epps_singleton_2samp, *_PAIR),
    "friedmanchisquare": lambda d: tuple(
        stats.friedmanchisquare(*(d.table[:, i] for i in range(4)))
    ),
    "fligner": test(stats.fligner, *_PAIR),
    "kruskal": test(stats.kruskal, *_PAIR),
    "levene": test(stats.levene, *_PAIR),
    "mood": test(stats.mood, *_PAIR),
    "ttest_ind": test(stats.ttest_ind, *_PAIR),
    "ttest_rel": test(stats.ttest_rel, *_SAME),
    "ttest_1samp": lambda d: tuple(stats.ttest_1samp(d.x, 0.5)),
    "wilcoxon": test(stats.wilcoxon, *_SAME, method="approx"),
    "mannwhitneyu": test(stats.mannwhitneyu, *_PAIR, method="asymptotic"),
    "ansari": test(stats.ansari, *_PAIR),
    "chatterjeexi": test(stats.chatterjeexi, *_SAME),
    "bootstrap": lambda d: tuple(
        stats.bootstrap(
            (d.few,),
            mean,
            n_resamples=99,
            rng=numpy.random.default_rng(0),
        ).confidence_interval
    ),
    "permutation_test": lambda d: (
        stats.permutation_test(
            (d.few, d.others),
            lambda x, y, axis: mean(x, axis) - mean(y, axis),
            n_resamples=99,
            vectorized=True,
            rng=numpy.random.default_rng(0),
        ).pvalue
    ),
    "monte_carlo_test": monte_carlo,
    "circmean": of(stats.circmean, "angles"),
    "circstd": of(stats.circstd, "angles"),
    "circvar": of(stats.circvar, "angles"),
    "describe": of(stats.describe, "x"),
    "differential_entropy": of(stats.differential_entropy, "few"),
    "directional_stats": fields(
        "mean_direction mean_resultant_length", stats.directional_stats, "x"
    ),
    "entropy": of(stats.entropy, "chances"),
    "false_discovery_control": of(stats.false_discovery_control, "chance"),
    "gmean": of(stats.gmean, "positive"),
    "hmean": of(stats.hmean, "positive"),
    "jarque_bera": test(stats.jarque_bera, "few"),
    "kstat": of(stats.kstat, "few"),
    "kstatvar": of(stats.kstatvar, "few"),
    "kurtosis": of(stats.kurtosis, "x"),
    "kurtosistest": test(stats.kurtosistest, "x"),
    "median_test": fields("statistic pvalue median table", stats.median_test, *_PAIR),
    "moment": of(stats.moment, "x", order=3),
    "normaltest": test(stats.normaltest, "x"),
    "sem": of(stats.sem, "x"),
    "skew": of(stats.skew, "x"),
    "skewtest": test(stats.skewtest, "x"),
    "tmax": of(stats.tmax, "x"),
    "tmean": of(stats.tmean, "x"),
    "tmean within limits": of(stats.tmean, "few", limits=(-1, 1)),
    "tmin": of(stats.tmin, "x"),
    "tsem": of(stats.tsem, "few"),
    "tstd": of(stats.tstd, "few"),
    "tvar": of(stats.tvar, "few"),
    "trim_mean": lambda d: stats.trim_mean(d.few, 0.2),
    "variation": of(stats.variation, "x"),
    "gstd": of(stats.gstd, "positive"),
    "expectile": lambda d: stats.expectile(d.few, 0.3),
    "obrientransform": lambda d: stats.obrientransform(d.floats(1, 2, 3, 4), d.floats(2, 4, 6, 8)),
    "alexandergovern": test(stats.alexandergovern, *_PAIR),
    "bws_test": test(stats.bws_test, *_PAIR, method=stats.PermutationMethod(n_resamples=99, rng=0)),
    "chisquare": test(stats.chisquare, "tied"),
    "pmean": lambda d: stats.pmean(d.positive, 2),
    "power_divergence": test(stats.power_divergence, "tied", lambda_=0.5),
    "pearsonr": test(stats.pearsonr, *_SAME),
    "f_oneway": test(stats.f_oneway, *_PAIR),
    "linregress": fields("slope intercept rvalue pvalue stderr", stats.linregress, *_SAME),
    "siegelslopes": fields("slope intercept", stats.siegelslopes, *_SAME),
    "theilslopes": fields("slope intercept low_slope high_slope", stats.theilslopes, *_SAME),
    "zmap": of(stats.zmap, "few", "others"),
    "spearmanrho": test(getattr(stats, "spearmanrho", stats.pearsonr), *_SAME),
    "kendalltau": test(stats.kendalltau, *_SAME),
    "ks_2samp": test(stats.ks_2samp, *_PAIR),
    "cramervonmises_2samp": test(stats.cramervonmises_2samp, *_PAIR),
    "lmoment": of(stats.lmoment, "few"),
    "combine_pvalues": test(stats.combine_pvalues, "chance"),
}
