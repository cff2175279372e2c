"""Functions of SciPy beside scipy.stats that take arrays of any namespace, or convert them."""

from __future__ import annotations

from typing import Any

import scipy_stats_cases
from consumer_data import Case, Data, of
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
)
from scipy.cluster import vq  # type: ignore[import-untyped]
from scipy.optimize import elementwise  # type: ignore[import-untyped]
from scipy.signal import windows  # type: ignore[import-untyped]
from scipy.spatial import distance  # type: ignore[import-untyped]
from scipy.spatial.transform import Rotation  # type: ignore[import-untyped]

SPECIAL: dict[str, Case] = {
    "log_softmax": of(special.log_softmax, "x", axis=1),
    "logsumexp": of(special.logsumexp, "x", axis=1),
    "softmax": of(special.softmax, "x", axis=1),
    "softplus": of(special.softplus, "x"),
    **{
        name: of(getattr(special, name), "x")
        for name in [
            "erf",
            "erfc",
            "expit",
            "gamma",
            "gammaln",
            "i0",
            "i0e",
            "j0",
            "j1",
            "log_ndtr",
            "ndtr",
            "entr",
            "cbrt",
            "exp2",
            "exp10",
            "sinc",
        ]
    },
    **{
        name: of(getattr(special, name), "chance")
        for name in ["logit", "ndtri", "psi", "digamma", "erfinv", "exp1", "zetac"]
    },
    **{
        name: of(getattr(special, name), "positive", "y")
        for name in ["rel_entr", "xlogy", "xlog1py", "kl_div"]
    },
    "betaln": of(special.betaln, "chance", "chance"),
    "chdtr": lambda d: special.chdtr(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "stdtr": lambda d: special.stdtr(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "gammainc": lambda d: special.gammainc(d.floats(1, 2, 3), d.floats(0.5, 1, 4)),
    "polygamma": lambda d: special.polygamma(1, d.chance),
    "multigammaln": lambda d: special.multigammaln(d.positive + 1, 2),
}

FFT: dict[str, Case] = {
    **{name: of(getattr(fft, name), "signal") for name in ["fft", "rfft", "ifft", "hfft", "ihfft"]},
    **{
        name: of(getattr(fft, name), "image")
        for name in ["fft2", "fftn", "ifft2", "rfftn", "rfft2"]
    },
    **{
        name: of(getattr(fft, name), "image")
        for name in ["fftshift", "ifftshift", "dct", "dst", "idct", "dctn"]
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


WINDOWS: dict[str, tuple[float, ...]] = {
    "hann": (),
    "hamming": (),
    "blackman": (),
    "kaiser": (8.0,),
    "gaussian": (3.0,),
    "tukey": (),
    "nuttall": (),
    "dpss": (2.5,),
}


def window(name: str) -> Case:
    return lambda d: getattr(windows, name)(16, *WINDOWS[name], xp=_namespace(d.few))


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
    "linalg.det": of(linalg.det, "square"),
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
    **{f"signal.windows.{name}": window(name) for name in WINDOWS},
}

CASES: dict[str, Case] = {
    **{f"stats.{name}": case for name, case in scipy_stats_cases.CASES.items()},
    **{f"special.{name}": case for name, case in SPECIAL.items()},
    **{f"fft.{name}": case for name, case in FFT.items()},
    **OTHERS,
}
