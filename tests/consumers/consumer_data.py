"""Small arrays that every case of a library draws on, and the table that cases register in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

Put = Callable[[numpy.ndarray[Any, Any]], Any]

_RNG = numpy.random.default_rng(7)
_ROWS = 60
_X = _RNG.normal(size=(_ROWS, 5)) * [1, 2, 0.5, 3, 1] + [0, 1, -1, 0.5, 2]
_WEIGHTS = numpy.array([1.5, -2, 0.5, 0, 1])
_TARGET = _X @ _WEIGHTS + _RNG.normal(size=_ROWS)
_LABELS = numpy.digitize(_TARGET, numpy.quantile(_TARGET, [0.35, 0.7]))
_GUESS = numpy.where(_RNG.random(_ROWS) < 0.2, (_LABELS + 1) % 3, _LABELS)
_CHANCES = numpy.abs(_RNG.normal(size=(_ROWS, 3))) + numpy.eye(3)[_LABELS]

ARRAYS = {
    "x": _X,
    "y": _X[::-1] * 0.5 + 1,
    "target": _TARGET,
    "forecast": _TARGET + 0.3 * _RNG.normal(size=_ROWS),
    "labels": _LABELS,
    "guess": _GUESS,
    "binary": (_LABELS > 0).astype(numpy.int64),
    "binary_guess": (_GUESS > 0).astype(numpy.int64),
    "score": 1 / (1 + numpy.exp(-_TARGET / 3 - _RNG.normal(size=_ROWS))),
    "chances": _CHANCES / _CHANCES.sum(1, keepdims=True),
    "sets": (_RNG.random((_ROWS, 3)) < 0.5).astype(numpy.int64),
    "sets_guess": (_RNG.random((_ROWS, 3)) < 0.5).astype(numpy.int64),
    "positive": numpy.abs(_X) + 0.1,
    "counts": _RNG.poisson(3, _ROWS).astype(float),
    "expected_counts": _RNG.random(_ROWS) * 3 + 1,
    "kernel": _X @ _X.T,
    "few": _RNG.normal(size=9),
    "others": _RNG.normal(size=8) + 0.5,
    "table": _RNG.permuted(numpy.tile(numpy.arange(1.0, 5), (12, 1)), axis=1),
    "chance": _RNG.random(9) * 0.9 + 0.05,
    "tied": numpy.array([3.0, 1, 3, 2, 1, 1, 5, 0]),
    "signal": numpy.sin(numpy.arange(64) / 3) + 0.1 * _RNG.normal(size=64),
    "image": _RNG.normal(size=(12, 16)),
    "square": _RNG.normal(size=(4, 4)) + 4 * numpy.eye(4),
    "filter": numpy.array([0.25, 0.5, 0.25]),
    "angles": _RNG.random(20) * 6,
}

# How near results must be, of the magnitude of the largest element, by dtype of the data.
TOLERANCE = {
    "": {"float32": 2e-4, "float64": 1e-9},
    # Minimisations, which stop at another place near the minimum.
    "LogisticRegression": {"float32": 2e-2, "float64": 1e-6},
    "PoissonRegressor": {"float32": 2e-2, "float64": 1e-6},
    "CalibratedClassifierCV(LDA)": {"float32": 2e-3, "float64": 1e-6},
}

# Of these the library computes NumPy's own float32 arrays in float64, and no others.
WIDENED_FROM_NUMPY = {
    "pairwise.laplacian_kernel",
    "pairwise.manhattan_distances",
    "spatial.transform.Rotation",
}

# Here the library gives NumPy's arrays, whatever arrays it was given.
NUMPY_FOR_ALL = {
    "integrate.simpson",
    "linalg.det",
    "linalg.leslie",
    "signal.chirp",
    "signal.welch",
    "spatial.distance.cdist",
    "stats.expectile",
    "stats.kendalltau",
    "stats.ks_2samp",
    "stats.linregress",
    "stats.median_test",
    "stats.obrientransform",
    "stats.siegelslopes",
    "stats.theilslopes",
}


class Data:
    """`data.x`: the array of that name, floats in one dtype, as one namespace has it."""

    def __init__(self, put: Put, dtype: str) -> None:
        self.put = put
        self.dtype = numpy.dtype(dtype)

    def __getattr__(self, name: str) -> Any:
        array = ARRAYS[name]
        return self.put(array.astype(self.dtype) if array.dtype.kind == "f" else array)

    def floats(self, *values: float) -> Any:
        return self.put(numpy.array(values, self.dtype))


Case = Callable[[Data], Any]


def of(function: Callable[..., Any], *names: str, **settings: Any) -> Case:
    """The function of the named arrays."""
    return lambda d: function(*(getattr(d, name) for name in names), **settings)
