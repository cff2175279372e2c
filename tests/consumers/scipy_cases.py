"""Functions of SciPy that take arrays of any namespace, or convert them there and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
from consumer_data import Case, Data
from scipy import (  # type: ignore[import-untyped]
    differentiate,
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    special,
    stats,
)
from scipy.cluster import vq  # type: ignore[import-untyped]
from scipy.optimize import elementwise  # type: ignore[import-untyped]
from scipy.signal import windows  # type: ignore[import-untyped]
from scipy.spatial import distance  # type: ignore[import-untyped]
from scipy.spatial.transform import Rotation  # type: ignore[import-untyped]


def of(function: Callable[..., Any], *names: str, **settings: Any) -> Case:
    """The function of the named arrays; of a result with fields, all of them."""
    return lambda d: function(*(getattr(d, name) for name in names), **settings)


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


_PAIR = ("few", "others")
_SAME = ("few", "chance")

STATS: dict[str, Case] = {
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
            (d.few,), lambda x, axis: x.__array_namespace__().mean(x, axis=axis),
            n_resamples=99, rng=numpy.random.default_rng(0),
        ).confidence_interval
    ),
    "permutation_test": lambda d: stats.permutation_test(
        (d.few, d.others),
        lambda x, y, axis: x.__array_namespace__().mean(x, axis=axis)
        - y.__array_namespace__().mean(y, axis=axis),
        n_resamples=99, vectorized=True, rng=numpy.random.default_rng(0),
    ).pvalue,
    "monte_carlo_test": lambda d: stats.monte_carlo_test(
        d.few, lambda size: d.put(numpy.random.default_rng(0).normal(size=size).astype(d.dtype)),
        lambda x, axis: x.__array_namespace__().mean(x, axis=axis),
        n_resamples=99, vectorized=True,
    ).pvalue,
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
    "obrientransform": of(stats.obrientransform, *_PAIR),
    "shapiro": test(stats.shapiro, "few"),
    "alexandergovern": test(stats.alexandergovern, *_PAIR),
    "bws_test": test(
        stats.bws_test, *_PAIR, method=stats.PermutationMethod(n_resamples=99, rng=0)
    ),
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

SPECIAL: dict[str, Case] = {
    "log_softmax": of(special.log_softmax, "x", axis=1),
    "logsumexp": of(special.logsumexp, "x", axis=1),
    "softmax": of(special.softmax, "x", axis=1),
    "softplus": of(special.softplus, "x"),
    **{
        name: of(getattr(special, name), "x")
        for name in (
            "erf erfc expit gamma gammaln i0 i0e j0 j1 log_ndtr ndtr entr cbrt exp2 exp10 sinc"
        ).split()
    },
    **{
        name: of(getattr(special, name), "chance")
        for name in "logit ndtri psi digamma erfinv exp1 zetac".split()
    },
    **{
        name: of(getattr(special, name), "positive", "y")
        for name in "rel_entr xlogy xlog1py kl_div".split()
    },
    "betaln": of(special.betaln, "chance", "chance"),
    "chdtr": lambda d: special.chdtr(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "stdtr": lambda d: special.stdtr(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "gammainc": lambda d: special.gammainc(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "polygamma": lambda d: special.polygamma(1, d.chance),
    "multigammaln": lambda d: special.multigammaln(d.positive + 1, 2),
}

FFT: dict[str, Case] = {
    **{name: of(getattr(fft, name), "signal") for name in "fft rfft ifft hfft ihfft".split()},
    **{name: of(getattr(fft, name), "image") for name in "fft2 fftn ifft2 rfftn rfft2".split()},
    **{
        name: of(getattr(fft, name), "image")
        for name in "fftshift ifftshift dct dst idct dctn".split()
    },
    "irfft": lambda d: fft.irfft(fft.rfft(d.signal), n=64),
    "fftfreq": lambda d: fft.fftfreq(8, 0.5, xp=_namespace(d.few)),
}


def _namespace(array: Any) -> Any:
    return array.__array_namespace__()


def _derivative(d: Data) -> Any:
    found = differentiate.derivative(lambda x: _namespace(x).exp(x), d.few, order=4)
    return [found.df, found.success]


def _jacobian(d: Data) -> Any:
    xp = _namespace(d.few)
    return differentiate.jacobian(lambda x: xp.sum(x * x * x, axis=0), d.few[:3], order=4).df


def _tanhsinh(d: Data) -> Any:
    ends = d.floats(0.0, 0.5), d.floats(1.0, 2.0)
    found = integrate.tanhsinh(lambda x: _namespace(x).exp(-x * x), *ends)
    return [found.integral, found.success]


def _root(d: Data) -> Any:
    ends = d.floats(0.0, 0.0), d.floats(2.0, 3.0)
    found = elementwise.find_root(lambda x: x * x - 2, ends)
    return [found.x, found.success]


def _minimum(d: Data) -> Any:
    triple = d.floats(-2.0, -3.0), d.floats(0.5, 0.5), d.floats(3.0, 4.0)
    found = elementwise.find_minimum(lambda x: (x - 1) ** 2 + 1, triple)
    return [found.f_x, found.success]


def _bracketed(d: Data) -> Any:
    found = elementwise.bracket_root(lambda x: x * x * x - 5, d.floats(0.0, 1.0))
    return [*found.bracket, found.success]


def _interpolated(d: Data) -> Any:
    return interpolate.RBFInterpolator(d.x, d.target)(d.y)


def _spline(d: Data) -> Any:
    knots = d.floats(0, 1, 2, 3, 4, 5)
    return interpolate.CubicSpline(knots, knots * knots)(d.floats(0.5, 1.5, 4.25))


def _rotated(d: Data) -> Any:
    turn = Rotation.from_rotvec(d.floats(0.1, 0.2, 0.3))
    return [turn.as_matrix(), turn.apply(d.floats(1, 2, 3)), turn.as_quat()]


def _procrustes(d: Data) -> Any:
    return linalg.orthogonal_procrustes(d.square, d.square @ d.square)


OTHERS: dict[str, Case] = {
    "integrate.trapezoid": of(integrate.trapezoid, "x", axis=0),
    "integrate.simpson": of(integrate.simpson, "x", axis=0),
    "integrate.cumulative_trapezoid": of(integrate.cumulative_trapezoid, "x", axis=0),
    "integrate.cumulative_simpson": of(integrate.cumulative_simpson, "signal"),
    "integrate.romb": lambda d: integrate.romb(d.few),
    "integrate.tanhsinh": _tanhsinh,
    "integrate.fixed_quad": lambda d: integrate.fixed_quad(
        lambda x: x * x * x, d.floats(0.0), d.floats(2.0)
    )[0],
    "optimize.elementwise.find_root": _root,
    "optimize.elementwise.find_minimum": _minimum,
    "optimize.elementwise.bracket_root": _bracketed,
    "optimize.rosen": of(optimize.rosen, "few"),
    "optimize.rosen_der": of(optimize.rosen_der, "few"),
    "optimize.rosen_hess": of(optimize.rosen_hess, "few"),
    "differentiate.derivative": _derivative,
    "differentiate.jacobian": _jacobian,
    "cluster.vq.whiten": of(vq.whiten, "x"),
    "cluster.vq.vq": lambda d: vq.vq(d.x, d.x[:3, ...]),
    "cluster.vq.kmeans": lambda d: vq.kmeans(d.x, d.x[:3, ...]),
    "cluster.vq.kmeans2": lambda d: vq.kmeans2(d.x, d.x[:3, ...], minit="matrix"),
    "interpolate.RBFInterpolator": _interpolated,
    "interpolate.CubicSpline": _spline,
    "linalg.block_diag": of(linalg.block_diag, "square", "image"),
    "linalg.orthogonal_procrustes": _procrustes,
    "linalg.leslie": lambda d: linalg.leslie(d.floats(0.1, 2, 1), d.floats(0.2, 0.8)),
    "spatial.transform.Rotation": _rotated,
    "spatial.distance.cdist": of(distance.cdist, "x", "y"),
    "signal.fftconvolve": of(signal.fftconvolve, "signal", "filter"),
    "signal.convolve": of(signal.convolve, "signal", "filter"),
    "signal.correlate": of(signal.correlate, "signal", "filter"),
    "signal.detrend": of(signal.detrend, "signal"),
    "signal.lfilter": of(signal.lfilter, "filter", "filter", "signal"),
    "signal.hilbert": of(signal.hilbert, "signal"),
    "signal.medfilt": of(signal.medfilt, "signal"),
    "signal.savgol_filter": lambda d: signal.savgol_filter(d.signal, 7, 2),
    "signal.welch": of(signal.welch, "signal", nperseg=32),
    "signal.chirp": lambda d: signal.chirp(d.signal, f0=1, f1=6, t1=10),
    "ndimage.gaussian_filter": of(ndimage.gaussian_filter, "image", sigma=1),
    "ndimage.uniform_filter": of(ndimage.uniform_filter, "image"),
    "ndimage.sobel": of(ndimage.sobel, "image"),
    "ndimage.zoom": of(ndimage.zoom, "image", zoom=2),
    "ndimage.median_filter": of(ndimage.median_filter, "image", size=3),
    **{
        f"signal.windows.{name}": (
            lambda d, name=name, given=given: getattr(windows, name)(
                16, *given, xp=_namespace(d.few)
            )
        )
        for name, given in {
            "hann": (),
            "hamming": (),
            "blackman": (),
            "kaiser": (8.0,),
            "gaussian": (3.0,),
            "tukey": (),
            "nuttall": (),
            "dpss": (2.5,),
        }.items()
    },
}

CASES: dict[str, Case] = {
    **{f"stats.{name}": case for name, case in STATS.items()},
    **{f"special.{name}": case for name, case in SPECIAL.items()},
    **{f"fft.{name}": case for name, case in FFT.items()},
    **OTHERS,
}
