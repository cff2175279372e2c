"""Operators that neither runtime computes as NumPy does, with the reason: the host has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.trace.op import OPERATORS, Op

_DISCOVERED = "how many elements it gives depends on values"
_SORTED = "top-k puts NaN elsewhere than NumPy, and orders equal elements otherwise"
_SEARCHED = "it searches in an order that NaN is part of"
_COUNTED = "no runtime counts elements by value"
_RUNNING = "no runtime has running products"
_FITTED = "no runtime has NumPy's formula for it"
_DECOMPOSED = "no runtime decomposes matrices as LAPACK does"
_COMPLEX = "no runtime computes with complex numbers"

_REASONS: Mapping[str, tuple[str, ...]] = {
    _DISCOVERED: (
        "np.bincount",
        "np.estimated_bin_edges",
        "np.intersect1d",
        "np.nonzero",
        "np.polydiv",
        "np.polymul",
        "np.setdiff1d",
        "np.setxor1d",
        "np.unique",
        "np.unique_all",
        "np.unique_counts",
        "np.unique_inverse",
        "np.unique_values",
    ),
    _SORTED: (
        "np.argpartition",
        "np.argsort",
        "np.lexsort",
        "np.median",
        "np.nanmedian",
        "np.nanpercentile",
        "np.nanquantile",
        "np.partition",
        "np.percentile",
        "np.quantile",
        "np.sort",
    ),
    _SEARCHED: (
        "np.digitize",
        "np.interp",
        "np.isin",
        "np.nanargmax",
        "np.nanargmin",
        "np.searchsorted",
    ),
    _COUNTED: ("np.histogram", "np.histogram_bin_edges", "np.histogramdd"),
    _RUNNING: ("np.cumprod",),
    _DECOMPOSED: (
        "np.linalg.cholesky",
        "np.linalg.cond",
        "np.linalg.det",
        "np.linalg.eig",
        "np.linalg.eigh",
        "np.linalg.eigvals",
        "np.linalg.eigvalsh",
        "np.linalg.inv",
        "np.linalg.lstsq",
        "np.linalg.matrix_rank",
        "np.linalg.pinv",
        "np.linalg.qr",
        "np.linalg.slogdet",
        "np.linalg.solve",
        "np.linalg.svd",
        "np.linalg.svdvals",
    ),
    _COMPLEX: ("np.fft.fft", "np.fft.ifft", "np.fft.irfft", "np.fft.rfft"),
    _FITTED: (
        "np.average",
        "np.convolve",
        "np.correlate",
        "np.gradient_at",
        "np.polyfit",
        "np.weighted_cov",
    ),
}

ORDER: Mapping[Op[..., Any], str] = {
    OPERATORS[name]: reason for reason, names in _REASONS.items() for name in names
}

_CHOSEN = "no runtime checks positions along several axes, or what a mask chooses"
_PLACED = "no runtime says which of several values for one place remains"
_SPACED = "the runtimes round sums of steps otherwise than NumPy"
_WIDENED = "no runtime has NumPy's order of the elements that are put around"

_MOVES: Mapping[str, tuple[str, ...]] = {
    _CHOSEN: (
        "np.choose",
        "np.lookup",
        "np.masked_lookup",
        "np.ravel_multi_index",
        "np.repeat_each",
        "np.unravel_index",
    ),
    _PLACED: ("np.assign", "np.scatter"),
    _SPACED: ("np.geomspace", "np.linspace"),
    _WIDENED: ("np.pad",),
}

SHAPES: Mapping[Op[..., Any], str] = {
    OPERATORS[name]: reason for reason, names in _MOVES.items() for name in names
}
